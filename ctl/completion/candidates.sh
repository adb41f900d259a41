# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What may follow on a command line of vqnicctl, from the tables before this: for bash and zsh alike.

# The addresses of the cards. The patterns are those of vqnicctl's JSON, which has no blanks.
_vqnicctl_cards() {
	vqnicctl -j card show 2>/dev/null | grep -oE '"[0-9a-f]+:[0-9a-f]+:[0-9a-f]+\.[0-7]":\{' | sed 's/^"//; s/":{.*//'
}

# The names of the devices [of a card]. One that the shell would not take as it is is not offered.
_vqnicctl_devs() {
	vqnicctl -j dev show ${1:+"$1"} 2>/dev/null | grep -oE '"[A-Za-z0-9_.:-]+":\{"card":' | sed 's/^"//; s/":{.*//'
}

# The settings but those in LIST, a word with a space before and after each.
_vqnicctl_settings_but() {
	local setting help
	_vqnicctl_settings | while IFS=$'\t' read -r setting help; do
		case $1 in
		*" $setting "*) ;;
		*) printf '%s\t%s\n' "$setting" "$help" ;;
		esac
	done
}

# The arguments of a command: TAKES ACTION CARD DEV SETTING USED. What is empty is not given yet; SETTING has no value yet,
# the settings USED have. Status 1: it is a file's name.
_vqnicctl_arguments() {
	local takes=$1 action=$2 card=$3 dev=$4 setting=$5 used=$6
	case $takes in
	*' action '*)
		if [ -z "$action" ]; then
			_vqnicctl_actions
			return 0
		fi
		;;
	esac
	case $takes in
	*' card '*) [ -n "$card$dev" ] || _vqnicctl_cards ;;
	esac
	case $takes in
	*' one '*) [ -n "$card$dev" ] || _vqnicctl_devs ;;
	*' dev '*) [ -n "$dev" ] || _vqnicctl_devs "$card" ;;
	esac
	case $takes in
	*' settings '*)
		[ -n "$dev" ] || return 0
		if [ -n "$setting" ]; then
			_vqnicctl_values "$setting"
		else
			_vqnicctl_settings_but "$used"
		fi
		;;
	*' dev file '*) [ -z "$dev" ] || [ -n "$setting" ] ;;
	*' file '*) [ -n "$dev" ] ;;
	esac
}

# CURRENT WORD...: prints the candidates for the word that begins with CURRENT, and others, after the words WORD of a
# command line. Status 1: it is a file's name.
_vqnicctl_candidates() {
	local current=$1 object='' verb='' takes='' action='' card='' dev='' setting='' used=' ' wants='' batch='' word
	shift
	for word in "$@"; do
		if [ -n "$wants" ]; then
			wants=''
			continue
		fi
		case $word in
		-*)
			_vqnicctl_values "${word%%=*}" >/dev/null && continue
			case $word in
			-b* | --b*) batch=yes ;;
			esac
			case $word in
			*=*) ;;
			*) wants=$word ;;
			esac
			continue
			;;
		esac
		if [ -z "$object" ]; then
			object=$word
			takes=" $(_vqnicctl_takes "$object" '') "
			[ "$takes" = '  ' ] || verb=none
		elif [ -z "$verb" ]; then
			verb=$word
			takes=" $(_vqnicctl_takes "$object" "$verb") "
		elif [ -z "$action" ] && case $takes in *' action '*) true ;; *) false ;; esac then
			action=$word
		elif [ -z "$card$dev" ] && case $word in *:*.*) true ;; *) false ;; esac then
			card=$word
		elif [ -z "$dev" ]; then
			dev=$word
		elif [ -z "$setting" ]; then
			setting=$word
		else
			used="$used$setting "
			setting=''
		fi
	done
	if [ -n "$wants" ]; then
		_vqnicctl_values "$wants" || [ $? -eq 2 ]
		return
	fi
	case $current in
	-*=*)
		_vqnicctl_values "${current%%=*}" >/dev/null || [ $? -eq 2 ] || return 1
		_vqnicctl_values "${current%%=*}" | while read -r word; do
			printf '%s=%s\n' "${current%%=*}" "$word"
		done
		;;
	-*) _vqnicctl_options ;;
	*)
		if [ -n "$batch" ]; then
			return 0
		elif [ -z "$object" ]; then
			_vqnicctl_objects
		elif [ -z "$verb" ]; then
			_vqnicctl_verbs "$object"
		else
			_vqnicctl_arguments "$takes" "$action" "$card" "$dev" "$setting" "$used" || return 1
		fi
		;;
	esac
	return 0
}

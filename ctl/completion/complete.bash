# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0

# COMP_WORDS is of no use: bash splits an address at its colons. For the same reason it puts a completion in the place
# of what follows the last of these (`head`).
_vqnicctl() {
	local line=${COMP_LINE:0:COMP_POINT} current='' head='' breaks='' name candidates candidate
	local -a typed
	read -ra typed <<<"$line"
	case $line in
	*[[:blank:]]) ;;
	*)
		current=${typed[-1]}
		unset 'typed[-1]'
		;;
	esac
	[[ $COMP_WORDBREAKS != *:* ]] || breaks+=:
	[[ $COMP_WORDBREAKS != *=* ]] || breaks+='='
	[ -z "$breaks" ] || head=${current%"${current##*["$breaks"]}"}
	if ! candidates=$(_vqnicctl_candidates "$current" "${typed[@]:1}"); then
		name=$current
		[[ $current != -*=* ]] || name=${current#*=}
		compopt -o filenames 2>/dev/null
		candidates=$(compgen -P "${current%"$name"}" -f -- "$name")
	fi
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		[[ -z $candidate || $candidate != "$current"* ]] || COMPREPLY+=("${candidate#"$head"}")
	done <<<"$candidates"
}

complete -F _vqnicctl vqnicctl

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The completions of vqnicctl: bash is asked for them as by its TAB key, with a vqnicctl that is played.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly scripts=build/ctl/completion
vqnicctl=$PWD/build/ctl/vqnicctl
. tests/tap.sh

# Two cards, of which one says what looks like others, and their devices. One has a name that a shell would run.
mkdir "$work/bin" "$work/files"
cat >"$work/bin/vqnicctl" <<'END'
#!/bin/sh
case $* in
'-j card show')
	echo '{"card":{"0000:00:05.0":{"version":"2.0","state":"ok","features":[],"refusal":"no \"0000:00:07.0\" here"},'\
'"10000:e1:00.0":{"version":"2.0","state":"dead"}}}'
	;;
'-j dev show')
	echo '{"dev":{"vdpa0":{"card":"0000:00:05.0","queues":[{"index":0,"size":256}],"spaces":[{"asid":0}]},'\
'"vdpa1":{"card":"0000:00:05.0","queues":[]},"web-1":{"card":"10000:e1:00.0","queues":[]},'\
'"$(reboot)":{"card":"10000:e1:00.0","queues":[]}}}'
	;;
'-j dev show 10000:e1:00.0') echo '{"dev":{"web-1":{"card":"10000:e1:00.0","queues":[]}}}' ;;
*)
	echo "vqnicctl: cannot" >&2
	exit 1
	;;
esac
END
chmod +x "$work/bin/vqnicctl"
touch "$work/files/"{policies,10:2,other}

readonly breaks=$' \t\n"\'><=;|&(:'   # bash's own

# complete LINE [WORDBREAKS]: prints what a fresh bash puts in COMPREPLY at the end of LINE.
complete() {
	(cd "$work/files" && PATH=$work/bin:$PATH bash --norc -c '
		set -u
		. "$1"
		COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=$3 COMPREPLY=(left over)
		$(builtin complete -p vqnicctl | sed "s/.*-F //; s/ .*//") vqnicctl
		echo "${COMPREPLY[*]}"' bash "$OLDPWD/$scripts/vqnicctl.bash" "$1" "${2-$breaks}")
}

# completes LINE EXPECTED [WORDBREAKS]
completes() {
	local got
	got=$(complete "$1" "${@:3}") || return 1
	[ "$got" = "$2" ] || {
		echo "$1: expected '$2', got '$got'"
		return 1
	}
}

objects() {
	completes 'vqnicctl ' 'card dev queue mac vlan policy stats migrate config health monitor top' &&
		completes 'vqnicctl -j -s ' 'card dev queue mac vlan policy stats migrate config health monitor top' &&
		completes 'vqnicctl  m' 'mac migrate monitor' && completes 'vqnicctl x' ''
}

verbs() {
	completes 'vqnicctl policy ' 'show set' && completes 'vqnicctl policy s' 'show set' &&
		completes 'vqnicctl -p policy se' 'set' && completes 'vqnicctl monitor ' '' &&
		completes 'vqnicctl frob ' ''
}

options() {
	completes 'vqnicctl -' '-b --batch -f --force -o --output -n --dry-run -S --socket -i --interval -N --count -c --color -s --stats -j --json -p --pretty -h --help -V --version' &&
		completes 'vqnicctl card show --p' '--pretty'
}

# bash replaces what follows the last = only, unless it is told not to break words there.
colors() {
	completes 'vqnicctl --color=' 'auto always never' && completes 'vqnicctl -c=n' 'never' &&
		completes 'vqnicctl --color=a' '--color=auto --color=always' $' \t\n' && completes 'vqnicctl --json=' ''
}

cards() {
	completes 'vqnicctl card show ' '0000:00:05.0 10000:e1:00.0' &&
		completes 'vqnicctl health show ' '0000:00:05.0 10000:e1:00.0' &&
		completes 'vqnicctl card show 0000:00:05.0 ' '' &&
		completes 'vqnicctl card show 1' '10000:e1:00.0'
}

colons() {
	completes 'vqnicctl card show 10000:' 'e1:00.0' && completes 'vqnicctl card show 10000:e1:0' '00.0' &&
		completes 'vqnicctl card show 10000:e1:0' '10000:e1:00.0' $' \t\n='
}

devices() {
	completes 'vqnicctl dev show ' '0000:00:05.0 10000:e1:00.0 vdpa0 vdpa1 web-1' &&
		completes 'vqnicctl dev show v' 'vdpa0 vdpa1' && completes 'vqnicctl dev show vdpa0 ' '' &&
		completes 'vqnicctl dev show 10000:e1:00.0 ' 'web-1' &&
		completes 'vqnicctl top v' 'vdpa0 vdpa1' && completes 'vqnicctl top vdpa0 ' '' &&
		completes 'vqnicctl -N ' '' && completes 'vqnicctl --interval=' '' && completes 'vqnicctl --count=3 to' 'top' &&
		completes 'vqnicctl -i 2 top 10000:e1:00.0 ' 'web-1' &&
		completes 'vqnicctl stats show v' 'vdpa0 vdpa1' && completes 'vqnicctl stats show 10000:e1:00.0 ' ''
}

# What to do comes before the device; its pages nobody can guess.
actions() {
	completes 'vqnicctl migrate track ' 'start read stop' && completes 'vqnicctl migrate track s' 'start stop' &&
		completes 'vqnicctl migrate track start v' 'vdpa0 vdpa1' &&
		completes 'vqnicctl migrate track stop 10000:e1:00.0 ' 'web-1' &&
		completes 'vqnicctl migrate track start vdpa0 ' '' && completes 'vqnicctl migrate track start vdpa0 0 ' ''
}

settings() {
	completes 'vqnicctl policy set v' 'vdpa0 vdpa1' &&
		completes 'vqnicctl policy set vdpa0 ' 'spoofchk trust port-vlan pcp vlans macs macs-max' &&
		completes 'vqnicctl policy set 10000:e1:00.0 web-1 p' 'port-vlan pcp' &&
		completes 'vqnicctl policy set vdpa0 trust on ' 'spoofchk port-vlan pcp vlans macs macs-max' &&
		completes 'vqnicctl -j policy set vdpa0 trust on vlans 5 p' 'port-vlan pcp'
}

values() {
	completes 'vqnicctl policy set vdpa0 trust ' 'on off' &&
		completes 'vqnicctl policy set vdpa0 trust on port-vlan ' 'none' &&
		completes 'vqnicctl policy set vdpa0 vlans ' 'all none' && completes 'vqnicctl policy set vdpa0 vlans n' 'none' &&
		completes 'vqnicctl policy set vdpa0 pcp ' ''
}

files() {
	completes 'vqnicctl -b p' 'policies' && completes 'vqnicctl -f --batch 10:' '2' &&
		completes 'vqnicctl --batch=o' 'other' && completes 'vqnicctl --batch=o' '--batch=other' $' \t\n' &&
		completes 'vqnicctl -b other ' '' && completes 'vqnicctl --batch=other ' '' &&
		completes 'vqnicctl -b other --fo' '--force' &&
		completes 'vqnicctl migrate load ' '0000:00:05.0 10000:e1:00.0 vdpa0 vdpa1 web-1' &&
		completes 'vqnicctl migrate load vdpa0 p' 'policies' && completes 'vqnicctl migrate load vdpa0 policies ' '' &&
		completes 'vqnicctl migrate show o' 'other' && completes 'vqnicctl migrate show other ' '' &&
		completes 'vqnicctl migrate save vdpa0 -o p' 'policies' &&
		completes 'vqnicctl -o policies migrate save v' 'vdpa0 vdpa1' &&
		completes 'vqnicctl migrate save vdpa0 ' ''
}

# of_help HEADING REGEX REPLACEMENT: the names in a table of --help, on a line.
of_help() { "$vqnicctl" --help | sed -n "/^$1:/,/^\$/p" | sed -nE "s/^  $2.*/$3/p" | uniq | paste -sd ' '; }

complete_as_the_help() {
	completes 'vqnicctl ' "$(of_help Commands '([a-z]+)' '\1')" &&
		completes 'vqnicctl policy set vdpa0 ' "$(of_help Settings '([a-z-]+)' '\1')" &&
		completes 'vqnicctl -' "$(of_help Options '(-.), (--[a-z-]+)' '\1 \2')"
}

without_a_driver() {
	rm "$work/bin/vqnicctl"
	ln -s /bin/false "$work/bin/vqnicctl"
	completes 'vqnicctl card show ' '' && completes 'vqnicctl dev show 0' ''
}

# Both have the same candidates; how zsh shows them cannot be seen without it.
zsh_script() {
	[ "$(head -n 1 "$scripts/vqnicctl.zsh")" = '#compdef vqnicctl' ] &&
		diff <(head -n -"$(wc -l <ctl/completion/complete.bash)" "$scripts/vqnicctl.bash") \
			<(tail -n +2 "$scripts/vqnicctl.zsh" | head -n -"$(wc -l <ctl/completion/complete.zsh)")
}

check "objects" objects
check "verbs" verbs
check "options" options
check "when to colour" colors
check "cards" cards
check "addresses are completed behind their colons" colons
check "devices" devices
check "what a tracker does, then devices" actions
check "settings, each once" settings
check "values" values
check "files" files
check "what the help lists, and nothing else" complete_as_the_help
check "no driver, no cards" without_a_driver
check "the script of zsh" zsh_script
check_end

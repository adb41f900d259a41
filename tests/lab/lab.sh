#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Promises of sim/lab/lab, tried inside the lab itself: there is no network here, so that every mirror fails.
set -u

lab=$PWD/sim/lab/lab
. tests/tap.sh

# A mirror that does not answer is named, with the package or suite that could not be had.
mirror_is_named() {
	! VQNIC_LAB=$work/lab VQNIC_MIRROR=http://127.0.0.1:9/debian "$lab" setup >"$work/log" 2>&1 || return 1
	cat "$work/log"
	grep -q "set-up failed: .*127.0.0.1:9/debian.*trixie" "$work/log"
}

# What a failed set-up leaves is no root: `run` refuses, and says what to do.
failed_setup_leaves_no_root() {
	! VQNIC_LAB=$work/lab "$lab" run true 2>"$work/log" || return 1
	cat "$work/log"
	[ ! -d "$(VQNIC_LAB=$work/lab "$lab" path)" ] && grep -q "no root yet: run" "$work/log"
}

# Interrupted in the middle: no root, no process, no mount, and the next set-up clears what was left.
interrupted_setup_leaves_nothing() {
	mkdir -p "$work/bin"
	# shellcheck disable=SC2016  # a script to be run later
	printf '#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in *.partial) mkdir -p "$1/half";; esac; shift; done\nexec sleep 4711\n' \
		>"$work/bin/mmdebstrap"
	chmod +x "$work/bin/mmdebstrap"
	local pid
	PATH=$work/bin:$PATH VQNIC_LAB=$work/lab setsid "$lab" setup >"$work/log" 2>&1 &
	pid=$!
	for _ in $(seq 50); do pgrep -f 'sleep 4711' >/dev/null && break; sleep 0.1; done
	pgrep -f 'sleep 4711' >/dev/null || { echo "set-up never started"; return 1; }
	kill -INT -- "-$pid" 2>/dev/null
	kill -TERM "$pid"
	wait "$pid"
	for _ in $(seq 50); do pgrep -f 'sleep 4711' >/dev/null || break; sleep 0.1; done
	! pgrep -af 'sleep 4711' || return 1
	! grep "$work" /proc/self/mounts || return 1
	[ ! -d "$(VQNIC_LAB=$work/lab "$lab" path)" ]
}

# Neither root nor subordinate uids: one line that says what is needed.
without_privilege_one_line() {
	chmod 755 "$work"
	! setpriv --reuid=65534 --clear-groups env VQNIC_LAB="$work/none" bash "$lab" setup >"$work/log" 2>&1 || return 1
	cat "$work/log"
	[ "$(wc -l <"$work/log")" -eq 1 ] && grep -q "needs root, or user namespaces" "$work/log"
}

# The key of the root follows the package list, and nothing else.
root_follows_the_list() {
	mkdir -p "$work/copy/sim"
	cp -r sim/lab "$work/copy/sim/"
	local before after
	before=$(VQNIC_LAB=/x "$work/copy/sim/lab/lab" path)
	[ "$before" = "$(VQNIC_LAB=/x "$lab" path)" ] || return 1
	echo "# another comment" >>"$work/copy/sim/lab/packages.txt"
	after=$(VQNIC_LAB=/x "$work/copy/sim/lab/lab" path)
	echo "$before $after"
	[ "$before" != "$after" ]
}

check mirror-failure-is-named mirror_is_named
check failed-set-up-leaves-no-root failed_setup_leaves_no_root
check interrupted-set-up-leaves-nothing interrupted_setup_leaves_nothing
check without-privilege-one-line without_privilege_one_line
check root-follows-the-list root_follows_the_list
check_end

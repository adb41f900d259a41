#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Promises of sim/lab/vm, on which the system tests rest: that it sees a VM which hangs, complains or dies, and that
# nothing outlives a run. Needs no card.
set -u

vm=sim/lab/vm
. tests/tap.sh
trap 'rm -rf "$work"; $vm stop harness' EXIT

starts() { $vm start harness --no-card; }

# status_of N COMMAND...: the command's exit status is N.
status_of() {
	local status=0 expected=$1
	shift
	"$@" || status=$?
	echo "exit status $status, expected $expected"
	[ $status -eq "$expected" ]
}

output_and_status() {
	[ "$($vm exec harness 'echo one; echo two >&2')" = "$(printf 'one\ntwo')" ] &&
		[ "$(echo 'x=$((6 * 7)); echo $x' | $vm exec harness)" = 42 ] &&
		status_of 3 $vm exec harness 'exit 3' && status_of 124 $vm exec harness -t 1 'sleep 30'
}

side_by_side() {
	$vm exec harness 'sleep 1; echo slow' >>"$work/order" &
	$vm exec harness 'echo fast' >>"$work/order"
	wait $!
	[ "$(cat "$work/order")" = "$(printf 'fast\nslow')" ]
}

taken_twice() { $vm start harness --no-card 2>&1 | grep 'belongs to a VM that is running'; }

complaint_is_seen() {
	local size
	$vm problems harness || return 1
	size=$($vm log-size harness)
	$vm exec harness 'echo "clocksource: Watchdog remote CPU 1 read timed out" >/dev/kmsg'
	$vm problems harness "$size" || return 1
	$vm exec harness 'echo "WARNING: CPU: 0 PID: 1 at nowhere" >/dev/kmsg; sleep 0.5'
	$vm problems harness "$size" | grep 'at nowhere' && $vm problems harness "$($vm log-size harness)"
}

panic_is_seen() {
	status_of 125 $vm exec harness 'echo c >/proc/sysrq-trigger; sleep 60' >"$work/panic" 2>&1
	cat "$work/panic"
	grep -q 'exit status 125, expected 125' "$work/panic" && grep -q 'Kernel panic' "$work/panic" &&
		grep -q 'log: build/run/harness/console.log' "$work/panic" &&
		status_of 125 $vm exec harness true
}

hang_is_seen() {
	$vm stop harness
	starts || return 1
	kill -STOP "$(<build/run/harness/qemu.pid)"
	status_of 125 $vm exec harness -t 1 true
	local status=$?
	kill -CONT "$(<build/run/harness/qemu.pid)"
	return $status
}

stop_ends_it() {
	local pid
	pid=$(<build/run/harness/qemu.pid)
	$vm stop harness
	! kill -0 "$pid" 2>/dev/null
}

# Ended in the middle of a boot: by a signal to `lab run`, by Ctrl-C, or by the death of who called it.
interrupt_ends_it() {
	local how=$1 root caller started=''
	root=$(VQNIC_LAB=$work/lab sim/lab/lab path)
	mkdir -p "$root"
	mount --rbind / "$root"
	# Own session, and SIGINT not ignored as a shell does for what runs in the background.
	VQNIC_LAB=$work/lab python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.setsid()
os.execvp(sys.argv[1], sys.argv[1:])' bash -c 'sim/lab/lab run sim/lab/vm start interrupted --no-card; exit' &
	caller=$!
	for _ in $(seq 100); do
		pgrep -f 'path=build/run/interrupted/agent' >/dev/null && { started=yes; break; }
		sleep 0.05
	done
	case $how in
	lab) kill -TERM "$(pgrep -P $caller)" ;;
	group) kill -INT -- -$caller ;;
	caller) kill -KILL $caller ;;
	esac
	for _ in $(seq 50); do pgrep -f 'path=build/run/interrupted/agent' >/dev/null || break; sleep 0.1; done
	umount -l "$root"
	[ -n "$started" ] || { echo "QEMU never started"; return 1; }
	! pgrep -af 'path=build/run/interrupted/agent' || return 1
	[ ! -e build/run/interrupted/ready ] || { echo "the VM had booted before it was to be interrupted"; return 1; }
}

unknown_kernel() { $vm start harness --no-card --kernel 1.2 2>&1 | grep 'no kernel 1.2 in the lab; there are: .*vmlinuz-'; }

check "a VM boots" starts
check "a command's output and exit status come back" output_and_status
check "commands run side by side" side_by_side
check "a name is used once at a time" taken_twice
check "a complaint of the kernel is seen, a harmless one is not" complaint_is_seen
check "a panic is seen" panic_is_seen
check "a VM that hangs is seen" hang_is_seen
check "stop ends the VM" stop_ends_it
check "a run that is told to end leaves no process" interrupt_ends_it lab
check "Ctrl-C leaves no process" interrupt_ends_it group
check "a run whose caller is killed leaves no process" interrupt_ends_it caller
check "a kernel that is not there is named" unknown_kernel
check_end

# shellcheck shell=bash disable=SC2154  # tool, run, name and kernel are the tool's
# SPDX-License-Identifier: Apache-2.0
#
# What virtual machines have in common: the host VM (sim/lab/vm) and the guests in it (sim/lab/guest/inner). Sourced with
# `tool`, the name in messages, and is_ready; a machine's functions work on `run`, its folder, and `name`. The folder holds
# console.log, qemu.log, exec.log (commands and their output), qemu.pid, and what guest/agent needs.

readonly boot_limit=180 # seconds; takes 7 to 20 on a 2-core machine that does nothing else

die() { echo "$tool: $*" >&2; exit 125; }

# Processes start slowly in a VM: what a shell can do by itself it does. `pause SECONDS` is a sleep.
pause() {
	[ -n "${never:-}" ] || exec {never}<> <(:)
	read -rt "$1" -u "$never" _ || true
}

alive() {
	local pid
	[ -s "$run/$1.pid" ] && read -r pid <"$run/$1.pid" && kill -0 "$pid" 2>/dev/null
}

# Debian's suites move on: what is there decides, not what was there once.
kernel_of_the_lab() {
	local found prefix=${1:-newest}
	case $prefix in newest | oldest) prefix='' ;; esac
	found=$(cd /boot && printf '%s\n' vmlinuz-"$prefix"* | sed 's/^vmlinuz-//' | sort -V)
	case ${1:-} in
	oldest) found=${found%%$'\n'*} ;;
	*) found=${found##*$'\n'} ;;
	esac
	[ -e "/boot/vmlinuz-$found" ] || die "no kernel ${1:-} in the lab; there are: $(cd /boot && echo vmlinuz-*)"
	[ -e "build/vm/$found/initrd" ] || die "build/vm/$found/initrd is missing: run 'make build'"
	echo "$found"
}

# problems FROM: what the kernel says when something is wrong, from byte FROM of its log on. sim/lab/dmesg-allowed holds
# what is let through.
problems() {
	local found
	found=$(tail -c +$(($1 + 1)) "$run/console.log" | tr -d '\r' |
		grep -aE 'WARNING|BUG|Oops|Call Trace|Kernel panic|general protection|page fault for|lockup|hung_task|blocked for more|rcu.*(stall|detected)|Unable to handle|scheduling while atomic|refcount_t|UBSAN|KASAN|KFENCE|use-after-free|list_(add|del) corruption|DMA-API|(irq|IRQ) [0-9]+: nobody cared|NETDEV WATCHDOG|transmit queue [0-9]+ timed out|segfault|watchdog|suspicious|[Dd]eadlock|[Ll]eaked' |
		grep -avE -f <(grep -vE '^(#|$)' sim/lab/dmesg-allowed) || true)
	[ -z "$found" ] && return
	printf '%s\n' "$found"
	return 1
}

# What there is to say when the machine does not do as it should.
autopsy() {
	local part
	for part in sim sim2 qemu; do
		[ -e "$run/$part.pid" ] && ! alive $part &&
			echo "$tool: $part has ended: $(tail -n 1 "$run/$part.log" 2>/dev/null)" >&2
	done
	problems 0 | tail -n 20 >&2 || true
	echo "$tool: the end of $run/console.log:" >&2
	tail -n 5 "$run/console.log" >&2 || true
}

# Empties the machine's folder and makes it this process's own. The agent's FIFO lies at `agent`.
own_folder() {
	mkdir -p "$run"
	exec {lock}>"$run/lock"
	flock -n "$lock" || die "$run belongs to a VM that is running"
	rm -rf "$run"/{ready,exec,exec.log,console.log,qemu.log,sim*.log,sim*.out,*.sock,*.pid,agent.*,qmp.*}
	mkdir "$run/exec"
	touch "$run/console.log"
	mkfifo "$run/agent.in" "$run/agent.out"
}

# machine_arguments MEMORY INITRD: fills `qemu` with the arguments that every machine has, for its kernel `kernel` and its
# agent.
machine_arguments() {
	# shellcheck disable=SC2054  # the commas are QEMU's
	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -m "$1"
		-kernel "/boot/vmlinuz-$kernel" -initrd "build/vm/$kernel/$2"
		-chardev "pipe,id=agent,path=$run/agent" -device virtio-serial-pci
		-device virtserialport,chardev=agent,name=vqnic.agent)
	append="console=ttyS0 panic=-1 vqnic.run=$name"
}

# Starts QEMU with `qemu` and `append`; returns when `is_ready` says that the machine takes commands.
boot() {
	"${qemu[@]}" -serial "file:$run/console.log" -append "$append" >"$run/qemu.log" 2>&1 </dev/null &
	echo $! >"$run/qemu.pid"
	local deadline=$((SECONDS + boot_limit))
	until is_ready; do
		if ! alive qemu; then
			autopsy
			die "kernel $kernel did not boot: QEMU ended; logs: $run/console.log, $run/qemu.log"
		elif ((SECONDS >= deadline)); then
			autopsy
			die "kernel $kernel did not boot within $boot_limit s; log: $run/console.log"
		fi
		pause 0.1
	done
}

# The machine's shell on this terminal; the machine ends with it.
boot_shell() {
	[ -t 0 ] || die "a shell needs a terminal"
	local size
	size=$(stty size)
	terminal=$(stty -g)
	trap 'stty "$terminal"' EXIT
	echo "Booting kernel $kernel; kernel log: $run/console.log"
	"${qemu[@]}" -chardev "stdio,id=console,signal=off,logfile=$run/console.log" -serial chardev:console \
		-append "$append vqnic.shell=${size/ /,} quiet" 2>"$run/qemu.log" || die "QEMU failed; log: $run/qemu.log"
}

# Ends process $1 of the machine: asked first, then made to.
end() {
	local pid deadline=$((SECONDS + 10))
	[ -s "$run/$1.pid" ] || return 0
	pid=$(<"$run/$1.pid")
	kill "$pid" 2>/dev/null || true
	while kill -0 "$pid" 2>/dev/null; do
		((SECONDS < deadline)) || { kill -KILL "$pid" 2>/dev/null; break; }
		pause 0.05
	done
	rm -f "$run/$1.pid"
}

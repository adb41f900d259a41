# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the demos have in common: numbered steps, and the steps that all of them have. Sourced from the project's top with
# demo (name of the demo and of its host VM) and mac set; `client COMMAND` is to run a command where the card's user is.
#
#   KERNEL=6.12      another kernel of the lab; default: the newest
#   WAVE=1           record waves in build/run/NAME/wave.fst, or WAVE=FILE.fst
#   PCAP=FILE        where frames on the wire are recorded; default: build/run/NAME/wire.pcap

# shellcheck disable=SC2154  # set by the demo
readonly run=build/run/$demo
readonly server=10.0.2.2 # the wire's other side, as user-mode networking calls it
readonly http_port=8080
readonly file_bytes=$((10 * 1024 * 1024))
pcap=${PCAP:-$run/wire.pcap}
wave=${WAVE:-}
[ "$wave" = 1 ] && wave=$run/wave.fst

vm() { sim/lab/vm "$@"; }
host() { vm exec "$demo" "$@"; }

serve_a_file() {
	mkdir -p "$run/www"
	head -c $file_bytes /dev/urandom >"$run/www/random.bin" || return
	(cd "$run/www" && sha256sum random.bin >random.sha256) || return
	busybox httpd -f -p 127.0.0.1:$http_port -h "$run/www" >"$run/httpd.log" 2>&1 &
	local deadline=$((SECONDS + 5))
	until curl -fsS -o /dev/null http://127.0.0.1:$http_port/random.sha256 2>"$run/httpd.log"; do
		((SECONDS < deadline)) || { echo "the web server does not answer; log: $run/httpd.log"; return 1; }
		sleep 0.1
	done
	echo "$((file_bytes / 1024 / 1024)) MiB of random bytes at http://$server:$http_port/random.bin"
}

# boot_host [OPTION...]: options of `vm start`.
boot_host() {
	vm start "$demo" --kernel "${KERNEL:-}" --pcap "$pcap" ${wave:+--wave "$wave"} "$@" || return
	host 'uname -sr; for dev in /sys/bus/pci/devices/*; do
		[ "$(cat $dev/vendor)$(cat $dev/device)" = 0x12340x7671 ] && echo "card at ${dev##*/}"
	done; true'
}

# load_driver BUS-DRIVER...: vqnic.ko and who is to use its devices.
load_driver() {
	host "modprobe -a vdpa $*"' && insmod build/kernel/$(uname -r)/vqnic.ko && dmesg | grep "vqnic 0000" | tail -n 3'
}

show_mgmtdev() {
	host 'vdpa mgmtdev show' | tee "$run/mgmtdev" && grep -q '^pci/' "$run/mgmtdev"
}

add_device() {
	local mgmtdev
	mgmtdev=$(sed -n 's/^\(pci[^ ]*\): *$/\1/p' "$run/mgmtdev" | head -n 1)
	echo "vdpa dev add name vdpa0 mgmtdev $mgmtdev mac $mac"
	host "vdpa dev add name vdpa0 mgmtdev $mgmtdev mac $mac"
}

# get_address INTERFACE
get_address() { client "sim/lab/guest/dhcp $1"; }

ping_server() {
	client "ping -c 20 -i 0.1 -w 20 $server" >"$run/ping" || { cat "$run/ping"; return 1; }
	tail -n 2 "$run/ping"
	ping_ms=$(sed -n 's,^rtt.* = [0-9.]*/\([0-9.]*\)/.*,\1,p' "$run/ping")
}

download() {
	client -t 120 'set -e
		cd /tmp
		began=${EPOCHREALTIME/./}
		busybox wget -q -T 100 -O random.bin http://'$server:$http_port'/random.bin
		us=$((${EPOCHREALTIME/./} - began)) bytes=$(stat -c %s random.bin)
		echo "$bytes bytes in $((us / 1000)) ms: $((bytes * 8 / us)) Mb/s"
		busybox wget -q -T 10 -O random.sha256 http://'$server:$http_port'/random.sha256
		sha256sum -c random.sha256' >"$run/download"
	local status=$?
	cat "$run/download"
	rate=$(sed -n 's/.*: \(.* Mb.s\)$/\1/p' "$run/download")
	return $status
}

show_device() { host 'vdpa dev show; vdpa dev config show vdpa0'; }
show_card() {
	host 'set -e; PATH=$PATH:/vqnic/build/ctl
		for what in card dev stats; do echo "vqnicctl $what show:"; vqnicctl $what show; done'
}
show_simulator() { vm sim "$demo" stats; }
check_kernel_log() { vm problems "$demo" && echo "no warning, no oops"; }

# Seconds since the demo began, with one decimal.
elapsed() {
	local us=$((${EPOCHREALTIME/./} - began))
	printf '%3d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# run_steps STEP...: each is "COMMAND|what it shows". Stops the VM and prints a summary at the end.
run_steps() {
	local step number=0 status ticker
	[ -x build/sim/vqnic-sim ] || { echo "$demo: run 'make $demo', which builds the simulator" >&2; exit 1; }
	mkdir -p "$run"
	began=${EPOCHREALTIME/./}
	for step; do
		((++number))
		printf '[%2d/%d] %s s  %s\n' $number $# "$(elapsed)" "${step#*|}"
		(while sleep 5; do echo "        ... $(elapsed) s"; done) &
		ticker=$!
		# Not in a subshell: steps leave results for the summary.
		status=0
		${step%%|*} >"$run/step.log" 2>&1 || status=$?
		kill $ticker
		wait $ticker 2>/dev/null
		if ((status)); then
			sed 's/^/        /' "$run/step.log"
			echo "$demo: step $number failed: ${step#*|}: $(tail -n 1 "$run/step.log")"
			echo "$demo: logs: $run/exec.log (commands), $run/console.log (kernel), $run/sim.log (simulator)"
			exit 1
		fi
		sed 's/^/        /' "$run/step.log"
	done
	vm stop "$demo"
	cat <<-END
		[ done] $(elapsed) s
		        ping        $ping_ms ms
		        download    $rate
		        frames      $pcap
		${wave:+        waves       $wave
		}        logs        $run/console.log (kernel), $run/sim.log (simulator), $run/exec.log (commands)
	END
}

# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The dirty log of a device bound to vhost_vdpa, tests/system/vhost_log.c.

wire=loopback once='' cpus=2

log_test() { guest -t 240 "add vdpa0 mac $mac0; vhost_log vdpa0 $1"; }

test_log_pages() { log_test pages; }
test_log_asid() { log_test asid; }
test_log_refused() { log_test refused; }
test_log_resets() { log_test resets; }
test_log_kill() { log_test kill; }
test_log_race() { log_test race; }

# The host's own driver shares its address space with everybody.
test_log_host() {
	guest <<-EOF
		add vdpa0 mac $mac0
		ip link set vdpa0 up
		refused /vqnic/build/tests/vhost_log vdpa0 hold | grep "no address space of its own"
	EOF
}

# What vhost's users do to a device is told to who listens.
test_vhost_events() {
	local event events
	guest -t 240 <<-EOF
		add vdpa0 mac $mac0
		vqnicctl -j monitor >/tmp/events &
		sleep 0.5
		vhost_state vdpa0 suspend
		vhost_log vdpa0 pages
		vhost_map vdpa0 isolation
		pkill -x vqnicctl
	EOF
	events=$(guest 'cat /tmp/events')
	for event in suspended resumed log_started log_stopped queue_fault; do
		grep -q "\"event\":\"$event\",\"card\":\"0000:00:05.0\",\"dev\":\"vdpa0\"" <<<"$events" ||
			fail "no event $event: $events"
	done
	matches "the log" "$(grep log_started <<<"$events")" '"log_iova":[0-9]+,"log_size":[0-9]+'
	matches "the fault" "$(grep queue_fault <<<"$events")" '"queue":[0-9]+,"fault":"IOVA_(READ|WRITE)","fault_code":[0-9]+'
}

# Whatever root and nobody send to the driver's netlink family: what is refused changes nothing, nobody changes anything,
# and nothing is left of it. MESSAGES=N: so many times as many.
test_netlink_fuzz() {
	guest -t $((300 * ${MESSAGES:-1})) <<-EOF
		fuzz() { /vqnic/build/tests/netlink_fuzz \$1 \$((\$2 * ${MESSAGES:-1})) \$3 /tmp/state vdpa0 vdpa1; }
		slab() { echo 3 >/proc/sys/vm/drop_caches; awk '/^SUnreclaim/ { print \$2 }' /proc/meminfo; }
		add vdpa0 mac $mac0 max_vqp 2
		ip link set vdpa0 up
		ethtool -L vdpa0 combined 2
		vqnicctl migrate save vdpa0 -o /tmp/state
		vqnicctl migrate resume vdpa0
		bind_to vhost_vdpa vdpa0
		vdpa dev add name vdpa1 mgmtdev \$(mgmtdev) mac $mac0 max_vqp 2
		bind_to vhost_vdpa vdpa1
		# One runs, the other one can have a state.
		rm -f /tmp/vhost_state.stop
		vqnicctl migrate load vdpa0 /tmp/state
		vhost_state vdpa0 continue </tmp/state >/tmp/continued 2>&1 &
		eventually "a driver" grep running /tmp/continued
		fuzz nobody 400 1
		fuzz root 600 2
		fuzz many 2400 3
		before=\$(slab)
		fuzz many 3000 4
		after=\$(slab)
		echo "unreclaimable slab: \$before kB before, \$after kB after"
		((after - before < 512)) || fail "memory leaks"
		touch /tmp/vhost_state.stop
		wait
		# Both are of use.
		vqnicctl policy set vdpa0 trust off spoofchk off port-vlan none vlans all macs none macs-max 96
		vqnicctl policy set vdpa1 trust off spoofchk off port-vlan none vlans all macs none macs-max 96
		vhost_state vdpa0 state
		vhost_state vdpa1 state
		rest
		rmmod vqnic
	EOF
}

# devlink knows what the card is, what has happened to it and its queues, and brings it back when it is lost.
test_devlink() {
	guest -t 120 <<-EOF
		# Nothing has happened to this card yet.
		rmmod vqnic
		insmod \$ko
		handle=pci/\$(card)
		reported() { devlink -j health show \$handle reporter \$1 | grep -oE '"(state|error|recover)":("[a-z]*"|[0-9]+)' | tr '\n' ' '; }
		reports() { [ "\$(reported \$1)" = "\"state\":\"\$2\" \"error\":\$3 \"recover\":\$4 " ]; }
		devlink dev info \$handle | tee /tmp/info
		grep -q 'driver vqnic' /tmp/info
		grep -q 'fw.mgmt.api 2\.0' /tmp/info
		for reporter in card queue dma; do reports \$reporter healthy 0 0 || fail "\$reporter: \$(reported \$reporter)"; done
		devlink health diagnose \$handle reporter card | grep -q 'state: up'
		devlink region new \$handle/registers snapshot 1
		devlink region dump \$handle/registers snapshot 1 | tee /tmp/dump
		[ "\$(awk '{ n += NF - 1 } END { print n }' /tmp/dump)" = 512 ]
		devlink region del \$handle/registers snapshot 1

		# Queues that reach for what is not mapped, and are reset.
		add vdpa0 mac $mac0
		vhost_map vdpa0 isolation
		eventually "the end of the faults" eval 'reported dma | grep "healthy"'
		reported dma | grep -vq '"error":0 ' || fail "faults were not reported: \$(reported dma)"
		devlink health dump show \$handle reporter dma | tee /tmp/dump
		grep -q 'IOVA_\(READ\|WRITE\)' /tmp/dump
		reports queue healthy 0 0

		# Two queues have stopped until their device is reset, and until it is deleted.
		rm -f /tmp/vhost_map.go
		stopped() { [ "\$(devlink -j health diagnose \$handle reporter \$1 | grep -o '"fault":' | wc -l)" = \$2 ]; }
		in_error() { [[ "\$(reported dma)" == *'"state":"error"'* ]]; }
		vhost_map vdpa0 stopped >/tmp/stopped &
		eventually "queues that have stopped" grep stopped /tmp/stopped
		eventually "a report of them" in_error
		stopped dma 2
		stopped queue 0
		touch /tmp/vhost_map.go
		wait \$! || fail "\$(cat /tmp/stopped)"
		eventually "the end of the first faults" eval '! in_error'
		stopped dma 0
		rm /tmp/vhost_map.go
		vhost_map vdpa0 stopped >/tmp/stopped &
		eventually "queues that have stopped again" grep stopped /tmp/stopped
		eventually "a report of them" in_error
		# The device goes when its program does. Until then the kernel's generic netlink is busy with it.
		vdpa dev del vdpa0 &
		eventually "a device that goes" [ ! -e /sys/bus/vdpa/devices/vdpa0 ]
		pkill -KILL -x vhost_map
		wait \$!
		eventually "the end of the faults of a deleted device" eval '! in_error'
		reports queue healthy 0 0
		add vdpa0 mac $mac0

		# The card does not answer: its memory space is switched off. What comes back is as it was.
		vqnicctl policy set vdpa0 spoofchk on vlans 5
		before=\$(vqnicctl policy show vdpa0)
		printf '\0' | dd of=/sys/bus/pci/devices/\$(card)/config bs=1 seek=4 conv=notrunc 2>/dev/null
		vqnicctl card show | grep -q dead
		eventually "a report of the card" reports card error 1 0
		devlink health diagnose \$handle reporter card | tee /dev/stderr | grep -q 'state: dead'
		devlink health dump show \$handle reporter card | grep -q why
		refused devlink region new \$handle/registers snapshot 2
		devlink health recover \$handle reporter card
		reports card healthy 1 1
		vqnicctl card show | grep -q 'state ok'
		[ "\$(vqnicctl policy show vdpa0)" = "\$before" ]
		vhost_state vdpa0 state
	EOF
}

# The device goes away under a log, in each way that there is.
test_log_device_gone() {
	guest -t 120 <<-EOF
		for how in "vdpa dev del vdpa0" "rmmod vqnic" "echo 1 >/sys/bus/pci/devices/0000:00:05.0/remove"; do
			[ -d /sys/module/vqnic ] || insmod \$ko
			add vdpa0 mac $mac0
			vhost_log vdpa0 hold >/tmp/vhost_log.out 2>&1 &
			eventually "a log" grep held /tmp/vhost_log.out
			vqnicctl dev show vdpa0 | grep "log_iova 0x5000 log_size 167800832"
			eval "\$how"
			wait \$! || fail "\$how: \$(cat /tmp/vhost_log.out)"
			cat /tmp/vhost_log.out
		done
		echo 1 >/sys/bus/pci/rescan
	EOF
}

# A guest moves by the log under traffic, there and back: tests/system/vhost_migrate.c. SEEDS=N: for so many seeds.
test_migrate_log() {
	guest -t $((180 + 60 * ${SEEDS:-1})) <<-EOF
		for i in 0 1 2; do
			# The guest has the same address wherever it is.
			add vdpa\$i mac 52:54:00:12:37:0\$((i / 2))
			bind_to vhost_vdpa vdpa\$i
		done
		for seed in \$(seq ${SEEDS:-1}); do /vqnic/build/tests/vhost_migrate vdpa0 vdpa1 vdpa2 \$seed; done
	EOF
}

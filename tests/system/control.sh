# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# What the driver tells and is told by netlink: the family "vqnic", its events, and devlink.

wire=loopback once='' cpus=2

# The kernel knows the family as its specification describes it.
test_netlink_spec() {
	local answers
	answers=$(guest 'genl ctrl get name vqnic; genl ctrl policy name vqnic')
	tests/unit/netlink_spec.py driver <<<"$answers" || fail "the driver differs from docs/netlink/vqnic.yaml: $answers"
}

# The family is of the initial network namespace and of its owner, wherever a device's interface is.
test_netlink_namespace() {
	guest <<-'EOF'
		add vdpa0 mac 52:54:00:12:34:56
		ip netns add other
		for command in "card show" "dev show vdpa0" "policy set vdpa0 trust on" "migrate suspend vdpa0" monitor; do
			refused ip netns exec other vqnicctl $command | tee /dev/stderr | grep -q 'nsenter --net=/proc/1/ns/net'
			refused unshare --map-root-user --net vqnicctl $command | grep -q 'nsenter --net=/proc/1/ns/net'
		done
		# Who is root in a namespace of users only may look, and no more.
		unshare --map-root-user vqnicctl policy show vdpa0 | grep 'trust false'
		for command in "policy set vdpa0 trust on" "migrate suspend vdpa0" "migrate save vdpa0 -o /tmp/state"; do
			refused unshare --map-root-user vqnicctl $command | tee /dev/stderr | grep -q 'CAP_NET_ADMIN'
		done
		vqnicctl policy show vdpa0 | grep 'trust false'
		vqnicctl dev show vdpa0 | grep 'state running'
		# The interface goes away, the device stays.
		ip link set vdpa0 netns other
		vqnicctl policy set vdpa0 trust on
		vqnicctl policy show vdpa0 | grep 'trust true'
		ip netns delete other
	EOF
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

# What happens is told as it happens, in order, to whoever listens; also after the driver was loaded anew.
test_monitor() {
	local seen
	guest <<-'EOF'
		vqnicctl -j monitor >/tmp/events &
		sleep 0.5
		add vdpa0 mac 52:54:00:12:34:56
		vqnicctl policy set vdpa0 spoofchk on
		ip link set vdpa0 up
		eventually "settings of the guest" grep guest_settings /tmp/events
		echo 1 >/sys/bus/pci/devices/$(card)/reset
		vdpa dev del vdpa0
		rmmod vqnic
		insmod $ko
		sleep 0.5
		vdpa dev add name vdpa1 mgmtdev $(mgmtdev)
	EOF
	vm sim "$vm" link down
	guest 'eventually "the link" grep card_link /tmp/events; pkill -x vqnicctl'
	vm sim "$vm" link up
	guest 'cat /tmp/events' >"$run/events"
	cat "$run/events"
	seen=$(grep -v guest_settings "$run/events" |
		sed -E 's/.*"event":"([a-z_]+)"(.*"dev":"([^"]+)")?.*/\1 \3/; s/ $//' | tr '\n' ',')
	# Of the driver that comes again the first events can be missed.
	expect "the events" "${seen/card_added,/}" \
		"dev_added vdpa0,policy vdpa0,card_down,card_up,dev_removed vdpa0,card_removed,dev_added vdpa1,card_link,"
	expect "the link" "$(tail -n 1 "$run/events" | json link)" down
}

# What is wrong is found, and what helps helps.
test_health() {
	guest -t 120 <<-EOF
		add vdpa0 mac $mac0
		vqnicctl health show | tee /tmp/health
		grep -x "\$(card): verdict good" /tmp/health
		grep -x "vqnicd: running false" /tmp/health
		vqnicctl migrate suspend vdpa0
		vqnicctl -j health show | tee /tmp/health
		grep '"verdict":"bad","problems":\[{"number":0,"what":"suspended","dev":"vdpa0",' /tmp/health
		vqnicctl migrate resume vdpa0
		vqnicctl health show | grep -x "\$(card): verdict good"
		# Two queues stop until their device is reset.
		rm -f /tmp/vhost_map.go
		bind_to vhost_vdpa vdpa0
		vhost_map vdpa0 stopped >/tmp/stopped &
		eventually "queues that have stopped" grep stopped /tmp/stopped
		vqnicctl health show | tee /tmp/health
		[ "\$(grep -cE 'problem [0-9]: what queue_fault dev vdpa0 queue [01] fault IOVA_' /tmp/health)" = 2 ]
		grep 'what needs_reset dev vdpa0' /tmp/health
		touch /tmp/vhost_map.go
		wait \$! || fail "\$(cat /tmp/stopped)"
		eventually "a verdict" eval 'vqnicctl health show | grep "verdict good"'
	EOF
	vm sim "$vm" link down
	guest 'eventually "no link" eval "vqnicctl health show | grep \"what link_down\""'
	vm sim "$vm" link up
	guest 'eventually "a link" eval "vqnicctl health show | grep \"verdict good\""'
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
		grep -q 'serial_number 020000fffe000001' /tmp/info
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

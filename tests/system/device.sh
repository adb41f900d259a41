# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The management of devices: from loading the module to pulling the card out, and what is refused.

wire=tap once=''

readonly link_key='link ' # as iproute2 6.15 spells it in JSON

test_probe() {
	guest <<-'EOF'
		[ "$(basename "$(readlink /sys/bus/pci/devices/$(card)/driver)")" = vqnic ] || fail "no driver is bound"
		grep -q "MSI.*-$(card)" /proc/interrupts || fail "no interrupt is set up"
		for i in 1 2 3; do
			rmmod vqnic
			grep -q "MSI.*-$(card)" /proc/interrupts && fail "an interrupt is left after rmmod"
			vdpa mgmtdev show | grep -q pci/ && fail "the management device is left after rmmod"
			insmod $ko
		done
	EOF
}

test_mgmtdev() {
	local shown handle
	shown=$(guest 'vdpa -j mgmtdev show')
	handle=$(guest mgmtdev)
	expect "the management device" "$handle" pci/0000:00:05.0
	expect supported_classes "$(json mgmtdev "$handle" supported_classes 0 <<<"$shown")" net
	matches max_supported_vqs "$(json mgmtdev "$handle" max_supported_vqs <<<"$shown")" "^3[23]$" # 16 pairs, control
	local features feature
	features=$(json mgmtdev "$handle" dev_features <<<"$shown")
	for feature in MAC MTU STATUS VERSION_1 ACCESS_PLATFORM RING_EVENT_IDX; do
		matches dev_features "$features" "\"$feature\""
	done
}

test_config() {
	local shown
	guest "add vdpa0 mac $mac0 mtu 1400; ip link set vdpa0 up"
	shown=$(guest 'vdpa -j dev config show vdpa0')
	expect "the MAC address" "$(json config vdpa0 mac <<<"$shown")" $mac0
	expect "the MTU" "$(json config vdpa0 mtu <<<"$shown")" 1400
	expect "the link" "$(json config vdpa0 "$link_key" <<<"$shown")" up
	shown=$(guest 'vdpa -j dev show vdpa0')
	expect "the type" "$(json dev vdpa0 type <<<"$shown")" network
	matches "the number of queues" "$(json dev vdpa0 max_vqs <<<"$shown")" "^[23]$" # a pair, control
	expect "the queue size" "$(json dev vdpa0 max_vq_size <<<"$shown")" 1024
	shown=$(guest 'ip link show vdpa0')
	matches "the interface" "$shown" "mtu 1400 .*"
	matches "the interface" "$shown" "link/ether $mac0"
}

test_add_del_50() {
	guest -t 120 <<-EOF
		for i in \$(seq 50); do
			vdpa dev add name vdpa0 mgmtdev \$(mgmtdev) mac $mac0
			# Every fifth gets a driver's time to use it; the others are deleted while it still binds.
			if ((i % 5 == 0)); then
				eventually "an interface" has_netdev vdpa0
				ip link set \$(netdev vdpa0) up
			fi
			vdpa dev del vdpa0
		done
		[ -z "\$(vdpa dev show)" ] || fail "a device is left"
		add vdpa0 mac $mac0
		up vdpa0 $ip0/24
		ping -c 3 -i 0.2 -w 10 $wire_ip
	EOF
}

# refused_because WHAT REGEX ARGUMENT...: `vdpa dev add` with these arguments fails, the card says why, and nothing is
# left of it.
refused_because() {
	local what=$1 regex=$2
	shift 2
	echo "--- $what"
	guest "refused vdpa dev add name refused mgmtdev \$(mgmtdev) $*"
	matches "the reason ($what)" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 refusal)" "$regex"
	guest 'vdpa dev show' | grep -q refused && fail "$what: the device exists"
	true
}

test_refused_too_many() {
	guest -t 120 "for i in \$(seq 10 25); do
			vdpa dev add name vdpa\$i mgmtdev \$(mgmtdev) mac 52:54:00:12:34:\$i
		done"
	refused_because "a device too many" "refused: all 16 devices of the card are in use" "mac 52:54:00:12:34:59"
	guest 'vdpa dev del vdpa10; vdpa dev add name vdpa2 mgmtdev $(mgmtdev) mac 52:54:00:12:34:59; vdpa dev show vdpa2'
}

test_refused_features() {
	# VERSION_1, ACCESS_PLATFORM and MAC with VIRTIO_NET_F_GUEST_TSO4, with VIRTIO_F_RING_PACKED, with an unknown bit.
	refused_because "an offload that the card does not have" "features 0x80 are not supported" \
		"mac $mac0 device_features 0x3000000a0"
	refused_because "packed rings" "features 0x400000000 are not supported" "mac $mac0 device_features 0x700000020"
	refused_because "an unknown bit" "features 0x4000000000000000 are not supported" \
		"mac $mac0 device_features 0x4000000300000020"
	refused_because "no ACCESS_PLATFORM" "features lack 0x200000000" "mac $mac0 device_features 0x100000020"
}

test_features_subset() {
	# Without VIRTIO_RING_F_EVENT_IDX, VIRTIO_NET_F_MTU and VIRTIO_NET_F_STATUS: VERSION_1, ACCESS_PLATFORM, MAC.
	guest "add vdpa0 mac $mac0 device_features 0x300000020"
	local shown
	shown=$(guest 'vdpa -j dev config show vdpa0')
	matches "what is negotiated" "$(json config vdpa0 negotiated_features <<<"$shown")" MAC
	if grep -qE 'EVENT_IDX|STATUS' <<<"$shown"; then fail "features that were not offered are negotiated: $shown"; fi
	guest "ip link set vdpa0 up; ip address add $ip0/24 dev vdpa0; ping -c 20 -i 0.01 -w 10 $wire_ip"
}

test_refused_mtu() {
	refused_because "an MTU too large" "MTU 9217 is not between 68 and 9216" "mac $mac0 mtu 9217"
	# Stock vdpa refuses this one before it reaches the driver.
	guest "refused vdpa dev add name refused mgmtdev \$(mgmtdev) mac $mac0 mtu 67; [ -z \"\$(vdpa dev show)\" ]"
	guest "add vdpa0 mac $mac0 mtu 68; vdpa dev del vdpa0; add vdpa0 mac $mac0 mtu 9216"
}

test_refused_mac() {
	refused_because "a multicast MAC address" "MAC address 53:54:00:12:34:56 is multicast" "mac 53:54:00:12:34:56"
	refused_because "the broadcast address" "MAC address ff:ff:ff:ff:ff:ff is multicast" "mac ff:ff:ff:ff:ff:ff"
}

test_refused_max_vqp() {
	refused_because "more queue pairs than a device can have" "17 queue pairs are wanted, a device has 1 to 16" \
		"mac $mac0 max_vqp 17"
	guest "add vdpa0 mac $mac0 max_vqp 1"
}

test_refused_name() {
	guest "vdpa dev add name vdpa0 mgmtdev \$(mgmtdev) mac $mac0
		refused vdpa dev add name vdpa0 mgmtdev \$(mgmtdev) mac $mac1 | grep -q 'File exists'
		vdpa dev show vdpa0"
}

test_vqnicctl() {
	local card dev shown ifindex
	guest "add vdpa0 mac $mac0 mtu 1450; up vdpa0 $ip0/24"
	card=$(guest 'vqnicctl -j card show' | json card 0000:00:05.0)
	expect "the link" "$(json link <<<"$card")" up
	expect "vdevs" "$(json vdevs <<<"$card")" 16
	expect "vdevs in use" "$(json vdevs_used <<<"$card")" 1
	dev=$(guest 'vqnicctl -j dev show vdpa0' | json dev vdpa0)
	shown=$(guest 'vdpa -j dev config show vdpa0')
	expect "the MAC address" "$(json mac <<<"$dev")" "$(json config vdpa0 mac <<<"$shown")"
	expect "the MTU" "$(json mtu <<<"$dev")" "$(json config vdpa0 mtu <<<"$shown")"
	expect "the link" "$(json link <<<"$dev")" "$(json config vdpa0 "$link_key" <<<"$shown")"
	expect "the card" "$(json card <<<"$dev")" 0000:00:05.0
	expect "the queue" "$(json queues 0 ready <<<"$dev")" true
	expect "the queue size" "$(json queues 0 size <<<"$dev")" \
		"$(guest 'vdpa -j dev show vdpa0' | json dev vdpa0 max_vq_size)"
	# Text and JSON say the same.
	matches "vqnicctl dev show" "$(guest 'vqnicctl dev show')" "mac $mac0"
	matches "vqnicctl card show" "$(guest 'vqnicctl card show')" "state ok"
	shown=$(guest 'vqnicctl dev show nosuch 2>&1 && echo not refused; true')
	matches "an unknown device" "$shown" "^vqnicctl: .*nosuch"
	shown=$(guest 'vqnicctl card show 0000:00:1f.0 2>&1 && echo not refused; true')
	matches "an unknown card" "$shown" "^vqnicctl: .*00:1f.0"
}

test_counters() {
	local before after name grew sim_before sim_after
	guest "add vdpa0 mac $mac0; up vdpa0 $ip0/24; ping -c 1 -w 10 $wire_ip"
	before=$(guest 'vqnicctl -j stats show' | json stats)
	sim_before=$(vm sim "$vm" stats)
	# 50 frames of 14 + 20 + 8 + 400 bytes each way, and a few that the kernel adds.
	guest "ping -c 50 -i 0.01 -s 400 -w 20 $wire_ip >/dev/null"
	after=$(guest 'vqnicctl -j stats show' | json stats)
	sim_after=$(vm sim "$vm" stats)
	for name in vdpa0/tx_frames vdpa0/rx_frames 0000:00:05.0/wire_tx_frames 0000:00:05.0/wire_rx_frames; do
		grew=$(($(json "${name%/*}" "${name#*/}" <<<"$after") - $(json "${name%/*}" "${name#*/}" <<<"$before")))
		((grew >= 50 && grew <= 60)) || fail "$name grew by $grew, 50 frames were sent"
	done
	for name in vdpa0/tx_bytes vdpa0/rx_bytes; do
		grew=$(($(json "${name%/*}" "${name#*/}" <<<"$after") - $(json "${name%/*}" "${name#*/}" <<<"$before")))
		((grew >= 50 * 442 && grew <= 50 * 442 + 2000)) || fail "$name grew by $grew, 50 frames of 442 bytes were sent"
	done
	grew=$(($(json vdpa0 interrupts <<<"$after") - $(json vdpa0 interrupts <<<"$before")))
	((grew > 0)) || fail "there was no interrupt"
	# The simulator counts on its own.
	for name in frames_in frames_out; do
		grew=$(($(json $name <<<"$sim_after") - $(json $name <<<"$sim_before")))
		((grew >= 50 && grew <= 60)) || fail "the simulator's $name grew by $grew, 50 frames were sent"
	done
}

# probe_with OFFSET VALUE MESSAGE: a card whose word at OFFSET says VALUE is refused, with MESSAGE in the kernel log.
probe_with() {
	vm sim "$vm" force "$1" "$2" >/dev/null
	guest "insmod \$ko; vdpa mgmtdev show | grep -q pci/ && fail 'the driver took the card'; rmmod vqnic; dmesg | tail -n 5" |
		grep -F -- "$3" || fail "word $1 saying $2: the kernel log has no \"$3\""
}

# What the driver reads of a card is checked before it is used; a later minor version only adds, another major is refused.
test_other_versions() {
	guest 'rmmod vqnic'
	probe_with 004 00010001 "card speaks register map 1.1, this driver knows 2.x"
	probe_with 004 00000007 "card speaks register map 0.7, this driver knows 2.x"
	vm sim "$vm" force 004 00020063
	guest "insmod \$ko; dmesg | tail -n 5 | grep 'card speaks register map 2.99, this driver uses what 2.'
		add vdpa0 mac $mac0; up vdpa0 $ip0/24; ping -c 3 -i 0.1 -w 10 $wire_ip"
	vm sim "$vm" unforce
}

test_impossible_cards() {
	guest 'rmmod vqnic'
	probe_with 000 deadbeef "not a vqnic card: its magic number is 0xdeadbeef"
	probe_with 010 ffffffff "4294967295 vdevs of 16 out of 64 queue pairs and 256 vectors: not possible"
	probe_with 014 0 "vdevs of 16 out of 0 queue pairs and 256 vectors: too few to work with"
	probe_with 014 41 "vdevs of 16 out of 65 queue pairs and 256 vectors: not possible"
	probe_with 07c 11 "vdevs of 17 out of 64 queue pairs and 256 vectors: not possible"
	probe_with 018 3 "queues of 3 descriptors: not possible"
	probe_with 018 80000000 "descriptors: not possible"
	probe_with 020 fffff000 "from 0xfffff000 on in BAR 0: not possible"
	probe_with 024 4 "windows of 0x4 bytes"
	probe_with 028 3 "a doorbell every 3 bytes: not possible"
	probe_with 034 10 "an MTU of 16 at most: not possible"
	vm sim "$vm" unforce
	guest "insmod \$ko; add vdpa0 mac $mac0; up vdpa0 $ip0/24; ping -c 3 -i 0.1 -w 10 $wire_ip"
}

test_link() {
	guest "add vdpa0 mac $mac0; up vdpa0 $ip0/24"
	local i
	for i in 1 2 3; do
		vm sim "$vm" link down
		guest 'eventually "carrier off" grep -qx 0 /sys/class/net/vdpa0/carrier'
		expect "the card's link" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 link)" down
		expect "the device's link" "$(guest 'vdpa -j dev config show vdpa0' | json config vdpa0 "$link_key")" down
		vm sim "$vm" link up
		guest 'eventually "carrier on" grep -qx 1 /sys/class/net/vdpa0/carrier'
		expect "the card's link" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 link)" up
	done
	vm sim "$vm" link auto
	guest "ping -c 3 -i 0.1 -w 10 $wire_ip"
	# By itself the carrier is that of the wire.
	ip link set wire0 down
	guest 'eventually "carrier off" grep -qx 0 /sys/class/net/vdpa0/carrier'
	ip link set wire0 up
	guest 'eventually "carrier on" grep -qx 1 /sys/class/net/vdpa0/carrier'
}

test_remove_rescan() {
	guest <<-EOF
		for i in 1 2 3; do
			add vdpa0 mac $mac0
			add vdpa1 mac $mac1
			up vdpa0 $ip0/24
			ping -f -w 20 $wire_ip >/dev/null 2>&1 &
			sleep 0.3
			echo 1 >/sys/bus/pci/devices/\$(card)/remove
			[ -z "\$(vdpa dev show)" ] || fail "a device outlived the card"
			vdpa mgmtdev show | grep -q pci/ && fail "the management device outlived the card"
			kill %% 2>/dev/null; wait || true
			echo 1 >/sys/bus/pci/rescan
			eventually "the card is back" mgmtdev_back
		done
		add vdpa0 mac $mac0
		up vdpa0 $ip0/24
		ping -c 3 -i 0.1 -w 10 $wire_ip
	EOF
}

test_unbind_bind() {
	guest <<-EOF
		add vdpa0 mac $mac0
		up vdpa0 $ip0/24
		address=\$(card)
		echo \$address >/sys/bus/pci/drivers/vqnic/unbind
		[ -z "\$(vdpa dev show)" ] || fail "a device outlived the driver"
		echo \$address >/sys/bus/pci/drivers/vqnic/bind
		add vdpa0 mac $mac0
		up vdpa0 $ip0/24
		ping -c 3 -i 0.1 -w 10 $wire_ip
	EOF
}

test_function_reset() {
	guest <<-EOF
		rmmod vqnic
		grep -q flr /sys/bus/pci/devices/\$(card)/reset_method || fail "the card offers no function reset"
	EOF
	local before after
	before=$(vm sim "$vm" stats)
	guest 'for i in 1 2 3; do echo 1 >/sys/bus/pci/devices/$(card)/reset; done'
	after=$(vm sim "$vm" stats)
	expect "the number of resets" "$(json resets <<<"$after")" $(($(json resets <<<"$before") + 3))
	guest "insmod \$ko; add vdpa0 mac $mac0; up vdpa0 $ip0/24; ping -c 3 -i 0.1 -w 10 $wire_ip"
}

# The card is reset under its driver: the devices are there again, and wait for their own driver to begin anew.
test_reset_with_devices() {
	guest <<-EOF
		for i in 1 2 3; do
			[ -n "\$(vdpa dev show)" ] || add vdpa0 mac $mac0
			up vdpa0 $ip0/24
			ping -f -w 20 $wire_ip >/dev/null 2>&1 &
			sleep 0.3
			echo 1 >/sys/bus/pci/devices/\$(card)/reset
			kill %% 2>/dev/null; wait || true
			vqnicctl card show | grep 'state ok'
			# The old driver finds out, and does not wait for answers of its control queue.
			timeout 20 ip link set vdpa0 promisc on || true
			timeout 20 ip link set vdpa0 down || fail "virtio_net waits for the card that was reset"
			device=\$(basename \$(readlink /sys/class/net/vdpa0/device))
			echo \$device >/sys/bus/virtio/drivers/virtio_net/unbind
			echo \$device >/sys/bus/virtio/drivers/virtio_net/bind
			eventually "an interface" has_netdev vdpa0
			ip link set \$(netdev vdpa0) name vdpa0
			up vdpa0 $ip0/24
			ping -c 3 -i 0.1 -w 10 $wire_ip
		done
	EOF
}

# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The card's IOMMU: what a device bound to vhost_vdpa maps, tests/system/vhost_map.c, and who gets which address space.

wire=loopback once='' cpus=2

map_test() { guest -t 240 "add vdpa0 mac $mac0; vhost_map vdpa0 $1"; }

test_map_sizes() { map_test sizes; }
test_map_random() { map_test random; }
test_map_errors() { map_test errors; }
test_map_asid() { map_test asid; }
test_map_isolation() { map_test isolation; }
test_map_revoke() { map_test revoke; }
test_map_held() { map_test held; }
test_map_kill() { map_test kill; }
test_map_function_reset() { map_test function-reset; }

# The test of the files that plug the card in behind one; nothing is different for the device's user.
behind_platform_iommu() {
	guest -t 240 <<-EOF
		add vdpa0 mac $mac0
		# Untranslated, the card would reach all memory.
		type=\$(cat /sys/bus/pci/devices/\$(card)/iommu_group/type)
		[[ \$type == DMA* ]] || fail "the card's IOMMU group is of type \$type"
		up vdpa0 $ip0/24
		ping -c 3 -i 0.2 -W 1 $wire_ip || true
		vqnicctl stats show vdpa0
		for test in sizes random errors isolation revoke kill; do vhost_map vdpa0 \$test; done
		for test in large resets; do vhost_log vdpa0 \$test; done
		vdpa dev del vdpa0
		rmmod vqnic
	EOF
}

spaces_used() {
	expect "address spaces in use" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 spaces_used)" "$1"
}

test_map_spaces() {
	spaces_used 1
	guest "add vdpa0 mac $mac0; add vdpa1 mac $mac1"
	spaces_used 5
	guest "vdpa dev del vdpa0"
	spaces_used 3
	guest "add vdpa0 mac $mac0; rmmod vqnic; insmod \$ko"
	spaces_used 1
}

test_map_rebind() {
	local before after
	# With the host's driver, addresses are bus addresses; with vhost never.
	guest "add vdpa0 mac $mac0; ip link set vdpa0 up"
	expect "the address space with virtio_vdpa" "$(guest 'vqnicctl -j dev show vdpa0' | json dev vdpa0 as_data)" 0
	guest -t 120 'vhost_map vdpa0 sizes; vhost_map vdpa0 isolation; bind_to virtio_vdpa vdpa0
		eventually "an interface" has_netdev vdpa0
		ip link set $(netdev vdpa0) up'
	expect "the address space with virtio_vdpa" "$(guest 'vqnicctl -j dev show vdpa0' | json dev vdpa0 as_data)" 0
	before=$(guest 'vqnicctl -j stats show vdpa0' | json stats vdpa0 rx_frames)
	# Nobody answers: the requests themselves come back.
	guest "up \$(netdev vdpa0) $ip0/24; ping -c 3 -i 0.2 -W 1 $wire_ip || true"
	after=$(guest 'vqnicctl -j stats show vdpa0' | json stats vdpa0 rx_frames)
	((after > before)) || fail "no frame came back: $before, then $after"
}

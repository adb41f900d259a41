# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The card behind a platform IOMMU, intel-iommu: what the driver hands to the card are then that one's addresses.

wire=loopback once='' options='--iommu intel'

test_behind_intel_iommu() {
	guest -t 240 <<-EOF
		add vdpa0 mac $mac0
		# Untranslated, the card would reach all memory.
		type=\$(cat /sys/bus/pci/devices/\$(card)/iommu_group/type)
		[[ \$type == DMA* ]] || fail "the card's IOMMU group is of type \$type"
		up vdpa0 $ip0/24
		ping -c 3 -i 0.2 -W 1 $wire_ip || true
		vqnicctl stats show vdpa0
		for test in sizes random errors isolation revoke kill; do vhost_map vdpa0 \$test; done
		vdpa dev del vdpa0
		rmmod vqnic
	EOF
}

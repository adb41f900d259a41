# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What a system test's script has at hand inside the host VM. Every script runs with `set -e` and these functions.
# Processes start slowly in a VM: what the shell can do by itself it does.
set -euo pipefail
PATH=/vqnic/build/ctl:$PATH
ko=/vqnic/build/kernel/$(uname -r)/vqnic.ko

fail() {
	echo "failed: $*"
	exit 1
}

# eventually WHAT COMMAND...: waits up to 60 s until the command succeeds.
eventually() {
	local what=$1 deadline=$((SECONDS + 60))
	shift
	until "$@" 2>/dev/null; do
		((SECONDS < deadline)) || fail "not within 60 s: $what"
		sleep 0.05
	done
}

# refused COMMAND...: the command must fail; prints what it said.
refused() {
	local said
	said=$("$@" 2>&1) && fail "was not refused: $*"
	echo "$said"
}

# The first card, as PCI knows it and as vdpa does; all cards as vdpa knows them.
card() {
	local path device
	for path in /sys/bus/pci/devices/*; do
		read -r device <"$path/device"
		[ "$device" != 0x7671 ] || { echo "${path##*/}"; return; }
	done
	return 1
}
mgmtdev() { echo "pci/$(card)"; }
mgmtdevs() { vdpa mgmtdev show | sed -n 's/^\(pci[^ ]*\): *$/\1/p' | sort; }

# Network interface of a vDPA device, empty if there is none. Only the MAC address ties the two together: the virtio
# device is a child of the PCI device, not of the vDPA device.
netdev() {
	local path address shown
	shown=$(vdpa dev config show "$1")
	[[ $shown =~ \ mac\ ([0-9a-f:]+) ]] || return 1
	for path in /sys/class/net/*; do
		read -r address <"$path/address" || continue
		[ "$address" != "${BASH_REMATCH[1]}" ] || echo "${path##*/}"
	done
}
has_netdev() { [ -n "$(netdev "$1")" ]; }
mgmtdev_back() { [ -n "$(mgmtdevs)" ]; }

# add NAME [ARGUMENT...]: makes a vDPA device and waits for its interface, which it renames to NAME.
add() {
	local name=$1 interface
	shift
	vdpa dev add name "$name" mgmtdev "$(mgmtdev)" "$@"
	eventually "an interface for $name" has_netdev "$name"
	interface=$(netdev "$name")
	[ "$interface" = "$name" ] || ip link set "$interface" name "$name"
}

# up NAME ADDRESS/PREFIX: address and carrier.
up() {
	ip link set "$1" up
	ip address replace "$2" dev "$1"
	eventually "a carrier on $1" grep -qx 1 "/sys/class/net/$1/carrier"
}

# bind_to DRIVER NAME: the vDPA device gets another driver, virtio_vdpa or vhost_vdpa.
bind_to() {
	modprobe "$1"
	[ ! -e "/sys/bus/vdpa/devices/$2/driver" ] || echo "$2" >"/sys/bus/vdpa/devices/$2/driver/unbind"
	echo "$2" >"/sys/bus/vdpa/drivers/$1/bind"
}

# vhost_map, vhost_ctrl, vhost_state NAME TEST [SEED]: one test of tests/system/vhost_*.c; binds the vDPA device to
# vhost_vdpa if it is not.
vhost_test() {
	[ -e "/sys/bus/vdpa/drivers/vhost_vdpa/$2" ] || bind_to vhost_vdpa "$2"
	echo 8 >/proc/sys/vm/nr_hugepages
	"/vqnic/build/tests/$1" "${@:2}"
}
vhost_map() { vhost_test vhost_map "$@"; }
vhost_ctrl() { vhost_test vhost_ctrl "$@"; }
vhost_state() { vhost_test vhost_state "$@"; }
vhost_log() { vhost_test vhost_log "$@"; }

inner() { sim/lab/guest/inner "$@"; }

# Nothing is mapped for the card, and no page is pinned.
unmapped() { vqnicctl -j dev show | grep -q '"bytes": *[1-9]' && return 1 || true; }
unpinned() {
	echo 1 >/proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_/ { pinned = $2 - pinned } END { exit pinned != 0 }' /proc/vmstat
}
rest() {
	eventually "nothing mapped" unmapped
	eventually "no page pinned ($(grep nr_foll_pin /proc/vmstat | tr '\n' ' '))" unpinned
}

# count_calls MODULE:FUNCTION... counts calls of the functions from now on; counted_calls says how many there were of one.
readonly tracing=/sys/kernel/tracing
count_calls() {
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	[ ! -e $tracing/events/kprobes ] || echo 0 >$tracing/events/kprobes/enable
	: >$tracing/kprobe_events
	for function; do
		modprobe "${function%:*}" 2>/dev/null || true
		echo "p:count_${function#*:} $function" >>$tracing/kprobe_events
	done
	echo 1 >$tracing/events/kprobes/enable
}
counted_calls() { awk -v name="count_${1#*:}" '$1 == name { print $2 }' $tracing/kprobe_profile; }

# Back to the start of every test: the module is loaded, there is no device, nothing of the last test runs.
fresh() {
	local name
	[ ! -e $tracing/events/kprobes ] || echo 0 >$tracing/events/kprobes/enable
	pkill -KILL 'frames|socat|ping|iperf3|sleep|vhost_map|vhost_ctrl|vhost_state|vhost_log|vhost_migrate|netlink_fuzz|vqnicd|connections|qemu-system' || true
	for name in /run/netns/*; do [ ! -e "$name" ] || ip netns delete "${name##*/}"; done
	[ -d /sys/module/virtio_vdpa ] || modprobe -a vdpa virtio_vdpa virtio_net
	[ -e /sys/bus/pci/devices/0000:00:05.0 ] || echo 1 >/sys/bus/pci/rescan
	[ -d /sys/module/vqnic ] || insmod "$ko"
	for name in /sys/bus/vdpa/devices/*; do [ ! -e "$name" ] || vdpa dev del "${name##*/}"; done
}

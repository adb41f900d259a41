# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The card is pulled out: every read from it is all ones from then on.

wire=tap once=yes

# QEMU 11.1.3 aborts (error_setv: *errp == NULL) if a posted write meets the end of its server: the VM is kept from
# sending anything at that moment, and QEMU gets time to notice.
pull_out() {
	guest "echo 1 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6 >/dev/null
		ping -c 1 -W 5 $wire_ip; ip neighbour flush dev vdpa0; sleep 0.5"
	vm kill-sim "$vm"
	sleep 2
}

test_dead_card() {
	guest "add vdpa0 mac $mac0; add vdpa1 mac $mac1; up vdpa0 $ip0/24"
	pull_out
	guest <<-EOF
		ping -c 3 -i 0.2 -W 1 $wire_ip && fail "who answers?"
		# Whatever is asked of the dead card has an end.
		timeout 10 vdpa dev show
		timeout 10 vdpa dev config show vdpa0 || true
		timeout 10 vqnicctl card show | tee /tmp/card
		grep -q dead /tmp/card || fail "vqnicctl does not say that the card is dead"
		timeout 10 vqnicctl stats show || true
		# virtio_net reads the configuration again.
		timeout 10 ip link set vdpa0 down || fail "virtio_net waits for the dead card"
		timeout 10 ip link set vdpa0 up || true
		sleep 0.5
		timeout 20 vdpa dev del vdpa0
		timeout 20 vdpa dev add name vdpa9 mgmtdev \$(mgmtdev) mac 52:54:00:12:34:59 && fail "a dead card took a device"
		timeout 30 rmmod vqnic
		[ -z "\$(vdpa dev show)" ] || fail "a device is left"
		# There is no card any more.
		insmod \$ko
		vdpa mgmtdev show | grep -q pci/ && fail "the driver took a dead card"
		rmmod vqnic
	EOF
}

test_dead_card_removed() {
	guest "add vdpa0 mac $mac0; up vdpa0 $ip0/24"
	pull_out
	guest 'timeout 30 sh -c "echo 1 >/sys/bus/pci/devices/0000:00:05.0/remove"
		[ -z "$(vdpa dev show)" ] || fail "a device is left"
		rmmod vqnic'
}

test_dead_card_vhost() {
	guest <<-EOF
		add vdpa0 mac $mac0
		rm -f /tmp/vhost_map.*
		{ vhost_map vdpa0 dead-card && echo passed; touch /tmp/vhost_map.end; } >/tmp/vhost_map.out 2>&1 &
		eventually "a map" grep mapped /tmp/vhost_map.out
		rm -f /tmp/vhost_log.*
		{ vhost_log vdpa0 dead-card; touch /tmp/vhost_log.end; } >/tmp/vhost_log.out 2>&1 &
		eventually "a log" grep held /tmp/vhost_log.out
	EOF
	vm kill-sim "$vm"
	# The driver has to learn of it from a read, not from a posted write, as above.
	guest <<-'EOF'
		vqnicctl card show | grep -q dead || fail "vqnicctl does not say that the card is dead"
		touch /tmp/vhost_map.go
		eventually "the end of vhost_map" test -e /tmp/vhost_map.end
		cat /tmp/vhost_map.out
		grep -qx passed /tmp/vhost_map.out || fail "vhost_map failed"
		touch /tmp/vhost_log.go
		eventually "the end of vhost_log" test -e /tmp/vhost_log.end
		cat /tmp/vhost_log.out
		grep -qx passed /tmp/vhost_log.out || fail "vhost_log failed"
		timeout 20 vdpa dev del vdpa0
		timeout 30 rmmod vqnic
	EOF
}

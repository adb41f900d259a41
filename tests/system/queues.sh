# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Queues of devices: how many there are, where they go on, and which interrupt vectors they have.

wire=loopback once=''

state_test() { guest -t 240 "add vdpa0 mac $mac0; vhost_state vdpa0 $1"; }

test_queue_suspend() { state_test suspend; }
test_queue_suspend_traffic() { state_test traffic; }
test_queue_state() { state_test state; }
test_queue_doorbells() { state_test doorbells; }

# As many devices as the card has, each with a queue pair and a vector of its own for either queue.
test_queue_sixteen() {
	guest -t 200 <<-'EOF'
		for i in $(seq 0 15); do vdpa dev add name vdpa$i mgmtdev $(mgmtdev) mac 52:54:00:12:35:$(printf %02x $i); done
		refused vdpa dev add name vdpa16 mgmtdev $(mgmtdev)
		for i in $(seq 0 15); do
			eventually "an interface for vdpa$i" has_netdev vdpa$i
			ip link set "$(netdev vdpa$i)" name vdpa$i up
		done
		for i in $(seq 0 15); do eventually "a carrier on vdpa$i" grep -qx 1 /sys/class/net/vdpa$i/carrier; done
		[ "$(grep -c -- "$(card)-[0-9]*-[rt]x0" /proc/interrupts)" = 32 ] ||
			fail "not every queue has an interrupt: $(cat /proc/interrupts)"
		vdpa dev del vdpa7
		vdpa dev add name vdpa16 mgmtdev $(mgmtdev) mac 52:54:00:12:35:99
		vdpa dev show vdpa16
	EOF
	expect "vdevs in use" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 vdevs_used)" 16
}

# What `vqnicctl queue show` says of the vectors of vdpa0's receive queue, its transmit queue, and vdpa1's receive queue.
vectors() {
	local shown
	shown=$(guest 'vqnicctl -j queue show')
	echo "$(json queue vdpa0 queues 0 vector <<<"$shown") $(json queue vdpa0 queues 1 vector <<<"$shown")" \
		"$(json queue vdpa1 queues 0 vector <<<"$shown")"
}

# Vectors are handed out as queues begin to run, and shared when there are no more.
test_queue_vectors() {
	guest 'rmmod vqnic'
	vm sim "$vm" force 01c 3 >/dev/null # MSIX_VECTORS
	guest "insmod \$ko; add vdpa0 mac $mac0; add vdpa1 mac $mac1; ip link set vdpa0 up; ip link set vdpa1 up"
	expect "who has a vector" "$(vectors)" "own shared shared"
	# Whoever shares works, and gets one as soon as another has gone and it begins anew.
	guest "vdpa dev del vdpa0; bind_to vhost_vdpa vdpa1; vhost_state vdpa1 suspend; bind_to virtio_vdpa vdpa1
		eventually 'an interface' has_netdev vdpa1"
	expect "vdpa1's receive queue has a vector" \
		"$(guest 'vqnicctl -j queue show vdpa1' | json queue vdpa1 queues 0 vector)" own
	guest 'rmmod vqnic'
	vm sim "$vm" unforce >/dev/null
	guest "insmod \$ko; add vdpa0 mac $mac0; add vdpa1 mac $mac1; ip link set vdpa0 up; ip link set vdpa1 up"
	expect "who has a vector" "$(vectors)" "own own own"
	guest 'grep -- "$(card)-0-rx0" /proc/interrupts || fail "the receive queue has no interrupt"
		vdpa dev del vdpa0
		if grep -- "$(card)-0-rx0" /proc/interrupts; then fail "a vector is left"; fi'
}

test_queue_vstats() {
	local before after
	guest "add vdpa0 mac $mac0; up vdpa0 $ip0/24; arping -c 1 -I vdpa0 $ip1 || ping -c 1 -W 1 $ip1 || true"
	before=$(guest 'vdpa dev vstats show vdpa0 qidx 1')
	matches "the statistics" "$before" "frames [0-9]+ bytes [0-9]+ drops [0-9]+"
	guest "ping -c 5 -i 0.2 -W 1 -I vdpa0 10.1.0.77 || true"
	after=$(guest 'vdpa dev vstats show vdpa0 qidx 1')
	before=${before##*frames } before=${before%% *}
	after=${after##*frames } after=${after%% *}
	((after > before)) || fail "the transmit queue counts $after frames, before $before"
	guest 'refused vdpa dev vstats show vdpa0 qidx 40'
}

# The owner changes the address of a device that runs.
test_queue_set_mac() {
	guest "add vdpa0 mac $mac0; ip link set vdpa0 up
		vdpa dev set name vdpa0 mac $mac1
		vdpa dev config show vdpa0 | grep -q 'mac $mac1' || fail 'the configuration has not the new address'
		refused vdpa dev set name vdpa0 mac 53:54:00:12:34:56"
	expect "the address" "$(guest 'vqnicctl -j dev show vdpa0' | json dev vdpa0 mac)" $mac1
}

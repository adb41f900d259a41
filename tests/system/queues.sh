# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Queues of devices: how many there are, where they go on, and which interrupt vectors they have.

wire=loopback once='' cpus=2

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
	before=$(grep -oE 'frames [0-9]+' <<<"$before")
	after=$(grep -oE 'frames [0-9]+' <<<"$after")
	before=${before#frames } after=${after#frames }
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

# Devices share the card's queue pairs; who wants more than there are is told so, and gets them when others give back.
test_queue_pool() {
	guest -t 120 "for i in 1 2 3 4; do
			vdpa dev add name vdpa\$i mgmtdev \$(mgmtdev) mac 52:54:00:12:36:0\$i max_vqp \$((i < 4 ? 16 : 15))
		done
		vdpa dev add name vdpa5 mgmtdev \$(mgmtdev) mac 52:54:00:12:36:05
		refused vdpa dev add name vdpa6 mgmtdev \$(mgmtdev)"
	matches "the reason" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 refusal)" \
		"1 queue pairs are wanted, 0 of the card's 64 are left"
	guest "vdpa dev del vdpa2; vdpa dev add name vdpa7 mgmtdev \$(mgmtdev) mac 52:54:00:12:36:07 max_vqp 10
		refused vdpa dev add name vdpa8 mgmtdev \$(mgmtdev) max_vqp 7
		vdpa dev add name vdpa9 mgmtdev \$(mgmtdev) mac 52:54:00:12:36:09 max_vqp 6
		vdpa dev config show vdpa9 | grep 'max_vq_pairs 6'"
}

# The queue pairs in use change while the device runs; each has its own interrupts, and carries frames.
test_queue_channels() {
	local shown pairs
	guest "add vdpa0 mac $mac0 max_vqp 4; ip link set vdpa0 up
		ethtool -l vdpa0 | grep -A4 maximums | grep -E 'Combined:[[:space:]]*4'"
	for pairs in 4 1 3; do
		guest "ethtool -L vdpa0 combined $pairs
			ethtool -l vdpa0 | tail -n 2 | grep -E 'Combined:[[:space:]]*$pairs'"
		expect "queue pairs in use" "$(guest 'vqnicctl -j dev show vdpa0' | json dev vdpa0 pairs_used)" $pairs
	done
	guest "refused ethtool -L vdpa0 combined 5; ethtool -L vdpa0 combined 4"
	# Each transmit queue is a processor's: with two of them, two queues send.
	guest 'for cpu in 0 1; do taskset -c $cpu ping -c 3 -i 0.2 -W 1 -I vdpa0 10.1.0.77 || true; done
		ip address add 10.1.0.2/24 dev vdpa0
		for cpu in 0 1; do taskset -c $cpu ping -c 3 -i 0.2 -W 1 10.1.0.77 || true; done'
	shown=$(guest 'vqnicctl -j queue show vdpa0')
	expect "the queues" "$(json queue vdpa0 queues 8 index <<<"$shown")" 8
	((($(json queue vdpa0 queues 1 frames <<<"$shown") > 0) + ($(json queue vdpa0 queues 3 frames <<<"$shown") > 0) +
		($(json queue vdpa0 queues 5 frames <<<"$shown") > 0) + ($(json queue vdpa0 queues 7 frames <<<"$shown") > 0) > 1)) ||
		fail "only one queue sends: $shown"
	matches "the control queue's commands" "$(json queue vdpa0 queues 8 frames <<<"$shown")" "^[1-9]"
}

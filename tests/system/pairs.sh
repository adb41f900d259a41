# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Two guests on one card, g0 with vdpa0 and g1 with vdpa1: what they may do to each other, and what they may not.

wire=bridge once='' options=--nested

two_guests() {
	device
	guest "vdpa dev add name vdpa1 mgmtdev \$(mgmtdev) mac $mac1; bind_to vhost_vdpa vdpa1"
	start_warm
	guest -t 200 "inner start g1 --warm --vdpa vdpa1"
	in_guest g1 "ip link set eth0 up; ip address add $ip1/24 dev eth0"
	address
	in_guest g1 "ping -c 3 -i 0.2 -w 15 $wire_ip"
}

stop_two() { guest 'inner stop g1'; stop; vm problems "$vm/guest-g1" 0; }

card_counter() { guest 'vqnicctl -j stats show' | json stats 0000:00:05.0 "$1"; }

# stream: a TCP stream from the wire to g1: the bytes that arrive, and the card's cycles meanwhile.
stream() {
	local bytes cycles
	bytes=$(received) cycles=$(card_cycles)
	again iperf3 -c $ip1 -t 4 >/dev/null
	echo $(($(received) - bytes)) $(($(card_cycles) - cycles))
}
received() { in_guest g1 'cat /sys/class/net/eth0/statistics/rx_bytes'; }
card_cycles() { guest 'vqnicctl -j card show' | json card 0000:00:05.0 cycles; }

# A guest that gives no buffers loses its own frames, and nobody else's: beside them, which are a quarter of the bytes on
# the wire, a stream of another guest keeps four fifths of its rate. That is bytes a cycle of the card's, as the machine's
# processors are the sender's too.
overload() {
	local bytes cycles bytes_beside cycles_beside kept flood drops other_drops payload=1400
	read -r bytes cycles < <(stream)
	guest "kill -STOP $(<"$run/guest-g0/qemu.pid")"
	ip neighbour replace $ip0 lladdr $mac0 dev bridge0 nud permanent
	drops=$(counter rx_drop_no_buffer)
	python3 - $ip0 $payload <<-'EOF' &
		import socket, sys, time
		def wire_bytes():
		    return [int(line.split()[9]) for line in open("/proc/net/dev") if line.split()[0] == "wire0:"][0]
		payload = bytes(int(sys.argv[2]))
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		first, sent = wire_bytes(), 0
		while True:
		    if sent * 4 > wire_bytes() - first:
		        time.sleep(0.0002)
		        continue
		    sock.sendto(payload, (sys.argv[1], 9))
		    sent += len(payload) + 42
	EOF
	flood=$!
	read -r bytes_beside cycles_beside < <(stream)
	kill $flood
	ip neighbour delete $ip0 dev bridge0
	drops=$(($(counter rx_drop_no_buffer) - drops))
	other_drops=$(guest 'vqnicctl -j stats show vdpa1' | json stats vdpa1 rx_drop_no_buffer)
	guest "kill -CONT $(<"$run/guest-g0/qemu.pid")"
	kept=$((bytes_beside * cycles * 100 / (bytes * cycles_beside)))
	echo "a stream of $bytes bytes in $cycles cycles of the card; $bytes_beside in $cycles_beside, $kept % of its rate," \
		"beside a guest that loses $drops frames of $payload bytes; the stream has lost $other_drops"
	((drops * (payload + 42) * 5 > bytes_beside)) || fail "the guest that does not take frames has lost $drops only"
	((kept >= 80)) || fail "a guest that takes no frames leaves another one $kept % of its rate"
	inside "ping -c 3 -i 0.2 -w 15 $wire_ip"
}

# Two guests reach each other without the wire, and everybody with a broadcast; but not out of their port VLANs.
test_guest_pair() {
	local wire_frames switched answers address
	two_guests
	in_guest g1 'iperf3 -s -D'
	wire_frames=$(card_counter wire_tx_frames) switched=$(card_counter switch_frames)
	inside "ping -c 5 -i 0.2 -w 15 $ip1; again iperf3 -c $ip1 -t 3 --bidir"
	switched=$(($(card_counter switch_frames) - switched)) wire_frames=$(($(card_counter wire_tx_frames) - wire_frames))
	echo "$switched frames between the guests, $wire_frames to the wire"
	((switched > 500 && wire_frames < 50)) || fail "traffic between guests goes over the wire"

	# Broadcasts reach the wire and the other guest. ping ends with the third answer, whoever else answers too.
	in_guest g1 'sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0'
	sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
	answers=$(inside "ping -b -c 3 -i 0.3 -w 10 10.1.0.255 || true")
	for address in $ip1 $wire_ip; do
		(($(grep -c "from $address:" <<<"$answers") >= 2)) || fail "$address does not answer broadcasts: $answers"
	done

	# Apart, by VLANs that neither of them sees.
	guest 'vqnicctl policy set vdpa0 port-vlan 10; vqnicctl policy set vdpa1 port-vlan 20'
	! inside "ping -c 3 -i 0.2 -W 1 $ip1" || fail "g0 reaches g1 out of its VLAN"
	! in_guest g1 "ping -c 3 -i 0.2 -W 1 $wire_ip" || fail "g1 reaches the wire out of its VLAN"
	guest 'vqnicctl policy set vdpa1 port-vlan 10'
	inside "ping -c 3 -i 0.2 -w 15 $ip1"
	! inside "ping -c 3 -i 0.2 -W 1 $wire_ip" || fail "g0 reaches the wire out of its VLAN"
	guest 'vqnicctl policy set vdpa0 port-vlan none; vqnicctl policy set vdpa1 port-vlan none'
	overload
	stop_two
}

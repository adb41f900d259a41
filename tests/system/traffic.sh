# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Frames through the card, with the lab's network stack on the other end of the wire, and what happens to the card
# while they flow.

wire=tap once=''

readonly bulk_bytes=3000000

# frames_of DEVICE QUEUE: frames that it has moved, in `vqnicctl -j queue show` on stdin.
frames_of() { json queue "$1" queues "$2" frames; }

one_device() { guest "add vdpa0 mac $mac0 $*; up vdpa0 $ip0/24"; }

test_ping() {
	one_device
	guest "ping -c 50 -i 0.02 -w 30 $wire_ip"
	ping -c 20 -i 0.02 -w 30 $ip0
}

# Rates while frames flow, as they are on the wire: each ping is answered, and nothing else is sent.
test_top() {
	local line frames bits path
	one_device
	guest "ping -c 1 -w 10 $wire_ip"
	ping -q -f -w 20 $ip0 >/dev/null &
	guest 'vqnicctl -j top -i 2 -N 2 vdpa0' >"$run/top"
	cat "$run/top"
	expect "intervals" "$(wc -l <"$run/top")" 2
	line=$(tail -n 1 "$run/top")
	matches "the time" "$(json seconds <<<"$line")" '^(1\.9|[2-9]|[1-9][0-9])'
	for path in "vdpa0 rx" "vdpa0 tx" "vdpa0 queues 0" "vdpa0 queues 1"; do
		frames=$(json top $path frames_per_s <<<"$line")
		bits=$(json top $path bits_per_s <<<"$line")
		((${frames%.*} > 0)) || fail "no frames of $path"
		# 84 bytes of IP in Ethernet.
		expect "bytes of a frame of $path" "$(awk "BEGIN { printf \"%.0f\", $bits / 8 / $frames }")" 98
		expect "drops of $path" "$(json top $path drops_per_s <<<"$line")" 0.000
	done
	kill $!
	# Ctrl-C is no error; a driver that goes is one.
	guest <<-'EOF'
		vqnicctl top >/tmp/top &
		eventually "a block" grep -q 'queue 1: frames_per_s' /tmp/top
		kill -INT $!
		wait $! || fail "exit status $? after SIGINT"
		vqnicctl top -i 0.1 >/tmp/top 2>/tmp/said &
		eventually "a block" grep -q vdpa0 /tmp/top
		# Not while it is being asked.
		eventually "the driver goes" rmmod vqnic
		status=0
		wait $! || status=$?
		[ $status = 2 ] || fail "exit status $status without a driver"
		tee /dev/stderr </tmp/said | grep 'modprobe vqnic'
		insmod $ko
	EOF
}

# Every size from 0 to what the MTU takes, with an alternating pattern that is compared.
test_ping_sizes() {
	local size
	one_device
	for ((size = 0; size <= 1472; size++)); do
		ping -q -c 1 -W 5 -p 5aa5 -s $size $ip0 >/dev/null || fail "no answer to $size bytes"
	done
	guest "for size in 0 1 17 18 19 63 64 65 511 512 513 1471 1472; do
		ping -q -c 2 -i 0.02 -w 5 -s \$size $wire_ip || fail \"no answer to \$size bytes\"; done"
}

test_ping_beyond_mtu() {
	local said
	one_device
	# The lab end must cut its answers as the VM does.
	ip route replace $ip0 dev wire0 mtu 1500
	guest "for size in 1473 1500 2952 2953 8000 30000; do
		ping -q -c 2 -i 0.05 -w 10 -s \$size $wire_ip || fail \"no answer to \$size bytes\"; done"
	said=$(guest "ping -c 1 -W 2 -M do -s 1473 $wire_ip 2>&1 || true")
	matches "a datagram that may not be cut" "$said" "too long"
	guest "ping -c 1 -W 5 -M do -s 1472 $wire_ip"
	ip route delete $ip0 dev wire0
}

test_mtu() {
	local before after
	one_device mtu 9000
	guest "grep -x 9000 /sys/class/net/vdpa0/mtu; ping -c 3 -i 0.1 -w 10 -M do -s 8972 $wire_ip
		refused ip link set vdpa0 mtu 9001"
	ping -c 3 -i 0.1 -w 10 -M "do" -s 8972 $ip0
	# A frame longer than a device's MTU allows is dropped and counted.
	guest "vdpa dev del vdpa0; add vdpa0 mac $mac0 mtu 1500; up vdpa0 $ip0/24; ping -c 1 -w 10 $wire_ip"
	before=$(guest 'vqnicctl -j stats show vdpa0' | json stats vdpa0 rx_drop_too_long)
	ping -c 3 -i 0.1 -W 1 -M "do" -s 4000 $ip0 && fail "a frame beyond the MTU was received"
	after=$(guest 'vqnicctl -j stats show vdpa0' | json stats vdpa0 rx_drop_too_long)
	expect "rx_drop_too_long" "$after" $((before + 3))
}

test_addresses() {
	local before after
	one_device
	arping_lab() { guest "busybox arping -q -c 2 -w 5 -I vdpa0 $wire_ip"; }
	arping_lab || fail "no answer to a broadcast"
	ip neighbour flush dev wire0
	ping -c 1 -W 5 $ip0 || fail "a broadcast from the wire is not answered"
	# What is for somebody else does not reach a device.
	ip neighbour replace 10.1.0.77 lladdr 52:54:00:99:99:99 dev wire0
	before=$(guest 'vqnicctl -j stats show' | json stats)
	ping -c 5 -i 0.1 -W 1 10.1.0.77 && fail "who answers?"
	after=$(guest 'vqnicctl -j stats show' | json stats)
	(($(json 0000:00:05.0 wire_rx_drop_filter <<<"$after") >=
		$(json 0000:00:05.0 wire_rx_drop_filter <<<"$before") + 5)) ||
		fail "frames for another address are not counted as dropped"
	(($(json vdpa0 rx_frames <<<"$after") - $(json vdpa0 rx_frames <<<"$before") <= 2)) ||
		fail "frames for another address were received"
}

random_file() { head -c $bulk_bytes /dev/urandom >"$1"; }
same() { cmp "$1" "$2" || fail "what arrived is not what was sent"; }

test_tcp_to_wire() {
	one_device
	random_file "$run/sent"
	socat -u TCP-LISTEN:5001,reuseaddr "CREATE:$run/received" &
	guest -t 120 "cp $run/sent /tmp/sent; socat -u OPEN:/tmp/sent TCP:$wire_ip:5001,connect-timeout=10"
	wait $!
	same "$run/sent" "$run/received"
}

test_tcp_from_wire() {
	one_device
	random_file "$run/sent"
	socat -u "OPEN:$run/sent" TCP-LISTEN:5002,reuseaddr &
	guest -t 120 "socat -u TCP:$wire_ip:5002,connect-timeout=10 CREATE:/tmp/received; cmp /tmp/received $run/sent"
	wait $!
}

# The peer sends back what it gets, so that both directions are full at once.
test_tcp_echo() {
	one_device
	random_file "$run/sent"
	socat TCP-LISTEN:5003,reuseaddr EXEC:cat &
	guest -t 120 "socat -t 60 OPEN:$run/sent!!CREATE:/tmp/echo TCP:$wire_ip:5003,connect-timeout=10
		cmp /tmp/echo $run/sent"
}

test_iperf3() {
	local json
	one_device
	iperf3 -s -D --pidfile "$run/iperf3.pid" --logfile "$run/iperf3.log" -p 5201
	for direction in '' -R; do
		json=$(guest -t 60 "iperf3 -J -c $wire_ip -p 5201 -t 2 $direction")
		matches "the rate ($direction)" "$(json end sum_received bits_per_second <<<"$json")" '^[0-9]{6}'
	done
	kill "$(tr -d '\0' <"$run/iperf3.pid")"
}

test_udp() {
	one_device
	random_file "$run/sent"
	socat UDP-RECVFROM:5004,fork EXEC:cat &
	guest "for size in 1 18 100 1000 1472; do
		head -c \$size $run/sent >/tmp/datagram
		socat -t 0.5 - UDP:$wire_ip:5004 </tmp/datagram >/tmp/answer
		cmp /tmp/datagram /tmp/answer || fail \"a datagram of \$size bytes\"
	done"
}

# Each device in its own network namespace of the VM, so that their traffic leaves by the card.
two_devices() {
	guest <<-EOF
		add vdpa0 mac $mac0
		add vdpa1 mac $mac1
		for i in 0 1; do
			ip netns add net\$i
			ip link set vdpa\$i netns net\$i
			ip -n net\$i link set lo up
			ip -n net\$i link set vdpa\$i up
		done
		ip -n net0 address add $ip0/24 dev vdpa0
		ip -n net1 address add $ip1/24 dev vdpa1
		for i in 0 1; do
			eventually "a carrier on vdpa\$i" ip netns exec net\$i grep -qx 1 /sys/class/net/vdpa\$i/carrier
		done
	EOF
}

test_two_devices() {
	local stats
	two_devices
	random_file "$run/sent"
	for i in 0 1; do
		socat -u "OPEN:$run/sent" TCP-LISTEN:601$i,reuseaddr &
		socat -u TCP-LISTEN:602$i,reuseaddr "CREATE:$run/received$i" &
	done
	guest -t 120 <<-EOF
		cp $run/sent /tmp/sent
		jobs=
		for i in 0 1; do
			ip netns exec net\$i socat -u TCP:$wire_ip:601\$i,connect-timeout=10 CREATE:/tmp/received\$i & jobs="\$jobs \$!"
			ip netns exec net\$i socat -u OPEN:/tmp/sent TCP:$wire_ip:602\$i,connect-timeout=10 & jobs="\$jobs \$!"
		done
		for job in \$jobs; do wait \$job; done
		cmp /tmp/received0 /tmp/sent && cmp /tmp/received1 /tmp/sent
	EOF
	wait
	same "$run/sent" "$run/received0"
	same "$run/sent" "$run/received1"
	stats=$(guest 'vqnicctl -j stats show' | json stats)
	for i in 0 1; do
		(($(json vdpa$i tx_bytes <<<"$stats") > bulk_bytes && $(json vdpa$i rx_bytes <<<"$stats") > bulk_bytes)) ||
			fail "the traffic of vdpa$i is not its own: $stats"
	done
}

# What happens to one device does not touch the other.
test_two_devices_apart() {
	two_devices
	ping -c 400 -i 0.02 -W 2 -q $ip0 >"$run/ping" &
	guest <<-EOF
		for i in \$(seq 5); do
			vdpa dev del vdpa1
			vdpa dev add name vdpa1 mgmtdev \$(mgmtdev) mac $mac1
			eventually "an interface" has_netdev vdpa1
			ip link set \$(netdev vdpa1) up
			ip link set \$(netdev vdpa1) down
		done
	EOF
	wait $!
	matches "ping of the other device" "$(cat "$run/ping")" " 0% packet loss"
}

test_down_up() {
	one_device
	ping -q -i 0.01 -w 20 $ip0 >/dev/null &
	guest <<-EOF
		for i in 1 2 3 4 5; do
			ip link set vdpa0 down
			ip link set vdpa0 up
			eventually "an answer after up \$i" ping -q -c 1 -W 1 $wire_ip
		done
	EOF
}

# A reset of the device: its driver lets it go and takes it again, while frames keep coming.
test_reset_under_traffic() {
	one_device
	ping -q -f -w 20 $ip0 >/dev/null &
	guest <<-EOF
		device=\$(basename \$(readlink /sys/class/net/vdpa0/device))
		for i in 1 2 3 4 5; do
			ping -f -w 5 $wire_ip >/dev/null 2>&1 &
			sleep 0.3
			echo \$device >/sys/bus/virtio/drivers/virtio_net/unbind
			echo \$device >/sys/bus/virtio/drivers/virtio_net/bind
			kill %% 2>/dev/null; wait || true
			eventually "an interface" has_netdev vdpa0
			ip link set \$(netdev vdpa0) name vdpa0
			up vdpa0 $ip0/24
			eventually "an answer after reset \$i" ping -q -c 1 -W 1 $wire_ip
		done
	EOF
}

test_del_under_traffic() {
	ping -q -f -w 60 $ip0 >/dev/null &
	guest <<-EOF
		for i in 1 2 3 4 5; do
			add vdpa0 mac $mac0
			up vdpa0 $ip0/24
			ping -f -w 20 $wire_ip >/dev/null 2>&1 &
			sleep 0.3
			vdpa dev del vdpa0
			kill %% 2>/dev/null; wait || true
		done
	EOF
}

test_rmmod_under_traffic() {
	ip neighbour replace $ip0 lladdr $mac0 dev wire0
	ping -q -f -w 60 $ip0 >/dev/null &
	guest <<-EOF
		for i in 1 2 3 4 5; do
			add vdpa0 mac $mac0
			up vdpa0 $ip0/24
			ping -f -w 20 $wire_ip >/dev/null 2>&1 &
			sleep 0.3
			rmmod vqnic
			[ -z "\$(vdpa dev show)" ] || fail "a device outlived the module"
			kill %% 2>/dev/null; wait || true
			insmod \$ko
		done
		add vdpa0 mac $mac0
		up vdpa0 $ip0/24
		eventually "an answer" ping -q -c 1 -W 1 $wire_ip
	EOF
}

# All of the card at once: 16 devices of 4 queue pairs, and each of the 128 queues moves frames. What is sent by a pair is
# answered to it.
test_all_queues() {
	local shown i queue
	guest -t 200 <<-EOF
		echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
		for i in \$(seq 0 15); do
			add vdpa\$i mac 52:54:00:12:37:\$(printf %02x \$i) max_vqp 4
			ethtool -L vdpa\$i combined 4
			up vdpa\$i 10.1.0.\$((100 + i))/24
		done
		for pair in 0 1 2 3; do
			for i in \$(seq 0 15); do
				for other in 0 1 2 3; do
					echo \$((other == pair)) >/sys/class/net/vdpa\$i/queues/tx-\$other/xps_cpus
				done
				ping -q -c 1 -W 10 -I vdpa\$i $wire_ip >/dev/null || fail "no answer to pair \$pair of vdpa\$i"
			done
		done
		echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore
	EOF
	shown=$(guest 'vqnicctl -j queue show')
	for ((i = 0; i < 16; i++)); do
		for ((queue = 0; queue < 8; queue++)); do
			(($(frames_of vdpa$i $queue <<<"$shown") > 0)) || fail "queue $queue of vdpa$i has moved no frame"
		done
	done
	expect "queue pairs in use" "$(guest 'vqnicctl -j card show' | json card 0000:00:05.0 pairs_used)" 64
}

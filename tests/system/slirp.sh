# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The path that the demo shows, with user-mode networking as the wire, and what the simulator itself promises.

wire=slirp once=''

readonly server=10.0.2.2

with_address() { guest "add vdpa0 mac $mac0; sim/lab/guest/dhcp vdpa0"; }

test_dhcp() {
	matches "the lease" "$(with_address)" "address 10\.0\.2\.[0-9]+/24, router 10\.0\.2\.2"
	guest "ping -c 5 -i 0.05 -w 10 $server"
}

test_download() {
	with_address
	mkdir -p "$run/www"
	head -c 4000000 /dev/urandom >"$run/www/random.bin"
	busybox httpd -f -p 127.0.0.1:8081 -h "$run/www" &
	guest -t 120 "curl -fsS --retry 5 --retry-connrefused -o /tmp/random.bin http://$server:8081/random.bin
		cmp /tmp/random.bin $run/www/random.bin"
}

# A card with nothing to do costs no core: its clock stands.
test_idle_cpu() {
	local before after percent
	with_address
	guest 'sleep 1'
	before=$(vm cpu "$vm")
	sleep 5
	after=$(vm cpu "$vm")
	percent=$(((after - before) * 100 / 5000))
	echo "vqnic-sim used $((after - before)) ms of 5000 ms"
	((percent < 3)) || fail "an idle card costs $percent % of a core"
}

test_pcap() {
	local frames
	with_address
	vm sim "$vm" pcap stop
	guest "ping -c 1 -w 10 $server"
	vm sim "$vm" pcap start "$run/some.pcap"
	guest "ping -c 7 -i 0.05 -s 333 -w 10 $server"
	vm sim "$vm" pcap stop
	guest "ping -c 1 -w 10 $server"
	tcpdump -nr "$run/some.pcap" 'icmp and greater 375' >"$run/some.txt"
	frames=$(grep -c "> $server: ICMP echo request" "$run/some.txt")
	expect "requests in the pcap" "$frames" 7
	frames=$(grep -c "$server > .* ICMP echo reply" "$run/some.txt")
	expect "replies in the pcap" "$frames" 7
	# From the start of the run: what the option --pcap recorded before it was stopped.
	tcpdump -nr "$run/wire.pcap" 'udp port 67' | grep -q BOOTP || fail "the DHCP exchange is not in wire.pcap"
}

test_waves() {
	local size
	with_address
	rm -f "$run"/some.fst "$run"/more.fst
	vm sim "$vm" wave start "$run/some.fst"
	guest "ping -c 3 -i 0.05 -w 10 $server"
	vm sim "$vm" wave stop
	size=$(stat -c %s "$run/some.fst")
	((size > 1000)) || fail "the waves are $size bytes"
	# An FST begins with a block of type 0 and length 329; stopped means that it grows no more.
	expect "the start of the FST" "$(head -c 9 "$run/some.fst" | od -An -tx1 | tr -d ' ')" 000000000000000149
	guest "ping -c 3 -i 0.05 -w 10 $server"
	expect "the size after the stop" "$(stat -c %s "$run/some.fst")" "$size"
	vm sim "$vm" wave start "$run/more.fst"
	guest "ping -c 3 -i 0.05 -w 10 $server"
	vm sim "$vm" wave stop
	(($(stat -c %s "$run/more.fst") > 1000)) || fail "the second recording is empty"
	vm sim "$vm" wave start /nosuch/dir/x.fst && fail "a file that cannot be written was taken"
	true
}

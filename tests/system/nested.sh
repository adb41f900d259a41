# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Guests on the card: virtual machines in the host VM, by stock QEMU with KVM, whose network is a vDPA device.

wire=bridge once='' options=--nested

# again COMMAND...: tries it five times. An iperf3 server is busy for a moment after a test.
readonly again='again() { for try in 1 2 3 4; do "$@" && return; sleep 1; done; "$@"; }'
eval "$again"

# in_guest NAME [-t SECONDS] [COMMAND]: runs the command, or the script on stdin, in the guest.
in_guest() {
	local name=$1 limit=60
	shift
	if [ "${1:-}" = -t ]; then
		limit=$2
		shift 2
	fi
	guest -t $((limit + 20)) "inner exec $name -t $limit <<'END_OF_SCRIPT'
set -e
$again
$(if [ $# -gt 0 ]; then printf '%s\n' "$*"; else cat; fi)
END_OF_SCRIPT"
}
inside() { in_guest g0 "$@"; }

# put NAME FILE: the file in the guest's /bin.
put() { in_guest "$1" "base64 -d >/bin/${2##*/} <<END; chmod +x /bin/${2##*/}
$(base64 "$2")
END"; }

# device [ARGUMENT...]: a vDPA device vdpa0 for guests; arguments of `vdpa dev add`.
device() { guest "vdpa dev add name vdpa0 mgmtdev \$(mgmtdev) mac $mac0 $*; bind_to vhost_vdpa vdpa0"; }

# start [OPTION...]: a guest g0 that has vdpa0; options of `inner start`. start_warm plugs vdpa0 into one that has booted.
start() { guest -t 200 "inner start g0 --vdpa vdpa0 $*"; }
start_warm() { start --warm "$@"; }

address() { inside "ip link set eth0 up ${1:-}; ip address replace $ip0/24 dev eth0; ping -c 5 -i 0.2 -w 15 $wire_ip"; }

# Ends the guest. Nothing of it may be left, and neither its kernel nor its QEMU may have complained.
stop() {
	guest 'inner stop g0; rest'
	vm problems "$vm/guest-g0" 0
	! grep -v 'terminating on signal' "$run/guest-g0/qemu.log"
}

# The simulator's counter $1.
counted() { vm sim "$vm" stats | json "$1"; }

# An iperf3 server on the wire, until the test ends.
peer() {
	iperf3 -s -p 5201 >"$run/iperf3.log" 2>&1 &
	eventually "an iperf3 server" eval "ss -ltn | grep ':5201 '"
}

# Frames of all sizes, with and without the card's checksums.
test_guest_traffic() {
	local mode
	device mtu 9000
	start --device host_mtu=9000
	address "mtu 9000"
	expect "the MAC address in the guest" "$(inside 'cat /sys/class/net/eth0/address')" $mac0
	ping -c 3 -i 0.2 -w 10 -s 8972 -M "do" $ip0
	peer
	for mode in on off; do
		inside <<-EOF
			ethtool -K eth0 tx $mode
			ethtool -k eth0 | grep "^tx-checksumming: $mode"
			again iperf3 -c $wire_ip -p 5201 -t 1
			again iperf3 -c $wire_ip -p 5201 -t 1 -R
			again iperf3 -c $wire_ip -p 5201 -t 1 -u -b 5M -l 1000
		EOF
	done
	expect "frames with a wrong checksum" "$(nstat -asz TcpInCsumErrors UdpInCsumErrors | awk '/InCsum/ { n += $2 } END { print n }')" 0
	stop
}

# With as many queue pairs as the guest has asked for by ethtool -L, flows are spread over these and no others.
test_guest_channels() {
	local pairs before after queue busy
	device max_vqp 4
	start_warm --device mq=on,vectors=10
	address
	peer
	for pairs in 4 1 3; do
		inside "ethtool -L eth0 combined $pairs"
		expect "queue pairs in use" "$(guest 'vqnicctl -j dev show vdpa0' | json dev vdpa0 pairs_used)" $pairs
		before=$(guest 'vqnicctl -j queue show vdpa0')
		inside "again iperf3 -c $wire_ip -p 5201 -t 1 -P $((3 * pairs))
			again iperf3 -c $wire_ip -p 5201 -t 1 -P $((3 * pairs)) -R"
		after=$(guest 'vqnicctl -j queue show vdpa0')
		for direction in 0 1; do
			busy=''
			for queue in 0 1 2 3; do
				queue=$((2 * queue + direction))
				(($(frames_of vdpa0 $queue <<<"$after") - $(frames_of vdpa0 $queue <<<"$before") < 10)) || busy+=" $queue"
			done
			echo "$pairs pairs, direction $direction: queues$busy"
			[ "$(wc -w <<<"$busy")" = $pairs ] || fail "with $pairs pairs these queues move frames:$busy"
		done
	done
	! inside "ethtool -L eth0 combined 5" || fail "there are 5 pairs"
	stop
}

# What filter.sh tries one by one with the host VM's driver, in short with a guest's. The device is passed through as it is,
# with the control queue: QEMU 11.1's shadow of that one loses a descriptor with each command, and its 64th is a broken
# chain.
test_guest_filters() {
	local frames="$mac0 - own
$other - other
$group - group
01:00:5e:01:02:04 - next
$broadcast - all
$other 5 five
$other 6 six"
	nic=eth0 frame_tool=frames
	# shellcheck disable=SC2317  # filter.sh calls it
	driver() { inside "$1"; }
	device
	start_warm --generic
	put g0 build/tests/frames
	address
	arrives "at first" "own all" <<<"$frames"
	driver "ip maddress add $group dev eth0; ip link set eth0 address $other
		ip link add link eth0 name vlan5 type vlan id 5; ip link set vlan5 up"
	end_mac=$other arrives "with another address, a group and a VLAN" "other group all five@5" <<<"$frames"
	driver "ip link set eth0 promisc on; ip link set eth0 allmulticast on"
	end_mac=$other arrives "without trust" "other group all five@5" <<<"$frames"
	policy trust on
	end_mac=$other arrives "with trust, promiscuous" "own other group next all five@5" <<<"$frames"
	driver "ip link set eth0 promisc off"
	end_mac=$other arrives "with all groups" "other group next all five@5" <<<"$frames"
	driver "ip link set eth0 allmulticast off; ip link delete vlan5; ip maddress del $group dev eth0
		ip link set eth0 address $mac0"
	policy trust off
	arrives "at last" "own all" <<<"$frames"
	policy spoofchk on
	leaves "with the check" "own" <<-END
		$mac0 - own
		$other - other
	END
	! inside "ip link set eth0 address $other" || fail "the guest has another address"
	policy spoofchk off
	filter_port_vlan
	stop
}

# With a page for each queue a doorbell is the guest's own: neither QEMU nor the host's kernel hears of it. Interrupts go
# from the driver to the guest's virtual CPU by irqfd, in the host's kernel.
test_guest_doorbells() {
	local option kick=vqnic:vqnic_kick_vq wakeup=kvm:irqfd_wakeup rung sent kicks injected
	device
	for option in off on; do
		start_warm --device page-per-vq=$option
		address
		guest "count_calls $kick $wakeup"
		rung=$(counted doorbells) sent=$(counted interrupts)
		inside "ping -q -c 50 -i 0.02 -w 20 $wire_ip"
		rung=$(($(counted doorbells) - rung)) sent=$(($(counted interrupts) - sent))
		kicks=$(guest "counted_calls $kick") injected=$(guest "counted_calls $wakeup")
		echo "page-per-vq=$option: $rung doorbells on the card, $kicks calls of the driver"
		echo "$sent interrupts of the card, $injected of them by irqfd"
		((rung >= 50)) || fail "the card heard $rung doorbells for 50 frames"
		case $option in
		off) ((kicks >= 50)) || fail "the driver was asked $kicks times to kick: what is counted?" ;;
		on) ((kicks == 0)) || fail "the driver was asked $kicks times to kick" ;;
		esac
		((sent >= 50 && injected >= sent * 9 / 10)) || fail "of $sent interrupts $injected came by irqfd"
		stop
	done
}

# The same guest without the card's queues: its network is an interface of the host, with the same address. Nothing of it
# runs in hardware then, with and without vhost_net.
test_guest_without_offload() {
	local vhost
	device
	guest <<-'EOF'
		bind_to virtio_vdpa vdpa0
		eventually "an interface" has_netdev vdpa0
		ip link set $(netdev vdpa0) name vdpa0 up
		modprobe -a macvtap vhost_net
		ip link add link vdpa0 name macvtap0 type macvtap mode passthru
		ip link set macvtap0 up
	EOF
	for vhost in off on; do
		guest -t 200 "inner start g0 --warm --tap macvtap0 --netdev vhost=$vhost"
		address
		expect "the guest's address" "$(inside 'cat /sys/class/net/eth0/address')" $mac0
		ping -c 3 -i 0.2 -w 10 $ip0
		guest 'inner stop g0'
	done
}

test_guest_hotplug() {
	device
	guest -t 200 'inner start g0 --warm'
	expect "interfaces in the guest" "$(inside 'ls /sys/class/net')" lo
	for i in 1 2; do
		guest <<-'EOF'
			inner qmp g0 netdev_add '{"type":"vhost-vdpa","vhostdev":"/dev/vhost-vdpa-0","id":"n0"}'
			inner qmp g0 device_add '{"driver":"virtio-net-pci","netdev":"n0","id":"nic0","bus":"port0"}'
		EOF
		inside 'for i in $(seq 100); do [ -e /sys/class/net/eth0 ] && exit; sleep 0.1; done; exit 1'
		address
		guest 'inner qmp g0 device_del "{\"id\":\"nic0\"}"'
		inside 'for i in $(seq 200); do [ -e /sys/class/net/eth0 ] || exit 0; sleep 0.1; done; exit 1'
		guest <<-'EOF'
			gone() { inner qmp g0 netdev_del '{"id":"n0"}'; }
			eventually "the network device taken out" gone
			rest
		EOF
	done
	stop
}

# What is in use is not taken away: not the module, and the device only when its user lets go.
test_guest_in_use() {
	device
	start_warm
	address
	matches "the answer" "$(guest 'refused rmmod vqnic')" "in use|unavailable"
	guest <<-'EOF'
		vdpa dev del vdpa0 &
		sleep 1
		kill -0 $! || fail "the device was deleted under the guest"
		inner kill g0
		wait $!
		[ -z "$(vdpa dev show)" ] || fail "the device is still there"
		rmmod vqnic
	EOF
	vm problems "$vm/guest-g0" 0
}

# A guest that attacks the card by its rings, tests/system/hostile, stops its own queue and nothing else: another guest's
# traffic goes on, and memory that is not the guest's stays as it is.
test_guest_hostile() {
	device
	start_warm
	guest -t 200 "vdpa dev add name vdpa1 mgmtdev \$(mgmtdev) mac $mac1; bind_to vhost_vdpa vdpa1
		inner start g1 --warm --vdpa vdpa1"
	guest "inner exec g1 'ip link set eth0 up; ip address add $ip1/24 dev eth0; ping -c 3 -i 0.2 -w 10 $wire_ip
		ping -i 0.1 -w 300 $wire_ip >/tmp/ping 2>&1 &'"
	guest 'hostile=build/tests/hostile/$(uname -r)/hostile.ko
		echo "rmmod virtio_net && base64 -d >hostile.ko <<END && insmod hostile.ko
$(base64 "$hostile")
END" | inner exec g0'
	# What makes the card use a receive ring; longer than a ring of descriptors of one byte.
	ping -q -b -i 0.1 -s 1000 10.1.0.255 >/dev/null 2>&1 &
	guest -t 300 <<-'EOF'
		mkfifo /tmp/canary.in
		build/tests/canary </tmp/canary.in >/tmp/canary.out &
		canary=$!
		exec 9>/tmp/canary.in
		eventually "a canary" test -s /tmp/canary.out
		address=$(</tmp/canary.out)
		stopped() { vqnicctl -j dev show vdpa0 | grep -q "\"fault\": *\"$1\""; }
		tried=0
		while read -r attack fault; do
			echo "$attack: $fault"
			inner exec g0 "echo $attack $address >/sys/module/hostile/parameters/attack"
			eventually "queue stopped by $attack with $fault" stopped "$fault"
			: $((++tried))
		done <<-LIST
			read IOVA_READ
			write IOVA_WRITE
			read-second IOVA_READ
			write-second IOVA_WRITE
			tx-wrap DESC_LENGTH
			rx-wrap DESC_LENGTH
			tx-loop CHAIN_LOOP
			rx-loop CHAIN_LOOP
			tx-huge CHAIN_LONG
			tx-next DESC_INDEX
			rx-next DESC_INDEX
			tx-head DESC_INDEX
			rx-head DESC_INDEX
			tx-index AVAIL_INDEX
			rx-index AVAIL_INDEX
			tx-length DESC_LENGTH
			rx-length DESC_LENGTH
			tx-direction DESC_DIRECTION
			rx-direction DESC_DIRECTION
			tx-flags DESC_FLAGS
			rx-flags DESC_FLAGS
		LIST
		known=$(inner exec g0 'wc -l </sys/module/hostile/parameters/attack')
		((tried == known)) || fail "$tried attacks were tried, there are $known"
		exec 9>&-
		wait $canary || fail "memory that is not the guest's was written to"
	EOF
	guest "inner exec g1 'killall -INT ping; sleep 0.5; tail -n 3 /tmp/ping; grep -q \" 0% packet loss\" /tmp/ping'"
	inside 'rmmod hostile; insmod /modules/virtio_net.ko'
	address
	guest 'inner stop g1'
	stop
}

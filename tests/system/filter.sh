# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Which frames reach a device and which leave it: what its driver asks for by the control queue, what the operator allows,
# and what the card makes of both. Frames are made and looked at on both ends by frames.c.

wire=tap once=''

readonly lab_mac=02:00:00:00:00:99 other=52:54:00:aa:bb:cc group=01:00:5e:01:02:03 broadcast=ff:ff:ff:ff:ff:ff

# Where the device's driver is: here the host VM's, in nested.sh a guest's.
nic=vdpa0 frame_tool=build/tests/frames
driver() { guest "$@"; }

# The device's interface is up and has sent what it sends when it comes up. It needs no address.
quiet_device() {
	guest "add vdpa0 mac $mac0; ip link set vdpa0 up
		eventually 'a carrier on vdpa0' grep -qx 1 /sys/class/net/vdpa0/carrier"
}

# A socket gets tagged frames before untagged ones of the same batch: their order says nothing of the card.
in_order() { tr ' ' '\n' | sort | xargs; }

# listening TOOL INTERFACE FOLDER, heard FOLDER: shell commands that begin to listen, and that wait for the end and print
# what has come.
listening() {
	echo "rm -f $3/listening; $1 recv $2 $3/listening >$3/heard 2>&1 & echo \$! >$3/listener
		until [ -e $3/listening ]; do sleep 0.05; kill -0 \$!; done"
}
heard() { echo "while kill -0 \$(<$1/listener) 2>/dev/null; do sleep 0.05; done; cat $1/heard"; }

# arrives WHAT EXPECTED [END-VLAN] <FRAMES: sends the frames (DESTINATION VLAN NAME) from the wire. What reaches the driver
# must be the words EXPECTED.
arrives() {
	local what=$1 expected=$2 end_vlan=${3:--}
	driver "$(listening $frame_tool $nic /run)"
	{
		while read -r destination vlan name; do echo "$destination $lab_mac $vlan $name"; done
		echo "${end_mac:-$mac0} $lab_mac $end_vlan end"
	} | build/tests/frames send wire0
	expect "$what: what arrives" "$(driver "$(heard /run)" | in_order)" "$(in_order <<<"$expected")"
}

# leaves WHAT EXPECTED <FRAMES: the driver sends the frames (SOURCE VLAN NAME). What reaches the wire must be EXPECTED.
leaves() {
	local what=$1 expected=$2 sent
	sent=$(while read -r source vlan name; do echo "$lab_mac $source $vlan $name"; done)
	bash -ec "$(listening build/tests/frames wire0 "$run")"
	driver "$frame_tool send $nic <<<'$sent
$lab_mac ${end_mac:-$mac0} - end'"
	expect "$what: what leaves" "$(bash -ec "$(heard "$run")" | in_order)" "$(in_order <<<"$expected")"
}

policy() { guest "vqnicctl policy set vdpa0 $*"; }
shown() { guest "vqnicctl -j $1 show vdpa0" | json "$1" vdpa0 "${@:2}"; }
counter() { guest 'vqnicctl -j stats show vdpa0' | json stats vdpa0 "$1"; }

test_filter_mac() {
	quiet_device
	arrives "with the given address" "own bcast" <<-END
		$mac0 - own
		$other - other
		$broadcast - bcast
	END
	driver "ip link set $nic address $other"
	expect "the guest's address" "$(shown mac guest mac)" $other
	expect "the given address" "$(shown mac policy mac)" $mac0
	end_mac=$other arrives "with another address" "other" <<-END
		$mac0 - own
		$other - other
	END
	# More addresses than one: a macvlan's is in the MAC table.
	driver "ip link set $nic address $mac0
		ip link add link $nic name macvlan0 address 02:00:00:00:00:07 type macvlan mode private
		ip link set macvlan0 up"
	arrives "with two addresses" "own second" <<-END
		$mac0 - own
		02:00:00:00:00:07 - second
		02:00:00:00:00:08 - third
	END
	driver "ip link delete macvlan0"
	arrives "with one again" "own" <<-END
		$mac0 - own
		02:00:00:00:00:07 - second
	END
}

# What the operator gave to one device no guest takes from it.
test_filter_given_mac() {
	quiet_device
	guest "add vdpa1 mac $mac1; refused ip link set vdpa0 address $mac1"
	expect "the guest's address" "$(shown mac guest mac)" $mac0
	guest "ip link set vdpa0 address $other; vdpa dev del vdpa1; vdpa dev add name vdpa2 mgmtdev \$(mgmtdev) mac $other"
	expect "what is in force" "$(shown mac in_force unicast)" '[]'
	guest "vdpa dev del vdpa2"
	expect "what is in force" "$(shown mac in_force unicast)" "[\"$other\"]"
}

test_filter_multicast() {
	quiet_device
	arrives "before the join" "own" <<-END
		$group - group
		$mac0 - own
	END
	driver "ip maddress add $group dev $nic"
	arrives "after the join" "group own" <<-END
		$group - group
		01:00:5e:01:02:04 - next
		$mac0 - own
	END
	driver "ip maddress del $group dev $nic"
	arrives "after the leave" "own" <<-END
		$group - group
		$mac0 - own
	END
	# More than a device can have is refused, and what was there stays.
	driver "for i in \$(seq 90); do ip maddress add 01:00:5e:02:00:\$(printf %02x \$i) dev $nic; done"
	arrives "with many groups" "first last" <<-END
		01:00:5e:02:00:01 - first
		01:00:5e:02:00:5a - last
		01:00:5e:02:00:5b - none
	END
}

test_filter_promisc() {
	local frames="$other - other
$group - group
$mac0 - own"
	quiet_device
	driver "ip link set $nic promisc on"
	arrives "without trust" "own" <<<"$frames"
	policy trust on
	matches "the mode in force" "$(shown mac in_force rx_mode)" promisc
	arrives "with trust" "other group own" <<<"$frames"
	policy trust off
	matches "the guest's mode" "$(shown mac guest rx_mode)" promisc
	arrives "with trust withdrawn" "own" <<<"$frames"
	policy trust on
	driver "ip link set $nic promisc off"
	arrives "no more promiscuous" "own" <<<"$frames"
}

test_filter_allmulti() {
	local frames="$other - other
$group - group
$mac0 - own"
	quiet_device
	driver "ip link set $nic allmulticast on"
	arrives "without trust" "own" <<<"$frames"
	policy trust on
	arrives "with trust" "group own" <<<"$frames"
	driver "ip link set $nic allmulticast off"
	arrives "no more all" "own" <<<"$frames"
}

test_filter_vlan() {
	local drops frames="$mac0 - untagged
$mac0 5 five
$mac0 6 six"
	quiet_device
	arrives "without a VLAN" "untagged" <<<"$frames"
	driver "ip link add link $nic name vlan5 type vlan id 5; ip link set vlan5 up"
	# Linux adds VLAN 0 by itself, for tags that say no more than a priority.
	matches "the guest's VLANs" "$(shown vlan guest vlans)" '^\[("0",)?"5"\]$'
	arrives "with VLAN 5" "untagged five@5" <<<"$frames"
	leaves "any VLAN" "untagged five@5 six@6/3" <<-END
		$mac0 - untagged
		$mac0 5 five
		$mac0 6/3 six
	END
	policy vlans 6-7
	drops=$(counter tx_drop_vlan)
	arrives "with VLAN 5, which is not allowed" "untagged" <<<"$frames"
	leaves "allowed VLANs" "untagged six@6" <<-END
		$mac0 - untagged
		$mac0 5 five
		$mac0 6 six
	END
	# The guest's own frames in VLAN 5, of IPv6, may have been among them.
	(($(counter tx_drop_vlan) > drops)) || fail "tx_drop_vlan is still $drops"
	policy vlans all
	arrives "with VLAN 5 allowed again" "untagged five@5" <<<"$frames"
	driver "ip link delete vlan5"
	arrives "without the VLAN again" "untagged" <<<"$frames"
	# An interface of the VLAN has its frames, without the tag.
	driver "ip link add link $nic name vlan5 type vlan id 5; ip link set vlan5 up"
	nic=vlan5 arrives "in the VLAN" "five" 5 <<<"$frames"
	nic=vlan5 leaves "from the VLAN" "five@5" <<<"$mac0 - five"
}

filter_port_vlan() {
	local drops
	policy port-vlan 42 pcp 3
	arrives "in a port VLAN" "mine" 42 <<-END
		$mac0 - untagged
		$mac0 42 mine
		$mac0 43 other
		$broadcast - bcast
	END
	drops=$(counter tx_drop_vlan)
	leaves "from a port VLAN" "untagged@42/3" <<-END
		$mac0 - untagged
		$mac0 42 tagged
		$mac0 7 seven
	END
	expect "tx_drop_vlan" "$(counter tx_drop_vlan)" $((drops + 2))
	policy port-vlan none
	arrives "out of the port VLAN" "untagged" <<<"$mac0 - untagged"
	leaves "out of the port VLAN" "untagged" <<<"$mac0 - untagged"
}
test_filter_port_vlan() { quiet_device; filter_port_vlan; }

test_filter_spoof() {
	local drops
	quiet_device
	leaves "without the check" "own other" <<-END
		$mac0 - own
		$other - other
	END
	policy spoofchk on
	drops=$(counter tx_drop_spoof)
	leaves "with the check" "own" <<-END
		$mac0 - own
		$other - other
	END
	expect "tx_drop_spoof" "$(counter tx_drop_spoof)" $((drops + 1))
	driver "refused ip link set $nic address $other"
	expect "the guest's address" "$(shown mac guest mac)" $mac0
	policy spoofchk off
	driver "ip link set $nic address $other"
	policy spoofchk on
	expect "what is in force" "$(shown mac in_force unicast)" '[]'
}

# Addresses besides its own that the operator allows the guest: it may choose one of them, and has all if it is promiscuous.
test_filter_allowed() {
	local third=52:54:00:aa:bb:cd frames
	frames="$mac0 - own
$other - other
$third - third"
	quiet_device
	policy spoofchk on macs $other
	leaves "which the guest does not use" "own" <<<"$frames"
	driver "ip link set $nic promisc on"
	leaves "of a promiscuous guest" "own other" <<<"$frames"
	arrives "at a promiscuous guest" "own other" <<<"$frames"
	driver "ip link set $nic promisc off; ip link set $nic address $other
		refused ip link set $nic address $third"
	end_mac=$other arrives "at the address that it chose" "other" <<<"$frames"
	end_mac=$other leaves "from the address that it chose" "other" <<<"$frames"
	# They are its own: nobody else without a spoof check gets them, until they are allowed no more.
	guest "add vdpa1 mac 52:54:00:00:01:01; ip link set vdpa1 up
		refused ip link set vdpa1 address $other"
	policy macs none
	expect "what is in force" "$(shown mac in_force unicast)" '[]'
	guest "ip link set vdpa1 address $other"
}

# 64 addresses and all VLANs go in as one, or not at all.
test_policy_whole() {
	local macs shown
	quiet_device
	macs=$(for i in {16..79}; do printf '02:00:00:00:01:%x,' $i; done)
	policy macs ${macs%,} vlans 1-4094 macs-max 70
	shown=$(guest vqnicctl policy show vdpa0)
	matches "the policy" "${shown//$'\n'/}" "vlans 1-4094 macs_max 70  macs 02:00:00:00:01:10 .*02:00:00:00:01:4f\$"
	guest <<-EOF
		refused vqnicctl policy set vdpa0 vlans none macs-max 97 | grep -q 'the card has room for 96 addresses'
		refused vqnicctl policy set vdpa0 vlans none macs 02:00:00:00:00:01,03:00:00:00:00:01 |
			grep -q 'no unicast address'
		refused vqnicctl policy set vdpa0 vlans none macs ${macs}02:00:00:00:00:01
		# What the guest wishes for is bounded by it.
		vqnicctl policy set vdpa0 macs-max 2
		for i in {1..5}; do ip maddress add 01:00:5e:7f:00:0\$i dev vdpa0; done
	EOF
	expect "the policy after refusals" "$(guest vqnicctl policy show vdpa0)" "${shown/macs_max 70/macs_max 2}"
	expect "groups in force" "$(shown mac in_force multicast | tr ',' '\n' | grep -c :)" 2
}

# A batch of them: nothing if a line is wrong, what comes before a refusal, all that is not refused with --force.
test_policy_batch() {
	quiet_device
	guest <<-EOF
		trusted() { vqnicctl policy show vdpa0 | grep -q "trust \$1"; }
		status() { local expected=\$1; shift; "\$@" && status=0 || status=\$?; [ \$status = \$expected ]; }
		status 1 vqnicctl -b - <<<\$'policy set vdpa0 trust on\npolicy set vdpa0 trust maybe'
		trusted false
		status 2 vqnicctl -b - <<<\$'policy set vdpa9 trust on\npolicy set vdpa0 trust on'
		trusted false
		status 2 vqnicctl -f -b - <<<\$'policy set vdpa9 trust on\npolicy set vdpa0 trust on'
		trusted true
		vqnicctl -s dev show vdpa0 | grep tx_frames
		vqnicctl -s card show | grep wire_rx_frames
	EOF
}

test_policy() {
	local before
	quiet_device
	policy spoofchk on trust on port-vlan 7 pcp 5 vlans 1,10-20 macs $other macs-max 9
	before="vdpa0: card 0000:00:05.0 mac $mac0 spoofchk true trust true port_vlan 7 pcp 5 vlans 1 10-20 macs_max 9
  macs $other"
	expect "the policy" "$(guest vqnicctl policy show vdpa0)" "$before"
	guest <<-'EOF'
		refused vqnicctl policy set vdpa9 trust on | grep -q 'no such vDPA device'
		refused vqnicctl policy set vdpa0 trust off port-vlan none pcp 1 | grep -q 'a priority needs a port VLAN'
		refused setpriv --reuid 65534 --clear-groups --bounding-set -all vqnicctl policy set vdpa0 trust off |
			grep -q CAP_NET_ADMIN
		setpriv --reuid 65534 --clear-groups vqnicctl policy show vdpa0
	EOF
	expect "the policy after refusals" "$(guest vqnicctl policy show vdpa0)" "$before"
	# It outlives the guest's driver and the card's reset, but not the device.
	guest "echo 1 >/sys/bus/pci/devices/\$(card)/reset"
	expect "the policy after a reset" "$(guest vqnicctl policy show vdpa0)" "$before"
	expect "what is in force after a reset" "$(shown vlan in_force port_vlan)" 7
	guest "vdpa dev del vdpa0; add vdpa0 mac $mac0"
	expect "a new device's policy" "$(guest vqnicctl policy show vdpa0)" \
		"vdpa0: card 0000:00:05.0 mac $mac0 spoofchk false trust false port_vlan 0 vlans all macs_max 96
  macs none"
}

# The guest's wishes end with its driver.
test_filter_rebind() {
	quiet_device
	guest <<-EOF
		ip link set vdpa0 address $other
		ip maddress add $group dev vdpa0
		device=\$(basename \$(readlink /sys/class/net/vdpa0/device))
		echo \$device >/sys/bus/virtio/drivers/virtio_net/unbind
	EOF
	expect "the address without a driver" "$(shown mac guest mac)" $mac0
	expect "groups without a driver" "$(shown mac guest multicast)" '[]'
	expect "what is in force without a driver" "$(shown mac in_force unicast)" "[\"$mac0\"]"
}

ctrl_test() { guest -t 240 "add vdpa0 mac $mac0 max_vqp 4; vhost_ctrl vdpa0 $1"; }

test_ctrl_commands() { ctrl_test commands; }
test_ctrl_malformed() { ctrl_test malformed; }
test_ctrl_features() { ctrl_test features; }
test_ctrl_random() { ctrl_test random; }
test_ctrl_reset() { ctrl_test reset; }

# A guest whose commands never end costs nobody else a frame: those of another device are all answered meanwhile.
test_ctrl_flood() {
	local count
	guest "add vdpa1 mac $mac1; up vdpa1 $ip1/24; add vdpa0 mac $mac0 max_vqp 4
		rm -f /tmp/vhost_ctrl.stop
		vhost_ctrl vdpa0 flood >/tmp/flood &
		eventually 'a flood of commands' grep begun /tmp/flood"
	ping -q -c 100 -i 0.02 -w 60 $ip1 | tee "$run/ping"
	grep -q ' 0% packet loss' "$run/ping" || fail "frames are lost beside a flood of commands"
	count=$(guest 'touch /tmp/vhost_ctrl.stop; eventually "the end of the flood" grep -o "[0-9]* commands" /tmp/flood')
	echo "$count meanwhile"
	((${count% *} > 100)) || fail "this is no flood: $count"
}

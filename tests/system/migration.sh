# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Live migration by stock QEMU: a guest moves from vdpa0 on the first card to vdpa1, on the same card or another one. From
# the wire nothing is seen of it but a gap.

wire=bridge once='' options=--nested

# devices CARD: vdpa0, and vdpa1 on the card of that number.
devices() {
	device max_vqp 2
	guest "vdpa dev add name vdpa1 mgmtdev \$(mgmtdevs | sed -n ${1}p) mac $mac0 max_vqp 2; bind_to vhost_vdpa vdpa1"
}

# Both QEMUs have the same devices in the same places, or the state does not fit.
source_guest() { start_warm --device mq=on,vectors=6 "$@"; address; }
destination() { guest -t 200 "inner start g1 --vdpa vdpa1 --device bus=port0,mq=on,vectors=6 --incoming tcp:127.0.0.1:4444 $*"; }

# begin_migration [LIMIT]: begins, at so many bytes a second.
begin_migration() {
	guest "inner qmp g0 migrate-set-parameters '{\"max-bandwidth\":${1:-1000000000}}'
		inner qmp g0 migrate '{\"uri\":\"tcp:127.0.0.1:4444\"}'"
}

# Waits until the migration has the state, or fails if it gets to another one that is an end.
migration_is() {
	guest -t 200 <<-EOF
		deadline=\$((SECONDS + 150))
		until state=\$(inner qmp g0 query-migrate); [[ \$state == *'"status": "$1"'* ]]; do
			[[ ! \$state =~ completed|failed|cancelled\" ]] && ((SECONDS < deadline)) || fail "migration: \$state"
			sleep 0.2
		done
		echo "\$state"
	EOF
}

# What the guest has told device $1 by its control queue.
settings() {
	local object
	for object in "mac $1 guest" "vlan $1 guest" "dev $1 pairs_used" "dev $1 offloads"; do
		guest "vqnicctl -j ${object%% *} show $1" | json $object
	done
}

# The longest time without an answer, in milliseconds, of the ping -D in file $1.
longest_gap() {
	awk '/^\[/ { t = substr($1, 2) + 0; if (last && t - last > gap) gap = t - last; last = t } END { print int(gap * 1000) }' "$1"
}

# sends GUEST BYTES: waits until the guest has sent so many.
sends() {
	in_guest $1 <<-EOF
		sent() { cat /sys/class/net/eth0/statistics/tx_bytes; }
		before=\$(sent)
		until ((\$(sent) > before + $2)); do sleep 0.2; done
	EOF
}

# migrate_guest CARD [OPTION...]: from vdpa0 to vdpa1 on that card, with options of `inner start`, under load.
migrate_guest() {
	local pinger gap answers before after
	devices $1
	source_guest "${@:2}"
	# QEMU 11.1's shadow queues lose all but the first descriptor of every chain: the guest sends frames of one piece.
	inside <<-EOF
		ethtool -K eth0 sg off
		ip maddress add 01:00:5e:01:02:03 dev eth0
		ip link add link eth0 name vlan5 type vlan id 5
		ip link set vlan5 up
		ip link set eth0 allmulticast on
		ethtool -L eth0 combined 2
		echo "still here" >/run/mark
	EOF
	before=$(settings vdpa0)
	destination "${@:2}"
	peer
	ping -D -i 0.01 -w 300 $ip0 >"$run/ping" &
	pinger=$!
	inside "iperf3 -c $wire_ip -p 5201 -t 300 >/run/iperf3 2>&1 &"
	sends g0 100000
	begin_migration
	migration_is completed
	guest 'inner stop g0'
	expect "what the guest remembers" "$(in_guest g1 'cat /run/mark')" "still here"
	answers=$(grep -c 'bytes from' "$run/ping")
	eventually "answers after the migration" eval "((\$(grep -c 'bytes from' '$run/ping') > $answers + 50))"
	# The stream goes on.
	sends g1 1000000
	in_guest g1 'killall -INT iperf3'
	kill -INT $pinger
	gap=$(longest_gap "$run/ping")
	echo "blackout: $gap ms"
	after=$(settings vdpa1)
	echo "$before"
	expect "what the guest has told its device" "$after" "$before"
	in_guest g1 "ping -c 3 -i 0.2 -w 10 $wire_ip"
	guest "inner stop g1; rest"
	vm problems "$vm/guest-g0" 0
	vm problems "$vm/guest-g1" 0
}

test_guest_migration() { migrate_guest 1; }
test_guest_migration_shadow() { migrate_guest 1 --netdev x-svq=on; }
test_guest_migration_cards() { migrate_guest 2; }

# state_shown DEV: what the driver says of filters, policy and settings, without the names of card and device.
state_shown() {
	for object in mac vlan policy; do vqnicctl -j $object show $1; done | sed 's/"card":"[^"]*",//g; s/"'$1'"//g'
	vqnicctl -j dev show $1 | grep -oE '"pairs_used":[0-9]*|"(accepted|offloads)":[^]]*'
}

# What a driver has set by its control queue, and the operator for it, goes to a device of another card by a file; a
# stream that is not whole changes nothing there, and who cannot write it all does not stop the device.
test_migrate_state() {
	guest -t 240 <<-EOF
		$(declare -f state_shown)
		state() { vqnicctl dev show \$1 | grep -o ' state [a-z]*'; }
		is() { [ "\$(state \$1)" = " state \$2" ] || fail "\$1 is\$(state \$1), expected \$2"; }
		status() { local expected=\$1; shift; "\$@" >/tmp/said 2>&1 && status=0 || status=\$?; [ \$status = \$expected ]; }
		add vdpa0 mac $mac0 max_vqp 2
		is vdpa0 running
		up vdpa0 $ip0/24
		# All that a policy can have.
		macs=$mac1,\$(printf '52:54:00:00:01:%02x,' {2..64})
		vqnicctl policy set vdpa0 trust on spoofchk on vlans 5,7-4094 macs \${macs%,} macs-max 90
		ip maddress add 01:00:5e:01:02:03 dev vdpa0
		ip link add link vdpa0 name vlan5 type vlan id 5
		ip link set vlan5 up
		# Nothing is sent but what the test sends: Linux complains of a queue that stands still for 5 s.
		for i in vdpa0 vlan5; do echo 1 >/proc/sys/net/ipv6/conf/\$i/disable_ipv6; done
		ip link set vdpa0 allmulticast on
		ethtool -L vdpa0 combined 2
		ping -c 2 -i 0.2 -w 10 $wire_ip
		sleep 1
		before=\$(state_shown vdpa0)

		# What cannot be written leaves it running.
		status 2 vqnicctl migrate save vdpa0 -o /nowhere/state
		is vdpa0 running
		status 2 vqnicctl migrate save vdpa0 -o /proc/state
		is vdpa0 running
		vqnicctl migrate save vdpa0 2>/tmp/said >/dev/full && fail "a full device has taken it"
		is vdpa0 running
		{ sleep 0.5; vqnicctl migrate save vdpa0 2>/tmp/said || echo \$? >/tmp/status; } | true
		[ "\$(</tmp/status)" = 2 ]
		is vdpa0 running
		status 2 vqnicctl migrate resume vdpa0
		ping -c 2 -i 0.2 -w 10 $wire_ip

		vdpa dev add name vdpa1 mgmtdev \$(mgmtdevs | sed -n 2p) mac $mac0 max_vqp 2
		bind_to vhost_vdpa vdpa1
		ip neighbour flush dev vdpa0
		vqnicctl migrate save vdpa0 -o /tmp/state
		is vdpa0 suspended
		status 2 vqnicctl migrate suspend vdpa0
		status 2 vqnicctl migrate load vdpa0 /tmp/state
		vqnicctl migrate save vdpa0 | cmp - /tmp/state
		vqnicctl migrate show /tmp/state
		vqnicctl -j migrate show /tmp/state | grep -q '"promisc"\|"allmulti"'

		nothing=\$(state_shown vdpa1)
		size=\$(stat -c %s /tmp/state)
		for cut in 0 1 31 32 100 \$((size / 2)) \$((size - 1)); do
			head -c \$cut /tmp/state >/tmp/cut
			status 2 vqnicctl migrate load vdpa1 /tmp/cut
			{ head -c \$cut /tmp/state; printf '\377'; tail -c +\$((cut + 2)) /tmp/state; } >/tmp/wrong
			cmp -s /tmp/state /tmp/wrong || status 2 vqnicctl migrate load vdpa1 /tmp/wrong
		done
		[ "\$(state_shown vdpa1)" = "\$nothing" ] || fail "a stream that was refused has changed something"
		is vdpa1 idle
		status 2 vqnicctl migrate suspend vdpa1
		status 2 vqnicctl migrate save vdpa1 -o /tmp/none
		[ ! -e /tmp/none ]

		# By a pipe this time; the driver goes on with it once, and is asked for it again.
		vqnicctl migrate save vdpa0 | vqnicctl migrate load vdpa1
		is vdpa1 restored
		rm -f /tmp/vhost_state.stop
		vhost_state vdpa1 continue </tmp/state >/tmp/continued 2>&1 &
		eventually "the driver that goes on" grep -q running /tmp/continued
		is vdpa1 running
		after=\$(state_shown vdpa1)
		[ "\$after" = "\$before" ] || fail "it was \$before, and is \$after"
		status 2 vqnicctl migrate load vdpa1 /tmp/state
		vqnicctl migrate suspend vdpa1
		is vdpa1 suspended
		vqnicctl migrate resume vdpa1
		touch /tmp/vhost_state.stop
		wait
		is vdpa1 idle

		# A driver that is another one begins anew, and the state is used up.
		vqnicctl migrate load vdpa1 /tmp/state
		bind_to virtio_vdpa vdpa1
		eventually "the driver that begins anew" is vdpa1 running
		dmesg | grep 'vdev 0: its state was of another driver: it begins anew'
		! vqnicctl vlan show vdpa1 | grep 'guest: .* 5' || fail "it has another driver's VLANs"

		# The one that is left goes on where it was.
		vqnicctl migrate resume vdpa0
		is vdpa0 running
		ping -c 2 -i 0.2 -w 10 $wire_ip
	EOF
}

# A migration that is cancelled, or whose destination dies, leaves the guest where it was.
test_guest_migration_broken() {
	devices 2
	source_guest
	destination
	begin_migration 2000000
	migration_is active
	guest "inner qmp g0 migrate_cancel"
	migration_is cancelled
	guest "inner stop g1"
	inside "ping -c 5 -i 0.2 -w 15 $wire_ip"
	destination
	begin_migration 2000000
	migration_is active
	guest "inner kill g1"
	migration_is failed
	inside "ping -c 5 -i 0.2 -w 15 $wire_ip"
	# What was tried in vain works afterwards.
	destination
	begin_migration
	migration_is completed
	guest "inner stop g0"
	in_guest g1 "ping -c 3 -i 0.2 -w 10 $wire_ip"
	guest "inner stop g1; rest"
}

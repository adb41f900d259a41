# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# vqnicd keeps devices and policies as a file says, through whatever happens.

wire=loopback once='' cpus=2

# What tests share inside the VM: a folder for vqnicd, and three states to be wanted. In the second, web0 is allowed more,
# web1 is another, web2 is new and db0 is gone.
readonly config_functions='
	d=/tmp/vqnicd
	ctl() { vqnicctl --socket $d/socket "$@"; }
	later() { local status=0; ctl "$@" || status=$?; [ $status = 65 ] || fail "exit status $status of $*"; }
	daemon() {
		/vqnic/build/ctl/vqnicd --config $d/vqnicd.yaml --store $d/store --socket $d/socket "$@" >>$d/log 2>&1 5>&- &
		echo $! >$d/pid
		eventually "vqnicd answers" answers
	}
	answers() { ctl config diff >/dev/null; }
	stop_daemon() { kill "$(cat $d/pid)"; wait "$(cat $d/pid)"; }
	in_step() { [ "$(ctl -j config diff)" = "{\"config\":{\"changes\":[]}}" ]; }
	names() { vdpa dev show | cut -d: -f1 | sort | xargs; }
	device() { printf "      - name: %s\n        mac: 52:54:00:00:00:%s\n" "$1" "$2"; shift 2; [ $# = 0 ] || printf "        %s\n" "$@"; }
	head() { printf "version: 1\ncards:\n  - address: %s\n    devices:\n" "$(card)"; }
	rm -rf $d
	mkdir -p $d
	{ head; device web0 01 "policy: {spoofchk: on, port-vlan: 10, pcp: 3}"; device web1 02 "max-vqp: 4"; device db0 03; } >$d/one
	{
		head
		device web0 01 "policy: {spoofchk: on, vlans: \"5,10-20\", macs: [52:54:00:00:01:01]}"
		device web1 02 "max-vqp: 2" "mtu: 9000"
		device web2 04 "features: basic" "policy: {trust: on}"
	} >$d/two
	head >$d/none && sed -i "s/devices:/devices: []/" $d/none
'
config() { { echo "$config_functions"; cat; } | guest "$@"; }

# A file is applied as a whole, another one after it, and a bad one changes nothing.
test_config_apply() {
	config -t 120 <<-'EOF'
		daemon
		refused ctl config show | tee /dev/stderr | grep 'nothing is wanted yet'
		ctl config apply --dry-run $d/one | tee /dev/stderr | grep -c 'action add' | grep -x 3
		[ -z "$(names)" ] || fail "a dry run has made devices: $(names)"
		ctl config apply $d/one
		[ "$(names)" = "db0 web0 web1" ] || fail "the devices are $(names)"
		vqnicctl -j policy show web0 | grep '"spoofchk":true.*"port_vlan":10.*"pcp":3'
		vqnicctl -j dev show web1 | grep '"pairs":4'
		in_step
		ctl config show | cmp - $d/one
		# The same again changes nothing.
		[ -z "$(ctl config apply $d/one)" ] || fail "the same file changes something"
		ctl config diff $d/two | tee /dev/stderr >$d/diff
		grep 'action remove .*dev db0' $d/diff
		grep 'action replace .*dev web1 .*mtu 1500 -> 9000, max-vqp 4 -> 2' $d/diff
		grep 'action add .*dev web2' $d/diff
		grep 'action policy .*dev web0 .*port-vlan 10 -> none, pcp 3 -> 0, vlans, macs 0 -> 1' $d/diff
		ctl config apply $d/two
		[ "$(names)" = "web0 web1 web2" ] || fail "the devices are $(names)"
		vqnicctl -j dev show web1 | grep '"mtu":9000'
		vqnicctl -j vlan show web0 | grep '"vlans":\["5","10-20"\]'
		vqnicctl -j policy show web2 | grep '"trust":true'
		vqnicctl dev show web2 | grep 'offered.*VERSION_1'
		vqnicctl dev show web2 | grep 'offered.* CSUM' && fail "basic features have checksums"
		# What is wrong with a file is said with its place, and nothing changes.
		before=$(vqnicctl -j dev show | sed 's/"cycles":[0-9]*//')
		sed 's/mtu: 9000/mtu: 90000/' $d/two >$d/bad
		refused ctl config apply $d/bad | tee /dev/stderr | grep "$d/bad:11:14: mtu cannot be \"90000\": it is 68..65535"
		# What the card refuses, too: 17 devices, of which it has 16.
		{ head; for i in $(seq 10 26); do device many$i $i; done; } >$d/many
		refused ctl config apply $d/many | tee /dev/stderr | grep 'can have 16 devices, and would have 17'
		[ "$(vqnicctl -j dev show)" = "$before" ] || fail "a bad file has changed something"
		ctl config show | cmp - $d/two
		ctl config apply $d/none
		[ -z "$(names)" ] || fail "left: $(names)"
		stop_daemon
	EOF
}

# What there is becomes as it is wanted again: after somebody's hand, a reload of the module, the card's reset, and while
# vqnicd was down, when devices go on as they are.
test_config_reconcile() {
	config -t 240 <<-'EOF'
		same() { eventually "$1" in_step; [ "$(names)" = "db0 web0 web1" ] || fail "$1: the devices are $(names)"; }
		# A first start takes the configuration file.
		cp $d/one $d/vqnicd.yaml
		daemon
		same "the first start"
		vdpa dev del db0
		vqnicctl policy set web0 spoofchk off port-vlan none
		same "after somebody's hand"
		vqnicctl -j policy show web0 | grep '"spoofchk":true.*"port_vlan":10.*"pcp":3'
		echo 1 >/sys/bus/pci/devices/$(card)/reset
		same "after a function reset"
		rmmod vqnic
		eventually "pending" grep 'pending: card .*: the vqnic driver is not loaded' $d/log
		later config apply $d/one >$d/said
		grep 'action wait .*pending the vqnic driver is not loaded' $d/said
		insmod $ko
		same "after a reload"
		# Devices go on while it is down, and it knows them again.
		kill -KILL $(cat $d/pid)
		wait $(cat $d/pid) || true
		[ "$(names)" = "db0 web0 web1" ] || fail "the devices are gone with vqnicd"
		vdpa dev del web1
		daemon
		same "after its own restart"
		# SIGHUP reads the file anew; a bad one leaves all as it is, and one line.
		cp $d/two $d/vqnicd.yaml
		kill -HUP $(cat $d/pid)
		eventually "the new file" grep 'web2 on .*: add, by SIGHUP' $d/log
		sed 's/web2/web0/' $d/two >$d/vqnicd.yaml
		kill -HUP $(cat $d/pid)
		eventually "one line" grep "$d/vqnicd.yaml:12:15: there are two devices \"web0\"; the state stays what it was" $d/log
		[ "$(names)" = "web0 web1 web2" ] || fail "a bad file has left $(names)"
		in_step
		# What others have made is left alone, unless it is in the way.
		vdpa dev add name foreign mgmtdev $(mgmtdev) mac 52:54:00:00:02:01
		ctl config apply $d/none
		[ "$(names)" = foreign ] || fail "the devices are $(names)"
		{ head; device web0 01; device foreign 05; } >$d/three
		refused ctl config apply $d/three | tee /dev/stderr | grep 'foreign is there, vqnicd has not made it, and it differs: mac'
		[ "$(names)" = foreign ] || fail "the devices are $(names)"
		stop_daemon
	EOF
}

# A device that somebody has open is not taken away: what is wanted waits, and says so.
test_config_in_use() {
	config -t 120 <<-'EOF'
		daemon
		ctl config apply $d/one
		bind_to vhost_vdpa web1
		exec 5<>/dev/vhost-vdpa-0
		later config apply $d/two >$d/said
		cat $d/said
		grep 'dev web1 .*pending somebody has its vhost-vdpa device open' $d/said
		# The rest is as it is wanted.
		[ "$(names)" = "web0 web1 web2" ] || fail "the devices are $(names)"
		ctl config show | cmp - $d/two
		vqnicctl -j dev show web1 | grep '"mtu":1500'
		# Also if it is to go for good, and vqnicd ends meanwhile.
		later config apply $d/none >/dev/null
		[ "$(names)" = web1 ] || fail "the devices are $(names)"
		stop_daemon
		daemon
		[ "$(names)" = web1 ] || fail "the devices are $(names)"
		exec 5>&-
		gone() { [ -z "$(names)" ]; }
		eventually "web1 is removed" gone
		stop_daemon
	EOF
}

# Ended at any moment of an apply, it leaves the old state or the new one, as soon as it runs again.
test_config_killed() {
	config -t 400 <<-EOF
		KILLS=${KILLS:-4}
		RANDOM=7
		$(cat <<-'END'
			daemon
			ctl config apply $d/one
			old=0 new=0
			for i in $(seq $KILLS); do
				next=$d/two
				ctl config show | cmp -s - $d/one || next=$d/one
				ctl config apply $next >/dev/null 2>&1 &
				asked=$!
				# An apply takes about 50 ms here.
				sleep 0.0$((RANDOM % 10))$((RANDOM % 10))
				kill -KILL $(cat $d/pid)
				wait $(cat $d/pid) $asked || true
				daemon
				eventually "a state, after kill $i" in_step
				if ctl config show | cmp -s - $next; then new=$((new + 1)); else old=$((old + 1)); fi
				case $(ctl config show | cmp -s - $d/one && echo one || echo two) in
				one) [ "$(names)" = "db0 web0 web1" ] ;;
				two) [ "$(names)" = "web0 web1 web2" ] ;;
				esac || fail "after kill $i there are $(names)"
			done
			echo "$old times the old state, $new times the new one"
			ls $d/store | grep -vxE 'state.yaml|own|lock' && fail "something is left in the store"
			stop_daemon
		END
		)
	EOF
}

# Who may ask for what, what is no request, and who does not read.
test_config_socket() {
	config -t 120 <<-'EOF'
		daemon
		as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
		as_nobody vqnicctl --socket $d/socket config diff
		refused as_nobody vqnicctl --socket $d/socket config apply - <$d/one | tee /dev/stderr | grep 'config.apply is for root'
		refused as_nobody vqnicctl --socket $d/socket migrate track stop web0 | grep 'track.stop is for root'
		[ -z "$(names)" ] || fail "nobody has made devices"
		say() { printf '%s\n' "$@" | timeout 10 socat -t 5 - UNIX-CONNECT:$d/socket; }
		say '{"jsonrpc":"2.0","id":1,"method":"status"}' | tee /dev/stderr | grep '"configured":false'
		say 'no JSON' | grep -- '-32700'
		say '{"id":1,"method":"status"}' | grep -- '-32600'
		say '{"jsonrpc":"2.0","id":1,"method":"no such"}' | grep -- '-32601'
		say '{"jsonrpc":"2.0","id":1,"method":"status","params":{"x":1}}' | grep -- '-32602'
		[ -z "$(say '{"jsonrpc":"2.0","method":"status"}')" ] || fail "a notification is answered"
		[ "$(say '{"jsonrpc":"2.0","id":1,"method":"status"}' '{"jsonrpc":"2.0","id":2,"method":"status"}' | wc -l)" = 2 ]
		say '[{"jsonrpc":"2.0","id":1,"method":"status"},{"jsonrpc":"2.0","id":2,"method":"x"}]' | grep '"id":1.*"id":2'
		# Many that say nothing, of nobody, keep root from nothing.
		as_nobody /vqnic/build/tests/connections $d/socket 100 >$d/many &
		eventually "connections" grep connected $d/many
		refused as_nobody vqnicctl --socket $d/socket config diff
		ctl config apply $d/one
		# One that asks and asks and does not read is not waited for.
		yes '{"jsonrpc":"2.0","id":1,"method":"config.get"}' | socat -u - UNIX-CONNECT:$d/socket &
		sleep 1
		ctl config apply $d/none
		awk '/VmRSS/ && $2 > 65536 { exit 1 }' /proc/$(cat $d/pid)/status || fail "vqnicd keeps what nobody reads"
		# Two at once are one too many.
		refused /vqnic/build/ctl/vqnicd --store $d/store --socket $d/other | grep 'another vqnicd runs'
		refused /vqnic/build/ctl/vqnicd --store $d/other --socket $d/socket | grep 'another vqnicd listens'
		stop_daemon
	EOF
}

# What Prometheus reads, at the loopback address unless it is told otherwise.
test_config_metrics() {
	config -t 120 <<-'EOF'
		ip link set lo up
		daemon --metrics 9100
		metrics() { curl -sS --max-time 10 "http://127.0.0.1:9100$1"; }
		ctl config apply $d/one
		# Nothing is there when the driver is not asked.
		metrics /metrics >$d/metrics
		cat $d/metrics
		c=$(card)
		for line in "vqnic_card_up{card=\"$c\"} 1" "vqnic_card_link_up{card=\"$c\"} 1" "vqnic_card_devices{card=\"$c\"} 3" \
			"vqnic_device_rx_frames_total{card=\"$c\",device=\"web0\"} [0-9]+" "vqnic_card_wire_tx_bytes_total{card=\"$c\"} [0-9]+" \
			"vqnic_queue_fault_code{card=\"$c\",device=\"web1\",queue=\"7\"} 0" 'vqnicd_in_step 1' 'vqnicd_applied_total 1'; do
			grep -xE "$line" $d/metrics || fail "missing: $line"
		done
		# Each name has its type and its help once, and its samples after them.
		awk '/^# TYPE/ { if (seen[$3]++) exit 1; now = $3; next } /^#/ { next } { sub(/[{ ].*/, ""); if ($0 != now) exit 1 }' $d/metrics
		awk '/^# TYPE .* counter$/ && $3 !~ /_total$/ { exit 1 }' $d/metrics
		[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9100/)" = 404 ]
		[ "$(curl -s -o /dev/null -w '%{http_code}' -X POST -d x=1 http://127.0.0.1:9100/metrics)" != 200 ]
		ss -Hltn | grep ':9100' | grep -v 127.0.0.1 && fail "metrics are for everybody"
		rmmod vqnic
		metrics /metrics | grep vqnic_card_up && fail "a card that is not there is up"
		metrics /metrics | grep -x 'vqnicd_in_step 0' || { sleep 1; metrics /metrics | grep -x 'vqnicd_in_step 0'; }
		insmod $ko
		stop_daemon
		refused /vqnic/build/ctl/vqnicd --store $d/store --socket $d/socket --metrics 99999 | grep 'cannot be served'
	EOF
}

# A dirty log that vqnicd holds for who has no process of its own: it sees what a device writes.
test_config_track() {
	config -t 120 <<-'EOF'
		daemon
		add vdpa0 mac 52:54:00:00:00:01
		bind_to vhost_vdpa vdpa0
		ctl migrate track start vdpa0 0 0x40000000
		vqnicctl -j dev show vdpa0 | grep '"log_size":1073741824'
		refused ctl migrate track start vdpa0 0 0x1000 | grep 'has a dirty log already'
		[ "$(ctl -j migrate track read vdpa0 0 0x40000000)" = '{"migrate":{"written":[]}}' ]
		refused ctl migrate track read vdpa0 0x80000000 0x1000 | grep 'pages that are not logged'
		refused ctl migrate track read vdpa0 0 123 | grep 'multiple of 4096'
		ctl migrate track stop vdpa0
		refused ctl migrate track stop vdpa0 | grep 'has no dirty log'
		# With vqnicd, the log ends.
		ctl migrate track start vdpa0 0 0x1000
		kill -KILL $(cat $d/pid)
		wait $(cat $d/pid) || true
		vqnicctl -j dev show vdpa0 | grep log_size && fail "the log is left"
		true
	EOF
}

# Two devices lose nothing while others come, go and change. RELOADS=N: so often.
test_config_reloads() {
	config -t 300 <<-EOF
		RELOADS=${RELOADS:-10}
		$(cat <<-'END'
			keep() { device keep0 21; device keep1 22 "policy: {spoofchk: on}"; }
			{ cat $d/one; keep; } >$d/one-more
			{ cat $d/two; keep; } >$d/two-more
			cp $d/one-more $d/vqnicd.yaml
			daemon
			for i in 0 1; do
				eventually "keep$i" has_netdev keep$i
				ip netns add net$i
				interface=$(netdev keep$i)
				ip link set "$interface" netns net$i
				ip -n net$i link set "$interface" name keep0 up
				ip -n net$i address add 10.2.0.$((i + 1))/24 dev keep0
			done
			until ip netns exec net0 ping -c 1 -W 1 10.2.0.2 >/dev/null; do sleep 0.2; done
			ip netns exec net0 ping -i 0.01 10.2.0.2 >$d/ping &
			ping=$!
			for i in $(seq $((RELOADS / 2))); do
				ctl config apply $d/two-more >/dev/null
				cp $d/one-more $d/vqnicd.yaml
				kill -HUP $(cat $d/pid)
				applied() { ctl config show | cmp -s - $d/one-more; }
				eventually "reload $i" applied
			done
			kill -INT $ping
			wait $ping || true
			tail -n 3 $d/ping
			grep ' 0% packet loss' $d/ping
			awk '/packets transmitted/ { exit $1 < 50 }' $d/ping || fail "there was hardly any traffic"
			stop_daemon
		END
		)
	EOF
}

# What systemd and journald are told: when it is ready, that it is alive, when it reads its file anew, and how it is.
test_config_notify() {
	config -t 120 <<-'EOF'
		cp $d/one $d/vqnicd.yaml
		socat -u UNIX-RECV:$d/notify,mode=666 - >>$d/told &
		eventually "a listener" test -S $d/notify
		told() { tr '\0' '\n' <$d/told | grep -qa "$1"; }
		export NOTIFY_SOCKET=$d/notify WATCHDOG_USEC=500000 JOURNAL_STREAM=8:1
		daemon
		eventually "READY" told READY=1
		eventually "a state" told 'STATUS=All is as it is wanted'
		eventually "a sign of life" told WATCHDOG=1
		: >$d/told
		cp $d/two $d/vqnicd.yaml
		kill -HUP $(cat $d/pid)
		eventually "reading anew" told 'RELOADING=1'
		eventually "the reading's time" told 'MONOTONIC_USEC=[0-9]'
		eventually "READY again" told READY=1
		sed -i 's/mtu/xtu/' $d/vqnicd.yaml
		kill -HUP $(cat $d/pid)
		eventually "an error with its level" grep "^<3>.*vqnicd.yaml:11:9: unknown key" $d/log
		[ "$(grep -c '^<3>' $d/log)" = 1 ] || fail "more than one line on an error"
		grep '^<5>web2 on .*: add, by SIGHUP' $d/log
		stop_daemon
		eventually "its end" told STOPPING=1
	EOF
}

# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The dirty log of a device bound to vhost_vdpa, tests/system/vhost_log.c.

wire=loopback once='' cpus=2

log_test() { guest -t 240 "add vdpa0 mac $mac0; vhost_log vdpa0 $1"; }

test_log_pages() { log_test pages; }
test_log_asid() { log_test asid; }
test_log_refused() { log_test refused; }
test_log_resets() { log_test resets; }
test_log_kill() { log_test kill; }
test_log_race() { log_test race; }

# The host's own driver shares its address space with everybody.
test_log_host() {
	guest <<-EOF
		add vdpa0 mac $mac0
		ip link set vdpa0 up
		refused /vqnic/build/tests/vhost_log vdpa0 hold | grep "no address space of its own"
	EOF
}

# The device goes away under a log, in each way that there is.
test_log_device_gone() {
	guest -t 120 <<-EOF
		for how in "vdpa dev del vdpa0" "rmmod vqnic" "echo 1 >/sys/bus/pci/devices/0000:00:05.0/remove"; do
			[ -d /sys/module/vqnic ] || insmod \$ko
			add vdpa0 mac $mac0
			vhost_log vdpa0 hold >/tmp/vhost_log.out 2>&1 &
			eventually "a log" grep held /tmp/vhost_log.out
			vqnicctl dev show vdpa0 | grep "log_iova 0x5000 log_size 167800832"
			eval "\$how"
			wait \$! || fail "\$how: \$(cat /tmp/vhost_log.out)"
			cat /tmp/vhost_log.out
		done
		echo 1 >/sys/bus/pci/rescan
	EOF
}

# A guest moves by the log under traffic, there and back: tests/system/vhost_migrate.c. SEEDS=N: for so many seeds.
test_migrate_log() {
	guest -t $((180 + 60 * ${SEEDS:-1})) <<-EOF
		for i in 0 1 2; do
			# The guest has the same address wherever it is.
			add vdpa\$i mac 52:54:00:12:37:0\$((i / 2))
			bind_to vhost_vdpa vdpa\$i
		done
		for seed in \$(seq ${SEEDS:-1}); do /vqnic/build/tests/vhost_migrate vdpa0 vdpa1 vdpa2 \$seed; done
	EOF
}

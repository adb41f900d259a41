# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# Guests that die. The last that a VM runs: see below.

wire=bridge once='' options=--nested

# QEMU dies at any moment of its life; the device and its memory are free at once. KILLS times. Pinned pages are not
# counted here: if a signal comes while vhost_vdpa_pa_map() pins memory, vhost itself (6.12 to 7.3) forgets up to 512 that
# it has pinned and not yet mapped; a test that counts them does not come after this one.
test_guest_killed() {
	device
	guest -t $((${KILLS:-2} * 120)) <<-EOF
		RANDOM=1
		for i in \$(seq ${KILLS:-2}); do
			# A guest is up after 10 s; half of them are killed before, the others with traffic.
			if ((i % 2)); then
				inner start g0 --vdpa vdpa0 &
				pause=\$((RANDOM % 8)).\$((RANDOM % 10))
				eventually "a guest that starts" inner alive g0
				sleep \$pause
			else
				inner start g0 --warm --vdpa vdpa0
				inner exec g0 'ip link set eth0 up; ip address add $ip0/24 dev eth0; ping -f $wire_ip >/dev/null &'
				pause=\$((RANDOM % 2)).\$((RANDOM % 10))
				sleep \$pause
			fi
			echo "killed \$pause s after it was started"
			inner kill g0
			wait
			eventually "nothing mapped" unmapped
		done
	EOF
	start_warm
	address
	guest 'inner stop g0; eventually "nothing mapped" unmapped'
}

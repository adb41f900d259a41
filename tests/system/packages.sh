# shellcheck shell=bash disable=SC2034,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The Debian packages in the host VM. The compiler takes minutes there: so they come installed, as dpkg left them in the
# lab. DPKG_IN_VM=yes has all of it done in the VM.

wire=tap once=''

test_installed_packages() {
	flock build/tests/installed.lock make --no-print-directory VQNIC_IN_LAB=1 build/tests/installed.tar
	{
		echo "in_vm=${DPKG_IN_VM:-} mac0=$mac0"
		cat <<-'EOF'
			there() { tests/system/root /tmp/packages "$@"; }
			modprobe overlay
			rmmod vqnic
			rm -rf /tmp/packages
			mkdir -p /tmp/packages/changes
			kernels=$(cd / && echo usr/lib/modules/*)
			this=usr/lib/modules/$(uname -r)
			if [ -n "$in_vm" ]; then
				# One kernel, as most machines have.
				export HIDDEN=${kernels/$this/}
				mapfile -t packages < <(printf '%s\n' build/deb/*.deb | grep -v dbgsym)
				there dpkg --path-include='*' -i "${packages[@]}"
			else
				tar -C /tmp/packages/changes -xf build/tests/installed.tar
			fi

			module=$(there modinfo -n vqnic)
			[ "$module" = "/${this#usr/}/updates/dkms/vqnic.ko.xz" ] || fail "modprobe vqnic would load $module"
			there modprobe vqnic
			add vdpa0 mac $mac0
			there vqnicctl card show | grep -F "$(card)" || fail "the tool does not see the card"
			there vqnicctl dev show | grep vdpa0 || fail "the tool does not see the device"
			vdpa dev del vdpa0
			rmmod vqnic

			# depmod takes a minute for each kernel, unless there are few modules. What it writes is another thing then.
			written='^$'
			if [ -z "$in_vm" ]; then
				HIDDEN=${kernels// //kernel }/kernel
				export HIDDEN written='/modules\.[a-z.]*( is missing)?$'
			fi
			# shellcheck disable=SC2046  # words
			there dpkg --purge $(there dpkg-query -W -f '${Package} ' '*vqnic*')
			there modinfo -n vqnic && fail "modprobe still finds the module"
			left=$(tests/system/root /tmp/packages | grep -vE "$written" || true)
			[ -z "$left" ] || fail "left behind: $left"
			rm -rf /tmp/packages
		EOF
	} | guest -t 1500
}

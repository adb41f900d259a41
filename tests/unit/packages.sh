#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make install` and `make deb` give a user is complete, and goes away again. The packages are built, checked by
# lintian, and installed in a copy of the lab's root, where dkms builds the module for every kernel of the lab. The VMs'
# part is tests/system/packages.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

. tests/tap.sh

# Or make would take itself for the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL
version=$(sed -n 's/^VQNIC_VERSION := //p' ctl/rules.mk)
multiarch=$(cc -print-multiarch)
readonly version multiarch deb=build/deb
readonly packages='libvqnic-dev libvqnic1 vqnic-dkms vqnic-sim vqnic-tools'

# Files below the folder $1, without those that are many of a kind: pages of functions and objects, sources of the module.
files_below() {
	(cd "$1" && find . ! -type d -printf '%P\n') |
		sed -E 's,(man3/vqnic)_[a-z_]+,\1_*,; s,(man8/vqnicctl)-[a-z]+,\1-*,; s,(src/vqnic-.*/)[^/]+\.[ch]$,\1*.[ch],' | sort -u
}

# As from outside the lab. A folder that is there stays as it is.
install_below() {
	printf '%s\n' '#!/bin/sh' 'case $1 in run) shift; exec "$@" ;; esac' >"$work/lab"
	chmod +x "$work/lab"
	mkdir -p "$work/there/elsewhere"
	chmod 2775 "$work/there/elsewhere"
	ln -s elsewhere "$work/there/opt"
	make --no-print-directory LAB="$work/lab" install DESTDIR="$work/there" PREFIX=/opt/vqnic LIBDIR=/opt/vqnic/lib64 || return
	[ "$(stat -c %a "$work/there/elsewhere")" = 2775 ] || return
	grep -qx libdir=/opt/vqnic/lib64 "$work/there/opt/vqnic/lib64/pkgconfig/vqnic.pc" || return
	"$work/there/opt/vqnic/bin/vqnicctl" --version | grep -x "vqnicctl $version" &&
		"$work/there/opt/vqnic/bin/vqnic-sim" --version | grep "^vqnic-sim $version," || return
	diff - <(files_below "$work/there") <<-END
		elsewhere/vqnic/bin/vqnic-sim
		elsewhere/vqnic/bin/vqnicctl
		elsewhere/vqnic/include/linux/vqnic.h
		elsewhere/vqnic/include/vqnic/vqnic.h
		elsewhere/vqnic/lib/systemd/system/vqnicd.service
		elsewhere/vqnic/lib64/libvqnic.a
		elsewhere/vqnic/lib64/libvqnic.so
		elsewhere/vqnic/lib64/libvqnic.so.${version%%.*}
		elsewhere/vqnic/lib64/libvqnic.so.$version
		elsewhere/vqnic/lib64/pkgconfig/vqnic.pc
		elsewhere/vqnic/sbin/vqnicd
		elsewhere/vqnic/share/bash-completion/completions/vqnicctl
		elsewhere/vqnic/share/man/man1/vqnic-sim.1
		elsewhere/vqnic/share/man/man3/libvqnic.3
		elsewhere/vqnic/share/man/man3/vqnic_*.3
		elsewhere/vqnic/share/man/man5/vqnicd.yaml.5
		elsewhere/vqnic/share/man/man8/vqnicctl-*.8
		elsewhere/vqnic/share/man/man8/vqnicctl.8
		elsewhere/vqnic/share/man/man8/vqnicd.8
		elsewhere/vqnic/share/zsh/site-functions/_vqnicctl
		opt
		usr/src/vqnic-$version/*.[ch]
		usr/src/vqnic-$version/Kbuild
		usr/src/vqnic-$version/dkms.conf
		usr/src/vqnic-$version/include/uapi/linux/*.[ch]
		usr/src/vqnic-$version/probe/*.[ch]
	END
}

# The tests of host VMs make them too.
make_once() { flock build/tests/installed.lock make --no-print-directory VQNIC_IN_LAB=1 "$1"; }

built() {
	make_once deb && diff <(tr ' ' '\n' <<<"$packages") <(cd $deb && printf '%s\n' *.deb | sed '/dbgsym/d; s/_.*//')
}

complaints() {
	local said
	said=$(lintian --allow-root --fail-on error,warning $deb/*.changes) && [ -z "$said" ] || { echo "$said"; return 1; }
}

# What is in which package, but for the documentation that every package has.
contents() {
	local package file
	for package in $packages; do
		dpkg-deb -x "$(printf '%s\n' "$deb/${package}_"*.deb)" "$work/$package"
		files_below "$work/$package" | grep -vxE "usr/share/doc/$package/(copyright|changelog.*\.gz)" | sed "s/^/$package /"
		for file in copyright changelog.gz changelog.Debian.gz; do
			[ -e "$work/$package/usr/share/doc/$package/$file" ] || echo "$package has no $file"
		done
	done >"$work/contents"
	diff - "$work/contents" <<-END
		libvqnic-dev usr/include/linux/vqnic.h
		libvqnic-dev usr/include/vqnic/vqnic.h
		libvqnic-dev usr/lib/$multiarch/libvqnic.a
		libvqnic-dev usr/lib/$multiarch/libvqnic.so
		libvqnic-dev usr/lib/$multiarch/pkgconfig/vqnic.pc
		libvqnic-dev usr/share/man/man3/libvqnic.3.gz
		libvqnic-dev usr/share/man/man3/vqnic_*.3.gz
		libvqnic1 usr/lib/$multiarch/libvqnic.so.${version%%.*}
		libvqnic1 usr/lib/$multiarch/libvqnic.so.$version
		vqnic-dkms usr/src/vqnic-$version/*.[ch]
		vqnic-dkms usr/src/vqnic-$version/Kbuild
		vqnic-dkms usr/src/vqnic-$version/dkms.conf
		vqnic-dkms usr/src/vqnic-$version/include/uapi/linux/*.[ch]
		vqnic-dkms usr/src/vqnic-$version/probe/*.[ch]
		vqnic-sim usr/bin/vqnic-sim
		vqnic-sim usr/share/man/man1/vqnic-sim.1.gz
		vqnic-tools usr/bin/vqnicctl
		vqnic-tools usr/lib/systemd/system/vqnicd.service
		vqnic-tools usr/sbin/vqnicd
		vqnic-tools usr/share/bash-completion/completions/vqnicctl
		vqnic-tools usr/share/man/man5/vqnicd.yaml.5.gz
		vqnic-tools usr/share/man/man8/vqnicctl-*.8.gz
		vqnic-tools usr/share/man/man8/vqnicctl.8.gz
		vqnic-tools usr/share/man/man8/vqnicd.8.gz
		vqnic-tools usr/share/zsh/vendor-completions/_vqnicctl
	END
}

there() { tests/system/root "$work/root" "$@"; }

installed() {
	make_once build/tests/installed.tar && mkdir -p "$work/root/changes" &&
		tar -C "$work/root/changes" -xf build/tests/installed.tar
}

modules() {
	local path kernel
	for path in /lib/modules/*; do
		kernel=${path##*/}
		[ "$(there modinfo -k "$kernel" -n vqnic)" = "$path/updates/dkms/vqnic.ko.xz" ] &&
			there modinfo -k "$kernel" -F vermagic vqnic | grep "^$kernel " &&
			there grep -q "pci:v00001234d00007671.* vqnic$" "$path/modules.alias" || return 1
	done
}

programs() {
	[ "$(there vqnicctl --version)" = "vqnicctl $version" ] && there vqnic-sim --version | grep "^vqnic-sim $version," &&
		there ldd /usr/bin/vqnicctl | grep "libvqnic.so.${version%%.*} => /" &&
		there man -w vqnicctl vqnic-sim libvqnic vqnic_cards &&
		there sh -c 'cc -o /tmp/example docs/man/libvqnic-example.c $(pkg-config --cflags --libs vqnic) && /tmp/example'
}

removed() {
	# shellcheck disable=SC2086  # words
	there dpkg --status $packages >/dev/null && there dpkg --purge $packages || return
	[ -z "$(tests/system/root "$work/root" | tee /dev/stderr)" ]
}

check "make install puts everything below DESTDIR and PREFIX" install_below
check "make deb builds the packages" built
check "lintian has nothing to say" complaints
check "each package has what it is for" contents
check "the packages are installed" installed
check "dkms has built the module for every kernel" modules
check "programs, pages and library are found" programs
check "when the packages are removed, nothing is left" removed
check_end

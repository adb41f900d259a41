#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What `make install-ctl` installs is complete: a program is built against it with pkg-config alone, shared and static,
# and the shared library gives away its own functions only. The tool comes with its pages and completions, the daemon with
# its pages and its unit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

. tests/tap.sh

export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig

readonly example=docs/man/libvqnic-example.c

shared() {
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror -o "$work/shared" $example $(pkg-config --cflags --libs vqnic) &&
		LD_LIBRARY_PATH=$work/prefix/lib "$work/shared" &&
		readelf -d "$work/shared" | grep -q 'NEEDED.*\[libvqnic\.so\.[0-9]*\]'
}

static() {
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror -o "$work/static" $example $(pkg-config --cflags vqnic) \
		-Wl,-Bstatic $(pkg-config --libs vqnic) -Wl,-Bdynamic $(pkg-config --libs libnl-3.0 libnl-genl-3.0 zlib) &&
		"$work/static" && ! readelf -d "$work/static" | grep libvqnic
}

# Exactly the functions of the public header, each with a version.
symbols() {
	diff <(grep -oE '\bvqnic_[a-z_]+\(' ctl/include/vqnic/vqnic.h | tr -d '(' | sort -u) \
		<(nm -D --defined-only "$work/prefix/lib/libvqnic.so" | awk '$2 == "T" { print $3 }' |
			sed 's/@@VQNIC_[0-9.]*$//' | sort)
}

cplusplus() {
	# shellcheck disable=SC2046
	c++ -Wall -Wextra -Werror -fsyntax-only -x c++ $example $(pkg-config --cflags vqnic)
}

# What a shell finds by the name of the command.
beside_the_tool() {
	local share=$work/prefix/share
	grep -q '^complete -F _vqnicctl vqnicctl$' "$share/bash-completion/completions/vqnicctl" &&
		head -n 1 "$share/zsh/site-functions/_vqnicctl" | grep -x '#compdef vqnicctl'
}

# Each page that the sources have, in the folder of its section, under its own name.
pages() {
	local path name
	for path in docs/man/{vqnicctl,vqnicd}*.scd; do
		name=$(basename "$path" .scd)
		grep -q "^\.TH \"${name%.*}\" \"${name##*.}\"" "$work/prefix/share/man/man${name##*.}/$name" || {
			echo "$name is not installed"
			return 1
		}
	done
}

readonly unit=$work/prefix/lib/systemd/system/vqnicd.service

# What could be taken over with it, by systemd's own measure: 3.0 is the most that we let it be.
unit_is_tight() { systemd-analyze security --no-pager --offline=true --threshold=30 "$unit" | tail -n 40; }

# What is not understood in a unit is a warning only.
unit_is_right() {
	systemd-analyze verify --man=no "$unit" 2>&1 | tee "$work/said" && ! grep vqnicd.service "$work/said" &&
		grep -qx "ExecStart=$work/prefix/sbin/vqnicd" "$unit"
}

# A unit that could do more is refused.
unit_is_measured() {
	sed '/^\(CapabilityBoundingSet\|Protect\|Restrict\|SystemCallFilter\)/d' "$unit" >"$work/loose.service"
	! systemd-analyze security --no-pager --offline=true --threshold=30 "$work/loose.service" >"$work/said" &&
		grep 'Overall exposure level' "$work/said"
}

# Each function of the header is a page, which is that of the library.
library_pages() {
	local man=$work/prefix/share/man/man3 name
	grep -q '^.TH "libvqnic" "3"' "$man/libvqnic.3" &&
		diff <(nm -D --defined-only "$work/prefix/lib/libvqnic.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 ".3" }' | sort) \
			<(cd "$man" && printf '%s\n' vqnic_*.3 | sort) || return 1
	for name in "$man"/vqnic_*.3; do
		grep -qx '.so man3/libvqnic.3' "$name" && grep -q "$(basename "$name" .3 | sed 's/_/./g')(" "$man/libvqnic.3" ||
			return 1
	done
}

check "install" make --no-print-directory VQNIC_IN_LAB=1 PREFIX="$work/prefix" install-ctl
check "a program with the shared library" shared
check "a program with the static library" static
check "the header in C++" cplusplus
check "the library gives away the functions of its header" symbols
check "the tool's completions" beside_the_tool
check "the pages of tool and daemon" pages
check "the daemon" test "vqnicd $(pkg-config --modversion vqnic)" = "$("$work/prefix/sbin/vqnicd" --version)"
check "the daemon's unit is right" unit_is_right
check "the daemon's unit can do no more than it has to" unit_is_tight
check "a unit that could would be found" unit_is_measured
check "the library's pages" library_pages
check "the version is that of the tool" test "vqnicctl $(pkg-config --modversion vqnic)" = \
	"$("$work/prefix/bin/vqnicctl" --version)"
check_end

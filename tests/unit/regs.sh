#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Promises of hw/regs/generate, tried on a copy of the register map: what contradicts itself is refused by name, what is
# stale is found, and what is committed is current.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0

fresh_copy() {
	rm -rf "$work/top"
	mkdir -p "$work/top/hw" "$work/top/docs"
	cp -r hw/regs "$work/top/hw/"
	cp docs/registers.md "$work/top/docs/"
}

result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$work/out"
	fi
}

# refused NAME SED-SCRIPT MESSAGE: the map changed by SED-SCRIPT is refused with MESSAGE, and nothing is written.
refused() {
	fresh_copy
	sed -i "$2" "$work/top/hw/regs/vqnic.toml"
	! "$work/top/hw/regs/generate" >"$work/out" 2>&1 && grep -q "$3" "$work/out" &&
		cmp -s hw/regs/vqnic_regs.h "$work/top/hw/regs/vqnic_regs.h"
	result $? "$1"
}

hw/regs/generate --check >"$work/out" 2>&1
result $? committed-files-are-current

fresh_copy
sed -i 's/^version_minor = .*/version_minor = 99/' "$work/top/hw/regs/vqnic.toml"
! "$work/top/hw/regs/generate" --check >"$work/out" 2>&1 && [ "$(grep -c 'run hw/regs/generate' "$work/out")" -eq 3 ]
result $? stale-files-are-named
"$work/top/hw/regs/generate" >"$work/out" 2>&1 && "$work/top/hw/regs/generate" --check >>"$work/out" 2>&1 &&
	grep -q 'VQNIC_VERSION_MINOR_VALUE 99' "$work/top/hw/regs/vqnic_regs.h" &&
	grep -q 'VERSION_MINOR_VALUE = 99' "$work/top/hw/regs/vqnic_regs_pkg.sv" &&
	grep -q 'version 2.99' "$work/top/docs/registers.md"
result $? a-change-reaches-every-output

refused overlap-is-refused 's/"SCRATCH", offset = 0x050/"SCRATCH", offset = 0x04c/' 'EVENT and SCRATCH overlap'
refused duplicate-name-is-refused 's/"SCRATCH"/"MAGIC"/' 'MAGIC is defined twice'
refused misaligned-is-refused 's/"SCRATCH", offset = 0x050/"SCRATCH", offset = 0x051/' 'SCRATCH: offset 0x51 is not aligned'
refused bad-width-is-refused 's/"SCRATCH", offset = 0x050, width = 32/"SCRATCH", offset = 0x050, width = 24/' 'SCRATCH: width 24'
refused bad-access-is-refused 's/"SCRATCH", offset = 0x050, width = 32, access = "rw"/"SCRATCH", offset = 0x050, width = 32, access = "xx"/' \
	"SCRATCH: access 'xx'"
refused outside-the-window-is-refused 's/"SCRATCH", offset = 0x050/"SCRATCH", offset = 0x1000/' 'SCRATCH: offset 0x1000 is outside'
refused field-overlap-is-refused 's/"MAJOR", lsb = 16/"MAJOR", lsb = 8/' 'field MAJOR overlaps'
refused value-used-twice-is-refused 's/^DMA_WRITE = { value = 2/DMA_WRITE = { value = 1/' 'enum fault: a value is used twice'
refused broken-toml-is-refused 's/^\[map\]/[map/' 'vqnic.toml: '
echo "1..$count"

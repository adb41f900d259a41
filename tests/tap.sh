# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For test scripts, which source it: TAP lines, and a folder `work` of the script's own until it ends. Their last command
# is check_end.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0
failed=0

# check NAME COMMAND...: one test; what the command printed follows a failure.
check() {
	local name=$1
	shift
	checks=$((checks + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $checks - $name"
	else
		failed=1
		echo "not ok $checks - $name"
		sed 's/^/# /' "$work/out"
	fi
}

check_end() {
	echo "1..$checks"
	return "$failed"
}

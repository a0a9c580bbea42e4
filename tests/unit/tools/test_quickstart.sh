#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# quickstart where the kernel may not be watched: it says why, and the alerts are
# those of the capture that comes with the sources. Without the capability when
# this runs as root, and without root.
set -euo pipefail

expected="Account secrets read by unexpected program
Link made to account secrets
Program started from anonymous memory
Program started from shared memory
Program wired to the network
Program wired to the network
Secrets searched for
Set-user-ID bit set
Shell history erased
System log cleared"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	printf '%s\n' "$@" >&2
	cat "$work/err" >&2
	exit 1
}

# quickstart REASON COMMAND...: runs it by way of the command and compares.
quickstart() {
	local reason=$1 alerts
	shift
	# shellcheck disable=SC2016
	"$@" bash -c '. "$1/tools/quickstart"; run "$2" -c /dev/null -o json_output=true' bash \
		"$SAKER_SOURCE_ROOT" "$SAKER_EXE" >"$work/out" 2>"$work/err" || fail "exit code $?"
	grep -q "$reason" "$work/err" || fail "the reason is not '$reason'"
	grep -q "nothing of this happened on this machine" "$work/err" || fail "it is not called a replay"
	alerts=$(sed -n 's/.*"rule":"\([^"]*\)".*/\1/p' "$work/out" | sort)
	[[ $alerts == "$expected" ]] || fail "other alerts:" "$alerts"
	grep -q '"hostname":' "$work/out" || fail "arguments do not get through"
}

if ((EUID)); then
	quickstart "needs root" env
	exit 0
fi
command -v setpriv >/dev/null || {
	echo "SKIP: setpriv (util-linux) is missing"
	exit 77
}
reason="withholds CAP_SYS_ADMIN"
[[ -e /sys/kernel/btf/vmlinux ]] || reason="does not describe its types"
quickstart "$reason" setpriv --bounding-set -sys_admin --inh-caps -sys_admin
# As nobody, if that user can get at the checkout.
if setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$SAKER_EXE" -a -r "$SAKER_SOURCE_ROOT/tools/quickstart"; then
	chmod 777 "$work"
	quickstart "needs root" setpriv --reuid 65534 --regid 65534 --clear-groups
fi

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without a probe and without rights: the agent with engine.kind=nodriver, and
# evtcap --engine procfs, see a program begin and end. As nobody when this is root.
set -euo pipefail

work=$(mktemp -d)
chmod 755 "$work"
pids=()
cleanup() {
	((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

plain=()
if ((EUID == 0)); then
	plain=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	if ! command -v setpriv >/dev/null || ! "${plain[@]}" test -x "$SAKER_EXE" -a -x "$EVTCAP_EXE"; then
		plain=()
		echo "note: nobody cannot get at the build; this runs with the rights there are"
	fi
fi

# wait_for FILE PATTERN
wait_for() {
	local n
	for ((n = 0; n < 200; n++)); do
		grep -q -e "$2" "$1" && return 0
		sleep 0.1
	done
	echo "'$2' is not in $1:"
	cat "$work"/*
	exit 1
}

cat >"$work/rules.yaml" <<'EOF'
- rule: Begins
  desc: A program begins.
  condition: evt.type in (execve, execveat) and evt.res=SUCCESS and proc.name=sleep and proc.args contains 9876
  output: begins %proc.pid %proc.exe %evt.arg.filename
  priority: WARNING
- rule: Ends
  desc: It ends.
  condition: evt.type=procexit and proc.name=sleep and proc.args contains 9876
  output: ends %proc.pid ret=%evt.arg.ret
  priority: WARNING
EOF
"${plain[@]}" "$SAKER_EXE" -c /dev/null -U -o engine.kind=nodriver -r "$work/rules.yaml" >"$work/alerts" 2>"$work/err" &
pids+=($!)
"${plain[@]}" "$EVTCAP_EXE" --engine procfs --poll 100 -p '%evt.type %proc.pid %proc.args' \
	'proc.name=sleep and evt.type in (execve, procexit)' >"$work/shown" 2>"$work/shown.err" &
pids+=($!)
wait_for "$work/err" nodriver
# Both have looked once by the time that they tell of a program that began after them.
for ((n = 0; n < 20; n++)); do
	sleep 9876.$n &
	sleeper=$!
	sleep 1.2
	grep -q "begins $sleeper" "$work/alerts" && grep -q "execve $sleeper 9876.$n" "$work/shown" && break
	kill "$sleeper"
done
wait_for "$work/alerts" "begins $sleeper sleep <NA>"
kill "$sleeper"
wait_for "$work/alerts" "ends $sleeper ret=<NA>"
wait_for "$work/shown" "procexit $sleeper"
kill -INT "${pids[@]}"
wait "${pids[0]}" || { echo "the agent's exit code: $?"; exit 1; }
wait "${pids[1]}" || { echo "evtcap's exit code: $?"; exit 1; }
pids=()
grep -q "procfs: \([0-9]*\) seen = \1 delivered + 0 dropped" "$work/shown.err" || {
	grep -q "dropped" "$work/shown.err" || { cat "$work/shown.err"; exit 1; }
}
echo "all seen, by ${plain[2]:-$EUID}"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# profile.sh - shows in which functions and lines BPF programs execute the instructions of
# an exchange: a virtual machine traces each instruction while exchanges are made.
#
# Inputs, all from the environment: BUILD, KERNEL as for run.sh; ROW and STATE, one each.
# Outputs: BUILD/bench/profile.functions and profile.lines; the first is printed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
BUILD=${BUILD:-build}
KERNEL=${KERNEL:-newest}
ROW=${ROW:-keep_alive}
STATE=${STATE:-watched}
# A trace has a line of 70 bytes for each instruction, so this is enough for some dozen exchanges.
TRACE_BYTES=$((300 * 1000 * 1000))
MACHINE_SECONDS=600

work=$(mktemp -d)
mkfifo "$work/monitor.in" "$work/monitor.out"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

REDTAP_BUILD=$BUILD tests/kernels/boot.sh -c -q "$work/monitor" -t "$MACHINE_SECONDS" \
	-f "$BUILD/bench/bench_guest" -f "$BUILD/bench/empty.bpf.o" -f "$BUILD/redtap" \
	"$KERNEL" /build/bench/bench_guest -p -r "$ROW" -s "$STATE" >"$work/console" 2>&1 &
machine=$!
cat "$work/monitor.out" >/dev/null &
exec 3<>"$work/monitor.in"

until grep -q '^bench: {"profile":true}' "$work/console"; do
	if ! kill -0 "$machine" 2>/dev/null; then
		tail -n 20 "$work/console" >&2
		echo "profile: the machine has ended before it could be traced" >&2
		exit 1
	fi
	sleep 0.5
done
printf 'logfile %s\nsinglestep on\nlog exec,nochain\n' "$work/trace" >&3
while kill -0 "$machine" 2>/dev/null; do
	size=$(stat -c %s "$work/trace" 2>/dev/null || echo 0)
	((size < TRACE_BYTES)) || break
	sleep 0.5
done
printf 'log none\nquit\n' >&3
wait "$machine" || : # it was stopped in the middle of its command

"$BUILD/bench/profile" "$work/console" "$work/trace" >"$BUILD/bench/profile.functions"
"$BUILD/bench/profile" -l "$work/console" "$work/trace" >"$BUILD/bench/profile.lines"
cat "$BUILD/bench/profile.functions"
echo "by line: $BUILD/bench/profile.lines"

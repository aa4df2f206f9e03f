#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# run.sh - measures exchanges in a virtual machine that counts instructions, and
# compares with tests/bench/baseline.json.
#
# Inputs, all from the environment: BUILD with redtap, bench/ and kernels/KERNEL; KERNEL,
# ROWS, STATES, UPDATE: see bench.mk.  Outputs: a table, BUILD/bench/instructions.json
# (with ROWS or STATES: only these), the last line "bench: N passed, N failed, N skipped",
# which counts each row in each state.  Exit status 0 only if no count has grown.  It must
# not know how the instructions are counted.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
BUILD=${BUILD:-build}
KERNEL=${KERNEL:-newest}
ROWS=${ROWS:-keep_alive browser_heads one_request routes_500 ignored}
STATES=${STATES:-nothing empty unwatched watched}
BASELINE=tests/bench/baseline.json
# Five rows in four states take two minutes on an idle CPU.
MACHINE_SECONDS=900

# Each result is also shown as the difference to the state `nothing`.
[[ " $STATES " == *" nothing "* ]] || STATES="nothing $STATES"

log=$(mktemp)
trap 'rm -f "$log" "$log.report"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

status=0
REDTAP_BUILD=$BUILD tests/kernels/boot.sh -c -t "$MACHINE_SECONDS" \
	-f "$BUILD/bench/bench_guest" -f "$BUILD/bench/empty.bpf.o" -f "$BUILD/redtap" \
	"$KERNEL" /build/bench/bench_guest -r "$ROWS" -s "$STATES" >"$log" 2>&1 || status=$?
if ((status != 0)) || ! grep -q '^bench: {"complete":true}' "$log"; then
	cat "$log"
	echo "bench: the machine has ended with status $status" >&2
	echo "bench: 0 passed, 1 failed, 0 skipped"
	exit 1
fi

# The version of qemu decides about the CPU's features, and so about the kernel's code.
qemu=$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
if [[ ! -e $BASELINE ]]; then
	echo '{}' >"$BASELINE"
fi
sed -n 's/^bench: {/{/p' "$log" | jq --slurp --arg kernel "$KERNEL" --arg qemu "$qemu" \
	--arg rows "$ROWS" --arg states "$STATES" --slurpfile baseline "$BASELINE" \
	--argjson accept "$([[ ${UPDATE:-0} == 1 ]] && echo true || echo false)" \
	--from-file tests/bench/report.jq >"$log.report"
jq --raw-output '.lines[]' "$log.report"
jq .result "$log.report" >"$BUILD/bench/instructions.json"
if [[ ${UPDATE:-0} == 1 ]] && jq --exit-status '.failed == 0' "$log.report" >/dev/null; then
	jq .baseline "$log.report" >"$BASELINE.new"
	mv "$BASELINE.new" "$BASELINE"
fi
jq --raw-output '"bench: \(.passed) passed, \(.failed) failed, 0 skipped"' "$log.report"
jq --exit-status '.failed == 0 and .passed > 0' "$log.report" >/dev/null

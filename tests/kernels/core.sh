#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# core.sh - the most important end-to-end tests in a virtual machine with the newest
# kernel, for machines on which BPF programs cannot be loaded.
#
# Inputs: BUILD with the programs of the tests, statsd_exporter and kernels/newest;
# prometheus on PATH.  Outputs: the machine's output, with cmocka's closing lines.  Exit
# status 0 only if every test has passed.  It must not know what is tested.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source-path=SCRIPTDIR source=../../stack/lib.sh
. stack/lib.sh
PROGRAM_NAME=core
BUILD=${BUILD:-build}
# More than twice the time on two idle CPUs.
SECONDS_MAX=2400
# Factor for all deadlines: the CPU is emulated, and the verifier runs on it.
PATIENCE=4

# test program | which of its tests (a pattern of cmocka).  They cover how requests are
# counted, and how processes and connections begin and end.  An attach takes many seconds there.
CORE='kernels/test_guest         | *
e2e/test_attach            | *_epoll
e2e/test_framing           | *
e2e/test_lifecycle         | *
e2e/test_routes            | *
e2e/test_privacy           | *'
HELPERS="redtap webapp"

exporter=$(statsd_exporter_find "$BUILD") || die "no statsd_exporter: run 'sudo make deps-test'"
prometheus=$(command -v prometheus) || die "no prometheus: run 'sudo make deps-test'"
files=(-f "$exporter" -f "$prometheus" -f stack/statsd_mapping.yml -f stack/prometheus.yml
	-f stack/rules/redtap.yml)
for name in $HELPERS; do
	files+=(-f "$BUILD/$name")
done
command="export REDTAP_BUILD=/build REDTAP_SOURCE=/ REDTAP_PATIENCE=$PATIENCE
export PATH=\$PATH:${prometheus%/*}:${exporter%/*}
status=0"
while IFS='|' read -r program pattern; do
	program=${program%% *} pattern=${pattern# }
	files+=(-f "$BUILD/$program")
	command+="
echo \"== $program, tests '$pattern'\"
REDTAP_TESTS='$pattern' /build/$program || status=1"
done <<<"$CORE"
say "the newest kernel, in a virtual machine; at most $((SECONDS_MAX / 60)) minutes"
REDTAP_BUILD=$BUILD exec tests/kernels/boot.sh -s -t "$SECONDS_MAX" -m 2048 "${files[@]}" \
	newest sh -c "$command
exit \$status"

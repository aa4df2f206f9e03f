#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# choose.sh SUITE... - prints the suites that this machine can run.  The signs between
# them, which are for summary.sh, stay.
#
# Inputs: BUILD with redtap; VM=1: as if BPF were refused here.  Outputs: on standard
# output a line of suites: the same ones; or, if the kernel or missing privileges refuse
# BPF, the suite `guest` (the most important end-to-end tests in a virtual machine) instead
# of those that load programs into the running kernel; on standard error what is refused.
# It must not know what the suites do.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
BUILD=${BUILD:-build}
REFUSED=" e2e e2e-beside e2e-alone places property concurrency "

wanted=() moved=()
for suite; do
	if [[ $REFUSED == *" $suite "* ]]; then
		moved+=("$suite")
	else
		wanted+=("$suite")
	fi
done
if ((${#moved[@]} > 0)); then
	if [[ ${VM:-} == 1 ]]; then
		echo "test: because of VM=1:" >&2
	elif ! report=$("$BUILD/redtap" check 2>&1); then
		printf '%s\n' "$report" >&2
		echo "test: redtap cannot attach on this machine, see above:" >&2
	else
		moved=()
	fi
fi
if ((${#moved[@]} > 0)); then
	echo "test: instead of ${moved[*]} the suite guest runs: the most important of these tests," \
		"in a virtual machine with the newest kernel" >&2
	echo "${wanted[*]} , guest"
else
	echo "$*"
fi

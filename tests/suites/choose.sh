#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# choose.sh SUITE... - prints the suites that this machine can run in their place.
# What stands between them for summary.sh stays.
#
# Inputs: BUILD with redtap; VM=1: as if BPF were refused here.  Outputs: on
# standard output a line of suites: the same, or where the running kernel or our
# privileges refuse BPF, the suite `guest` (the core of the end-to-end tests in a
# virtual machine) instead of those that load programs into the running kernel; on
# standard error what is refused.  It must not know what the suites do.
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
		echo "test: as VM=1 asks:" >&2
	elif ! report=$("$BUILD/redtap" check 2>&1); then
		printf '%s\n' "$report" >&2
		echo "test: redtap cannot attach on this machine, see above:" >&2
	else
		moved=()
	fi
fi
if ((${#moved[@]} > 0)); then
	echo "test: instead of ${moved[*]} the suite guest runs: the core of them," \
		"in a virtual machine with the newest kernel" >&2
	echo "${wanted[*]} , guest"
else
	echo "$*"
fi

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# summary.sh SUITE... - runs `make test-SUITE` for each and adds up their counts.
#
# Input: what the suites print: cmocka's closing lines ("[  PASSED  ] 12 test(s)."),
# or plain ones ("12 passed, 0 failed, 0 skipped").  Output: all that, passed
# through; BUILD/test-SUITE.log; a line "SUITE passed failed skipped" each in
# BUILD/test-results.txt; at the end the plain closing line of them all.  Exit
# status 0 only if nothing failed.  It must not know what is tested.
#
# A suite that prints no count, or fails without counting a failure, is one
# failure; so is a program that begins and never comes to its closing line.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source-path=SCRIPTDIR source=../stack/lib.sh
. stack/lib.sh
BUILD=${BUILD:-build}
RESULTS=$BUILD/test-results.txt

if (($# == 0)); then
	echo "usage: tests/summary.sh SUITE..." >&2
	exit 2
fi

# count LOG STATUS: prints "passed failed skipped".
count() {
	awk -v status="$2" '
		# The group name stands before these in newer versions of cmocka.
		/^\[==========\] .*Running [0-9]+ test\(s\)/ { begun++ }
		/^\[==========\] .*[0-9]+ test\(s\) run/ { ended++ }
		/^\[  (PASSED|FAILED|SKIPPED) *\] [0-9]+ test\(s\)/ {
			split($0, parts, "] ")
			sum[substr($2, 1, 1)] += parts[2] + 0
			counted = 1
		}
		/^([a-z0-9_-]+: )?[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?\r?$/ {
			sub(/^[a-z0-9_-]+: /, "")
			sum["P"] += $1
			sum["F"] += $3
			sum["S"] += $5
			counted = 1
		}
		END {
			failed = sum["F"] + (begun > ended ? begun - ended : 0)
			if (failed == 0 && (status != 0 || !counted))
				failed = 1
			print sum["P"] + 0, failed, sum["S"] + 0
		}' "$1"
}

mkdir -p "$BUILD"
: >"$RESULTS"
for suite; do
	echo "=== $suite"
	status=0
	"${MAKE:-make}" --no-print-directory "test-$suite" 2>&1 |
		tee "$BUILD/test-$suite.log" || status=$?
	echo "$suite $(count "$BUILD/test-$suite.log" "$status")" >>"$RESULTS"
done

build_give_back "$BUILD"

echo "=== all"
awk '{
	printf "%-10s %d passed, %d failed, %d skipped\n", $1, $2, $3, $4
	passed += $2; failed += $3; skipped += $4
}
END {
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit (failed > 0 || passed == 0)
}' "$RESULTS"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# summary.sh SUITE... [+ SUITE...] [, ...] - runs `make test-SUITE` for each and
# adds up their counts.
#
# Suites run one after the other.  On both sides of a + they run side by side, those
# before the last + with low priority; behind a comma, with nothing beside them any
# more: `lint unit + e2e-beside , e2e-alone`.
#
# Input: what the suites print: cmocka's closing lines ("[  PASSED  ] 12 test(s)."),
# or plain ones ("12 passed, 0 failed, 0 skipped").  Output: all that, passed
# through, of suites that run side by side when each has ended; BUILD/test-SUITE.log;
# a line "SUITE passed failed skipped seconds" each in BUILD/test-results.txt; at the
# end the plain closing line of them all.  Exit status 0 only if nothing failed.  It
# must not know what is tested.
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
	echo "usage: tests/summary.sh SUITE... [+ SUITE...] [, ...]" >&2
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

LANES=() # process groups
NICE=()  # before the command of a suite

# suite_run SUITE SHOW: SHOW writes its input to a file, and perhaps shows it.
suite_run() {
	local status=0 begun=$SECONDS

	"${NICE[@]}" "${MAKE:-make}" --no-print-directory "test-$1" </dev/null 2>&1 |
		"$2" "$BUILD/test-$1.log" || status=$?
	echo "$1 $(count "$BUILD/test-$1.log" "$status") $((SECONDS - begun))" >>"$RESULTS"
}

keep() {
	cat >"$1"
}

# lane_run SUITE...: beside others, so each suite's output comes in one piece.
lane_run() {
	local suite

	for suite; do
		suite_run "$suite" keep
		{
			flock 9
			echo "=== $suite"
			cat "$BUILD/test-$suite.log"
		} 9<"$RESULTS"
	done
}

# A lane has a process group of its own, which Ctrl-C does not reach.
lanes_end() {
	local lane

	for lane in "${LANES[@]}"; do
		kill -TERM -- "-$lane" 2>/dev/null || true
	done
}
trap lanes_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stage_run "SUITE..." ["SUITE..."]...: each argument is a lane.
stage_run() {
	local suite lane status=0

	if (($# == 1)); then
		for suite in $1; do
			echo "=== $suite"
			suite_run "$suite" tee
		done
		return
	fi
	# Without -m, what runs in the background would ignore SIGINT, and so would
	# each program that the tests start and want to end by it.
	set -m
	LANES=()
	while (($# > 0)); do
		echo "=== side by side: $1"
		NICE=()
		(($# == 1)) || NICE=(nice -n 10)
		# Words of the lane: its suites.
		# shellcheck disable=SC2086
		lane_run $1 &
		LANES+=($!)
		shift
	done
	for lane in "${LANES[@]}"; do
		wait "$lane" || status=$?
	done
	LANES=()
	set +m
	return "$status"
}

mkdir -p "$BUILD"
: >"$RESULTS"
lanes=() suites=
for word in "$@" ","; do
	case $word in
	+ | ",")
		[[ -z $suites ]] || lanes+=("$suites")
		suites=
		[[ $word == + ]] || ((${#lanes[@]} == 0)) || {
			stage_run "${lanes[@]}"
			lanes=()
		}
		;;
	*) suites+=" $word" ;;
	esac
done

build_give_back "$BUILD"

echo "=== all"
awk '{
	printf "%-12s %d passed, %d failed, %d skipped (%d s)\n", $1, $2, $3, $4, $5
	passed += $2; failed += $3; skipped += $4
}
END {
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit (failed > 0 || passed == 0)
}' "$RESULTS"

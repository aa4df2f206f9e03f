#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# summary.sh SUITE... [+ SUITE...] [, ...] - runs `make test-SUITE` for each suite and
# adds up their counts.
#
# Suites run one after the other.  A + separates lists (lanes) of suites that run at the
# same time, all but the last with low priority.  After a comma, suites wait until all
# before it have ended: `lint unit + e2e-beside , e2e-alone`.
#
# Input: the output of the suites: cmocka's last lines ("[  PASSED  ] 12 test(s)."), or
# lines like "12 passed, 0 failed, 0 skipped".  Output: the same output (of suites that run
# at the same time, when each has ended); BUILD/test-SUITE.log; for each suite a line "SUITE
# passed failed skipped seconds" in BUILD/test-results.txt; the last line counts all.  Exit
# status 0 only if nothing failed.  It must not know what is tested.
#
# A suite that prints no counts, or fails without counting a failure, counts as one
# failure; so does a test program that ends without its last lines.
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
		# Newer versions of cmocka print the name of the group first.
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

# suite_run SUITE COMMAND: COMMAND (tee or keep) gets the output and the name of the log.
suite_run() {
	local status=0 begun=$SECONDS

	"${NICE[@]}" "${MAKE:-make}" --no-print-directory "test-$1" </dev/null 2>&1 |
		"$2" "$BUILD/test-$1.log" || status=$?
	echo "$1 $(count "$BUILD/test-$1.log" "$status") $((SECONDS - begun))" >>"$RESULTS"
}

keep() {
	cat >"$1"
}

# lane_run SUITE...: other lanes run, too, so each suite's output is printed in one piece.
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

# Ctrl-C does not reach the lanes, because each is a process group of its own.
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
	# Without -m, background jobs ignore SIGINT, and so would the programs that tests start
	# and end by SIGINT.
	set -m
	LANES=()
	while (($# > 0)); do
		echo "=== at the same time: $1"
		NICE=()
		(($# == 1)) || NICE=(nice -n 10)
		# The suites of the lane are words.
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

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# test_summary.sh - how tests/summary.sh runs and counts suites.
# Output: see testing.sh.  tests_run calls the tests by name, which shellcheck does not see.
# shellcheck disable=SC2317
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "${BASH_SOURCE[0]}")/testing.sh"

# summary_whole WORD...: the output of the suites that tests/summary.sh shows.
summary_whole() {
	cat >"$SCRATCH/make" <<-'END'
	#!/bin/sh
	case $2 in
	test-one) other=two ;;
	test-two) other=one ;;
	test-last) echo "last $(nice)"; exit ;;
	esac
	# Each waits for the other, which proves that they run at the same time.
	echo "$2 $(nice)"
	: >"$BUILD/$2"
	for i in $(seq 600); do
		[ -e "$BUILD/test-$other" ] && echo "$2 again" && exit
		sleep 0.1
	done
	END
	chmod +x "$SCRATCH/make"
	# None of these prints counts, so all have failed.
	fails 1 env BUILD="$SCRATCH" MAKE="$SCRATCH/make" "$TOP/tests/summary.sh" "$@" |
		sed '/^=== all/,$d; /^===/d'
}

# summary SUITE...: tests/summary.sh with a make that simulates the suites.
summary() {
	cat >"$SCRATCH/make" <<-'END'
	#!/bin/sh
	case $2 in
	test-good) printf '[==========] Running 3 test(s).\n[==========] 3 test(s) run.\n[  PASSED  ] 2 test(s).\n[  SKIPPED ] 1 test(s), listed below:\n' ;;
	test-new) printf '[==========] n: Running 4 test(s).\n[==========] n: 4 test(s) run.\n[  PASSED  ] 4 test(s).\r\n' ;;
	test-plain) echo 'plain: 5 passed, 0 failed, 2 skipped' ;;
	test-bad) printf '[==========] Running 3 test(s).\n[==========] 3 test(s) run.\n[  PASSED  ] 1 test(s).\n[  FAILED  ] 2 test(s), listed below:\n[  FAILED  ] test_x\n'; exit 2 ;;
	test-crash) printf '[==========] Running 3 test(s).\n'; exit 2 ;;
	test-half) printf '[==========] Running 3 test(s).\n[==========] Running 1 test(s).\n[==========] 1 test(s) run.\n[  PASSED  ] 1 test(s).\n' ;;
	test-status) echo '1 passed, 0 failed'; exit 2 ;;
	test-silent) : ;;
	esac
	END
	chmod +x "$SCRATCH/make"
	BUILD=$SCRATCH MAKE=$SCRATCH/make "$TOP/tests/summary.sh" "$@" | tail -n 1
}

test_summary() {
	expect "$(summary good new plain)" '11 passed, 0 failed, 3 skipped'
	expect "$(fails 1 summary good bad)" '3 passed, 2 failed, 1 skipped'
	expect "$(fails 1 summary crash)" '0 passed, 1 failed, 0 skipped'
	expect "$(fails 1 summary half)" '1 passed, 1 failed, 0 skipped'
	expect "$(fails 1 summary status)" '1 passed, 1 failed, 0 skipped'
	expect "$(fails 1 summary good silent)" '2 passed, 1 failed, 1 skipped'
	expect "$(cut -d' ' -f1-4 "$SCRATCH/test-results.txt")" $'good 2 0 1\nsilent 0 1 0'
}

# At the same time: counted as well, each output in one piece; after a comma, suites wait.
test_summary_side_by_side() {
	local output high low

	expect "$(summary good + new plain , good)" '13 passed, 0 failed, 4 skipped'
	expect "$(cut -d' ' -f1-4 "$SCRATCH/test-results.txt" | sort)" \
		$'good 2 0 1\ngood 2 0 1\nnew 4 0 0\nplain 5 0 2'
	expect "$(fails 1 summary good bad + new)" '7 passed, 2 failed, 1 skipped'
	expect "$(fails 1 summary good + crash , new)" '6 passed, 1 failed, 1 skipped'
	expect "$(summary + , good ,)" '2 passed, 0 failed, 1 skipped'
	# The first list of suites has a lower priority than the last one.
	output=$(summary_whole one + two , last)
	high=$(nice) low=$((high + 10 < 19 ? high + 10 : 19))
	[[ $output == "test-one $low"$'\ntest-one again\n'"test-two $high"$'\ntest-two again\n'"last $high" ||
		$output == "test-two $high"$'\ntest-two again\n'"test-one $low"$'\ntest-one again\n'"last $high" ]] ||
		die "found: $output"
}

tests_run

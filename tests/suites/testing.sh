# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# testing.sh - what the tests in this folder share: assertions, and how the tests run.
#
# Sourced by test_NAME.sh with `set -euo pipefail`.  Inputs: its functions test_*, and
# clean_up if there is something to end.  Each test has a directory of its own, SCRATCH; TOP is
# the source tree.  Output of tests_run: a line for each test, the counts at the end; exit
# status 0 if none failed.  It must not know what is tested.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PROGRAM_NAME=$(basename "$0" .sh)
# shellcheck source-path=SCRIPTDIR source=../../stack/lib.sh
. "$TOP/stack/lib.sh"

ALL_SCRATCH=$(mktemp -d)
clean_up() { :; }
trap 'clean_up; rm -rf "$ALL_SCRATCH"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

expect() {
	[[ $1 == "$2" ]] || die "expected '$2', found '$1'"
}

# expect_text TEXT PART...: TEXT contains each PART.
expect_text() {
	local part

	for part in "${@:2}"; do
		[[ $1 == *"$part"* ]] || die "'$part' is not in: ${1:0:1000}"
	done
}

# fails STATUS COMMAND...: prints the command's output; it must exit with STATUS.
fails() {
	local status=0 expected=$1

	shift
	"$@" 2>&1 || status=$?
	((status == expected)) || die "status $status, not $expected: $*"
}

# skip REASON: ends a test that cannot run on this machine.
skip() {
	echo "skipped: $*"
	exit 77
}

# Runs all tests at the same time: each has its own directory and ports, and mostly waits.
tests_run() {
	local name status passed=0 failed=0 skipped=0
	local -A pids

	for name in $(compgen -A function test_); do
		SCRATCH=$ALL_SCRATCH/$name
		mkdir "$SCRATCH"
		# A subshell, so that `set -e` works; its output is shown only if it fails.
		(trap - EXIT && set -e && "$name") >"$ALL_SCRATCH/$name.output" 2>&1 &
		pids[$name]=$!
	done
	for name in $(compgen -A function test_); do
		status=0
		wait "${pids[$name]}" || status=$?
		case $status in
		0)
			echo "ok      $name"
			passed=$((passed + 1))
			;;
		77)
			echo "skipped $name: $(sed -n 's/^skipped: //p' "$ALL_SCRATCH/$name.output")"
			skipped=$((skipped + 1))
			;;
		*)
			echo "FAILED  $name"
			sed 's/^/        /' "$ALL_SCRATCH/$name.output"
			failed=$((failed + 1))
			;;
		esac
	done
	echo "${PROGRAM_NAME#test_}: $passed passed, $failed failed, $skipped skipped"
	exit $((failed > 0))
}

# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# testing.sh - what the tests here share: what a test says, and how all of them run.
#
# Sourced by a test_NAME.sh behind stack/lib.sh.  Inputs: its functions test_*, and
# ALL_SCRATCH, a directory.  Each test has a directory of its own in SCRATCH.
# Output of tests_run: a line a test, the count at the end, exit status 0 if none
# failed.  It must not know what is tested.

expect() {
	[[ $1 == "$2" ]] || die "expected '$2', found '$1'"
}

# expect_text TEXT PART...: all of them in it.
expect_text() {
	local part

	for part in "${@:2}"; do
		[[ $1 == *"$part"* ]] || die "'$part' is not in: ${1:0:1000}"
	done
}

# fails STATUS COMMAND...: prints what it says; its status must be that one.
fails() {
	local status=0 expected=$1

	shift
	"$@" 2>&1 || status=$?
	((status == expected)) || die "status $status, not $expected: $*"
}

# skip REASON: ends a test that can not be made here.
skip() {
	echo "skipped: $*"
	exit 77
}

# All at once: each has a directory and ports of its own, and mostly waits.
tests_run() {
	local name status passed=0 failed=0 skipped=0
	local -A pids

	for name in $(compgen -A function test_); do
		SCRATCH=$ALL_SCRATCH/$name
		mkdir "$SCRATCH"
		# A subshell of its own `set -e`; its words only if it fails.
		(trap - EXIT && set -e && "$name") >"$ALL_SCRATCH/$name.words" 2>&1 &
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
			echo "skipped $name: $(sed -n 's/^skipped: //p' "$ALL_SCRATCH/$name.words")"
			skipped=$((skipped + 1))
			;;
		*)
			echo "FAILED  $name"
			sed 's/^/        /' "$ALL_SCRATCH/$name.words"
			failed=$((failed + 1))
			;;
		esac
	done
	echo "${PROGRAM_NAME#test_}: $passed passed, $failed failed, $skipped skipped"
	exit $((failed > 0))
}

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# lint.sh layers|format|tidy|shell... - checks the sources; apply-format rewrites them.
#
# Input: C files and shell scripts of the project; LINT_CFLAGS and LINT_BPF_CFLAGS, the
# flags of the compiler.  Output: the faults, file by file; the last line "N passed, N
# failed, N skipped" counts checks.  Exit status 0 only if there is no fault.  Only
# apply-format changes files.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Versions of clang-format format differently with the same settings, so one version decides.
FORMAT_VERSION=14

# Only checks whose findings are worth a change.
TIDY_CHECKS='-*
bugprone-argument-comment
bugprone-assert-side-effect
bugprone-bad-signal-to-kill-thread
bugprone-infinite-loop
bugprone-macro-repeated-side-effects
bugprone-misplaced-operator-in-strlen-in-alloc
bugprone-misplaced-pointer-arithmetic-in-alloc
bugprone-multiple-statement-macro
bugprone-posix-return
bugprone-redundant-branch-condition
bugprone-signal-handler
bugprone-signed-char-misuse
bugprone-string-literal-with-embedded-nul
bugprone-suspicious-enum-usage
bugprone-suspicious-include
bugprone-suspicious-memory-comparison
bugprone-suspicious-memset-usage
bugprone-suspicious-realloc-usage
bugprone-suspicious-semicolon
bugprone-terminating-continue
bugprone-undefined-memory-manipulation
bugprone-unused-return-value
cert-flp30-c
cert-msc30-c
clang-diagnostic-*
misc-misplaced-const
misc-redundant-expression
misc-unused-parameters
readability-misleading-indentation
readability-redundant-control-flow'

c_files() {
	find app bpf user tests vmlinux.h -name '*.[ch]' -print | LC_ALL=C sort
}

# shell_files PATTERN: the scripts whose first line matches, and, if the pattern is for
# bash, files named *.bash.
shell_files() {
	local file first

	while read -r file; do
		IFS= read -r first <"$file" || continue
		if [[ $first =~ $1 || ($file == *.bash && $1 == *bash*) ]]; then
			printf '%s\n' "$file"
		fi
	done < <(find .ci stack tests user -type f ! -name '*.[ch]' ! -path '*/seeds/*' -print |
		LC_ALL=C sort)
}

# Prints the name of the clang-format with this version; fails if there is none.
clang_format() {
	local name

	for name in "clang-format-$FORMAT_VERSION" clang-format; do
		if [[ $("$name" --version 2>/dev/null) == *" version $FORMAT_VERSION."* ]]; then
			printf '%s\n' "$name"
			return 0
		fi
	done
	return 1
}

check_format() {
	local format file status=0

	if ! format=$(clang_format); then
		echo "lint: format is not checked: there is no clang-format $FORMAT_VERSION; run 'sudo make deps-test'" >&2
		return 2
	fi
	while read -r file; do
		if ! "$format" --style=file "$file" | cmp -s - "$file"; then
			echo "$file: not formatted by .clang-format; run 'make format'"
			status=1
		fi
	done < <(c_files)
	return "$status"
}

apply_format() {
	local format

	format=$(clang_format) || {
		echo "lint: cannot format: there is no clang-format $FORMAT_VERSION; run 'sudo make deps-test'" >&2
		return 1
	}
	c_files | xargs "$format" --style=file -i
}

# tidy FLAGS: checks the files whose names are on standard input.
tidy() {
	local checks=${TIDY_CHECKS//$'\n'/,}

	# shellcheck disable=SC2016 # expanded by the inner shell
	xargs -P "$(nproc)" -n 4 sh -c 'flags=$1; shift
		exec clang-tidy --quiet --checks="$0" --header-filter="(app|bpf|tests|user)/.*" \
			--warnings-as-errors="*" "$@" -- $flags 2>&1' "$checks" "$1"
}

check_tidy() {
	local output status=0 include
	local flags="${LINT_CFLAGS:?} -DREDTAP_VERSION=\"\""

	for include in tests/*/; do
		flags+=" -I${include%/}"
	done
	output=$(c_files | grep '\.c$' | grep -v '\.bpf\.c$' | tidy "$flags") || status=1
	output+=$'\n'$(c_files | grep '\.bpf\.c$' | tidy "${LINT_BPF_CFLAGS:?}") || status=1
	if ((status != 0)); then
		grep -v '^[0-9]* warnings\? \|^$' <<<"$output" | awk '!printed[$0]++'
	fi
	return "$status"
}

check_shell() {
	local status=0

	shell_files '^#!/(usr/)?bin/(env )?(ba)?sh' | xargs shellcheck -x || status=1
	shell_files '^#!/bin/busybox sh' | xargs -r shellcheck -x -s dash -e SC2187 || status=1
	return "$status"
}

# Checks which file may include which.
check_layers() {
	local trees

	trees=$(sed -n 's/ >.*//p' tests/lint/layers.txt)
	# shellcheck disable=SC2086 # a word for each tree
	find $trees -name '*.[ch]' -print | LC_ALL=C sort |
		xargs awk -f tests/lint/layers.awk tests/lint/layers.txt
}

if [[ $* == apply-format ]]; then
	apply_format
	exit
fi
(($# > 0)) || set -- layers format tidy shell
passed=0 failed=0 skipped=0
for check; do
	status=0
	case $check in
	layers) check_layers || status=1 ;;
	format) check_format || status=$? ;;
	tidy) check_tidy || status=$? ;;
	shell) check_shell || status=$? ;;
	*)
		echo "lint: unknown check '$check'; allowed: layers, format, tidy, shell" >&2
		exit 2
		;;
	esac
	case $status in
	0) passed=$((passed + 1)) ;;
	2) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
done
echo "$passed passed, $failed failed, $skipped skipped"
exit $((failed > 0))

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# report.sh DIRECTORY [FILE] - prints how many lines of each file of user/ and of
# the shared headers were executed; with FILE, that file and the counts of its
# lines.
#
# Input: a build directory with programs that were built for clang's source-based coverage,
# and their counts in DIRECTORY/profiles.  Output: a table, files below 80 % marked;
# DIRECTORY/coverage.info (lcov's format).  It must not know which tests ran.  A process
# that is killed leaves no counts.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
BUILD=${1:?usage: tests/coverage/report.sh DIRECTORY [FILE]}

# Some distributions have these tools only with clang's version after the name.
llvm_tool() {
	local version

	version=$("${CLANG:-clang}" -dumpversion)
	command -v "$1" || command -v "$1-${version%%.*}" || {
		echo "coverage: no $1; install the package llvm" >&2
		return 1
	}
}

# redtap, and the unit tests, which contain its parts; one argument a line.
objects() {
	local program

	printf '%s\n' "$BUILD/redtap"
	for program in "$BUILD"/unit/test_*; do
		[[ $program == *.[od] ]] || printf -- '-object\n%s\n' "$program"
	done
}

# Reads lcov's lines: SF is a file, LF its lines, LH its executed lines.
print_table() {
	awk -F: -v root="$PWD/" '
		/^SF:/ { file = substr($2, index($2, root) == 1 ? length(root) + 1 : 1) }
		/^LF:/ { lines = $2 }
		/^LH:/ { hit = $2 }
		/^end_of_record/ && lines > 0 {
			printf "%-26s %4d of %4d lines %5.1f %%%s\n", file, hit, lines,
				100 * hit / lines, 100 * hit < 80 * lines ? "  below 80 %" : "" | "sort"
			all += lines
			all_hit += hit
		}
		END {
			close("sort")
			printf "%-26s %4d of %4d lines %5.1f %%\n", "all", all_hit, all,
				100 * all_hit / all
		}' "$BUILD/coverage.info"
}

profdata=$(llvm_tool llvm-profdata)
cov=$(llvm_tool llvm-cov)
mapfile -t arguments < <(objects)
arguments+=(-instr-profile="$BUILD/coverage.profdata")

if (($# > 1)); then
	exec "$cov" show "${arguments[@]}" "$2"
fi
"$profdata" merge -sparse -o "$BUILD/coverage.profdata" "$BUILD"/profiles/*.profraw
rm -f "$BUILD"/profiles/*.profraw
# Headers that are BPF only run in the kernel, where they are not counted.
"$cov" export -format=lcov "${arguments[@]}" user/*.[ch] user/*/*.[ch] \
	bpf/abi bpf/http bpf/tracker >"$BUILD/coverage.info"
print_table

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# run.sh SECONDS|seeds FUZZER... - runs each fuzzer for that time, or only its seeds.
#
# Input: BUILD/fuzz/fuzz_FUZZER and tests/fuzz/seeds/FUZZER.  Output: the fuzzers' output
# if they find something, else their statistics; new inputs in BUILD/fuzz/corpus/FUZZER,
# findings in BUILD/fuzz/found; the last line "N passed, N failed, 0 skipped" counts
# fuzzers, or seeds.  Exit status 0 only if nothing was found.  It must not know what is
# fuzzed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
BUILD=${BUILD:-build}
FOUND=$BUILD/fuzz/found

if (($# < 2)) || [[ ! ($1 == seeds || $1 =~ ^[1-9][0-9]*$) ]]; then
	echo "usage: tests/fuzz/run.sh SECONDS|seeds FUZZER..." >&2
	exit 2
fi
how=$1
shift

passed=0 failed=0
mkdir -p "$FOUND"

# Runs one fuzzer with these arguments; prints the output only if it finds something.
fuzzer() {
	local name=$1 log=$BUILD/fuzz/$1.log
	shift

	# Only an input that hangs without working meets this limit; the other: fuzz_limit_s.
	if nice -n 10 "$BUILD/fuzz/fuzz_$name" -timeout=600 -artifact_prefix="$FOUND/$name-" \
		"$@" >"$log" 2>&1; then
		return 0
	fi
	grep -v '^#[0-9]' "$log" | tail -n 60
	echo "fuzz_$name: found something; see $FOUND and $log"
	return 1
}

for name; do
	seeds=(tests/fuzz/seeds/"$name"/*)
	[[ -e ${seeds[0]} ]] || {
		echo "no seeds in tests/fuzz/seeds/$name" >&2
		exit 1
	}
	if [[ $how == seeds ]]; then
		for seed in "${seeds[@]}"; do
			if fuzzer "$name" "$seed"; then
				passed=$((passed + 1))
			else
				failed=$((failed + 1))
			fi
		done
		continue
	fi
	mkdir -p "$BUILD/fuzz/corpus/$name"
	echo "fuzz_$name: $how s"
	if fuzzer "$name" -max_total_time="$how" -max_len=4096 -print_final_stats=1 \
		"$BUILD/fuzz/corpus/$name" "tests/fuzz/seeds/$name"; then
		passed=$((passed + 1))
		sed -n 's/^stat::number_of_executed_units: */  inputs: /p
			s/^stat::new_units_added: */  of these, new to the corpus: /p' \
			"$BUILD/fuzz/$name.log"
	else
		failed=$((failed + 1))
	fi
done

echo "$passed passed, $failed failed, 0 skipped"
exit $((failed > 0))

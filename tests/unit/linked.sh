#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# linked.sh TEST.c - prints the files that a unit test or a fuzzer is linked with.
#
# Input: the includes of the file, followed recursively.  Output: a line for each helper of
# the tests ("tests/unit/unit.o") and for each folder of user/ ("user/base.a").  So make
# builds only what a test uses.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# What has been printed: "unit.h" or "base".
declare -A seen

visit() {
	local header name

	while read -r header; do
		name=${header%/*}
		[[ -z ${seen[$name]:-} ]] || continue
		seen[$name]=1
		# The tests simulate the kernel.
		if [[ -d user/$name && $name != kernel ]]; then
			echo "user/$name.a"
			visit user/"$name"/*.[ch]
		fi
		for name in tests/{unit,fuzz}/"${header%.h}"; do
			[[ ! -e $name.c ]] || echo "$name.o"
			[[ ! -e $name.h ]] || visit "$name".[ch]
		done
	done < <(sed -n 's/^#include "\(.*\)"$/\1/p' "$@")
}

visit "$1"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# linked.sh TEST.c - prints what a unit test or a fuzzer is linked with.
#
# Input: what the file includes, and what that includes in its turn.  Output: a line for
# each helper beside the tests ("tests/unit/unit.o"), and for each folder of user/
# ("user/base.a").  So a test waits only for what it uses.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# "unit.h" or "base": what has been printed.
declare -A seen

visit() {
	local header name

	while read -r header; do
		name=${header%/*}
		[[ -z ${seen[$name]:-} ]] || continue
		seen[$name]=1
		# The tests play the kernel themselves.
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

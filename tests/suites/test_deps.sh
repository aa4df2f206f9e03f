#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# test_deps.sh - what stack/deps.sh installs, and says, elsewhere than here.
# Output: as testing.sh has it.
# Tests are found by their names, which shellcheck does not see.
# shellcheck disable=SC2317
set -euo pipefail

PROGRAM_NAME=test_deps
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../stack/lib.sh
. "$TOP/stack/lib.sh"
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$TOP/tests/suites/testing.sh"
ALL_SCRATCH=$(mktemp -d)
trap 'rm -rf "$ALL_SCRATCH"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A machine without apt and without jq.
test_deps_elsewhere() {
	mkdir "$SCRATCH/bin"
	cp --symbolic-link /usr/bin/* "$SCRATCH/bin/" 2>/dev/null || true
	rm -f "$SCRATCH"/bin/{apt-get,jq}
	expect_text "$(PATH=$SCRATCH/bin fails 1 "$TOP/stack/deps.sh" demo)" \
		"missing (names of Debian's packages" "  jq"
	expect_text "$(fails 2 "$TOP/stack/deps.sh" nonsense)" "'nonsense'"
}

tests_run

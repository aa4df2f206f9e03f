#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# test_layers.sh - what `make lint LINT=layers` reports for a tree with a fault.
# Output: see testing.sh.  tests_run calls the tests by name, which shellcheck does not see.
# shellcheck disable=SC2317
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "${BASH_SOURCE[0]}")/testing.sh"

# Empty headers that are added to a copy of the tree; the faults include them.
HEADERS=(user/main.h user/flush/new.h user/send/new.h bpf/abi/new.h bpf/tables/plain.h bpf/tables/new.bpf.h
	bpf/calls/new.bpf.h bpf/kernel/new.bpf.h tests/e2e/stack/new.h)

# The faults: a new file, the header that it includes, the expected message.
PLANTED=(
	"user/base/own.c flush/new.h user/flush stands above user/base"
	"user/watch/own.h main.h user/main stands above user/watch"
	"user/collect/own.c send/new.h user/send stands beside user/collect"
	"user/flush/own.c new.h name the header's folder too, as in \"base/text.h\""
	"user/flush/own.c flush/none.h there is no such file"
	"user/flush/own.c tables/plain.h user/ must not include bpf/tables"
	"user/flush/own.c calls/new.bpf.h a .bpf.h is included by .bpf.h and .bpf.c alone"
	"bpf/tables/own.h tables/new.bpf.h a .bpf.h is included by .bpf.h and .bpf.c alone"
	"bpf/count/own.bpf.h calls/new.bpf.h bpf/calls stands above bpf/count"
	"bpf/http/own.bpf.h kernel/new.bpf.h bpf/kernel stands beside bpf/http"
	"bpf/abi/own.h flush/new.h bpf/ must not include user/flush"
	"tests/e2e/http/own.c stack/new.h tests/e2e/stack stands above tests/e2e/http"
	"tests/e2e/cases/own.c abi/new.h tests/e2e/ must not include bpf/abi"
)

# Copies the sources into SCRATCH.
tree_copy() {
	(cd "$TOP" && find bpf user tests/e2e tests/lint -type f -print0 | xargs -0 cp --parents -t "$SCRATCH")
}

lint() {
	"$SCRATCH/tests/lint/lint.sh" layers
}

# planted FILE LINE SAID: with a new FILE that has this LINE, lint fails and prints SAID.
planted() {
	mkdir -p "$(dirname "$SCRATCH/$1")"
	printf '/* Line 1. */\n%s\n' "$2" >"$SCRATCH/$1"
	expect_text "$(fails 1 lint)" "$3"
	rm "$SCRATCH/$1"
}

test_clean_tree() {
	tree_copy
	expect "$(lint)" '1 passed, 0 failed, 0 skipped'
}

test_includes() {
	local row file header said

	tree_copy
	(cd "$SCRATCH" && touch "${HEADERS[@]}")
	for row in "${PLANTED[@]}"; do
		read -r file header said <<<"$row"
		planted "$file" "#include \"$header\"" "$file:2: '$header': $said"
	done
}

test_circle() {
	tree_copy
	printf '#include "base/there.h"\n' >"$SCRATCH/user/base/here.h"
	planted user/base/there.h '#include "base/here.h"' \
		"user/base/there.h:2: 'user/base/here.h': a circle of includes: user/base/here.h user/base/there.h"
}

test_unknown_folder() {
	tree_copy
	planted user/attic/own.c '' "user/attic/own.c:1: 'user/attic': this layer is not in tests/lint/layers.txt"
	planted user/base/deep/own.c '' "'user/base/deep': this layer is not in"
	planted bpf/own.h '' "'bpf/own': this layer is not in"
}

tests_run

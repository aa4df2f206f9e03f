#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# test_documents.sh - what the documents name exists: files, targets, metrics, reasons, hooks.
#
# Inputs: the *.md files, and what they name.  Output: see testing.sh.
# test_docs.c tests help, manual page and completion.
# tests_run calls the tests by name, which shellcheck does not see; backticks are literal.
# shellcheck disable=SC2317,SC2016
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "${BASH_SOURCE[0]}")/testing.sh"
cd "$TOP"
DOCUMENTS=$(echo ./*.md ./*/README.md)

# quoted FILE...: the texts between backticks, one a line.
quoted() {
	grep -ho '`[^`]*`' "$@" | tr -d '`'
}

# expanded: names of metrics on standard input, with their braces expanded.
expanded() {
	local name

	while read -r name; do
		[[ ! $name =~ ^(http|redtap|flask)\.[a-z_.,{}]+$ || $name =~ \.(c|bash|service)$ ]] ||
			eval "printf '%s\n' $name"
	done
}

test_readme_is_short() {
	local words

	words=$(tr -d '|' <README.md | wc -w)
	((words <= 1400)) || die "README.md has $words words; details belong beside the code"
}

# Paths are relative to the tree, or to the folder of the document.
test_files_exist() {
	local document word name

	for document in $DOCUMENTS; do
		while read -r word; do
			case $word in
			build/e2e/*) name=tests/e2e/cases/${word#build/e2e/}.c ;;
			build/unit/*) name=tests/unit/${word#build/unit/}.c ;;
			*) name=$word ;;
			esac
			compgen -G "$name" >/dev/null || compgen -G "${document%/*}/$name" >/dev/null ||
				die "$document names '$word', which does not exist"
		done < <(
			grep -o '](\([^)#:]*\)' "$document" | cut -c 3- | grep . || true
			quoted "$document" | grep -E \
				'^[a-z][a-z0-9_./*]*(/|\.(c|h|sh|mk|yml|yaml|jq|json|8|bash|service))$|^build/(e2e|unit)/test_' || true
		)
	done
}

test_targets_exist() {
	local help target

	help=$(make help)
	while read -r target; do
		grep -qE "^  ([a-z-]+ )?$target |also.* $target\b" <<<"$help" || die "'make $target' is not in make help"
	done < <(
		# shellcheck disable=SC2086 # words
		{ quoted $DOCUMENTS && grep -h '^    ' $DOCUMENTS; } | grep -oE '\bmake [a-z]+(-[a-z]+)*( |$)' |
			cut -d' ' -f2 | sort -u
	)
}

# Metrics in the sources, with help texts, and in the documents are the same.
test_metrics_are_documented() {
	local name

	sed -n 's/^  - match: //p' stack/statsd_mapping.yml | sort >"$SCRATCH/mapped"
	quoted README.md user/README.md | expanded | sort -u >"$SCRATCH/documented"
	while read -r name; do
		grep -qxF "$name" "$SCRATCH/documented" ||
			grep -q "^${name//./\\.}\\.[a-z]*\$" "$SCRATCH/documented" || die "$name is not documented"
	done <"$SCRATCH/mapped"
	while read -r name; do
		grep -qx "${name//./\\.}\\(\\..*\\)\\?" "$SCRATCH/mapped" || die "$name has no help text"
	done < <(
		cat "$SCRATCH/documented"
		grep -hoE '"(http|redtap|flask)\.[a-z_.]+' user/statsd/*.c user/send/*.c | tr -d '"'
	)
}

test_reasons_and_hooks_are_documented() {
	local name

	while read -r name; do
		quoted bpf/README.md | grep -qxF "$name" || die "$name is not in bpf/README.md"
	done < <(
		sed -n '/^#define LOSS_REASONS/,/^#define REQUEST_PHASES/s/^\tX([A-Z_0-9]*, "\([a-z_0-9]*\)").*/\1/p' bpf/abi/abi.h
		sed -n 's/^\tROW([A-Z]*, TRACE[A-Z_]*, "\([a-z_]*\)".*/\1/p' user/kernel/hooks.c
	)
}

tests_run

# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `make lint` checks format, C and shell; `make format` brings all C files into
# the form of .clang-format.  LINT="tidy" and the like: only some of the checks.

# make defines a LINT of its own.
LINT_CHECKS = $(if $(filter default undefined,$(origin LINT)),format tidy shell,$(LINT))

.PHONY: lint test-lint format
##@ Change it
# The generated header is included by user/kernel/loader.c.
lint test-lint: $(BUILD)/redtap.skel.h ## format, clang-tidy, shellcheck [LINT="format tidy shell"]
	@BUILD=$(BUILD) LINT_CFLAGS='$(filter-out -MMD -MP -DREDTAP_VERSION=%,$(ALL_CFLAGS))' \
		LINT_BPF_CFLAGS='$(filter-out -MMD -MP,$(BPF_CFLAGS))' tests/lint/lint.sh $(LINT_CHECKS)

format: ## bring all C files into the form of .clang-format
	@tests/lint/lint.sh apply-format

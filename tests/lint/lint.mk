# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `make lint` checks layers (what files include), format, C and shell; `make format`
# brings all C files into the form of .clang-format.  LINT="layers" and the like: only
# some of the checks.

# make defines a LINT of its own.
LINT_CHECKS = $(if $(filter default undefined,$(origin LINT)),layers format tidy shell,$(LINT))

.PHONY: lint test-lint format
##@ Change it
# The compiler's checks take the generated header.
lint test-lint: $(if $(filter tidy,$(LINT_CHECKS)),$(BUILD)/redtap.skel.h) ## layers, format, clang-tidy, shellcheck [LINT="format tidy"]
	@BUILD=$(BUILD) LINT_CFLAGS='$(filter-out -MMD -MP -DREDTAP_VERSION=%,$(ALL_CFLAGS))' \
		LINT_BPF_CFLAGS='$(filter-out -MMD -MP,$(BPF_CFLAGS))' tests/lint/lint.sh $(LINT_CHECKS)

format: ## bring all C files into the form of .clang-format
	@tests/lint/lint.sh apply-format

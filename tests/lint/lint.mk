# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `make lint` checks layers (which file may include which), format, C (clang-tidy) and
# shell; LINT="layers shell" runs only these checks.  `make format` formats all C files by
# .clang-format.

# make has a default value for LINT.
LINT_CHECKS = $(if $(filter default undefined,$(origin LINT)),layers format tidy shell,$(LINT))

.PHONY: lint test-lint format
##@ Change it
# clang-tidy needs the generated header.
lint test-lint: $(if $(filter tidy,$(LINT_CHECKS)),$(BUILD)/redtap.skel.h) ## layers, format, clang-tidy, shellcheck [LINT="format tidy"]
	@BUILD=$(BUILD) LINT_CFLAGS='$(filter-out -MMD -MP -DREDTAP_VERSION=%,$(ALL_CFLAGS))' \
		LINT_BPF_CFLAGS='$(filter-out -MMD -MP,$(BPF_CFLAGS))' tests/lint/lint.sh $(LINT_CHECKS)

format: ## format all C files by .clang-format
	@tests/lint/lint.sh apply-format

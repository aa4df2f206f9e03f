# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `sudo make test`: every suite, and one closing line for all of them.

# A suite NAME is a target test-NAME.
SUITES ?= unit stack e2e kernels

.PHONY: test test-stack
test:
	@[ -z "$(filter e2e property kernels,$(SUITES))" ] || [ "$$(id -u)" = 0 ] || \
		{ echo "loading BPF programs needs root: use 'sudo make test', or SUITES='unit stack'" >&2; exit 1; }
	@BUILD=$(BUILD) stack/deps.sh build demo test
	+@BUILD=$(BUILD) MAKE="$(MAKE)" tests/summary.sh $(SUITES)

# The scripts of stack/ and this directory.
test-stack:
	@BUILD=$(BUILD) tests/suites/test_stack.sh

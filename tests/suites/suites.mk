# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `sudo make test`: every suite, and one closing line for all of them.

# A suite NAME is a target test-NAME.  What takes least, and finds most mistakes, first.
SUITES ?= lint unit fuzz stack e2e property concurrency kernels bench
# These load BPF programs into the running kernel.
SUITES_OF_ROOT = $(filter e2e property concurrency,$(SUITES))

.PHONY: test test-stack
test:
	@[ -z "$(SUITES_OF_ROOT)" ] || [ "$$(id -u)" = 0 ] || \
		{ echo "loading BPF programs needs root: use 'sudo make test', or SUITES='unit stack'" >&2; exit 1; }
	@BUILD=$(BUILD) stack/deps.sh build demo test
	+@BUILD=$(BUILD) MAKE="$(MAKE)" tests/summary.sh $(SUITES)

# The scripts of stack/ and this directory.
test-stack: $(BUILD)/webapp
	@BUILD=$(BUILD) tests/suites/test_stack.sh

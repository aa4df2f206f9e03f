# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `sudo make test`: every suite, and one closing line for all of them.

# A suite NAME is a target test-NAME.  What takes least, and finds most mistakes, first.
SUITES ?= lint unit fuzz stack e2e places property concurrency kernels bench
# These load BPF programs into the running kernel; where it refuses, or with VM=1,
# the suite `guest` takes their place.
SUITES_OF_ROOT = $(filter e2e places property concurrency,$(SUITES))

# Built side by side beforehand: the suites come one after the other.
SUITE_PROGRAMS = all $(patsubst %,%-programs,$(filter unit fuzz e2e,$(SUITES)))

.PHONY: test test-stack
test:
	@[ -z "$(SUITES_OF_ROOT)" ] || [ "$(VM)" = 1 ] || [ "$$(id -u)" = 0 ] || \
		{ echo "loading BPF programs needs root: use 'sudo make test', 'make test VM=1', or SUITES='unit stack'" >&2; exit 1; }
	@BUILD=$(BUILD) stack/deps.sh build demo test
	@echo "=== build"
	+@$(MAKE) --no-print-directory --silent --jobs="$$(nproc)" $(SUITE_PROGRAMS) || \
		echo "tests: what was not built is built again, and counted, in its suite" >&2
	+@[ -z "$(SUITES_OF_ROOT)" ] || $(MAKE) --no-print-directory $(BUILD)/redtap
	+@suites=$$(BUILD=$(BUILD) VM=$(VM) tests/suites/choose.sh $(SUITES)) && \
		BUILD=$(BUILD) MAKE="$(MAKE)" tests/summary.sh $$suites

# The scripts of stack/ and this directory.
test-stack: $(BUILD)/webapp
	@BUILD=$(BUILD) tests/suites/test_stack.sh

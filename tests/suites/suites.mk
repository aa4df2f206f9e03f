# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `sudo make test`: every suite, and a last line with the counts of all.

# A suite NAME is a target test-NAME.
SUITES ?= lint unit fuzz stack e2e places property concurrency bench kernels
# These load BPF programs into the running kernel; if it refuses, or with VM=1, the suite
# `guest` runs instead.
SUITES_OF_ROOT = $(filter e2e places property concurrency,$(SUITES))

# Two lists of suites run at the same time: virtual machines, which only compute, and take
# longest, with low priority; and the suites that fail fast, then those that mostly wait for
# flushes, scrapes and timers.  bench uses one CPU, kernels uses all, so it comes last.
# Then all other suites run, one after the other and alone: they compare times, or need
# every CPU.
SUITES_IN_MACHINES = bench kernels
SUITES_BESIDE_THEM = lint unit fuzz stack e2e-beside
# `e2e` has two parts (tests/e2e/e2e.mk); only those with programs.
SUITES_SPLIT = $(foreach suite,$(SUITES),$(if $(filter e2e,$(suite)),$(E2E_PARTS:%=e2e-%),$(suite)))
SUITES_STAGED = $(filter $(SUITES_IN_MACHINES),$(SUITES_SPLIT)) + \
		$(filter $(SUITES_BESIDE_THEM),$(SUITES_SPLIT)) , \
		$(filter-out $(SUITES_IN_MACHINES) $(SUITES_BESIDE_THEM),$(SUITES_SPLIT))

# All are built first, in parallel, so that the suites only run.
SUITE_PROGRAMS = all $(patsubst %,%-programs,$(filter unit fuzz e2e places property concurrency kernels bench,$(SUITES)))

# The property test has the same seed in each run, so that a failure comes from the change;
# `make test-property` alone takes another one each time.
.PHONY: test test-stack
##@ Test
test: ## everything, as root [SUITES="unit stack"] [VM=1]
	@[ -z "$(SUITES_OF_ROOT)" ] || [ "$(VM)" = 1 ] || [ "$$(id -u)" = 0 ] || \
		{ echo "loading BPF programs needs root: use 'sudo make test', 'make test VM=1', or SUITES='unit stack'" >&2; exit 1; }
	@BUILD=$(BUILD) stack/deps.sh build demo test
	@echo "=== build"
	+@$(MAKE) --no-print-directory --silent --keep-going --jobs="$$(nproc)" $(SUITE_PROGRAMS) || \
		echo "tests: the build has failed; the suites that need it build again, and fail" >&2
	+@[ -z "$(SUITES_OF_ROOT)" ] || $(MAKE) --no-print-directory $(BUILD)/redtap
	+@suites=$$(BUILD=$(BUILD) VM=$(VM) tests/suites/choose.sh $(SUITES_STAGED)) && \
		BUILD=$(BUILD) MAKE="$(MAKE)" SEED=$(or $(SEED),4004) tests/summary.sh $$suites

# The scripts of stack/ and of the tests.  All tests run, even if one fails.
test-stack: $(BUILD)/webapp ## the scripts, rules, compose file and documents
	@status=0; for tests in tests/suites/test_*.sh; do \
		BUILD=$(BUILD) $$tests || status=1; \
	done; exit $$status

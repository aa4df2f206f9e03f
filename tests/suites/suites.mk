# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# `sudo make test`: every suite, and one closing line for all of them.

# A suite NAME is a target test-NAME.
SUITES ?= lint unit fuzz stack e2e places property concurrency bench kernels
# These load BPF programs into the running kernel; where it refuses, or with VM=1,
# the suite `guest` takes their place.
SUITES_OF_ROOT = $(filter e2e places property concurrency,$(SUITES))

# Two lanes side by side: virtual machines, which only compute, and take longest, with
# low priority; and what fails first, then what mostly waits, for flushes, scrapes and
# timers.  The bench has one CPU, the kernels have all, so they come last.  All other
# suites come then, each with the machine to itself: they compare times, or need
# every CPU.
SUITES_IN_MACHINES = bench kernels
SUITES_BESIDE_THEM = lint unit fuzz stack e2e-beside
# Of `e2e` the two parts that have programs (tests/e2e/e2e.mk).
SUITES_SPLIT = $(foreach suite,$(SUITES),$(if $(filter e2e,$(suite)),$(E2E_PARTS:%=e2e-%),$(suite)))
SUITES_STAGED = $(filter $(SUITES_IN_MACHINES),$(SUITES_SPLIT)) + \
		$(filter $(SUITES_BESIDE_THEM),$(SUITES_SPLIT)) , \
		$(filter-out $(SUITES_IN_MACHINES) $(SUITES_BESIDE_THEM),$(SUITES_SPLIT))

# Built side by side beforehand: a suite then only runs.
SUITE_PROGRAMS = all $(patsubst %,%-programs,$(filter unit fuzz e2e places property concurrency kernels bench,$(SUITES)))

# The property test's seed is the same in each run, so that what fails is the change's
# doing; `make test-property` alone takes another one each time.
.PHONY: test test-stack
##@ Test
test: ## everything, as root [SUITES="unit stack"] [VM=1]
	@[ -z "$(SUITES_OF_ROOT)" ] || [ "$(VM)" = 1 ] || [ "$$(id -u)" = 0 ] || \
		{ echo "loading BPF programs needs root: use 'sudo make test', 'make test VM=1', or SUITES='unit stack'" >&2; exit 1; }
	@BUILD=$(BUILD) stack/deps.sh build demo test
	@echo "=== build"
	+@$(MAKE) --no-print-directory --silent --keep-going --jobs="$$(nproc)" $(SUITE_PROGRAMS) || \
		echo "tests: what was not built is built again, and counted, in its suite" >&2
	+@[ -z "$(SUITES_OF_ROOT)" ] || $(MAKE) --no-print-directory $(BUILD)/redtap
	+@suites=$$(BUILD=$(BUILD) VM=$(VM) tests/suites/choose.sh $(SUITES_STAGED)) && \
		BUILD=$(BUILD) MAKE="$(MAKE)" SEED=$(or $(SEED),4004) tests/summary.sh $$suites

# The scripts of stack/ and of the tests.  All are run even when one fails.
test-stack: $(BUILD)/webapp ## the scripts, rules, compose file and documents
	@status=0; for tests in tests/suites/test_*.sh; do \
		BUILD=$(BUILD) $$tests || status=1; \
	done; exit $$status

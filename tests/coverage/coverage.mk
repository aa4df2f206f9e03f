# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Coverage of user/ and of the shared headers: `make coverage` builds everything with
# clang's counters in build/coverage, runs the unit tests and, as root, the end-to-end
# tests below, and prints a table.  COVERAGE_E2E= leaves the end-to-end tests out.
# `make coverage-show FILE=user/base/text.c` prints a file with the counts of its lines in
# the last run.

# Left out: tests that compare times, run for long, or test the tests.
COVERAGE_E2E   ?= $(if $(filter 0,$(shell id -u)),$(filter-out client counts harness latency servers, \
		    $(patsubst tests/e2e/cases/test_%.c,%,$(sort $(wildcard tests/e2e/cases/test_*.c)))))
COVERAGE_BUILD  = $(BUILD)/coverage
COVERAGE_FLAGS := -fprofile-instr-generate -fcoverage-mapping
COVERAGE_MAKE   = $(MAKE) --no-print-directory BUILD=$(COVERAGE_BUILD) CC="$(CLANG)" \
		  CFLAGS="-O0 -g $(COVERAGE_FLAGS)" LDFLAGS="$(COVERAGE_FLAGS)" UNIT_CFLAGS=
COVERAGE_SUITES = test-unit $(if $(COVERAGE_E2E),test-e2e E2E_TESTS="$(COVERAGE_E2E)")

##@ Measure
.PHONY: coverage coverage-show
# One file for each process, in a directory that all can write: some processes give up root
# or capabilities, and could not write to a file of root.  The tests' output goes to a log;
# the table is printed also if a test fails.
coverage: ## lines that the tests run, file by file [COVERAGE_E2E=]
	@mkdir -p $(COVERAGE_BUILD)
	@rm -rf $(COVERAGE_BUILD)/profiles
	@mkdir -m 1777 $(COVERAGE_BUILD)/profiles
	@[ ! -d $(BUILD)/tools ] || ln -sfn ../tools $(COVERAGE_BUILD)/tools
	+@$(COVERAGE_MAKE) all unit-programs >$(COVERAGE_BUILD)/build.log 2>&1 || \
		{ tail -n 20 $(COVERAGE_BUILD)/build.log >&2; exit 1; }
	+@status=0; \
	LLVM_PROFILE_FILE=$(abspath $(COVERAGE_BUILD))/profiles/%m-%p.profraw \
		REDTAP_SOURCE=$(CURDIR) $(COVERAGE_MAKE) $(COVERAGE_SUITES) >$(COVERAGE_BUILD)/tests.log 2>&1 || \
		{ status=1; echo "coverage: tests failed, see $(COVERAGE_BUILD)/tests.log" >&2; }; \
	tests/coverage/report.sh $(COVERAGE_BUILD) && exit $$status

coverage-show: ## the counts of the last run beside the lines of FILE=
	@tests/coverage/report.sh $(COVERAGE_BUILD) $(FILE)

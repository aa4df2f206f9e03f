# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Coverage of user/ and of the shared headers: `make coverage` builds everything
# with counters by clang, in build/coverage, runs the unit tests and, as root, the
# end-to-end tests below, and prints a table.  COVERAGE_E2E= leaves the latter
# out.  `make coverage-show FILE=user/base/text.c` prints a file with the counts of the
# last run beside its lines.

# Left out: what compares times or sends for long, and what tests the tests.
COVERAGE_E2E   ?= $(if $(filter 0,$(shell id -u)),$(filter-out client counts harness latency servers, \
		    $(patsubst tests/e2e/cases/test_%.c,%,$(sort $(wildcard tests/e2e/cases/test_*.c)))))
COVERAGE_BUILD  = $(BUILD)/coverage
COVERAGE_FLAGS := -fprofile-instr-generate -fcoverage-mapping
COVERAGE_MAKE   = $(MAKE) --no-print-directory BUILD=$(COVERAGE_BUILD) CC="$(CLANG)" \
		  CFLAGS="-O0 -g $(COVERAGE_FLAGS)" LDFLAGS="$(COVERAGE_FLAGS)" UNIT_CFLAGS=
COVERAGE_SUITES = test-unit $(if $(COVERAGE_E2E),test-e2e E2E_TESTS="$(COVERAGE_E2E)")

##@ Measure
.PHONY: coverage coverage-show
# A file for each process, in a directory for all: some give up root or
# capabilities, and could not add to a file of root's.  The tests' own output goes to
# a log; the table is printed also when one of them fails.
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

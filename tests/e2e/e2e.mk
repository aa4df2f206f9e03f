# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# End-to-end tests: `sudo make test-e2e`.  Every tests/e2e/cases/test_*.c becomes a
# program build/e2e/test_* that can be run alone; E2E_TESTS="counts cli" runs some.

E2E_TESTS    ?= $(patsubst tests/e2e/cases/test_%.c,%,$(sort $(wildcard tests/e2e/cases/test_*.c)))
E2E_PROGRAMS  = $(addprefix $(BUILD)/e2e/test_,$(E2E_TESTS))
E2E_HARNESS   = $(patsubst tests/e2e/%.c,$(BUILD)/e2e/%.o, \
		  $(filter-out tests/e2e/cases/% tests/e2e/http/load.c,$(wildcard tests/e2e/*/*.c)))
E2E_LIBS      = -lcmocka -lcurl -ljansson -lbpf -lpthread -lm

# Run one at a time: the first ones compare times closely; the last three keep a CPU
# busy for a delayed program, let one hour pass in 20 ms, and measure flush times.
# All others count, wait for conditions, use free ports and their own directories, and
# observe only their own processes: they run two at a time, as they mostly wait.
E2E_ALONE = attach bad_day client deliver destinations harness health latency panels parity phases pipeline rules timer \
	    element_reuse retirement cardinality
E2E_AT_ONCE = 2
E2E_PARTS = $(if $(filter-out $(E2E_ALONE),$(E2E_TESTS)),beside) $(if $(filter $(E2E_ALONE),$(E2E_TESTS)),alone)

.PHONY: e2e-programs test-e2e test-e2e-beside test-e2e-alone $(E2E_TESTS:%=run-e2e-%)
.PHONY: places-programs test-places
e2e-programs: $(E2E_PROGRAMS) $(BUILD)/redtap $(BUILD)/webapp

# All are run even when one fails; the exit status is 1 if one did.
##@ Test
test-e2e: e2e-programs ## real servers, as root [E2E_TESTS="counts cli"]
	+@status=0; for part in $(E2E_PARTS); do \
		$(MAKE) --no-print-directory test-e2e-$$part || status=1; \
	done; exit $$status

# make keeps each program's output in one piece.
test-e2e-beside: e2e-programs
	+@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs=$(E2E_AT_ONCE) \
		$(addprefix run-e2e-,$(filter-out $(E2E_ALONE),$(E2E_TESTS)))

test-e2e-alone: e2e-programs
	+@$(MAKE) --no-print-directory --keep-going --jobs=1 \
		$(addprefix run-e2e-,$(filter $(E2E_ALONE),$(E2E_TESTS)))

# MAKEFLAGS is empty, so that a test that calls make chooses its own flags.
$(E2E_TESTS:%=run-e2e-%): run-e2e-%:
	@echo "== $*"; begun=$$(date +%s); status=0; \
	MAKEFLAGS= REDTAP_BUILD=$(abspath $(BUILD)) $(BUILD)/e2e/test_$* || status=1; \
	echo "== $*: $$(($$(date +%s) - begun)) s"; exit $$status

# A build in which series share only five hash values (bpf/abi/series_key.h): the results
# must not change.
PLACES_DIR = $(BUILD)/places/build
places-programs: $(BUILD)/e2e/test_routes
	@mkdir -p $(PLACES_DIR)
	+@$(MAKE) --no-print-directory --silent BUILD=$(PLACES_DIR) \
		BPF_DEFINES=-DREDTAP_SERIES_MEET=5 all
	@for name in stack tests; do ln -sfn $(CURDIR)/$$name $(BUILD)/places/$$name; done
	@ln -sfn $(abspath $(BUILD))/tools $(PLACES_DIR)/tools

test-places: places-programs ## series whose hashes are equal stay separate, as root
	REDTAP_BUILD=$(abspath $(PLACES_DIR)) $(BUILD)/e2e/test_routes

.SECONDARY: $(E2E_HARNESS) $(patsubst tests/e2e/%.c,$(BUILD)/e2e/%.o,$(wildcard tests/e2e/cases/test_*.c))

$(BUILD)/e2e/%.o: tests/e2e/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/e2e -c -o $@ $<

# An archive: the linker takes from it what a test uses.
$(BUILD)/e2e/harness.a: $(E2E_HARNESS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/e2e/test_%: $(BUILD)/e2e/cases/test_%.o $(BUILD)/e2e/harness.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(E2E_LIBS)

# These link parts of redtap: its collector, to set its clock; its table of options.
$(BUILD)/e2e/redtap.a: $(filter-out $(BUILD)/user/main.o,$(USER_OBJECTS))
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

E2E_INSIDE = $(addprefix $(BUILD)/e2e/test_,retirement missed_processes docs completion)
$(E2E_INSIDE): $(BUILD)/e2e/redtap.a
$(E2E_INSIDE): E2E_LIBS += -lelf -lz
$(BUILD)/e2e/test_missed_processes: LDFLAGS += -Wl,--wrap=loader_missed_processes

# A build in which a BPF program is delayed at one point (bpf/count/series.bpf.h).
STALL_BUILD = $(BUILD)/stall
$(BUILD)/e2e/test_element_reuse: $(BUILD)/e2e/cases/test_element_reuse.o $(BUILD)/e2e/harness.a \
		$(BUILD)/e2e/redtap.a
	+@$(MAKE) --no-print-directory --silent BUILD=$(STALL_BUILD) \
		BPF_DEFINES=-DREDTAP_SERIES_STALL=8000000 $(STALL_BUILD)/e2e/redtap.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out %/redtap.a,$^) $(STALL_BUILD)/e2e/redtap.a \
		$(E2E_LIBS) -lelf -lz

# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# End-to-end tests: `sudo make test-e2e`.  Every tests/e2e/test_*.c becomes a
# program build/e2e/test_* that can be run alone; E2E_TESTS="counts cli" runs some.

E2E_TESTS    ?= $(patsubst tests/e2e/test_%.c,%,$(sort $(wildcard tests/e2e/test_*.c)))
E2E_PROGRAMS  = $(addprefix $(BUILD)/e2e/test_,$(E2E_TESTS))
E2E_HARNESS   = $(patsubst tests/e2e/%.c,$(BUILD)/e2e/%.o, \
		  $(filter-out tests/e2e/test_% tests/e2e/load.c,$(wildcard tests/e2e/*.c)))
E2E_LIBS      = -lcmocka -lcurl -ljansson -lbpf -lpthread -lm

.PHONY: e2e-programs test-e2e test-places
e2e-programs: $(E2E_PROGRAMS)

# All are run even when one fails; the status tells whether one did.
test-e2e: e2e-programs $(BUILD)/redtap $(BUILD)/webapp
	@status=0; for program in $(E2E_PROGRAMS); do \
		echo "== $$program"; REDTAP_BUILD=$(abspath $(BUILD)) $$program || status=1; \
	done; exit $$status

# Series meet at five places, two and three of them (bpf/series_key.h): nothing else may
# be different.
PLACES_DIR = $(BUILD)/places/build
test-places: $(BUILD)/e2e/test_routes
	@mkdir -p $(PLACES_DIR)
	+@$(MAKE) --no-print-directory --silent BUILD=$(PLACES_DIR) \
		BPF_DEFINES=-DREDTAP_SERIES_MEET=5 all
	@for name in stack tests; do ln -sfn $(CURDIR)/$$name $(BUILD)/places/$$name; done
	@ln -sfn $(abspath $(BUILD))/tools $(PLACES_DIR)/tools
	REDTAP_BUILD=$(abspath $(PLACES_DIR)) $(BUILD)/e2e/test_routes

.SECONDARY: $(E2E_HARNESS) $(patsubst tests/e2e/%.c,$(BUILD)/e2e/%.o,$(wildcard tests/e2e/test_*.c))

$(BUILD)/e2e/%.o: tests/e2e/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/e2e -c -o $@ $<

# An archive: a program takes from it what it uses.
$(BUILD)/e2e/harness.a: $(E2E_HARNESS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/e2e/test_%: $(BUILD)/e2e/test_%.o $(BUILD)/e2e/harness.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(E2E_LIBS)

# These have redtap's own collector in them, and tell it the time.
$(BUILD)/e2e/redtap.a: $(filter-out $(BUILD)/user/main.o,$(USER_OBJECTS))
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/e2e/test_retirement $(BUILD)/e2e/test_missed_processes: $(BUILD)/e2e/redtap.a
$(BUILD)/e2e/test_retirement $(BUILD)/e2e/test_missed_processes: E2E_LIBS += -lelf -lz
$(BUILD)/e2e/test_missed_processes: LDFLAGS += -Wl,--wrap=loader_missed_processes

# Here a program stands still where others are to come between (bpf/account.bpf.h).
STALL_BUILD = $(BUILD)/stall
$(BUILD)/e2e/test_element_reuse: $(BUILD)/e2e/test_element_reuse.o $(BUILD)/e2e/harness.a \
		$(BUILD)/e2e/redtap.a
	+@$(MAKE) --no-print-directory --silent BUILD=$(STALL_BUILD) \
		BPF_DEFINES=-DREDTAP_SERIES_STALL=8000000 $(STALL_BUILD)/e2e/redtap.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out %/redtap.a,$^) $(STALL_BUILD)/e2e/redtap.a \
		$(E2E_LIBS) -lelf -lz

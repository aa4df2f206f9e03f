# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Tests with random traffic: `sudo make test-property [SEED=n] [COUNT=n] [PLAN=n]`;
# COUNT: number of transactions, default 20,000; PLAN: runs only this connection of the
# seed, and prints it.  `sudo make test-concurrency [SECONDS=n]`: n seconds of load for each
# of its tests.

PROPERTY_PLAN = $(patsubst %,$(BUILD)/property/%.o,plan plan_batch plan_end plan_process script \
		  exchange fields target route stream expect player player_step handover mover alarms)

.PHONY: property-programs concurrency-programs test-property test-concurrency
property-programs: $(BUILD)/property/test_property $(BUILD)/property/server $(BUILD)/redtap

concurrency-programs: $(BUILD)/property/test_concurrency $(BUILD)/property/crowd_server $(BUILD)/redtap

##@ Test
test-property: property-programs ## 20,000 random transactions, as root [SEED=n] [COUNT=n] [PLAN=n]
	REDTAP_BUILD=$(abspath $(BUILD)) SEED=$(SEED) COUNT=$(COUNT) PLAN=$(PLAN) \
		$(BUILD)/property/test_property

test-concurrency: concurrency-programs ## threads that share connections, as root [SECONDS=n]
	REDTAP_BUILD=$(abspath $(BUILD)) SECONDS=$(SECONDS) $(BUILD)/property/test_concurrency

$(BUILD)/property/%.o: tests/property/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/e2e -c -o $@ $<

$(BUILD)/property/server: $(BUILD)/property/server.o $(PROPERTY_PLAN)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^

$(BUILD)/property/test_property: $(patsubst %,$(BUILD)/property/%.o,test_property tally client print) \
				 $(PROPERTY_PLAN) $(BUILD)/e2e/harness.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ -lcmocka -ljansson -lm

$(BUILD)/property/crowd_server: $(BUILD)/property/crowd_server.o
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^

$(BUILD)/property/test_concurrency: $(patsubst %,$(BUILD)/property/%.o,test_concurrency crowd_client) \
				    $(BUILD)/e2e/harness.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ -lcmocka -ljansson -lm

# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Fuzzers (libFuzzer, address and undefined behaviour sanitizers).
#
#   make fuzz [FUZZ_SECONDS=60] [FUZZERS="parse tracker"]   each for that time
#   make fuzz-nightly                                       each for half an hour
#   make test-fuzz                                          only the seeds, in a second
#
# Every tests/fuzz/fuzz_NAME.c becomes build/fuzz/fuzz_NAME; its seeds are in
# tests/fuzz/seeds/NAME.  What is found stays in build/fuzz/found: run the fuzzer
# with the file as its argument, add a row to the unit tests, and the file to the
# seeds.  New inputs are kept in build/fuzz/corpus.

FUZZERS      ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 60
FUZZ_PROGRAMS = $(addprefix $(BUILD)/fuzz/fuzz_,$(FUZZERS))
FUZZ_COMPILE  = $(CLANG) $(ALL_CFLAGS) $(UNIT_CFLAGS) -fsanitize=fuzzer-no-link

.PHONY: fuzz fuzz-nightly fuzz-programs test-fuzz
fuzz-programs: $(FUZZ_PROGRAMS)

##@ Measure
fuzz: fuzz-programs ## search for new inputs [FUZZ_SECONDS=60] [FUZZERS="parse tracker"]
	@BUILD=$(BUILD) tests/fuzz/run.sh "$(FUZZ_SECONDS)" $(FUZZERS)

fuzz-nightly: ## the same, half an hour for each fuzzer
	+@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=1800

##@ Test
test-fuzz: fuzz-programs ## the fuzzers' seeds
	@BUILD=$(BUILD) tests/fuzz/run.sh seeds $(FUZZERS)

$(BUILD)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_COMPILE) -Itests/fuzz -Itests/unit -c -o $@ $<

.SECONDEXPANSION:
$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o $$(call linked,fuzz,tests/fuzz/$$*.c)
	$(CLANG) $(UNIT_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group \
		-lcmocka -ljansson -lm

# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Instructions for one exchange (a request and its response): `make bench-instructions`.
#   KERNEL=newest|6.12  the kernel to measure on
#   ROWS="keep_alive browser_heads one_request routes_500 ignored"  (default: all)
#   STATES="nothing empty unwatched watched"                 (default: all)
#   UPDATE=1            writes the results into tests/bench/baseline.json
# `make bench-profile` shows which functions and lines they are in: ROW=keep_alive
# STATE=watched, KERNEL likewise.
# `make test-bench` measures the rows that belong to `make test`.

BENCH_GUEST = $(BUILD)/bench/bench_guest $(BUILD)/bench/empty.bpf.o $(BUILD)/redtap

##@ Measure
.PHONY: bench-instructions bench-profile bench-programs test-bench
bench-instructions: KERNEL ?= newest
bench-instructions: $(BENCH_GUEST) $(BUILD)/kernels/$(or $(KERNEL),newest)/package ## instructions a request [KERNEL= ROWS= STATES= UPDATE=1]
	@BUILD=$(BUILD) KERNEL="$(KERNEL)" ROWS="$(ROWS)" STATES="$(STATES)" UPDATE="$(UPDATE)" \
		tests/bench/run.sh

bench-profile: KERNEL ?= newest
bench-profile: $(BENCH_GUEST) $(BUILD)/bench/profile $(BUILD)/kernels/$(or $(KERNEL),newest)/package ## instructions by function and line [ROW= STATE=]
	@BUILD=$(BUILD) KERNEL="$(KERNEL)" ROW="$(ROW)" STATE="$(STATE)" tests/bench/profile.sh

bench-programs: $(BENCH_GUEST) $(BUILD)/kernels/newest/package

##@ Test
test-bench: bench-programs ## instructions a request, two rows against the baseline
	@BUILD=$(BUILD) KERNEL=newest ROWS="keep_alive ignored" STATES="nothing watched" tests/bench/run.sh

$(BUILD)/bench/bench_guest: $(patsubst tests/bench/%.c,$(BUILD)/bench/%.o, \
			      $(filter-out %.bpf.c %/profile.c,$(wildcard tests/bench/*.c)))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -ljansson $(LIBS)

$(BUILD)/bench/profile: $(BUILD)/bench/profile.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/bench/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/bench -c -o $@ $<

$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MF $(@:.o=.d) -c -o $@ $<

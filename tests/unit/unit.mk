# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Unit tests: `make test-unit`.  Every tests/unit/test_*.c becomes a program
# build/unit/test_* that can be run alone; it is linked with the other files
# here and with the modules of user/ that need neither kernel nor skeleton.  Everything is
# built with the address and undefined behaviour sanitizers.

UNIT_PROGRAMS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_MODULES  = $(patsubst user/%.c,%,$(wildcard user/base/*.c user/flush/*.c user/statsd/*.c user/report/*.c \
		  user/options/*.c) $(filter-out user/send/repeater.c,$(wildcard user/send/*.c))) \
		collect/routes collect/series_table collect/phase_table watch/silence
UNIT_OBJECTS  = $(patsubst %,$(BUILD)/unit/user/%.o,$(UNIT_MODULES)) \
		$(patsubst tests/unit/%.c,$(BUILD)/unit/%.o, \
		  $(filter-out tests/unit/test_% tests/unit/played_%,$(wildcard tests/unit/*.c)))
UNIT_CFLAGS   = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=all
UNIT_LIBS     = -lcmocka -ljansson -lm

.PHONY: unit-programs test-unit
unit-programs: $(UNIT_PROGRAMS)

# All are run even when one fails; the status tells whether one did.
##@ Test
test-unit: $(UNIT_PROGRAMS) ## parser, tracker, outputs; with ASan and UBSan
	@status=0; for program in $^; do \
		echo "== $$program"; $$program || status=1; \
	done; exit $$status

.SECONDARY: $(UNIT_OBJECTS) $(UNIT_PROGRAMS:=.o)

$(BUILD)/unit/user/%.o: user/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(UNIT_CFLAGS) -c -o $@ $<

$(BUILD)/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(UNIT_CFLAGS) -Itests/unit -c -o $@ $<

$(BUILD)/unit/test_%: $(BUILD)/unit/test_%.o $(UNIT_OBJECTS)
	$(CC) $(UNIT_CFLAGS) $(LDFLAGS) -o $@ $^ $(UNIT_LIBS)

# The collector is tested on a kernel that the test plays.
$(BUILD)/unit/test_collector $(BUILD)/unit/test_collector_retire: $(patsubst user/%.c,$(BUILD)/unit/user/%.o, \
	$(wildcard user/collect/collector*.c)) $(BUILD)/unit/user/collect/peers.o $(BUILD)/unit/played_kernel.o

# test_hooks compares the table of hooks with the programs of the object.
$(BUILD)/unit/test_hooks: $(BUILD)/unit/user/kernel/hooks.o $(BUILD)/unit/user/kernel/hook_kinds.o
$(BUILD)/unit/test_hooks: UNIT_LIBS += -lbpf -lelf -lz
$(BUILD)/unit/test_hooks: | $(BUILD)/redtap.bpf.o

# test_vmlinux reads the types that the compiler makes of vmlinux.h.
$(BUILD)/unit/test_vmlinux: UNIT_LIBS += -lbpf -lelf -lz
$(BUILD)/unit/test_vmlinux: | $(BUILD)/unit/vmlinux_types.bpf.o

$(BUILD)/unit/vmlinux_types.c: vmlinux.h tests/unit/vmlinux_types.awk
	@mkdir -p $(@D)
	$(CLANG) -E -P -target bpf -D__TARGET_ARCH_$(ARCH) -o $(@:.c=.i) vmlinux.h
	awk -f tests/unit/vmlinux_types.awk $(@:.c=.i) > $@.new
	@mv $@.new $@

$(BUILD)/unit/vmlinux_types.bpf.o: $(BUILD)/unit/vmlinux_types.c
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Unit tests: `make test-unit`; one of them, built and run: `make unit TEST=http_parse`.
# Every tests/unit/test_*.c becomes a program build/unit/test_*, linked with what it includes
# (linked.sh).  Everything is built with the address and undefined behaviour sanitizers.

UNIT_TESTS    = $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_PROGRAMS = $(addprefix $(BUILD)/unit/test_,$(UNIT_TESTS))
# Only the verifier needs inlined functions; here each copy would take time to compile, with all
# its checks.  _FORTIFY_SOURCE needs inlining.
UNIT_CFLAGS   = -Og -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
		-D__always_inline__=__unused__ -U_FORTIFY_SOURCE
UNIT_LIBS     = -lcmocka -ljansson -lm

.PHONY: unit unit-programs test-unit
unit-programs: $(UNIT_PROGRAMS)

# All tests run, even if one fails; the exit status says whether one did.
##@ Test
test-unit: $(UNIT_PROGRAMS) ## parser, tracker, outputs; with ASan and UBSan
	@status=0; for program in $^; do \
		echo "== $$program"; $$program || status=1; \
	done; exit $$status

unit: $(if $(filter $(TEST),$(UNIT_TESTS)),$(BUILD)/unit/test_$(TEST)) ## one unit test, built and run: TEST=http_parse
	@$(or $<,echo "unit: unknown TEST='$(TEST)'; allowed: $(UNIT_TESTS)" >&2; exit 2)

$(BUILD)/unit/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(UNIT_CFLAGS) -Itests/unit -c -o $@ $<

# The archive of a folder; the objects and archives that a test needs.
objects = $(patsubst user/%.c,$(BUILD)/$(1)/user/%.o,$(wildcard user/$(2)/*.c))
linked  = $(addprefix $(BUILD)/$(1)/,$(shell tests/unit/linked.sh $(2)))

.SECONDEXPANSION:
$(UNIT_PROGRAMS): $(BUILD)/unit/%: $(BUILD)/unit/tests/unit/%.o $$(call linked,unit,tests/unit/$$*.c)
	$(CC) $(UNIT_CFLAGS) $(LDFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(UNIT_LIBS)

# One archive for each folder of user/: the linker takes from it what a test uses.
$(foreach suite,unit fuzz,$(patsubst user/%/,$(BUILD)/$(suite)/user/%.a,$(wildcard user/*/))): \
		$(BUILD)/%.a: $$(call objects,$$(firstword $$(subst /, ,$$*)),$$(*F))
	@rm -f $@
	$(AR) rcs $@ $^

# test_hooks compares the table of hooks with the programs.
$(BUILD)/unit/test_hooks: UNIT_LIBS += -lbpf -lelf -lz
$(BUILD)/unit/test_hooks: $(addprefix $(BUILD)/unit/user/kernel/,hooks.o hook_kinds.o) | $(BUILD)/redtap.bpf.o

# test_fuzz_limit is one of the fuzzers for itself.
$(BUILD)/unit/tests/unit/test_fuzz_limit.o: ALL_CFLAGS += -Itests/fuzz

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

# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Tests on several kernels: `make test-kernels`.  `make kernels` only fetches the
# kernels, once; remove build/kernels/NAME to get a newer one.  To run another
# command with another kernel see tests/kernels/boot.sh.

KERNEL_PACKAGES := $(patsubst %,$(BUILD)/kernels/%/package,5.10 6.1 6.12 newest)
KERNEL_PROGRAMS := $(patsubst %,$(BUILD)/kernels/%,verify test_guest test_kernels)
KERNEL_GUEST    := $(BUILD)/redtap $(BUILD)/webapp $(BUILD)/redtap.bpf.o $(BUILD)/redtap_legacy.bpf.o

$(BUILD)/kernels/5.10/package: KERNEL_SUITE := bullseye
$(BUILD)/kernels/6.1/package: KERNEL_SUITE := bookworm
$(BUILD)/kernels/6.12/package: KERNEL_SUITE := trixie
$(BUILD)/kernels/newest/package: KERNEL_SUITE := sid

# See tests/kernels/core.sh.
KERNEL_CORE := $(BUILD)/kernels/test_guest \
	       $(addprefix $(BUILD)/e2e/test_,attach framing lifecycle routes privacy)

.PHONY: kernels kernels-programs test-kernels test-guest
##@ Test
kernels: $(KERNEL_PACKAGES) ## only fetch the kernels of test-kernels [DEBIAN_MIRROR=ADDRESS]

kernels-programs: $(KERNEL_PACKAGES) $(KERNEL_PROGRAMS) $(KERNEL_GUEST)

test-kernels: kernels-programs ## every program on four kernels, in virtual machines
	REDTAP_BUILD=$(abspath $(BUILD)) $(BUILD)/kernels/test_kernels tests/kernels/boot.sh

# The most important end-to-end tests on the newest kernel: `make test` runs them where
# BPF is refused.
test-guest: $(BUILD)/kernels/newest/package $(KERNEL_CORE) $(BUILD)/redtap $(BUILD)/webapp ## the most important end-to-end tests, in a virtual machine
	BUILD=$(BUILD) tests/kernels/core.sh

$(KERNEL_PACKAGES):
	tests/kernels/fetch.sh $(notdir $(@D)) $(KERNEL_SUITE) $(@D)

$(BUILD)/kernels/%.o: tests/kernels/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/e2e -c -o $@ $<

$(BUILD)/kernels/verify: $(BUILD)/kernels/verify.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Without curl and libbpf, which would have to be copied into the machine.
$(BUILD)/kernels/test_guest: $(BUILD)/kernels/test_guest.o $(BUILD)/e2e/harness.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ -lcmocka -ljansson -lm

$(BUILD)/kernels/test_kernels: $(BUILD)/kernels/test_kernels.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka

$(BUILD)/kernels/relay: $(BUILD)/kernels/relay.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

.SECONDARY: $(KERNEL_PROGRAMS:=.o) $(BUILD)/kernels/relay.o

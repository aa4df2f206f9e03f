# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# redtap: `make` builds build/redtap and build/webapp; `make help` lists the rest.

VERSION := 0.1.0
BUILD   := build
PREFIX  ?= /usr/local

CLANG   ?= clang
# Any version does; Ubuntu's /usr/sbin/bpftool fails where the tools of the running kernel are missing.
BPFTOOL ?= $(or $(shell for tool in bpftool /usr/sbin/bpftool /usr/lib/linux-tools*/*/bpftool; do \
	$$tool version >/dev/null 2>&1 && echo $$tool && break; done),bpftool)
PKG_CONFIG ?= pkg-config
ARCH    := $(shell uname -m | sed -e s/x86_64/x86/ -e s/aarch64/arm64/)

WARNINGS := -Wall -Wextra -Werror
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -DREDTAP_VERSION='"$(VERSION)"' \
	     -Ibpf -Iuser -I$(BUILD) -MMD -MP $(CFLAGS)
LIBS     = -lbpf -lelf -lz -lm -lpthread

# -mcpu=v3 has the fetching atomics (kernel 5.12); the older build does without.
BPF_CFLAGS = -std=gnu11 -O2 -g -target bpf -D__TARGET_ARCH_$(ARCH) -I. -Ibpf $(WARNINGS) -MMD -MP \
	     $(BPF_DEFINES)

USER_OBJECTS := $(patsubst user/%.c,$(BUILD)/user/%.o,$(wildcard user/*.c user/*/*.c))
WEBAPP_OBJECTS := $(patsubst app/%.c,$(BUILD)/app/%.o,$(wildcard app/*.c))

include $(wildcard tests/*/*.mk) $(wildcard stack/*.mk)

.DEFAULT_GOAL := all
.PHONY: all clean install
all: $(BUILD)/redtap $(BUILD)/webapp

$(BUILD)/redtap: $(USER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/user/%.o: user/%.c | $(BUILD)/redtap.skel.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/redtap.bpf.o: bpf/redtap.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -mcpu=v3 -MF $(BUILD)/redtap.bpf.d -c -o $@ $<

# The same source without what kernels before 6.3 lack: for the kernel matrix.
$(BUILD)/redtap_legacy.bpf.o: bpf/redtap.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -mcpu=v2 -DREDTAP_LEGACY -MF $(BUILD)/redtap_legacy.bpf.d -c -o $@ $<

$(BUILD)/redtap.skel.h: $(BUILD)/redtap.bpf.o
	$(BPFTOOL) gen skeleton $< name redtap_bpf > $@.new
	@mv $@.new $@

$(BUILD)/webapp: $(WEBAPP_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^

$(BUILD)/app/%.o: app/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -pthread -c -o $@ $<

# DESTDIR stands before everything, for packages.
install: $(BUILD)/redtap
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/bin/redtap
	install -D -m 644 user/redtap.8 $(DESTDIR)$(PREFIX)/share/man/man8/redtap.8
	install -D -m 644 user/redtap.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/redtap

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)

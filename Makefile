# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# redtap: `make` builds build/redtap and build/webapp; `make help` lists the rest.

VERSION := 0.1.0
BUILD   := build
PREFIX  ?= /usr/local

CLANG   ?= clang
# Any version will do; Ubuntu's /usr/sbin/bpftool fails if the running kernel's tools are missing.
BPFTOOL ?= $(or $(shell for tool in bpftool /usr/sbin/bpftool /usr/lib/linux-tools*/*/bpftool; do \
	$$tool version >/dev/null 2>&1 && echo $$tool && break; done),bpftool)
PKG_CONFIG ?= pkg-config
ARCH    := $(shell uname -m | sed -e s/x86_64/x86/ -e s/aarch64/arm64/)

WARNINGS := -Wall -Wextra -Werror
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -DREDTAP_VERSION='"$(VERSION)"' \
	     -Ibpf -Iuser -I$(BUILD) -MMD -MP $(CFLAGS)
LIBS     = -lbpf -lelf -lz -lm -lpthread

# -mcpu=v3 has atomic operations that return a value (kernel 5.12).
BPF_CFLAGS = -std=gnu11 -O2 -g -target bpf -D__TARGET_ARCH_$(ARCH) -I. -Ibpf $(WARNINGS) -MMD -MP \
	     $(BPF_DEFINES)

USER_OBJECTS := $(patsubst user/%.c,$(BUILD)/user/%.o,$(wildcard user/*.c user/*/*.c))
WEBAPP_OBJECTS := $(patsubst app/%.c,$(BUILD)/app/%.o,$(wildcard app/*.c))

# In the order of `make help`.
include stack/stack.mk tests/suites/suites.mk \
	$(filter-out tests/suites/%,$(wildcard tests/*/*.mk))

.DEFAULT_GOAL := all
.PHONY: all clean help install

##@ Build
all: $(BUILD)/redtap $(BUILD)/webapp ## build redtap and webapp, a small server to try it on (default)

# After a failed command: names a missing tool or library, if there is one.
OR_SAY_WHY := || stack/deps.sh --why build

$(BUILD)/redtap: $(USER_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(OR_SAY_WHY)

$(BUILD)/user/%.o: user/%.c | $(BUILD)/redtap.skel.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $< $(OR_SAY_WHY)

$(BUILD)/redtap.bpf.o: bpf/redtap.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -mcpu=v3 -MF $(BUILD)/redtap.bpf.d -c -o $@ $< $(OR_SAY_WHY)

# The same source without features that kernels before 6.3 lack, for make test-kernels.
$(BUILD)/redtap_legacy.bpf.o: bpf/redtap.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -mcpu=v2 -DREDTAP_LEGACY -MF $(BUILD)/redtap_legacy.bpf.d -c -o $@ $<

$(BUILD)/redtap.skel.h: $(BUILD)/redtap.bpf.o
	$(BPFTOOL) gen skeleton $< name redtap_bpf > $@.new $(OR_SAY_WHY)
	@mv $@.new $@

$(BUILD)/webapp: $(WEBAPP_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^

$(BUILD)/app/%.o: app/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -pthread -c -o $@ $< $(OR_SAY_WHY)

# DESTDIR comes before every path, for packages.
install: $(BUILD)/redtap ## program, manual page, completion for bash [PREFIX=/usr/local]
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/bin/redtap
	install -D -m 644 user/redtap.8 $(DESTDIR)$(PREFIX)/share/man/man8/redtap.8
	install -D -m 644 user/redtap.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/redtap

clean: ## remove the build directory
	rm -rf $(BUILD)

# Lists the targets that have two hash signs and a text, under the last heading (##@) before
# them; headings with the same name are joined.
help: ## this list
	@awk '/^##@ / { heading = substr($$0, 5); if (!(heading in text)) order[++count] = heading } \
		/^[a-z][^=]*:.* ## / { split($$0, part, / ## /); sub(/:.*/, "", part[1]); \
			text[heading] = text[heading] sprintf("  %-20s %s\n", part[1], part[2]) } \
		END { for (i = 1; i <= count; i++) printf "%s:\n%s", order[i], text[order[i]] }' \
		$(filter-out %.d,$(MAKEFILE_LIST))

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)

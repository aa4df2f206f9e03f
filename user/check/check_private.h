/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * check_private.h - what check.c finds and check_report.c prints.
 */
#ifndef REDTAP_CHECK_PRIVATE_H
#define REDTAP_CHECK_PRIVATE_H

#include <stdio.h>
#include <sys/utsname.h>

#include "abi/abi.h"
#include "kernel/hooks.h"
#include "options/options.h"
#include "watch/proc.h"

/* The kernel's types, to which the programs are adapted at load. */
#define CHECK_BTF_PATH "/sys/kernel/btf/vmlinux"

struct check_port {
	uint16_t port;
	uint32_t connections; /* accepted and open */
};

struct check_process {
	pid_t pid;                 /* as given by --pid */
	int error;                 /* 0, or why it cannot be examined, -errno */
	char name[PROC_NAME_SIZE]; /* not escaped */
	size_t workers;            /* all descendants */
	struct check_port *ports;  /* owned; ports on which it or a worker listens, ascending */
	size_t port_count;
	char unix_path[PROC_UNIX_PATH_SIZE]; /* raw; of a Unix socket that one listens on */
	bool listens_unix;
};

/* What the programs counted, for all processes together. */
struct check_observed {
	double seconds; /* 0: not observed */
	uint64_t requests;
	uint64_t ignored[IGNORE_COUNT]; /* connections */
};

struct check {
	const struct options *options;
	struct utsname kernel;
	uint64_t btf_bytes; /* 0: missing or unreadable */
	int btf_error;      /* why, -errno */
	char lockdown[32];  /* "none", "integrity", "confidentiality"; "": not known */
	uid_t user;
	struct hook_probe hooks[HOOK_COUNT];
	int load_error;                   /* 0, or -errno */
	int attach_error;                 /* likewise, once loaded */
	uint64_t memory_now, memory_full; /* bytes; 0: not loaded */
	struct check_process *processes;  /* owned; one for each --pid */
	struct check_observed observed;
	bool works;
};

/* Errors are those of the stream. */
void check_print_table(FILE *out, const struct check *check);
void check_print_json(FILE *out, const struct check *check, double time);

#endif

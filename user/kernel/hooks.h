/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hooks.h - the hooks: what each is for, its program, and when that is loaded.
 *
 * Inputs: the kernel's version, kinds that can be attached, phases asked for.  Outputs:
 * the rows to load; attachments, or errors and what they mean.  It must not know what
 * the programs do.
 *
 *   hooks.c       the table, and what follows from it
 *   hook_kinds.c  how programs of each kind are attached
 */
#ifndef REDTAP_HOOKS_H
#define REDTAP_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

enum hook_kind {
	HOOK_NONE = 0,   /* attached nowhere: the loader runs the program */
	HOOK_TRACEPOINT, /* raw tracepoint */
	/* The same tracepoint as an event of the perf subsystem, which disables preemption
	 * around the program. */
	HOOK_TRACE_EVENT,
	HOOK_FENTRY, /* kernel function */
	HOOK_KPROBE, /* likewise */
	HOOK_COUNT,
};

enum hook_purpose {
	PURPOSE_NONE = 0,
	PURPOSE_RECEIVE,         /* a receive call is complete */
	PURPOSE_SEND,            /* a send call is complete */
	PURPOSE_ARRIVAL,         /* data was queued */
	PURPOSE_STATE,           /* a connection changes its state */
	PURPOSE_DESTROY,         /* a socket ends */
	PURPOSE_ACKNOWLEDGEMENT, /* a segment from the client */
	PURPOSE_ACCEPT,          /* accept() returns */
	PURPOSE_FORK,            /* a process begins */
	PURPOSE_EXIT,            /* a thread ends */
	PURPOSE_CONTROL,         /* an order of the loader, enum control_order */
	PURPOSE_SWEEP,           /* likewise, see loader_sweep() */
	PURPOSE_COUNT,
};

struct hook {
	enum hook_purpose purpose;
	enum hook_kind kind;
	const char *subject;      /* name of the tracepoint or function */
	const char *program;      /* NULL: none yet, `redtap check` only tries to attach */
	bool second;              /* of a pair, see bpf/tables/pair.bpf.h */
	enum request_phase phase; /* loaded only if this is asked for; NONE: always */
	int kernel_major;         /* loaded from this version of Linux on; 0: on all */
};

/* The firsts of each purpose are in order of preference. */
#define HOOK_ROWS 27
extern const struct hook hooks[HOOK_ROWS];

/* What decides which hooks are loaded. */
struct hook_choice {
	int kernel_major;
	uint32_t kinds;  /* that can be attached: bits 1 << enum hook_kind */
	uint32_t phases; /* that are asked for: bits 1 << enum request_phase */
};

/* Whether a hook is loaded: of each purpose one first, and the second of its pair. */
bool hook_is_chosen(const struct hook *hook, const struct hook_choice *choice);

/* Major version of the running kernel, 0: not known. */
int hook_kernel_major(void);

/* ---- kinds ------------------------------------------------------------ */

/* "tracepoint" */
const char *hook_name(enum hook_kind kind);
/* Whether this release of redtap can use it. */
bool hook_implemented(enum hook_kind kind);
/* Whether this kernel needs it: trace events from Linux 7.0 on. */
bool hook_needed(enum hook_kind kind);

/* What redtap attaches to, or would, whatever the phases; NULL from the end on. */
const char *hook_subject(enum hook_kind kind, size_t number);

/*
 * Attaches a loaded program.  Returns a descriptor, which holds the attachment
 * until it is closed, or -errno.
 */
int hook_attach(enum hook_kind kind, const char *subject, int program);

/*
 * Loads an empty program, attaches it and detaches it at once: a symbol, or BTF, does
 * not prove that a program can be attached.  Returns 0 or -errno.
 */
int hook_try(enum hook_kind kind, const char *subject);

/* What hook_probe() found. */
struct hook_probe {
	int error;           /* 0: usable, else -errno */
	const char *subject; /* where it failed; NULL: nowhere */
	const char *reason;  /* what the error means; NULL: nothing */
};

/* Tries each subject of this kind. */
struct hook_probe hook_probe(enum hook_kind kind);

/* What an error of hook_attach() or hook_try() means; never NULL. */
const char *hook_explain(enum hook_kind kind, int error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hooks.h - the kinds of hooks that programs can be attached to, one row each.
 *
 * Inputs: program descriptors, names of hooks.  Outputs: attachments, or errors
 * and what they mean.  It must not know which programs there are.
 *
 * Probing is trying: a symbol, or BTF, does not prove that a program can be
 * attached.  Attaching and probing take the same way.
 */
#ifndef REDTAP_HOOKS_H
#define REDTAP_HOOKS_H

#include <stdbool.h>

enum hook_kind {
	HOOK_NONE = 0,
	HOOK_TRACEPOINT, /* raw tracepoints; subjects are tracepoints */
	/* The same, the way of the perf subsystem, which disables preemption around the
	 * program: subjects are trace events of the group sock. */
	HOOK_TRACE_EVENT,
	HOOK_FENTRY, /* subjects are kernel functions */
	HOOK_KPROBE, /* likewise */
	HOOK_COUNT,
};

/* "tracepoint" */
const char *hook_name(enum hook_kind kind);
/* Whether this release of redtap can use it. */
bool hook_implemented(enum hook_kind kind);
/* Whether this kernel needs it: trace events from Linux 7.0 on. */
bool hook_needed(enum hook_kind kind);

/* What redtap attaches to, or would, NULL-terminated. */
const char *const *hook_subjects(enum hook_kind kind);

/*
 * Attaches a loaded program.  Returns a descriptor, which holds the attachment
 * until it is closed, or -errno.
 */
int hook_attach(enum hook_kind kind, const char *subject, int program);

/* What hook_probe() found. */
struct hook_probe {
	int error;           /* 0: usable, else -errno */
	const char *subject; /* where it failed; NULL: nowhere */
	const char *reason;  /* what the error means; NULL: nothing */
};

/*
 * Loads an empty program, attaches it to each subject that redtap uses, or
 * would use, of this kind, and detaches it at once.
 */
struct hook_probe hook_probe(enum hook_kind kind);

/* What an error of hook_attach(), or of loading for it, means; never NULL. */
const char *hook_explain(enum hook_kind kind, int error);

#endif

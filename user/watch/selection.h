/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * selection.h - finds the processes that match --port and --name, now and later.
 *
 * Inputs: ports, name patterns, whose and where they may be, /proc.  Outputs: calls for processes found.  It
 * must not know maps, services or what becomes of a process.
 *
 * A look costs: listing /proc, reading the listening sockets of all network namespaces, and
 * the names or descriptors of processes that are less than about ten looks old.  All others
 * are read at every tenth look, or when the listening sockets have changed.
 */
#ifndef REDTAP_SELECTION_H
#define REDTAP_SELECTION_H

#include "watch/proc.h"

/* What to look for. */
struct selection_settings {
	uint16_t *ports;
	size_t port_count;
	const char **names; /* patterns for fnmatch() */
	size_t name_count;
	/* All of these: */
	bool one_user;
	uid_t user;  /* its processes only */
	pid_t netns; /* only what is in this process's network namespace; 0: in any */
};

struct selection;

/*
 * Called for a process that matches, at every look that finds it.  reason: a phrase such as
 * "listens on port 80", escaped for a terminal.  Returns 0, or -errno to end the look.
 */
typedef int selection_found(void *context, pid_t pid, const char name[PROC_NAME_SIZE],
			    const char *reason);

/* settings must outlive it.  Returns 0, -ENOMEM, or -errno after a message. */
int selection_open(struct selection **selection, const struct selection_settings *settings);
void selection_close(struct selection *selection);

/*
 * One look at /proc.  Returns 0 or -errno; -EACCES, after a message: may not see which
 * process listens on a port.
 */
int selection_look(struct selection *selection, selection_found *found, void *context);

/* Prints which ports and names have matched nothing so far. */
void selection_explain_missing(const struct selection *selection);

#endif

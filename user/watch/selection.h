/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * selection.h - finds the processes that --port and --name mean, also those
 * that come later.
 *
 * Inputs: ports, name patterns, /proc.  Outputs: calls for processes found.  It
 * must not know maps, services or what becomes of a process.
 *
 * A look costs a listing of /proc, the listening sockets of redtap's network
 * namespace, and the names or descriptors of processes that are less than about
 * ten looks old.  All others are looked at at every tenth look, or when the
 * listening sockets have changed.
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
};

struct selection;

/*
 * Told of a process that matches, at every look that sees it.  reason: a phrase
 * such as "listens on port 80", escaped for a terminal.  Returns 0, or -errno,
 * which ends the look.
 */
typedef int selection_found(void *context, pid_t pid, const char name[PROC_NAME_SIZE],
			    const char *reason);

/* settings must outlive it.  Returns 0 or -ENOMEM. */
int selection_open(struct selection **selection, const struct selection_settings *settings);
void selection_close(struct selection *selection);

/*
 * One look at /proc.  Returns 0, or -errno, with a message if it is -EACCES: the
 * owners of a port could not be seen.
 */
int selection_look(struct selection *selection, selection_found *found, void *context);

/* Says for each port and name that nothing has matched it so far. */
void selection_explain_missing(const struct selection *selection);

#endif

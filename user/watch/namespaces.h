/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * namespaces.h - the network namespaces that processes are in, as containers have one each.
 *
 * Inputs: processes.  Outputs: namespaces, each with a process through which its sockets
 * can be seen.  It must not know targets.
 */
#ifndef REDTAP_NAMESPACES_H
#define REDTAP_NAMESPACES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct network {
	uint32_t netns; /* inode number */
	pid_t pid;      /* of a process in it */
};

/* Owned by whoever holds the list. */
struct namespaces {
	struct network *list;
	size_t count, room;
};

/*
 * Adds the one that a process is in, unless it is there.  What cannot be seen is left
 * out.  Returns 0 or -ENOMEM.
 */
int namespaces_add(struct namespaces *namespaces, pid_t pid);
/* All that processes are in.  Returns 0 or -errno. */
int namespaces_read(struct namespaces *namespaces);
void namespaces_release(struct namespaces *namespaces);

#endif

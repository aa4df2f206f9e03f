/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * namespaces.h - the network namespaces of processes; each container has one.
 *
 * Inputs: processes.  Outputs: namespaces, each with a process whose /proc entry shows its
 * sockets.  It must not know targets.
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

/* Zeroed: empty. */
struct namespaces {
	struct network *list;
	size_t count, room;
};

/*
 * Adds the namespace of a process if it is new.  One that may not be read is left out.
 * Returns 0 or -ENOMEM.
 */
int namespaces_add(struct namespaces *namespaces, pid_t pid);
/* Adds the namespaces of all processes.  Returns 0 or -errno. */
int namespaces_read(struct namespaces *namespaces);
void namespaces_release(struct namespaces *namespaces);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * target.h - finds processes, their children and the ports they listen on.
 *
 * Input: /proc.  Output: the loader's processes and ports.  It must not know
 * programs, HTTP or formats.
 */
#ifndef REDTAP_TARGET_H
#define REDTAP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/loader.h"
#include "watch/proc.h"

/* Longest process name, with its NUL. */
#define TARGET_NAME_SIZE PROC_NAME_SIZE

/*
 * Checks that pid is a process of its own; a thread id is replaced by its
 * process's.  name: its process name.  Returns 0, or -errno after a message:
 * -ESRCH no such process, -EINVAL a kernel thread.
 */
int target_resolve(pid_t *pid, char name[TARGET_NAME_SIZE]);

/*
 * Enters the children, and theirs, of every process that is entered and is to
 * be followed.  Returns the number of new entries or -errno.
 */
int target_add_children(const struct loader *loader);

/* Takes out processes that have ended already. */
void target_remove_dead(const struct loader *loader);

/*
 * Enters the ports on which the entered processes accept connections, in whatever
 * network namespace that processes are in, and those of connections they hold whose
 * listener is somebody else's.  Returns 0 or -errno.
 */
int target_add_listeners(struct loader *loader);

/* Ports that are watched: the first size of them; returns how many there are. */
size_t target_ports(const struct loader *loader, uint16_t *ports, size_t size);

/* Number of processes entered. */
size_t target_count(const struct loader *loader);

#endif

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
 * What to add where a process is not found: nothing, or that this is a container which does not
 * see the processes of the host.
 */
const char *target_container_hint(void);

/*
 * Checks that pid is a process; a thread id is replaced by the id of its process.  name: the
 * process's.  Returns 0, or -errno after a message: -ESRCH no such process, -EINVAL a kernel
 * thread.
 */
int target_resolve(pid_t *pid, char name[TARGET_NAME_SIZE]);

/*
 * Adds the children, and their children, of every target that is to be followed.  Returns
 * the number of new targets or -errno.
 */
int target_add_children(const struct loader *loader);

/* Removes targets that have ended. */
void target_remove_dead(const struct loader *loader);

/*
 * Adds the ports on which targets listen, in any network namespace, and the ports of
 * connections they hold if another process has the listener.  Returns 0 or -errno.
 */
int target_add_listeners(struct loader *loader);

/* A Unix socket on which a target listens; see proc_find_unix_listener(). */
bool target_find_unix_listener(const struct loader *loader, char path[PROC_UNIX_PATH_SIZE]);

/* Fills in the first `size` watched ports; returns how many there are in all. */
size_t target_ports(const struct loader *loader, uint16_t *ports, size_t size);

/* Number of targets. */
size_t target_count(const struct loader *loader);

#endif

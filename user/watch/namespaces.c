/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * namespaces.c - see namespaces.h.
 */
#include "watch/namespaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "watch/proc.h"

int namespaces_add(struct namespaces *namespaces, pid_t pid)
{
	uint32_t netns;
	size_t i;

	if (proc_read_netns(pid, &netns))
		return 0;
	for (i = 0; i < namespaces->count; i++)
		if (namespaces->list[i].netns == netns)
			return 0;
	if (GROW(namespaces->list, namespaces->room, namespaces->count + 1))
		return -ENOMEM;
	namespaces->list[namespaces->count++] = (struct network){ netns, pid };
	return 0;
}

int namespaces_read(struct namespaces *namespaces)
{
	struct proc_pids all = { 0 };
	int err = proc_pids_read(&all);
	size_t i;

	for (i = 0; i < all.count && !err; i++)
		err = namespaces_add(namespaces, all.pids[i]);
	proc_pids_release(&all);
	return err;
}

void namespaces_release(struct namespaces *namespaces)
{
	free(namespaces->list);
	memset(namespaces, 0, sizeof(*namespaces));
}

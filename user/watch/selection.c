/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * selection.c - see selection.h.
 */
#include "watch/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/log.h"
#include "base/text.h"
#include "kernel/capabilities.h"
#include "watch/namespaces.h"
#include "watch/target.h"

/* Every so many looks, all processes are read. */
#define LOOKS_WHOLE 10
#define REASON_MAX 128

/* A socket that listens on one of the ports. */
struct listener {
	unsigned long inode;
	size_t port; /* index into the ports */
};

struct selection {
	const struct selection_settings *wanted;
	uint32_t netns; /* inode number of the only one; 0: any */
	int netns_fd;   /* of the same: as long as it is open, no other gets the number; -1 */
	bool *port_found, *name_found;
	struct namespaces namespaces; /* of all processes, and redtap's own */
	struct listener *listeners;   /* at this look, by inode */
	size_t listener_count, listener_room;
	struct proc_inodes inodes, inodes_before; /* of the same, at this and the last look */
	struct proc_inodes own;                   /* scratch: of one process */
	struct proc_pids all;                     /* scratch: of this look */
	struct proc_pids recent;                  /* at the last look at all processes */
	struct proc_pids settled;                 /* and at the one before */
	unsigned int looks;
	bool denied; /* at this look, some descriptors could not be read */
	int err;     /* of the current visit */
};

/* The namespace that this process is in now; it stays that one when the process ends. */
static int open_netns(struct selection *selection, pid_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	selection->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (selection->netns_fd < 0 || fstat(selection->netns_fd, &status)) {
		const int err = -errno;

		log_error("cannot see the network namespace of pid '%d': %s; %s", pid,
			  strerror(-err),
			  err == -ENOENT ? "'ps -e' lists all processes" : "run with sudo");
		return err;
	}
	selection->netns = status.st_ino;
	return 0;
}

int selection_open(struct selection **result, const struct selection_settings *settings)
{
	struct selection *selection = calloc(1, sizeof(*selection));
	int err;

	if (!selection)
		return -ENOMEM;
	selection->wanted = settings;
	selection->netns_fd = -1;
	selection->port_found = calloc(settings->port_count + 1, sizeof(bool));
	selection->name_found = calloc(settings->name_count + 1, sizeof(bool));
	if (!selection->port_found || !selection->name_found) {
		selection_close(selection);
		return -ENOMEM;
	}
	err = settings->netns ? open_netns(selection, settings->netns) : 0;
	if (err)
		selection_close(selection);
	else
		*result = selection;
	return err;
}

void selection_close(struct selection *selection)
{
	if (!selection)
		return;
	proc_inodes_release(&selection->inodes);
	proc_inodes_release(&selection->inodes_before);
	proc_inodes_release(&selection->own);
	proc_pids_release(&selection->all);
	proc_pids_release(&selection->recent);
	proc_pids_release(&selection->settled);
	namespaces_release(&selection->namespaces);
	free(selection->listeners);
	free(selection->port_found);
	free(selection->name_found);
	if (selection->netns_fd >= 0)
		close(selection->netns_fd);
	free(selection);
}

/* ---- network namespaces ------------------------------------------------ */

/* Drops those whose process has ended or moved; returns whether there were any. */
static bool drop_stale_namespaces(struct namespaces *namespaces)
{
	size_t i, kept = 0;
	bool dropped;

	for (i = 0; i < namespaces->count; i++) {
		const struct network *network = &namespaces->list[i];
		uint32_t netns;

		if (!proc_read_netns(network->pid, &netns) && netns == network->netns)
			namespaces->list[kept++] = *network;
	}
	dropped = kept < namespaces->count;
	namespaces->count = kept;
	return dropped;
}

/* whole: looks at all processes, not at new ones only. */
static int find_namespaces(struct selection *selection, bool whole)
{
	int err = 0;
	size_t i;

	/* Other processes may still be in a dropped one. */
	if (drop_stale_namespaces(&selection->namespaces))
		whole = true;
	err = namespaces_add(&selection->namespaces, getpid());
	for (i = 0; i < selection->all.count && !err; i++)
		if (whole || !proc_pids_hold(&selection->settled, selection->all.pids[i]))
			err = namespaces_add(&selection->namespaces, selection->all.pids[i]);
	return err;
}

/* ---- listening sockets ------------------------------------------------ */

static int add_listener(struct selection *selection, unsigned long inode, size_t port)
{
	if (GROW(selection->listeners, selection->listener_room, selection->listener_count + 1))
		return -ENOMEM;
	selection->listeners[selection->listener_count++] = (struct listener){ inode, port };
	return proc_inodes_add(&selection->inodes, inode);
}

/* Listeners come first in the kernel's table, so it stops at the first connection. */
static bool visit_listener(void *context, const struct proc_socket *socket)
{
	struct selection *selection = context;
	size_t i;

	if (socket->state != PROC_TCP_LISTEN)
		return false;
	for (i = 0; i < selection->wanted->port_count && !selection->err; i++)
		if (selection->wanted->ports[i] == socket->port)
			selection->err = add_listener(selection, socket->inode, i);
	return !selection->err;
}

/* Sets *changed if they differ from the last look.  Returns 0 or -errno. */
static int read_listeners(struct selection *selection, bool whole, bool *changed)
{
	struct proc_inodes before = selection->inodes_before;
	size_t i;

	selection->inodes_before = selection->inodes;
	selection->inodes = before;
	selection->inodes.count = 0;
	selection->listener_count = 0;
	selection->err = selection->wanted->port_count ? find_namespaces(selection, whole) : 0;
	for (i = 0; i < selection->namespaces.count && !selection->err; i++) {
		const struct network *network = &selection->namespaces.list[i];

		if (!selection->netns || network->netns == selection->netns)
			proc_visit_sockets(network->pid, visit_listener, selection);
	}
	proc_inodes_sort(&selection->inodes);
	*changed = !proc_inodes_equal(&selection->inodes, &selection->inodes_before);
	return selection->err;
}

/* ---- one process ------------------------------------------------------ */

/*
 * With socket activation systemd holds the socket of a service too.  It serves nothing itself,
 * and every process is its child.
 */
static bool process_is_init(pid_t pid, const char *name)
{
	return pid == 1 && (strcmp(name, "systemd") == 0 || strcmp(name, "init") == 0);
}

/* Whether it holds one of the listening sockets; *port is its index. */
static bool process_listens(struct selection *selection, pid_t pid, size_t *port)
{
	size_t i;
	int err;

	if (selection->listener_count == 0)
		return false;
	selection->own.count = 0;
	err = proc_inodes_read(&selection->own, pid);
	if (err == -EACCES || err == -EPERM)
		selection->denied = true;
	if (err)
		return false;
	for (i = 0; i < selection->listener_count; i++)
		if (proc_inodes_hold(&selection->own, selection->listeners[i].inode)) {
			*port = selection->listeners[i].port;
			return true;
		}
	return false;
}

static bool user_matches(const struct selection *selection, pid_t pid)
{
	uid_t user;

	return !selection->wanted->one_user ||
	       (proc_read_user(pid, &user) == 0 && user == selection->wanted->user);
}

/* A listening socket has a namespace of its own: read_listeners(). */
static bool netns_matches(const struct selection *selection, pid_t pid)
{
	uint32_t netns;

	return !selection->netns ||
	       (proc_read_netns(pid, &netns) == 0 && netns == selection->netns);
}

static bool name_matches(struct selection *selection, pid_t pid, const char *name, size_t *pattern)
{
	size_t i;

	for (i = 0; i < selection->wanted->name_count; i++)
		if (fnmatch(selection->wanted->names[i], name, 0) == 0) {
			*pattern = i;
			return netns_matches(selection, pid);
		}
	return false;
}

static int look_at(struct selection *selection, pid_t pid, selection_found *found, void *context)
{
	char name[PROC_NAME_SIZE], shown[REASON_MAX - 16], reason[REASON_MAX];
	struct proc_status status;
	size_t i;

	if (pid == getpid() || proc_read_status(pid, &status) || status.kernel_thread ||
	    proc_read_name(pid, name) || !user_matches(selection, pid))
		return 0;
	if (name_matches(selection, pid, name, &i)) {
		selection->name_found[i] = true;
		snprintf(reason, sizeof(reason), "is named '%s'",
			 text_escape_terminal(shown, sizeof(shown), selection->wanted->names[i]));
	} else if (!process_is_init(pid, name) && process_listens(selection, pid, &i)) {
		selection->port_found[i] = true;
		snprintf(reason, sizeof(reason), "listens on port %u", selection->wanted->ports[i]);
	} else {
		return 0;
	}
	return found(context, pid, name, reason);
}

/* ---- a look ----------------------------------------------------------- */

/* A process may change its name or open its socket some time after its start. */
static void settle(struct selection *selection)
{
	struct proc_pids oldest = selection->settled;

	selection->settled = selection->recent;
	selection->recent = selection->all;
	selection->all = oldest;
}

int selection_look(struct selection *selection, selection_found *found, void *context)
{
	bool changed = false, whole = selection->looks++ % LOOKS_WHOLE == 0;
	int err = proc_pids_read(&selection->all);
	size_t i;

	selection->denied = false;
	if (!err)
		err = read_listeners(selection, whole, &changed);
	for (i = 0; i < selection->all.count && !err; i++) {
		const pid_t pid = selection->all.pids[i];

		if (whole || changed || !proc_pids_hold(&selection->settled, pid))
			err = look_at(selection, pid, found, context);
	}
	if (!err && whole)
		settle(selection);
	for (i = 0; i < selection->listener_count && !err && selection->denied; i++) {
		const size_t port = selection->listeners[i].port;

		if (selection->port_found[port])
			continue;
		log_error(
			"cannot see who listens on port '%u': CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH missing; %s",
			selection->wanted->ports[port], capabilities_advice());
		err = -EACCES;
	}
	return err;
}

void selection_explain_missing(const struct selection *selection)
{
	char shown[REASON_MAX];
	size_t i;

	for (i = 0; i < selection->wanted->port_count; i++)
		if (!selection->port_found[i])
			log_info("nothing listens on port %u yet; waiting%s",
				 selection->wanted->ports[i], target_container_hint());
	for (i = 0; i < selection->wanted->name_count; i++)
		if (!selection->name_found[i])
			log_info("no process is named '%s' yet; waiting%s",
				 text_escape_terminal(shown, sizeof(shown),
						      selection->wanted->names[i]),
				 target_container_hint());
}

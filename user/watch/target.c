// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * target.c - see target.h.
 */
#include "watch/target.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "base/log.h"
#include "kernel/capabilities.h"
#include "watch/namespaces.h"

const char *target_container_hint(void)
{
	if (loader_pid_namespace() == 0)
		return "";
	return "; redtap has a pid namespace of its own and sees no process outside of it: "
	       "start its container with 'pid: host' (docker run --pid=host)";
}

int target_resolve(pid_t *pid, char name[TARGET_NAME_SIZE])
{
	struct proc_status status;
	pid_t process = 0;
	int err = proc_read_status(*pid, &status);

	if (!err)
		err = proc_read_process_id(*pid, &process);
	if (!err)
		err = proc_read_name(*pid, name);
	if (err) {
		log_error("no process with pid '%d': %s; 'ps -e' lists all%s", *pid,
			  strerror(ESRCH), target_container_hint());
		return -ESRCH;
	}
	if (status.kernel_thread) {
		log_error(
			"pid '%d' is a kernel thread, not a server; give the pid of a server process",
			*pid);
		return -EINVAL;
	}
	*pid = process;
	return 0;
}

/* One pass over /proc.  A child may come before its parent, so more may be needed. */
static int add_children_once(const struct loader *loader)
{
	struct proc_pids all = { 0 };
	int added = proc_pids_read(&all);
	size_t i;

	for (i = 0; i < all.count && added >= 0; i++) {
		struct proc_status status;

		if (proc_read_status(all.pids[i], &status) == 0 &&
		    loader_target_follow(loader, status.parent, all.pids[i]) > 0)
			added++;
	}
	proc_pids_release(&all);
	return added;
}

int target_add_children(const struct loader *loader)
{
	int total = 0, added;

	do {
		added = add_children_once(loader);
		if (added < 0)
			return added;
		total += added;
	} while (added > 0);
	return total;
}

void target_remove_dead(const struct loader *loader)
{
	struct proc_status status;
	pid_t pid, next = 0;
	bool more = loader_next_target(loader, &next);

	/* finds the next one before removing: behind a removed key the list starts again */
	while (more) {
		pid = next;
		more = loader_next_target(loader, &next);
		if ((kill(pid, 0) && errno == ESRCH) || proc_read_status(pid, &status) == -ESRCH)
			loader_target_remove(loader, pid);
	}
}

size_t target_count(const struct loader *loader)
{
	size_t count = 0;
	pid_t pid = 0;

	while (loader_next_target(loader, &pid))
		count++;
	return count;
}

/* ---- listeners -------------------------------------------------------- */

#define PORTS 65536

/* Facts about a port, as bits. */
enum port_mark {
	PORT_LISTENED = 1, /* by any process */
	PORT_OWN_LISTENER = 2,
	PORT_OWN_CONNECTION = 4,
};

struct port_marks {
	const struct proc_inodes *own;
	unsigned char ports[PORTS];
};

static bool mark_port(void *context, const struct proc_socket *socket)
{
	struct port_marks *marks = context;
	bool own = proc_inodes_hold(marks->own, socket->inode);

	if (socket->state == PROC_TCP_LISTEN)
		marks->ports[socket->port] |= PORT_LISTENED | (own ? PORT_OWN_LISTENER : 0);
	else if ((socket->state == PROC_TCP_ESTABLISHED || socket->state == PROC_TCP_CLOSE_WAIT) &&
		 own)
		marks->ports[socket->port] |= PORT_OWN_CONNECTION;
	return true;
}

/* Served: the process listens, or holds a connection to a port that another listens on. */
static bool port_is_served(unsigned char marks)
{
	return (marks & PORT_OWN_LISTENER) ||
	       ((marks & PORT_LISTENED) && (marks & PORT_OWN_CONNECTION));
}

/* own: scratch; all: its sockets are added.  Returns 0 or -errno. */
static int add_listeners_of(pid_t pid, struct loader *loader, struct proc_inodes *own,
			    struct proc_inodes *all, struct port_marks *marks)
{
	struct listener_key key = { 0 };
	unsigned int port;
	size_t i;
	int err;

	own->count = 0;
	err = proc_read_netns(pid, &key.netns);
	if (!err)
		err = proc_inodes_read(own, pid);
	if (err == -EACCES || err == -EPERM) {
		log_error(
			"cannot see the sockets of pid '%d': CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH missing; %s",
			pid, capabilities_advice());
		return err;
	}
	if (err) /* ended meanwhile */
		return err == -ENOMEM ? err : 0;
	memset(marks->ports, 0, sizeof(marks->ports));
	marks->own = own;
	proc_visit_sockets(pid, mark_port, marks);
	for (port = 1; port < PORTS && !err; port++) {
		if (!port_is_served(marks->ports[port]))
			continue;
		key.port = port;
		err = loader_listen(loader, &key);
		if (!err)
			log_detail("pid %d serves port %u", pid, port);
	}
	for (i = 0; i < own->count && !err; i++)
		err = proc_inodes_add(all, own->inodes[i]);
	return err;
}

struct handed {
	const struct loader *loader;
	const struct proc_inodes *inodes;
	struct listener_key key;
	int err;
};

static bool enter_handed(void *context, const struct proc_socket *socket)
{
	struct handed *handed = context;

	if (socket->state != PROC_TCP_LISTEN)
		return false;
	if (!proc_inodes_hold(handed->inodes, socket->inode))
		return true;
	handed->key.port = socket->port;
	handed->err = loader_listen(handed->loader, &handed->key);
	return !handed->err;
}

/*
 * A process may listen in a network namespace that it is not in: it was given the socket
 * (systemd does that with PrivateNetwork=), or has changed its namespace since.
 */
static int add_handed_listeners(const struct loader *loader, const struct proc_inodes *inodes)
{
	struct handed handed = { .loader = loader, .inodes = inodes };
	struct namespaces namespaces = { 0 };
	size_t i;

	handed.err = namespaces_read(&namespaces);
	for (i = 0; i < namespaces.count && !handed.err; i++) {
		handed.key.netns = namespaces.list[i].netns;
		proc_visit_sockets(namespaces.list[i].pid, enter_handed, &handed);
	}
	namespaces_release(&namespaces);
	return handed.err;
}

int target_add_listeners(struct loader *loader)
{
	struct port_marks *marks = malloc(sizeof(*marks));
	struct proc_inodes own = { 0 }, all = { 0 };
	pid_t pid = 0;
	int err = 0;

	if (!marks)
		return -ENOMEM;
	while (!err && loader_next_target(loader, &pid))
		err = add_listeners_of(pid, loader, &own, &all, marks);
	proc_inodes_sort(&all);
	if (!err)
		err = add_handed_listeners(loader, &all);
	proc_inodes_release(&own);
	proc_inodes_release(&all);
	free(marks);
	return err;
}

bool target_find_unix_listener(const struct loader *loader, char path[PROC_UNIX_PATH_SIZE])
{
	struct proc_inodes own = { 0 };
	bool found = false;
	pid_t pid = 0;

	while (!found && loader_next_target(loader, &pid)) {
		own.count = 0;
		found = proc_inodes_read(&own, pid) == 0 &&
			proc_find_unix_listener(pid, &own, path);
	}
	proc_inodes_release(&own);
	return found;
}

size_t target_ports(const struct loader *loader, uint16_t *ports, size_t size)
{
	struct listener_key key = { 0 };
	size_t count = 0;

	while (loader_next_listener(loader, &key)) {
		if (count < size)
			ports[count] = key.port;
		count++;
	}
	return count;
}

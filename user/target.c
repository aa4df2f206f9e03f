// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * target.c - see target.h.
 */
#include "target.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "log.h"

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
		log_error("no process with pid '%d': %s; see 'ps -e' for those there are", *pid,
			  strerror(ESRCH));
		return -ESRCH;
	}
	if (status.kernel_thread) {
		log_error(
			"pid '%d' is a kernel thread and serves nothing; give the pid of a server process",
			*pid);
		return -EINVAL;
	}
	*pid = process;
	return 0;
}

int target_add(int targets_fd, pid_t pid, uint16_t service, bool follow)
{
	struct target_value value = { .service = service, .follow = follow };
	uint32_t key = pid;

	if (bpf_map_update_elem(targets_fd, &key, &value, BPF_NOEXIST) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

bool target_holds(int targets_fd, pid_t pid)
{
	struct target_value value;
	uint32_t key = pid;

	return bpf_map_lookup_elem(targets_fd, &key, &value) == 0;
}

/* One pass over /proc; a child can stand before its parent, so there are more. */
static int add_children_once(int targets_fd)
{
	struct proc_pids all = { 0 };
	int added = proc_pids_read(&all);
	size_t i;

	for (i = 0; i < all.count && added >= 0; i++) {
		struct proc_status status;
		struct target_value value;
		uint32_t pid = all.pids[i], parent;

		if (proc_read_status(pid, &status))
			continue;
		parent = status.parent;
		if (bpf_map_lookup_elem(targets_fd, &parent, &value) || !value.follow)
			continue;
		if (bpf_map_update_elem(targets_fd, &pid, &value, BPF_NOEXIST) == 0)
			added++;
	}
	proc_pids_release(&all);
	return added;
}

int target_add_children(int targets_fd)
{
	int total = 0, added;

	do {
		added = add_children_once(targets_fd);
		if (added < 0)
			return added;
		total += added;
	} while (added > 0);
	return total;
}

int target_remove_dead(int targets_fd)
{
	struct proc_status status;
	uint32_t key, next;
	int more = bpf_map_get_next_key(targets_fd, NULL, &next);

	while (more == 0) {
		key = next;
		more = bpf_map_get_next_key(targets_fd, &key, &next);
		if ((kill(key, 0) && errno == ESRCH) || proc_read_status(key, &status) == -ESRCH)
			bpf_map_delete_elem(targets_fd, &key);
	}
	return 0;
}

size_t target_count(int targets_fd)
{
	uint32_t key, next;
	void *position = NULL;
	size_t count = 0;

	while (bpf_map_get_next_key(targets_fd, position, &next) == 0) {
		key = next;
		position = &key;
		count++;
	}
	return count;
}

/* ---- listeners -------------------------------------------------------- */

#define PORTS 65536

/* What is known of a port, as bits. */
enum port_mark {
	PORT_LISTENED = 1, /* by anybody */
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

/* A port is watched if the process listens, or holds a connection of a listener. */
static bool port_is_served(unsigned char marks)
{
	return (marks & PORT_OWN_LISTENER) ||
	       ((marks & PORT_LISTENED) && (marks & PORT_OWN_CONNECTION));
}

static int add_listeners_of(pid_t pid, struct loader *loader, struct proc_inodes *own,
			    struct port_marks *marks)
{
	struct listener_key key = { 0 };
	int count = 0, err;
	unsigned int port;

	err = proc_read_netns(pid, &key.netns);
	if (!err)
		err = proc_inodes_read(own, pid);
	if (err == -EACCES || err == -EPERM) {
		log_error(
			"cannot see the sockets of pid '%d': CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH missing; run with sudo",
			pid);
		return err;
	}
	if (err) /* ended meanwhile */
		return err == -ENOMEM ? err : 0;
	memset(marks->ports, 0, sizeof(marks->ports));
	marks->own = own;
	proc_visit_sockets(pid, mark_port, marks);
	for (port = 1; port < PORTS; port++) {
		if (!port_is_served(marks->ports[port]))
			continue;
		key.port = port;
		err = loader_listen(loader, &key);
		if (err)
			return err;
		log_detail("pid %d serves port %u", pid, port);
		count++;
	}
	return count;
}

int target_add_listeners(struct loader *loader)
{
	const int targets_fd = loader_targets_fd(loader);
	struct port_marks *marks = malloc(sizeof(*marks));
	struct proc_inodes own = { 0 };
	void *position = NULL;
	uint32_t key, next;
	int total = 0;

	if (!marks)
		return -ENOMEM;
	while (bpf_map_get_next_key(targets_fd, position, &next) == 0) {
		int count = add_listeners_of(next, loader, &own, marks);

		if (count < 0) {
			total = count;
			break;
		}
		total += count;
		key = next;
		position = &key;
	}
	proc_inodes_release(&own);
	free(marks);
	return total;
}

size_t target_ports(int listeners_fd, uint16_t *ports, size_t size)
{
	struct listener_key key, next;
	void *position = NULL;
	size_t count = 0;

	while (bpf_map_get_next_key(listeners_fd, position, &next) == 0) {
		if (count < size)
			ports[count] = next.port;
		count++;
		key = next;
		position = &key;
	}
	return count;
}

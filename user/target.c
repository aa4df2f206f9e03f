// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * target.c - see target.h.
 */
#include "target.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"
#include "log.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000
/* include/net/tcp_states.h */
#define TCP_STATE_ESTABLISHED 1
#define TCP_STATE_CLOSE_WAIT 8
#define TCP_STATE_LISTEN 10

struct process_status {
	pid_t parent;
	unsigned int flags;
};

/* Fields of /proc/PID/stat; the name in it may hold any byte, so from its end. */
static int read_status(pid_t pid, struct process_status *status)
{
	char path[64], text[1024], *at;
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	at = strrchr(text, ')');
	if (!at ||
	    sscanf(at + 1, " %*c %d %*d %*d %*d %*d %u", &status->parent, &status->flags) != 2)
		return -ESRCH;
	return 0;
}

/* The number behind "Tgid:" in /proc/PID/status. */
static int read_process_id(pid_t pid, pid_t *process)
{
	char path[64], line[256];
	FILE *file;
	int err = -ESRCH;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", process) == 1) {
			err = 0;
			break;
		}
	fclose(file);
	return err;
}

static int read_name(pid_t pid, char name[TARGET_NAME_SIZE])
{
	char path[64];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	size = fread(name, 1, TARGET_NAME_SIZE - 1, file);
	fclose(file);
	if (size > 0 && name[size - 1] == '\n')
		size--;
	name[size] = '\0';
	return 0;
}

int target_resolve(pid_t *pid, char name[TARGET_NAME_SIZE])
{
	struct process_status status;
	pid_t process = 0;
	int err = read_status(*pid, &status);

	if (!err)
		err = read_process_id(*pid, &process);
	if (!err)
		err = read_name(*pid, name);
	if (err) {
		log_error("no process with pid '%d': %s; see 'ps -e' for those there are", *pid,
			  strerror(ESRCH));
		return -ESRCH;
	}
	if (status.flags & PF_KTHREAD) {
		log_error("pid '%d' is a kernel thread and serves nothing; give the pid of a server process",
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

	return bpf_map_update_elem(targets_fd, &key, &value, BPF_ANY) ? -errno : 0;
}

static bool is_number(const char *text)
{
	return isdigit((unsigned char)text[0]);
}

/* One pass over /proc; a child can stand before its parent, so there are more. */
static int add_children_once(int targets_fd)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int added = 0;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		struct process_status status;
		struct target_value value;
		uint32_t pid, parent;

		if (!is_number(entry->d_name))
			continue;
		pid = atoi(entry->d_name);
		if (read_status(pid, &status))
			continue;
		parent = status.parent;
		if (bpf_map_lookup_elem(targets_fd, &parent, &value) || !value.follow)
			continue;
		if (bpf_map_update_elem(targets_fd, &pid, &value, BPF_NOEXIST) == 0)
			added++;
	}
	closedir(directory);
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
	uint32_t key, next;
	int more = bpf_map_get_next_key(targets_fd, NULL, &next);

	while (more == 0) {
		key = next;
		more = bpf_map_get_next_key(targets_fd, &key, &next);
		if (kill(key, 0) && errno == ESRCH)
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

/* Inode numbers of sockets, sorted once it is filled. */
struct inode_set {
	unsigned long *inodes;
	size_t count, room;
};

static int compare_inodes(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left, b = *(const unsigned long *)right;

	return a < b ? -1 : a > b;
}

static bool inode_set_holds(const struct inode_set *set, unsigned long inode)
{
	return set->count && bsearch(&inode, set->inodes, set->count, sizeof(inode), compare_inodes);
}

/* The sockets among a process's descriptors. Returns 0 or -errno. */
static int inode_set_read(struct inode_set *set, pid_t pid)
{
	char path[300], link[64];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory)
		return -errno;
	set->count = 0;
	while ((entry = readdir(directory))) {
		unsigned long inode;
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
		length = readlink(path, link, sizeof(link) - 1);
		if (length <= 0)
			continue;
		link[length] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) != 1)
			continue;
		if (set->count == set->room) {
			size_t room = set->room ? 2 * set->room : 64;
			unsigned long *inodes = realloc(set->inodes, room * sizeof(*inodes));

			if (!inodes) {
				closedir(directory);
				return -ENOMEM;
			}
			set->inodes = inodes;
			set->room = room;
		}
		set->inodes[set->count++] = inode;
	}
	closedir(directory);
	if (set->count)
		qsort(set->inodes, set->count, sizeof(*set->inodes), compare_inodes);
	return 0;
}

#define PORTS 65536

/* Marks in ports[] those of one /proc/PID/net/tcp* table. */
static void mark_ports(pid_t pid, const char *table, const struct inode_set *own,
		       unsigned char *ports)
{
	enum { LISTENED = 1, OWN_LISTENER = 2, OWN_CONNECTION = 4 };
	char path[64], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, table);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		unsigned int port, state;
		unsigned long inode;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
			   &port, &state, &inode) != 3 ||
		    port >= PORTS)
			continue;
		if (state == TCP_STATE_LISTEN)
			ports[port] |= LISTENED | (inode_set_holds(own, inode) ? OWN_LISTENER : 0);
		else if ((state == TCP_STATE_ESTABLISHED || state == TCP_STATE_CLOSE_WAIT) &&
			 inode_set_holds(own, inode))
			ports[port] |= OWN_CONNECTION;
	}
	fclose(file);
}

/* A port is watched if the process listens, or holds a connection of a listener. */
static bool port_is_served(unsigned char marks)
{
	return (marks & 2) || (marks & 5) == 5;
}

static int add_listeners_of(pid_t pid, int listeners_fd, struct inode_set *own,
			    unsigned char *ports)
{
	struct listener_key key = { 0 };
	struct stat status;
	uint8_t one = 1;
	char path[64];
	int count = 0, err;
	unsigned int port;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	err = stat(path, &status) ? -errno : inode_set_read(own, pid);
	if (err == -EACCES || err == -EPERM) {
		log_error("cannot see the sockets of pid '%d': CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH missing; run with sudo",
			  pid);
		return err;
	}
	if (err) /* ended meanwhile */
		return err == -ENOMEM ? err : 0;
	key.netns = status.st_ino;
	memset(ports, 0, PORTS);
	mark_ports(pid, "tcp", own, ports);
	mark_ports(pid, "tcp6", own, ports);
	for (port = 1; port < PORTS; port++) {
		if (!port_is_served(ports[port]))
			continue;
		key.port = port;
		if (bpf_map_update_elem(listeners_fd, &key, &one, BPF_ANY))
			return -errno;
		log_detail("pid %d serves port %u", pid, port);
		count++;
	}
	return count;
}

int target_add_listeners(int targets_fd, int listeners_fd)
{
	unsigned char *ports = malloc(PORTS);
	struct inode_set own = { 0 };
	void *position = NULL;
	uint32_t key, next;
	int total = 0;

	if (!ports)
		return -ENOMEM;
	while (bpf_map_get_next_key(targets_fd, position, &next) == 0) {
		int count = add_listeners_of(next, listeners_fd, &own, ports);

		if (count < 0) {
			total = count;
			break;
		}
		total += count;
		key = next;
		position = &key;
	}
	free(own.inodes);
	free(ports);
	return total;
}

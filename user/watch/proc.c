/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * proc.c - see proc.h.
 */
#include "watch/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

/* ---- one process ------------------------------------------------------ */

/* /proc/PID/NAME; NULL: errno is set. */
static FILE *open_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/*
 * Reads /proc/PID/stat from the end of the name, which may hold any byte.
 * -ESRCH for a zombie: it serves nothing, and the kernel will not report its end again.  (A
 * leader can be a zombie while its other threads run.)
 */
int proc_read_status(pid_t pid, struct proc_status *status)
{
	FILE *file = open_file(pid, "stat");
	char text[1024], *at, state;
	unsigned int flags;
	int threads;
	size_t size;

	if (!file)
		return -errno;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	at = strrchr(text, ')');
	if (!at ||
	    sscanf(at + 1, " %c %d %*d %*d %*d %*d %u %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %d",
		   &state, &status->parent, &flags, &threads) != 4)
		return -ESRCH;
	if ((state == 'Z' || state == 'X') && threads <= 1)
		return -ESRCH;
	status->kernel_thread = flags & PF_KTHREAD;
	return 0;
}

/* The line of /proc/PID/status that begins with this field; -ESRCH: there is none. */
static int read_status_line(pid_t pid, const char *field, char line[256])
{
	FILE *file = open_file(pid, "status");
	int err = -ESRCH;

	if (!file)
		return -errno;
	while (err && fgets(line, 256, file))
		if (strncmp(line, field, strlen(field)) == 0)
			err = 0;
	fclose(file);
	return err;
}

int proc_read_process_id(pid_t pid, pid_t *process)
{
	char line[256];
	int err = read_status_line(pid, "Tgid:", line);

	return err ? err : sscanf(line, "Tgid: %d", process) == 1 ? 0 : -ESRCH;
}

int proc_read_user(pid_t pid, uid_t *user)
{
	uid_t effective, saved;
	char line[256];
	int err = read_status_line(pid, "Uid:", line);

	if (err)
		return err;
	if (sscanf(line, "Uid: %u %u %u", user, &effective, &saved) != 3)
		return -ESRCH;
	return *user == effective && *user == saved ? 0 : -EPERM;
}

int proc_read_name(pid_t pid, char name[PROC_NAME_SIZE])
{
	FILE *file = open_file(pid, "comm");
	size_t size;

	if (!file)
		return -errno;
	size = fread(name, 1, PROC_NAME_SIZE - 1, file);
	fclose(file);
	if (size > 0 && name[size - 1] == '\n')
		size--;
	name[size] = '\0';
	return 0;
}

int proc_read_netns(pid_t pid, uint32_t *netns)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (stat(path, &status))
		return -errno;
	*netns = status.st_ino;
	return 0;
}

/* ---- all processes ---------------------------------------------------- */

static int compare_pids(const void *left, const void *right)
{
	pid_t a = *(const pid_t *)left, b = *(const pid_t *)right;

	return a < b ? -1 : a > b;
}

int proc_pids_add(struct proc_pids *list, pid_t pid)
{
	if (GROW(list->pids, list->room, list->count + 1))
		return -ENOMEM;
	list->pids[list->count++] = pid;
	return 0;
}

bool proc_pids_hold(const struct proc_pids *list, pid_t pid)
{
	return list->count && bsearch(&pid, list->pids, list->count, sizeof(pid), compare_pids);
}

int proc_pids_read(struct proc_pids *list)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!directory)
		return -errno;
	list->count = 0;
	while (!err && (entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = proc_pids_add(list, atoi(entry->d_name));
	closedir(directory);
	if (!err && list->count)
		qsort(list->pids, list->count, sizeof(*list->pids), compare_pids);
	return err;
}

static bool list_holds(const struct proc_pids *list, pid_t pid)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->pids[i] == pid)
			return true;
	return false;
}

/* A child can stand before its parent: as many passes as there are generations. */
int proc_pids_add_children(struct proc_pids *list)
{
	struct proc_pids all = { 0 };
	int err = proc_pids_read(&all);
	size_t before, i;

	do {
		before = list->count;
		for (i = 0; i < all.count && !err; i++) {
			struct proc_status status;

			if (!list_holds(list, all.pids[i]) &&
			    proc_read_status(all.pids[i], &status) == 0 &&
			    list_holds(list, status.parent))
				err = proc_pids_add(list, all.pids[i]);
		}
	} while (!err && list->count > before);
	proc_pids_release(&all);
	return err;
}

void proc_pids_release(struct proc_pids *list)
{
	free(list->pids);
	memset(list, 0, sizeof(*list));
}

/* ---- sockets ---------------------------------------------------------- */

static int compare_inodes(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left, b = *(const unsigned long *)right;

	return a < b ? -1 : a > b;
}

int proc_inodes_add(struct proc_inodes *set, unsigned long inode)
{
	if (GROW(set->inodes, set->room, set->count + 1))
		return -ENOMEM;
	set->inodes[set->count++] = inode;
	return 0;
}

void proc_inodes_sort(struct proc_inodes *set)
{
	if (set->count)
		qsort(set->inodes, set->count, sizeof(*set->inodes), compare_inodes);
}

bool proc_inodes_hold(const struct proc_inodes *set, unsigned long inode)
{
	return set->count &&
	       bsearch(&inode, set->inodes, set->count, sizeof(inode), compare_inodes);
}

bool proc_inodes_equal(const struct proc_inodes *a, const struct proc_inodes *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->inodes, b->inodes, a->count * sizeof(*a->inodes)) == 0);
}

void proc_inodes_release(struct proc_inodes *set)
{
	free(set->inodes);
	memset(set, 0, sizeof(*set));
}

int proc_inodes_read(struct proc_inodes *set, pid_t pid)
{
	char path[300], link[64];
	struct dirent *entry;
	DIR *directory;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory)
		return -errno;
	while (!err && (entry = readdir(directory))) {
		unsigned long inode;
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
		length = readlink(path, link, sizeof(link) - 1);
		if (length < 0 && errno == EACCES) /* the list may be read, its links may not */
			err = -EACCES;
		if (length <= 0)
			continue;
		link[length] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) == 1)
			err = proc_inodes_add(set, inode);
	}
	closedir(directory);
	proc_inodes_sort(set);
	return err;
}

static void visit_table(pid_t pid, const char *table, proc_visit_socket *visit, void *context)
{
	FILE *file = open_file(pid, table);
	char line[512];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		struct proc_socket socket;
		unsigned int port;

		if (sscanf(line,
			   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu",
			   &port, &socket.state, &socket.inode) != 3 ||
		    port > UINT16_MAX)
			continue;
		socket.port = port;
		if (!visit(context, &socket))
			break;
	}
	fclose(file);
}

void proc_visit_sockets(pid_t pid, proc_visit_socket *visit, void *context)
{
	visit_table(pid, "net/tcp", visit, context);
	visit_table(pid, "net/tcp6", visit, context);
}

/* include/uapi/linux/net.h, include/linux/net.h */
#define UNIX_STREAM 1
#define UNIX_ACCEPTS 0x10000

bool proc_find_unix_listener(pid_t pid, const struct proc_inodes *own,
			     char path[PROC_UNIX_PATH_SIZE])
{
	FILE *file = open_file(pid, "net/unix");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned int flags, type;
		unsigned long inode;

		path[0] = '\0';
		found = sscanf(line, "%*x: %*x %*x %x %x %*x %lu %108[^\n]", &flags, &type, &inode,
			       path) >= 3 &&
			type == UNIX_STREAM && (flags & UNIX_ACCEPTS) &&
			proc_inodes_hold(own, inode);
	}
	if (file)
		fclose(file);
	return found;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * proc.h - reads processes and their sockets from /proc.
 *
 * Input: /proc.  Output: plain values; nothing is printed.  It must not know maps, options or
 * why a process is read.
 *
 * Processes may end at any moment: functions return -ESRCH or -ENOENT then, and callers
 * go on.
 */
#ifndef REDTAP_PROC_H
#define REDTAP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of the longest process name with its NUL (TASK_COMM_LEN). */
#define PROC_NAME_SIZE 16

struct proc_status {
	pid_t parent;
	bool kernel_thread;
};

/* A thread id gives the values of its process.  Each returns 0 or -errno. */
int proc_read_status(pid_t pid, struct proc_status *status);
int proc_read_name(pid_t pid, char name[PROC_NAME_SIZE]); /* raw bytes */
/* The process that a thread, or process, belongs to. */
int proc_read_process_id(pid_t pid, pid_t *process);
/* Its user, if its real, effective and saved one are the same; else -EPERM. */
int proc_read_user(pid_t pid, uid_t *user);
/* Inode number of its network namespace. */
int proc_read_netns(pid_t pid, uint32_t *netns);

/* Process ids.  Zeroed: empty. */
struct proc_pids {
	pid_t *pids;
	size_t count, room;
};

int proc_pids_add(struct proc_pids *list, pid_t pid);
bool proc_pids_hold(const struct proc_pids *list, pid_t pid); /* the list must be ascending */
/* Replaces the list by all processes, ascending. */
int proc_pids_read(struct proc_pids *list);
/* Adds the children of those in the list, and their children, in any order. */
int proc_pids_add_children(struct proc_pids *list);
void proc_pids_release(struct proc_pids *list);

/* Inode numbers of sockets, ascending.  Zeroed: empty. */
struct proc_inodes {
	unsigned long *inodes;
	size_t count, room;
};

/* Adds at the end; call proc_inodes_sort() when done. */
int proc_inodes_add(struct proc_inodes *set, unsigned long inode);
void proc_inodes_sort(struct proc_inodes *set);
bool proc_inodes_hold(const struct proc_inodes *set, unsigned long inode);
bool proc_inodes_equal(const struct proc_inodes *a, const struct proc_inodes *b);
void proc_inodes_release(struct proc_inodes *set);

/*
 * Adds the sockets among a process's descriptors.  -EACCES: not permitted (CAP_SYS_PTRACE,
 * CAP_DAC_READ_SEARCH).
 */
int proc_inodes_read(struct proc_inodes *set, pid_t pid);

/* include/net/tcp_states.h */
enum proc_tcp_state {
	PROC_TCP_ESTABLISHED = 1,
	PROC_TCP_CLOSE_WAIT = 8,
	PROC_TCP_LISTEN = 10,
};

struct proc_socket {
	uint16_t port; /* local, host byte order */
	unsigned int state;
	unsigned long inode; /* 0: no process has it (not accepted yet, or closed) */
};

/*
 * Calls visit for each TCP socket, IPv4 and IPv6, of a process's network
 * namespace, listeners before all others of their table; visit returns false to
 * skip the rest of the table.
 */
typedef bool proc_visit_socket(void *context, const struct proc_socket *socket);
void proc_visit_sockets(pid_t pid, proc_visit_socket *visit, void *context);

/*
 * A Unix stream socket that listens, among own, which are sockets of the process: its raw path,
 * with @ for a leading NUL.  Returns whether there is one.
 */
#define PROC_UNIX_PATH_SIZE 109
bool proc_find_unix_listener(pid_t pid, const struct proc_inodes *own,
			     char path[PROC_UNIX_PATH_SIZE]);

#endif

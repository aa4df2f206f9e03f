/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * process.h - child processes whose output is kept and which never outlive the
 * test.
 *
 * Inputs: an argument vector.  Outputs: a pid, captured text, a wait status.
 * It must not know the program it runs.
 */
#ifndef REDTAP_E2E_PROCESS_H
#define REDTAP_E2E_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A child; owned by the harness, freed at the test's teardown. */
struct process {
	pid_t pid;        /* 0 once it has been reaped */
	int status;       /* as from waitpid(), valid once pid is 0 */
	int death_signal; /* the signal that ends it at teardown */
	const char *name;
	char out_path[64]; /* captured standard output */
	char err_path[64]; /* captured standard error */
};

struct process_options {
	const char *name; /* for messages; a literal */
	const char *const
		*argv; /* NULL-terminated; argv[0] is looked up in PATH if it has no slash */
	int (*run)(void *context); /* instead of argv: the child calls it, and exits with this */
	void *context;
	const char *const *environment; /* NULL-terminated "KEY=VALUE" to add, or NULL */
	int death_signal;               /* 0: SIGKILL; servers with workers of their own: SIGTERM */
	bool as_nobody;                 /* drop every privilege before exec */
	int out_fd;                     /* > 0: standard output goes there instead of out_path */
};

/*
 * Starts a child in a process group of its own; fails the test on error.  The
 * child gets death_signal when the test program dies.  Main thread only: the
 * kernel sends that signal when the thread that forked ends.
 */
struct process *process_start(const struct process_options *options);

/* False once the child has ended (it is reaped then). */
bool process_is_running(struct process *process);

/* Captured text so far, malloc'd, NUL-terminated. */
char *process_out(const struct process *process);
char *process_err(const struct process *process);

/* Waits for text; fails the test if the child ends without it or after seconds. */
void process_wait_out(struct process *process, const char *text, double seconds);
void process_wait_err(struct process *process, const char *text, double seconds);

/* Sends a signal to the child alone. */
void process_signal(struct process *process, int signal_number);

/* SIGSTOP, then waits until none of its threads runs; SIGCONT continues it. */
void process_stop(struct process *process);

/* Waits for the end; returns the wait status; fails the test after the deadline. */
int process_wait(struct process *process, double seconds);

/* Signal, then wait. */
int process_end(struct process *process, int signal_number);

/* Fails the test unless the child ended by exit(expected); shows its standard error. */
void process_assert_exit(const struct process *process, int expected);

/* Whether pid, not necessarily a child, runs; a zombie does not. */
bool process_exists(pid_t pid);

/* Pids of the direct children of pid, at most size; returns how many. */
size_t process_children(pid_t pid, pid_t *children, size_t size);

#endif

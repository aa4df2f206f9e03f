/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * master.c - see master.h.
 */
#include "master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A worker that dies younger than this is replaced after a pause, to avoid a fast fork loop. */
#define SHORT_LIFE_MS 500

struct worker {
	pid_t pid; /* 0: none */
	struct timespec born;
};

static void make_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGCHLD);
}

static void __attribute__((noreturn))
worker_main(pid_t master, int (*work)(void *context), void *context)
{
	sigset_t signals;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The master may have died before prctl(). */
	if (getppid() != master)
		_exit(0);
	make_signals(&signals);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	err = work(context);
	fprintf(stderr, "webapp: worker %d: %s\n", (int)getpid(), strerror(-err));
	_exit(1);
}

/* 0 or -errno. */
static int start_worker(struct worker *worker, int (*work)(void *context), void *context)
{
	const pid_t master = getpid();
	const pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		worker_main(master, work, context);
	worker->pid = pid;
	clock_gettime(CLOCK_MONOTONIC, &worker->born);
	return 0;
}

static long age_ms(const struct worker *worker)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - worker->born.tv_sec) * 1000 +
	       (now.tv_nsec - worker->born.tv_nsec) / 1000000;
}

/* Removes dead workers from the table. */
static void reap(struct worker *workers, unsigned int count)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000000 };
	unsigned int i;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < count; i++) {
			if (workers[i].pid != pid)
				continue;
			workers[i].pid = 0;
			if (age_ms(&workers[i]) < SHORT_LIFE_MS)
				nanosleep(&pause, NULL);
		}
	}
}

static void end_workers(struct worker *workers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (workers[i].pid > 0)
			kill(workers[i].pid, SIGTERM);
	for (i = 0; i < count; i++)
		while (workers[i].pid > 0 && waitpid(workers[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
}

/* Forks the missing workers; 0 or -errno. */
static int start_missing(struct worker *workers, unsigned int count, int (*work)(void *context),
			 void *context)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < count && !err; i++)
		if (workers[i].pid == 0)
			err = start_worker(&workers[i], work, context);
	return err;
}

int master_run(unsigned int count, int (*work)(void *context), void (*ready)(void *context),
	       void *context)
{
	/* A fork that failed is tried again after this. */
	const struct timespec retry = { .tv_sec = 1 };
	struct worker workers[WORKERS_MAX] = { 0 };
	sigset_t signals;
	int signal_number, err;

	make_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	err = start_missing(workers, count, work, context);
	if (err) {
		fprintf(stderr, "webapp: fork: %s\n", strerror(-err));
		end_workers(workers, count);
		return 1;
	}
	ready(context);
	do {
		signal_number = err ? sigtimedwait(&signals, NULL, &retry)
				    : sigwaitinfo(&signals, NULL);
		reap(workers, count);
		if (signal_number != SIGTERM && signal_number != SIGINT)
			err = start_missing(workers, count, work, context);
	} while (signal_number != SIGTERM && signal_number != SIGINT);
	end_workers(workers, count);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * thread.h - threads beside the main one.
 *
 * Input: what a thread runs.  Output: a thread that takes no signal; waiting by the
 * monotonic clock.  It must not know what the threads do.
 */
#ifndef REDTAP_THREAD_H
#define REDTAP_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"

/* Signals are for the main thread; SIGPIPE is an error like others.  Returns 0 or an errno. */
static inline int thread_start(pthread_t *thread, void *(*run)(void *), void *context)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* For thread_wait_until(). */
static inline void thread_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* Returns whether the condition was signalled before due_ns of clock_monotonic_ns(). */
static inline bool thread_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
				     uint64_t due_ns)
{
	const struct timespec due = { .tv_sec = (time_t)(due_ns / NS_PER_S),
				      .tv_nsec = (long)(due_ns % NS_PER_S) };

	return pthread_cond_timedwait(condition, lock, &due) == 0;
}

#endif

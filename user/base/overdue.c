/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * overdue.c - see overdue.h.
 */
#include "base/overdue.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

struct overdue {
	const char *message;
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	uint64_t due_ns;   /* 0: nothing is expected, or the message is out */
	uint64_t quiet_ns; /* no message before */
	const char *stage;
	bool told;
	bool over;
};

/* Says it if it is due. */
static void tell(struct overdue *overdue)
{
	const uint64_t now_ns = clock_monotonic_ns();

	if (overdue->due_ns == 0 || now_ns < overdue->due_ns)
		return;
	overdue->due_ns = 0;
	if (now_ns < overdue->quiet_ns)
		return;
	overdue->quiet_ns = now_ns + OVERDUE_QUIET_NS;
	overdue->told = true;
	log_warning("%s; now: %s", overdue->message, overdue->stage);
}

static void *wait_for_it(void *context)
{
	struct overdue *overdue = context;

	pthread_mutex_lock(&overdue->lock);
	while (!overdue->over) {
		if (overdue->due_ns)
			thread_wait_until(&overdue->changed, &overdue->lock, overdue->due_ns);
		else
			pthread_cond_wait(&overdue->changed, &overdue->lock);
		tell(overdue);
	}
	pthread_mutex_unlock(&overdue->lock);
	return NULL;
}

struct overdue *overdue_open(const char *message)
{
	struct overdue *overdue = calloc(1, sizeof(*overdue));
	int err;

	if (!overdue)
		return NULL;
	overdue->message = message;
	overdue->stage = "waiting";
	pthread_mutex_init(&overdue->lock, NULL);
	thread_condition_init(&overdue->changed);
	err = thread_start(&overdue->thread, wait_for_it, overdue);
	if (!err)
		return overdue;
	free(overdue);
	errno = err;
	return NULL;
}

void overdue_close(struct overdue *overdue)
{
	if (!overdue)
		return;
	pthread_mutex_lock(&overdue->lock);
	overdue->over = true;
	tell(overdue);
	pthread_cond_signal(&overdue->changed);
	pthread_mutex_unlock(&overdue->lock);
	pthread_join(overdue->thread, NULL);
	pthread_cond_destroy(&overdue->changed);
	pthread_mutex_destroy(&overdue->lock);
	free(overdue);
}

bool overdue_expect(struct overdue *overdue, uint64_t due_ns)
{
	bool told;

	pthread_mutex_lock(&overdue->lock);
	/* the thread may be as late as what it waits for */
	tell(overdue);
	told = overdue->told;
	overdue->told = false;
	overdue->due_ns = due_ns;
	pthread_cond_signal(&overdue->changed);
	pthread_mutex_unlock(&overdue->lock);
	return told;
}

void overdue_stage(struct overdue *overdue, const char *stage)
{
	pthread_mutex_lock(&overdue->lock);
	overdue->stage = stage;
	pthread_mutex_unlock(&overdue->lock);
}

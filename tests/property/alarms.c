/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * alarms.c - see alarms.h.
 */
#include "alarms.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* No period is a multiple of the other, so that signals come in all orders. */
static const long periods_ns[2] = { 350000, 530000 };
static const int signals[2] = { SIGUSR1, SIGUSR2 };

static void on_alarm(int number)
{
	(void)number;
}

int alarms_open(struct alarms *alarms)
{
	unsigned int i;

	memset(alarms, 0, sizeof(*alarms));
	for (i = 0; i < 2; i++) {
		const struct sigaction action = { .sa_handler = on_alarm,
						  .sa_flags = i == 0 ? 0 : SA_RESTART };
		struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
					  .sigev_signo = signals[i],
					  .sigev_notify_thread_id = gettid() };

		if (sigaction(signals[i], &action, NULL) ||
		    timer_create(CLOCK_MONOTONIC, &event, &alarms->timers[i]))
			return -errno;
		alarms->made++;
	}
	return 0;
}

void alarms_close(struct alarms *alarms)
{
	while (alarms->made > 0)
		timer_delete(alarms->timers[--alarms->made]);
}

void alarms_set(struct alarms *alarms, bool on)
{
	unsigned int i;

	for (i = 0; i < alarms->made; i++) {
		const struct timespec period = { .tv_nsec = on ? periods_ns[i] : 0 };
		const struct itimerspec setting = { .it_interval = period, .it_value = period };

		timer_settime(alarms->timers[i], 0, &setting, NULL);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * wake.h - descriptors that wake a poll(): an interval, and the signals that end redtap.
 *
 * Output: a descriptor, or -errno.  It must not know what is done then.
 */
#ifndef REDTAP_WAKE_H
#define REDTAP_WAKE_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

/* Readable after each interval, the first of which begins now. */
static inline int wake_by_timer(uint64_t interval_ns)
{
	const struct timespec interval = { (time_t)(interval_ns / NS_PER_S),
					   (long)(interval_ns % NS_PER_S) };
	const struct itimerspec spec = { .it_interval = interval, .it_value = interval };
	const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	return fd;
}

/* From now on SIGINT and SIGTERM make it readable, and SIGPIPE does nothing. */
static inline int wake_by_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

#endif

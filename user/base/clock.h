/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * clock.h - what time it is.
 *
 * Input: the kernel's clocks.  Output: numbers.  It must not know what they are for.
 */
#ifndef REDTAP_CLOCK_H
#define REDTAP_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

/* For durations: CLOCK_MONOTONIC, which never goes back. */
static inline uint64_t clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* For people: seconds since 1970, with fractions. */
static inline double clock_unix_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

#endif

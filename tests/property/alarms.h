/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * alarms.h - signals that interrupt the system calls of one thread.
 *
 * Inputs: none.  Outputs: SIGUSR1 and SIGUSR2, several thousand a second.  After SIGUSR1 a
 * call returns EINTR, after SIGUSR2 the kernel restarts it.  It must not know what is
 * interrupted.
 */
#ifndef REDTAP_PROPERTY_ALARMS_H
#define REDTAP_PROPERTY_ALARMS_H

#include <stdbool.h>
#include <time.h>

struct alarms {
	timer_t timers[2];
	unsigned int made;
};

/* Begins the signals to the calling thread.  0 or -errno. */
int alarms_open(struct alarms *alarms);
void alarms_close(struct alarms *alarms);

void alarms_set(struct alarms *alarms, bool on);

#endif

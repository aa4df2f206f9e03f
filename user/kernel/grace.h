/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * grace.h - waits until no BPF program is under way that began before.
 *
 * Inputs: none.  Output: a moment.  It must not know what is waited for.
 */
#ifndef REDTAP_GRACE_H
#define REDTAP_GRACE_H

#include <pthread.h>
#include <stdbool.h>

struct grace {
	int outer, inner; /* maps; -1: none */
	pthread_t thread; /* waits; there is one if begun */
	bool begun;
	int result; /* written by the thread: GRACE_PENDING, then 0 or -errno */
};

/* Returns 0 or -errno; grace_close() is due in both cases. */
int grace_open(struct grace *grace);
/* Waits for what was begun. */
void grace_close(struct grace *grace);

/*
 * An RCU grace period: whatever a program had found in a map before this is called, it
 * has done with when this returns, and all that it has written can be seen.  Some 10
 * ms; as long as the kernel's own thread for it gets no CPU, which was seen to be
 * minutes.  Returns 0 or -errno.
 */
int grace_wait(const struct grace *grace);

/*
 * The same while the caller goes on, who asks grace_is_over() now and then.  One at a
 * time: not before that has said so.
 */
void grace_begin(struct grace *grace);
/* 1: over, or none was begun; 0: not yet; -errno: it was, and failed. */
int grace_is_over(struct grace *grace);

#endif

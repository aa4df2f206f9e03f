/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * grace.h - waits until all BPF programs that are running have ended.
 *
 * Inputs: none.  Output: a moment.  It must not know what is waited for.
 */
#ifndef REDTAP_GRACE_H
#define REDTAP_GRACE_H

#include <pthread.h>
#include <stdbool.h>

struct grace {
	int outer, inner; /* maps; -1: none */
	pthread_t thread; /* waits, if begun */
	bool begun;
	int result; /* written by the thread: GRACE_PENDING, then 0 or -errno */
};

/* Returns 0 or -errno; grace_close() is due in both cases. */
int grace_open(struct grace *grace);
/* Waits for a thread that was begun. */
void grace_close(struct grace *grace);

/*
 * An RCU grace period: when it returns, programs that were running at the call have
 * ended, use nothing that they had found in a map, and all that they wrote can be seen.
 * Takes about 10 ms, or minutes on a machine where the kernel's thread for it gets no
 * CPU.  Returns 0 or -errno.
 */
int grace_wait(const struct grace *grace);

/*
 * The same in the background; the caller polls grace_is_over().  One at a time: the next
 * may begin when that has not returned 0.
 */
void grace_begin(struct grace *grace);
/* 1: over, or none was begun; 0: not yet; -errno: it failed. */
int grace_is_over(struct grace *grace);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * grace.h - waits until no BPF program is under way that began before.
 *
 * Inputs: none.  Output: a moment.  It must not know what is waited for.
 */
#ifndef REDTAP_GRACE_H
#define REDTAP_GRACE_H

struct grace {
	int outer, inner; /* maps; -1: none */
};

/* Returns 0 or -errno; grace_close() is due in both cases. */
int grace_open(struct grace *grace);
void grace_close(struct grace *grace);

/*
 * An RCU grace period: whatever a program had found in a map before this is called, it
 * has done with when this returns, and all that it has written can be seen.  Some 10
 * ms, more on a busy machine.  Returns 0 or -errno.
 */
int grace_wait(const struct grace *grace);

#endif

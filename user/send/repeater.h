/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * repeater.h - every destination of --statsd gets every line.
 *
 * Input: struct flush and the time.  Output: lines to each destination, each by
 * its own encoder (statsd.h) and sender (sender.h), so that a slow or absent
 * one does not affect the others.  It must not know formats or sockets.
 */
#ifndef REDTAP_REPEATER_H
#define REDTAP_REPEATER_H

#include "flush/flush.h"
#include "send/sender.h"
#include "statsd/statsd.h"

struct repeater; /* NULL: no destination; every function accepts NULL */

/*
 * settings: its own destinations are not used.  Returns
 * 0, or -errno after a message.
 */
int repeater_open(struct repeater **repeater, const struct destination *destinations, size_t count,
		  const struct statsd_settings *settings, uint64_t now_ns);
void repeater_close(struct repeater *repeater);

/*
 * Hands a flush to all, as far as it can be sent at once; the rest goes out with
 * repeater_pump(), for which flush has to stay until the next one.  Returns 0 or -ENOMEM.
 */
int repeater_flush(struct repeater *repeater, const struct flush *flush,
		   const struct statsd_self *self, uint64_t now_ns);

/* Destinations. */
size_t repeater_count(const struct repeater *repeater);
/* How destination i is: its name, when something was last sent, errors and lost lines. */
void repeater_describe(const struct repeater *repeater, size_t i, const char **name,
		       uint64_t *sent_ns, uint64_t *errors, uint64_t *dropped);

/* Sends more of what waits; returns the latest time for the next call (or SENDER_NEVER). */
uint64_t repeater_pump(struct repeater *repeater, uint64_t now_ns);

/*
 * At the end: sends the rest, as long as there is progress. interrupt: a descriptor; when it is
 * readable, this stops early, but not in the first second, because one signal may arrive twice.
 */
void repeater_finish(struct repeater *repeater, int interrupt);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender.h - packs lines into datagrams and sends them, paced.
 *
 * Input: lines (statsd.h).  Output: UDP datagrams.  It must not know what the
 * lines mean, and it never blocks redtap or ends it: what cannot be sent is
 * counted.
 */
#ifndef REDTAP_SENDER_H
#define REDTAP_SENDER_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* Payload of a datagram: 1,500 less IPv6 and UDP headers, with some room. */
#define SENDER_DATAGRAM_MAX 1432
/* Datagrams sent without a pause; a receiver's default buffer holds 66. */
#define SENDER_BURST 50

struct sender;

/*
 * Resolves and connects.  Returns 0 and sets *sender (NULL for STATSD_NONE), or
 * -errno after a message that names the host and what to do.
 */
int sender_open(struct sender **sender, const struct statsd_option *destination);
void sender_close(struct sender *sender);

/* A statsd_sink: context is a struct sender. */
void sender_line(void *context, const char *line, size_t length);
/* Sends what is still in the buffer.  A sender of NULL is allowed. */
void sender_flush(struct sender *sender);
/* Datagrams that failed since the start. */
uint64_t sender_errors(const struct sender *sender);

#endif

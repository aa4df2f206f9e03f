/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * sender.h - sends lines to one destination: UDP, TCP or a Unix datagram
 * socket.
 *
 * Input: lines (statsd.h) and the time.  Output: datagrams, or a stream.  It must
 * not know what the lines mean.  It never waits for a receiver and never ends
 * redtap: lines go into a bounded queue, and sender_pump() sends as many as the
 * receiver and the rate limit allow.  What cannot be sent is counted.
 */
#ifndef REDTAP_SENDER_H
#define REDTAP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/destination.h"

/* Payload of a UDP datagram: 1,500 minus IPv6 and UDP headers, with some margin. */
#define SENDER_DATAGRAM_MAX 1432
/* Datagrams sent without a pause; a receiver's default buffer holds 66. */
#define SENDER_BURST 50
/*
 * The pause, nanoseconds: time for the receiver to empty its buffer, even if it
 * has to wait for a CPU. No flush waits for it.
 */
#define SENDER_PAUSE_NS 20000000ULL
/*
 * Bytes queued in advance for one destination: four bursts, so that the next one is always ready.
 * (A full table would be 26 MiB of lines; the rest is encoded later.)
 */
#define SENDER_AHEAD ((size_t)256 << 10)
/* Most bytes queued for one destination; further lines are dropped. */
#define SENDER_QUEUE_MAX ((size_t)4 << 20)
/* Nothing is due. */
#define SENDER_NEVER UINT64_MAX

/* Longest name of a sender, escaped. */
#define SENDER_NAME_MAX 64

struct sender;

/*
 * Resolves and, for UDP, connects; a TCP or Unix receiver that is not there yet
 * is tried again later.  The host is looked up again every minute, and after failures.  now_ns here and below: a monotonic clock.  Returns 0
 * and sets *sender, or -errno after a message that names the destination and
 * what to do.
 */
int sender_open(struct sender **sender, const struct destination *destination, uint64_t now_ns);
/*
 * From now on each datagram carries a line redtap.statsd.received (a counter of
 * 1), and the last one of a flush redtap.statsd.sent (datagrams since the
 * start), both with the tag `sender`: name.  So the receiver can detect lost
 * datagrams, which cause no error here. name: escaped for a tag.  No effect for
 * TCP, where losses are errors.
 */
void sender_identify(struct sender *sender, const char *name);
/* Closes and frees; waiting lines are lost. */
void sender_close(struct sender *sender);

/* A statsd_sink: context is a struct sender. */
void sender_line(void *context, const char *line, size_t length);

/*
 * Sends what can be sent now.  Returns the latest time for the next call;
 * SENDER_NEVER: a few times a second is enough.
 */
uint64_t sender_pump(struct sender *sender, uint64_t now_ns);

/* A flush is complete: pumps, and tells the user when sending works again. */
void sender_flush(struct sender *sender, uint64_t now_ns);

/* Bytes that may be queued now, up to SENDER_AHEAD in total; 0 also without a connection. */
size_t sender_room(const struct sender *sender);

/* Bytes in the queue. */
size_t sender_waiting(const struct sender *sender);

/* Whether there is a receiver: a socket, and for TCP and Unix a connection or an attempt. */
bool sender_is_open(const struct sender *sender);

/* Since the start: bytes that were sent. */
uint64_t sender_taken(const struct sender *sender);
/* Since the start: datagrams that failed, and connections that failed or were lost. */
uint64_t sender_errors(const struct sender *sender);
/* Since the start: lines that were not sent, or were lost with these. */
uint64_t sender_dropped(const struct sender *sender);
/* Since the start: how often the host had another address, where another receiver is. */
uint64_t sender_moves(const struct sender *sender);
/* When something was last sent without a failure; 0: never. */
uint64_t sender_sent_ns(const struct sender *sender);

#endif

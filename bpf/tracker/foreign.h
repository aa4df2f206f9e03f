/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * foreign.h - bytes that are not HTTP/1: requests of another protocol, and when a
 * connection is ignored.
 *
 * Inputs: what the receive part has parsed, and whether the server has sent HTTP.
 * Outputs: events; connection.ignored.  Pure.  It must not know how bytes were parsed.
 */
#ifndef REDTAP_TRACKER_FOREIGN_H
#define REDTAP_TRACKER_FOREIGN_H

#include "tracker/ring.h"

/* The request line ends without an HTTP version. */
static __always_inline void tracker_receive_odd(struct connection *connection)
{
	struct request_slot *slot = tracker_reading(connection);

	smp_store_release(&slot->flags, slot->flags | SLOT_MALFORMED);
	if (!connection->receive.suspect)
		connection->receive.suspect = IGNORE_MALFORMED;
}

/*
 * These bytes do not look like HTTP/1.  If the server has never sent a status line, TLS and
 * HTTP/2 are ignored at once.  Otherwise the server decides: if it sends a status line,
 * that response answers these bytes, and the next call begins with a request; if it
 * sends anything else and has never sent a status line, the connection is ignored.
 */
static __always_inline __u32 tracker_receive_bad(struct connection *connection,
						 struct tracker_job *job, __u32 reason)
{
	struct receive_part *receive = &connection->receive;

	job->feed.parser.phase = PHASE_LOST;
	job->offset = job->length;
	receive->resumes = 1;
	if (reason != IGNORE_NOT_HTTP && !READ_ONCE(connection->send.speaks_http)) {
		job->feed.parser.phase = PHASE_IGNORE;
		connection->ignored = reason;
		job->reason = reason;
		return EVENT_IGNORED;
	}
	receive->reading = SLOT_SPARE;
	receive->suspect = reason;
	tracker_drop(connection, METHOD_NONE);
	return EVENT_NONE;
}

/*
 * Whether the last received bytes were not HTTP/1 and no other request waits: then the
 * next response answers these bytes.
 */
static __always_inline bool tracker_send_is_odd(struct connection *connection)
{
	const __u8 suspect = READ_ONCE(connection->receive.suspect);

	return suspect && suspect != IGNORE_MALFORMED && tracker_outstanding(connection) == 0 &&
	       READ_ONCE(connection->receive.dropped) - connection->send.dropped_answered == 1;
}

/*
 * Neither side has sent HTTP/1, or the connection ends and bytes that were not HTTP/1 got
 * no response: requests are lost, and the connection is ignored.  Returns an event; call
 * it until it returns EVENT_NONE.
 */
static __always_inline __u32 tracker_give_up(struct connection *connection, struct tracker_job *job,
					     bool ends)
{
	struct send_part *send = &connection->send;
	const __u8 suspect = READ_ONCE(connection->receive.suspect);

	if (!suspect || connection->ignored)
		return EVENT_NONE;
	if (send->speaks_http && !(ends && tracker_send_is_odd(connection)))
		return EVENT_NONE;
	if (tracker_outstanding(connection) > 0) {
		if (tracker_slot_oldest(connection)->flags & SLOT_MALFORMED)
			return tracker_lose(connection, job, LOSS_MALFORMED);
		return EVENT_NONE;
	}
	if (suspect == IGNORE_MALFORMED && !send->foreign)
		return EVENT_NONE;
	send->dropped_answered = READ_ONCE(connection->receive.dropped);
	connection->ignored = suspect;
	job->reason = suspect;
	return EVENT_IGNORED;
}

#endif

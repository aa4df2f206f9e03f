/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * resync.h - finds out which request the next response answers, after responses were
 * missed.
 *
 * Inputs: the numbers of requests when that happened, and now.  Outputs: events of lost
 * requests.  Pure.  It must not know why responses were missed.
 */
#ifndef REDTAP_TRACKER_RESYNC_H
#define REDTAP_TRACKER_RESYNC_H

#include "tracker/ring.h"

static __always_inline void tracker_doubt_set(struct connection *connection, struct doubt *doubt)
{
	doubt->pushed = READ_ONCE(connection->receive.pushed);
	doubt->dropped = READ_ONCE(connection->receive.dropped);
}

/* Whether a waiting request may have been answered by a missed response. */
static __always_inline bool tracker_send_doubts(struct connection *connection)
{
	return connection->send.unsure &&
	       (__s32)(connection->send.doubt.pushed - connection->send.answered) > 0;
}

/*
 * It is not known how many responses were missed.  A client sends a new request after it
 * got its responses: so when one has come, the requests that waited before are lost.
 * Call it before a send call until it returns EVENT_NONE (at most PIPELINE_SLOTS
 * times).
 */
static __always_inline __u32 tracker_send_resync(struct connection *connection,
						 struct tracker_job *job)
{
	struct send_part *send = &connection->send;

	if (send->owner == OWNER_SLOT || send->owner == OWNER_DROPPED)
		return EVENT_NONE; /* in the middle of its response */
	if (tracker_idle(connection)) {
		send->unsure = 0;
		return EVENT_NONE;
	}
	if (!tracker_doubt_is_old(connection))
		return EVENT_NONE;
	if (tracker_send_doubts(connection))
		return tracker_lose(connection, job, LOSS_FRAMING);
	/* dropped requests from before do not wait for a response either */
	if ((__s32)(send->doubt.dropped - send->dropped_answered) > 0)
		send->dropped_answered = send->doubt.dropped;
	send->unsure = 0;
	return EVENT_NONE;
}

/* A send call that is not parsed, as another one holds the claim. */
static __always_inline void tracker_send_contended(struct connection *connection)
{
	tracker_doubt_set(connection, &connection->send.contended);
	smp_store_release(&connection->send.contention, 1);
}

/*
 * Whether responses may have been missed in such calls.  Then the caller resynchronises
 * after a send call has begun, as new requests may have come since.
 */
static __always_inline bool tracker_send_contention(struct connection *connection,
						    const struct tracker_job *job)
{
	struct send_part *send = &connection->send;

	if (!READ_ONCE(send->contention))
		return false;
	smp_store_release(&send->contention, 0);
	if (job->feed.parser.phase != PHASE_LOST)
		return false;
	send->doubt = send->contended;
	send->unsure = 1;
	return true;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ring.h - the ring of requests that wait for their responses; a removed request becomes
 * a transaction or a loss.
 *
 * Inputs: slots filled by the receive part, and the send part's state.  Outputs:
 * job->transaction or job->reason, with an event.  Pure.  It must not know how bytes
 * were parsed.
 */
#ifndef REDTAP_TRACKER_TRANSACTION_H
#define REDTAP_TRACKER_TRANSACTION_H

#include "tracker/state.h"

static __always_inline __u32 tracker_slot_behind(__u32 slot)
{
	return slot + 1 < PIPELINE_SLOTS ? slot + 1 : 0;
}

/* The slot for the next request that is kept. */
static __always_inline struct request_slot *tracker_slot_next(struct connection *connection)
{
	__u32 at = connection->receive.next;

	return &connection->slots[at < SLOT_SPARE ? at : SLOT_SPARE];
}

/* The slot of the oldest waiting request. */
static __always_inline struct request_slot *tracker_slot_oldest(struct connection *connection)
{
	__u32 at = connection->send.oldest;

	return &connection->slots[at < SLOT_SPARE ? at : SLOT_SPARE];
}

/* The slot of the request that is being read. */
static __always_inline struct request_slot *tracker_reading(struct connection *connection)
{
	__u32 at = connection->receive.reading;

	return &connection->slots[at < SLOT_SPARE ? at : SLOT_SPARE];
}

/* Number of requests in the ring: those without a complete response. */
static __always_inline __u32 tracker_outstanding(struct connection *connection)
{
	return READ_ONCE(connection->receive.pushed) - READ_ONCE(connection->send.answered);
}

/* Removes the oldest request from the ring. */
static __always_inline void tracker_slot_take(struct connection *connection)
{
	struct send_part *send = &connection->send;

	send->oldest = tracker_slot_behind(send->oldest);
	smp_store_release(&send->answered, send->answered + 1);
}

/*
 * Whether a send is running, or has ended and its hook has not run yet.  end: write_seq.
 * Call it before tracker_outstanding().
 */
static __always_inline bool tracker_send_unsettled(struct connection *connection, __u32 end)
{
	return READ_ONCE(connection->send.claim) || READ_ONCE(connection->send.sequence) != end;
}

/* Counts a request that is not kept; its response will still come. */
static __always_inline void tracker_drop(struct connection *connection, __u32 method)
{
	struct receive_part *receive = &connection->receive;
	__u64 bit = 1ULL << (receive->dropped & 63);

	receive->dropped_heads &= ~bit;
	if (method == METHOD_HEAD)
		receive->dropped_heads |= bit;
	smp_store_release(&receive->dropped, receive->dropped + 1);
}

/* The server has shut down sending: it may still read (RFC 9112, section 9.6). */
static __always_inline bool tracker_is_deaf(const struct connection *connection)
{
	return !connection->peer && (READ_ONCE(connection->end) & END_LOCAL);
}

/* Whether the phase is in a request body or its chunk framing. */
static __always_inline bool tracker_phase_is_body(__u8 phase)
{
	return phase == PHASE_BODY || phase == PHASE_CHUNK_DATA || http_phase_is_chunk(phase);
}

static __always_inline bool tracker_idle(struct connection *connection)
{
	return tracker_outstanding(connection) == 0 &&
	       READ_ONCE(connection->receive.dropped) ==
		       READ_ONCE(connection->send.dropped_answered);
}

/* Whether the connection is no longer HTTP and no request waits. */
static __always_inline bool tracker_is_over(struct connection *connection)
{
	return (READ_ONCE(connection->ignored) || READ_ONCE(connection->tunnel)) &&
	       tracker_idle(connection);
}

/* Whether requests have come since responses were missed. */
static __always_inline bool tracker_doubt_is_old(struct connection *connection)
{
	const struct doubt *doubt = &connection->send.doubt;

	return READ_ONCE(connection->receive.pushed) != READ_ONCE(doubt->pushed) ||
	       READ_ONCE(connection->receive.dropped) != READ_ONCE(doubt->dropped);
}

/*
 * Whether the client may have all its responses: no request waits, or all that wait came
 * before responses were missed.
 */
static __always_inline bool tracker_may_be_idle(struct connection *connection)
{
	const struct send_part *send = &connection->send;

	if (tracker_idle(connection))
		return true;
	return READ_ONCE(send->unsure) && READ_ONCE(send->owner) == OWNER_NONE &&
	       !tracker_doubt_is_old(connection);
}

/* Sets the route `other`; words of the path after its last one do not count. */
static __always_inline void tracker_route_other(struct series_key *key)
{
	word_store(key->path, HTTP_TOKEN_WORD("other", 0));
	key->path_length = 5;
}

static __always_inline void tracker_path_copy(char *to, const char *from)
{
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++)
		word_store(to + i * 8, word_load(from + i * 8));
}

/*
 * Copies the used words of a path.  The length is read again in each iteration: then the
 * verifier does not know its value, and does not check each length separately.
 */
static __always_inline void tracker_route_copy(char *to, const char *from, const __u8 *length)
{
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++) {
		if (i * 8 >= READ_ONCE(*length))
			break;
		word_store(to + i * 8, word_load(from + i * 8));
	}
}

/* Stores the complete route of a request, padded with zeros to a whole word. */
static __always_inline void tracker_route_set(struct request_slot *slot, const char *path,
					      __u8 length)
{
	__u32 last = index_mask(length - 1, PATH_MAX_BYTES - 8), behind = (8 - length % 8) % 8;
	__u64 word;

	slot->path_length = length;
	tracker_route_copy(slot->path, path, &slot->path_length);
	/* little endian: the first bytes in memory are the lowest of the word */
	word = word_load(slot->path + last);
	word_store(slot->path + last, word & ~0ULL >> behind * 8);
	smp_store_release(&slot->flags, slot->flags | SLOT_ROUTE);
}

/* Whether the oldest request seems to be of another protocol. */
static __always_inline bool tracker_is_foreign(struct connection *connection)
{
	return (tracker_slot_oldest(connection)->flags & SLOT_MALFORMED) &&
	       !connection->send.speaks_http;
}

/* Removes the oldest request from the ring, as lost. */
static __always_inline __u32 tracker_lose(struct connection *connection, struct tracker_job *job,
					  __u32 reason)
{
	struct send_part *send = &connection->send;

	if (reason == LOSS_FRAMING && tracker_is_foreign(connection))
		reason = LOSS_MALFORMED;
	if (reason == LOSS_MALFORMED)
		send->foreign = 1;
	job->reason = reason;
	send->owner = OWNER_NONE;
	tracker_slot_take(connection);
	return EVENT_LOST;
}

/*
 * Splits the time from t1 to the end into queue, service and send.  The times may come
 * from several CPUs, and a response may begin before its request is read: the parts
 * always add up to the duration.
 */
static __always_inline void tracker_split(struct transaction *transaction,
					  const struct request_slot *slot, __u64 first_ns,
					  __u64 end_ns)
{
	__u64 duration = end_ns > slot->arrived_ns ? end_ns - slot->arrived_ns : 0;
	__u64 queue = slot->received_ns - slot->arrived_ns;
	__u64 service = first_ns > slot->received_ns ? first_ns - slot->received_ns : 0;

	if (queue > duration)
		queue = duration;
	if (service > duration - queue)
		service = duration - queue;
	transaction->duration_ns = duration;
	transaction->queue_ns = queue;
	transaction->service_ns = service;
	transaction->send_ns = duration - queue - service;
	transaction->queue_known = slot->approximate != APPROXIMATE_ATTACHED_LATE &&
				   slot->approximate != APPROXIMATE_NO_ARRIVAL;
}

/* Moves the oldest request from the ring into job->transaction. */
static __always_inline __u32 tracker_finish(struct connection *connection, struct tracker_job *job,
					    __u32 status, __u32 error, __u64 end_ns)
{
	struct send_part *send = &connection->send;
	struct request_slot *slot = tracker_slot_oldest(connection);
	struct transaction *transaction = &job->transaction;

	transaction->key.service = connection->service;
	transaction->key.status = status;
	transaction->key.method = slot->method;
	transaction->key.error = error;
	transaction->key.peer = connection->peer;
	if (slot->flags & SLOT_ROUTE) {
		transaction->key.path_length = slot->path_length;
		tracker_route_copy(transaction->key.path, slot->path, &slot->path_length);
	} else {
		tracker_route_other(&transaction->key);
	}
	tracker_split(transaction, slot, send->first_ns, end_ns);
	transaction->end_ns = end_ns;
	transaction->request_bytes = slot->body_bytes;
	transaction->response_bytes = send->body_bytes;
	transaction->approximate = send->approximate ? send->approximate : slot->approximate;
	if (send->unsure && !transaction->approximate)
		transaction->approximate = APPROXIMATE_ORDER_UNKNOWN;
	send->owner = OWNER_NONE;
	send->approximate = APPROXIMATE_NONE;
	send->body_bytes = 0;
	tracker_slot_take(connection);
	return EVENT_FINISHED;
}

#endif

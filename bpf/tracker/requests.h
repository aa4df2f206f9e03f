/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * requests.h - the receive part: bytes of requests, from their first to the
 * end of their bodies.
 *
 * Inputs: sequence numbers, lengths of calls, windows that were fed, verdicts.
 * Outputs: events; slots in the ring.  Pure.  It must not know responses, but for
 * how many requests wait for one.
 */
#ifndef REDTAP_TRACKER_RECEIVE_H
#define REDTAP_TRACKER_RECEIVE_H

#include "tracker/arrival.h"
#include "tracker/ring.h"

/* The request's framing is lost: the next call may begin with a new one. */
static __always_inline void tracker_receive_lose(struct connection *connection,
						 struct tracker_job *job, __u32 reason)
{
	struct request_slot *slot = tracker_reading(connection);
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase > PHASE_METHOD && parser->phase != PHASE_LOST && !slot->approximate)
		slot->approximate = reason;
	parser->phase = PHASE_LOST;
}

/*
 * Bytes that went by without being looked at, in whatever phase.  Returns an
 * event: where a request was due, at least one began in them and its answer
 * will come.
 */
static __always_inline __u32 tracker_receive_pass(struct connection *connection,
						  struct tracker_job *job, __u64 bytes,
						  __u32 reason)
{
	struct http_parser *parser = &job->feed.parser;
	__u8 phase = parser->phase;

	if (phase == PHASE_IGNORE || phase == PHASE_LOST)
		return EVENT_NONE;
	if ((phase == PHASE_BODY || phase == PHASE_CHUNK_DATA) && bytes <= parser->remaining) {
		tracker_reading(connection)->body_bytes += bytes;
		parser->remaining -= bytes;
		if (parser->remaining > 0)
			return EVENT_NONE;
		if (phase == PHASE_CHUNK_DATA)
			parser->phase = PHASE_CHUNK_CRLF;
		else
			http_parser_init(parser, PHASE_REQUEST);
		return EVENT_NONE;
	}
	tracker_receive_lose(connection, job, reason);
	if (!http_phase_is_method(phase))
		return EVENT_NONE;
	tracker_drop(connection, METHOD_NONE);
	job->reason = job->offset ? LOSS_UNREADABLE : LOSS_HOOK_MISSED;
	return EVENT_DROPPED;
}

/* Takes the receive part's parser into the job. */
static __always_inline void tracker_receive_load(struct connection *connection,
						 struct tracker_job *job)
{
	struct receive_part *receive = &connection->receive;
	__u8 phase = receive->parser.phase;

	job->offset = 0;
	job->fresh = phase != PHASE_METHOD;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
	job->feed.parser = receive->parser;
	if (phase == PHASE_METHOD || http_phase_is_target(phase))
		job->feed.line = receive->line;
	if (http_phase_is_target(phase))
		tracker_path_copy(job->feed.path, tracker_reading(connection)->path);
}

/* Puts it back at the end of the call. */
static __always_inline void tracker_receive_store(struct connection *connection,
						  struct tracker_job *job)
{
	struct receive_part *receive = &connection->receive;
	__u8 phase = job->feed.parser.phase;

	receive->parser = job->feed.parser;
	if (phase == PHASE_METHOD || http_phase_is_target(phase))
		receive->line = job->feed.line;
	if (phase == PHASE_METHOD && job->fresh)
		receive->begun_ns = job->now_ns;
	if (http_phase_is_target(phase))
		tracker_path_copy(tracker_reading(connection)->path, job->feed.path);
	if (phase != PHASE_METHOD) /* its first byte's stamp is still to be looked up */
		tracker_arrival_trim(connection);
}

/*
 * Begins a receive call of job->length bytes.  end: copied_seq behind it.
 * Bytes between the last call and this one that no hook showed (splice,
 * zero-copy receive) are passed over.  Returns an event.
 */
static __always_inline __u32 tracker_receive_begin(struct connection *connection,
						   struct tracker_job *job, __u32 end)
{
	struct receive_part *receive = &connection->receive;
	__s32 gap;

	tracker_receive_load(connection, job);
	job->sequence = end - (__u32)job->length;
	gap = (__s32)(job->sequence - receive->sequence);
	receive->sequence = end;
	if (connection->tunnel)
		job->feed.parser.phase = PHASE_IGNORE;
	if (gap > 0)
		return tracker_receive_pass(connection, job, gap, APPROXIMATE_BODY_UNREADABLE);
	if (gap < 0 && job->feed.parser.phase != PHASE_IGNORE)
		tracker_receive_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	return EVENT_NONE;
}

/* Consumes what needs no look; returns how many bytes, 0: show me the next. */
static __always_inline __u64 tracker_receive_skip(struct connection *connection,
						  struct tracker_job *job)
{
	__u64 left = job->length - job->offset;
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase == PHASE_IGNORE)
		return left;
	if (parser->phase == PHASE_LOST)
		return job->offset == 0 && tracker_may_be_idle(connection) ? 0 : left;
	if (parser->phase != PHASE_BODY && parser->phase != PHASE_CHUNK_DATA)
		return 0;
	if (left > parser->remaining)
		left = parser->remaining;
	tracker_receive_pass(connection, job, left, APPROXIMATE_NONE);
	return left;
}

/*
 * Whether a window begins with a registered method, a space and a target that
 * has the form of one: where framing was lost, less would take body text for a
 * request.
 */
static __always_inline bool tracker_begins_request(const struct http_window *window)
{
	__u64 word0 = 0, word1 = 0, word2 = 0;
	__u32 i;

	for (i = 0; i < HTTP_METHOD_MAX; i++) {
		__u8 byte = window->bytes[i];

		if (i >= window->fill)
			return false;
		if (byte == ' ') {
			byte = window->bytes[i + 1];
			if (i + 1 >= window->fill ||
			    (byte != '/' && byte != '*' && (byte | 0x20) != 'h'))
				return false;
			return http_method_lookup(word0, word1, word2) != METHOD_OTHER;
		}
		if (!(http_class(byte) & CLASS_METHOD))
			return false;
		if (i < 8)
			word0 |= (__u64)byte << (i * 8 & 63);
		else if (i < 16)
			word1 |= (__u64)byte << (i * 8 & 63);
		else
			word2 |= (__u64)byte << (i * 8 & 63);
	}
	return false;
}

/* What kind of connection begins with this byte. */
static __always_inline __u32 tracker_classify(__u8 first)
{
	return first == 0x16 ? IGNORE_TLS : IGNORE_NOT_HTTP;
}

/*
 * What a proxy puts before the first request of a connection, the client's address:
 * goes on in `phase`, the line of version 1 or what is left (parser.remaining) of
 * version 2.  Returns false if it is not the first: then it is none.
 */
static __always_inline bool tracker_receive_proxy(struct connection *connection,
						  struct tracker_job *job, __u8 phase)
{
	struct receive_part *receive = &connection->receive;
	struct http_parser *parser = &job->feed.parser;

	if (receive->pushed || receive->dropped)
		return false;
	if (phase == PHASE_BODY && parser->remaining == 0)
		phase = PHASE_REQUEST;
	/* a body of nobody's: receive->reading is the spare slot still */
	parser->phase = phase;
	parser->position = 0;
	job->fresh = 1;
	return true;
}

/*
 * A method and its space: the request exists from here on.  sequence: of the
 * method's first byte.
 */
static __always_inline __u32 tracker_receive_seen(struct connection *connection,
						  struct tracker_job *job, __u32 sequence)
{
	struct receive_part *receive = &connection->receive;
	struct http_request_line *line = &job->feed.line;
	struct request_slot *slot = tracker_slot_next(connection);
	__u64 arrived_ns;
	__u32 method;

	if (line->method[0] == HTTP_TOKEN_WORD("PRI", 0)) {
		job->feed.parser.phase = PHASE_IGNORE;
		connection->ignored = IGNORE_HTTP2;
		job->reason = IGNORE_HTTP2;
		return EVENT_IGNORED;
	}
	if (line->method[0] == HTTP_TOKEN_WORD("PROXY", 0) &&
	    tracker_receive_proxy(connection, job, PHASE_PROXY_LINE))
		return EVENT_NONE;
	method = http_method_lookup(line->method[0], line->method[1], line->method[2]);
	if (tracker_outstanding(connection) >= (job->unsettled ? PIPELINE_SLOTS : PIPELINE_MAX)) {
		receive->reading = SLOT_SPARE;
		tracker_drop(connection, method);
		job->reason = LOSS_PIPELINE_FULL;
		return EVENT_DROPPED;
	}
	slot->received_ns = job->fresh ? job->now_ns : receive->begun_ns;
	job->fresh = 1;
	slot->approximate = APPROXIMATE_NONE;
	arrived_ns = connection->peer ? slot->received_ns
				      : tracker_arrival_find(connection, sequence);
	/* a stamp from later on: the one of these bytes was missed */
	if (arrived_ns == 0 || arrived_ns > slot->received_ns) {
		arrived_ns = slot->received_ns;
		slot->approximate = connection->late ? APPROXIMATE_ATTACHED_LATE
						     : APPROXIMATE_NO_ARRIVAL;
	}
	slot->arrived_ns = arrived_ns;
	slot->body_bytes = 0;
	slot->dropped_before = receive->dropped;
	slot->method = method;
	slot->flags = 0;
	slot->path_length = 0;
	receive->reading = receive->next;
	receive->next = tracker_slot_behind(receive->next);
	smp_store_release(&receive->pushed, receive->pushed + 1);
	return EVENT_SEEN;
}

/* End of a request's header section: what follows it (RFC 9112, section 6.3). */
static __always_inline void tracker_receive_head(struct connection *connection,
						 struct tracker_job *job)
{
	struct http_parser *parser = &job->feed.parser;
	__u8 flags = parser->flags;

	if (flags & HTTP_CHUNKED) {
		parser->phase = PHASE_CHUNK_SIZE;
		parser->number = 0;
		parser->flags = flags & ~HTTP_LINE_FLAGS;
	} else if (flags & (HTTP_HAS_CODING | HTTP_LENGTH_BAD)) {
		/* the server must refuse it and close */
		tracker_receive_lose(connection, job, APPROXIMATE_NONE);
	} else if (parser->length > 0) {
		parser->phase = PHASE_BODY;
		parser->remaining = parser->length;
	} else {
		http_parser_init(parser, PHASE_REQUEST);
	}
}

/* The route of the request being read is complete. */
static __always_inline void tracker_receive_route(struct connection *connection,
						  struct tracker_job *job)
{
	struct request_slot *slot = tracker_reading(connection);

	if (job->feed.line.other || slot->method == METHOD_CONNECT)
		return;
	tracker_route_set(slot, job->feed.path, job->feed.line.path_length);
}

/* What follows is not HTTP/1. */
static __always_inline __u32 tracker_receive_ignore(struct connection *connection,
						    struct tracker_job *job)
{
	struct http_feed *feed = &job->feed;
	__u32 last = index_mask(feed->window.position - 1, HTTP_WINDOW - 1);

	if (http_phase_is_chunk(feed->parser.phase)) {
		tracker_receive_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
		job->offset = job->length;
		return EVENT_NONE;
	}
	if (feed->parser.phase > PHASE_METHOD) {
		tracker_reading(connection)->flags |= SLOT_MALFORMED;
		job->reason = IGNORE_MALFORMED;
	} else if (feed->parser.phase == PHASE_REQUEST) {
		job->reason = tracker_classify(feed->window.bytes[last]);
	} else {
		job->reason = IGNORE_NOT_HTTP;
	}
	feed->parser.phase = PHASE_IGNORE;
	connection->ignored = job->reason;
	return EVENT_IGNORED;
}

/*
 * The window is filled; a call that begins while framing is lost may begin a
 * request.  Returns false if there is nothing to parse in it.
 */
static __always_inline bool tracker_receive_ready(struct tracker_job *job)
{
	struct http_feed *feed = &job->feed;

	if (feed->parser.phase != PHASE_LOST)
		return true;
	if (!tracker_begins_request(&feed->window)) {
		job->offset = job->length;
		return false;
	}
	http_parser_init(&feed->parser, PHASE_REQUEST);
	return true;
}

/*
 * The window was fed from position `before` on by the function of the parser's
 * phase, with this verdict; job->offset moves on.  Returns an event.
 */
static __always_inline __u32 tracker_receive_fed(struct connection *connection,
						 struct tracker_job *job, __u32 before,
						 __u32 verdict)
{
	struct http_feed *feed = &job->feed;

	job->offset += feed->window.position - before;
	if (http_phase_is_chunk(feed->parser.phase) || feed->parser.phase == PHASE_CHUNK_DATA)
		tracker_reading(connection)->body_bytes += feed->window.position - before;
	switch (verdict) {
	case HTTP_METHOD: /* its bytes and the space are contiguous */
		return tracker_receive_seen(connection, job,
					    job->sequence + (__u32)job->offset - 1 -
						    feed->line.method_length);
	case HTTP_PROXY:
		if (tracker_receive_proxy(connection, job, PHASE_BODY))
			return EVENT_NONE;
		return tracker_receive_ignore(connection, job);
	case HTTP_TARGET:
		tracker_receive_route(connection, job);
		return EVENT_NONE;
	case HTTP_HEAD:
		tracker_receive_head(connection, job);
		return EVENT_NONE;
	case HTTP_END:
		http_parser_init(&feed->parser, PHASE_REQUEST);
		return EVENT_NONE;
	case HTTP_BAD:
		return tracker_receive_ignore(connection, job);
	default:
		return EVENT_NONE;
	}
}

/*
 * Likewise, by the scan of a request's first line and, if the verdict is
 * HTTP_HEAD, of its whole head.
 */
static __always_inline __u32 tracker_receive_scanned(struct connection *connection,
						     struct tracker_job *job, __u32 before,
						     __u32 verdict)
{
	__u32 event = tracker_receive_seen(connection, job, job->sequence + (__u32)job->offset);

	job->offset += job->feed.window.position - before;
	tracker_receive_route(connection, job);
	if (verdict == HTTP_HEAD)
		tracker_receive_head(connection, job);
	return event;
}

/*
 * The rest of this call cannot be looked at (reason: unreadable memory) or will
 * not be (the walk's bound).  Returns an event.
 */
static __always_inline __u32 tracker_receive_rest(struct connection *connection,
						  struct tracker_job *job, __u32 reason)
{
	__u64 left = job->length - job->offset;

	job->offset = job->length;
	return tracker_receive_pass(connection, job, left, reason);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * walk.h - walks over the bytes of one call: what is skipped, what is parsed, in which
 * order, and how much one step does.
 *
 * Inputs: a connection, and a job with the call's time and length.  Outputs: events, in
 * order.  Pure: the file that includes it fetches bytes, handles events and runs the
 * parser's loops.  It must not know where the bytes are.
 *
 * The verifier checks a function that is not inlined only once, but its arguments must be
 * numbers.  So the parser's loops and the steps are such functions in the including file;
 * there they look up their data again.
 */
#ifndef REDTAP_TRACKER_WALK_H
#define REDTAP_TRACKER_WALK_H

#include "abi/window.h"
#include "tracker/tracker.h"

/*
 * Most steps for one call.  A step parses (in one window, up to the next verdict), skips,
 * or moves to the next element of a vector.  A full window of a target or head is one
 * step, so 512 KiB of them can be parsed; bodies are skipped.
 */
#define WALK_STEPS 512
/* Most heads of interim responses in one step. */
#define WALK_INTERIM_HEADS 8
/* Most lines of a head that need the byte-wise functions, in one step. */
#define WALK_HEAD_TURNS 16

enum walk {
	WALK_ON = 0,
	WALK_DONE,
};

/* The parser's loops; each is a function of http/. */
enum walk_loop {
	FEED_METHOD = 1,
	FEED_TARGET,
	FEED_STATUS,
	FEED_HEADER,
	FEED_CHUNK,
	SCAN_LINES,
	SCAN_REQUEST,
	SCAN_RESPONSE,
};

/* One walk.  The including file defines struct walk_context and the functions below. */
struct walker {
	struct connection *connection;
	struct tracker_job *job;
	struct walk_context *context;
};

/* Runs a loop on job->feed; returns what its function returns. */
static __always_inline __u32 walker_run(struct walker *walker, enum walk_loop loop);
/* Finds out where the bytes of the call are. */
static __always_inline void walker_open(struct walker *walker);
/* Fills the window from job->offset on.  Returns enum window_result. */
static __always_inline __u32 walker_fetch(struct walker *walker);
/* Handles an event, which may be EVENT_NONE. */
static __always_inline void walker_event(struct walker *walker, __u32 event);
/* Each calls the function of this file with the same name (walk_ for walker_). */
static __always_inline __u32 walker_requests_step(struct walker *walker);
static __always_inline __u32 walker_responses_step(struct walker *walker);
static __always_inline void walker_resync(struct walker *walker);
/*
 * Another response begins in this call, and no request waits: it may answer one whose
 * receive was not seen.  Accounts for the bytes that were received since, if known.
 */
static __always_inline void walker_catch_up(struct walker *walker);

/* ---- both directions -------------------------------------------------- */

/* Whether the window has more bytes of an incomplete element. */
static __always_inline bool walk_goes_on(const struct tracker_job *job, __u32 verdict)
{
	return verdict == HTTP_MORE && job->feed.window.position < job->feed.window.fill;
}

/* Parses a target: up to its end, or the window's. */
static __always_inline __u32 walk_target(struct walker *walker, struct tracker_job *job)
{
	__u32 i, verdict = HTTP_MORE;

	for (i = 0; i < HTTP_WINDOW / HTTP_FEED_BYTES; i++) {
		verdict = walker_run(walker, FEED_TARGET);
		if (!walk_goes_on(job, verdict) || !http_phase_is_target(job->feed.parser.phase))
			break;
	}
	return verdict;
}

/*
 * Parses a header section: in each iteration the lines that http_lines_scan() handles,
 * then one line byte by byte.
 */
static __always_inline __u32 walk_head(struct walker *walker, struct tracker_job *job)
{
	__u32 i, verdict = HTTP_MORE;

	for (i = 0; i < WALK_HEAD_TURNS; i++) {
		if (http_phase_is_line(job->feed.parser.phase))
			verdict = walker_run(walker, SCAN_LINES);
		if (!walk_goes_on(job, verdict))
			break;
		verdict = walker_run(walker, FEED_HEADER);
		if (!walk_goes_on(job, verdict) || !http_phase_is_header(job->feed.parser.phase))
			break;
	}
	return verdict;
}

/* Fills the window if it is used up.  Returns enum window_result. */
static __always_inline __u32 walk_fill(struct walker *walker, struct tracker_job *job)
{
	return job->feed.window.position < job->feed.window.fill ? WINDOW_READY
								 : walker_fetch(walker);
}

/* Bytes were skipped: the window does not hold the next bytes. */
static __always_inline void walk_skip(struct tracker_job *job, __u64 bytes)
{
	job->offset += bytes;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
}

/* Why the rest of a call was not parsed: step limit reached, or memory unreadable. */
static __always_inline __u32 walk_rest_reason(const struct tracker_job *job, __u32 steps)
{
	__u8 phase = job->feed.parser.phase;

	if (steps < WALK_STEPS)
		return APPROXIMATE_BODY_UNREADABLE;
	return http_phase_is_chunk(phase) || phase == PHASE_CHUNK_DATA ? APPROXIMATE_CHUNKS_TOO_MANY
								       : APPROXIMATE_HEAD_TOO_LONG;
}

/* ---- requests --------------------------------------------------------- */

static __always_inline __u32 walk_request_parse(struct walker *walker, struct tracker_job *job)
{
	__u8 phase = job->feed.parser.phase;

	if (http_phase_is_method(phase))
		return walker_run(walker, FEED_METHOD);
	if (http_phase_is_target(phase))
		return walk_target(walker, job);
	if (http_phase_is_header(phase))
		return walk_head(walker, job);
	return walker_run(walker, FEED_CHUNK);
}

/*
 * Parses the request line, and the head, of a request that begins here by the fast path.
 * Returns false if nothing was parsed.
 */
static __always_inline bool walk_request_scan(struct walker *walker, struct tracker_job *job)
{
	__u32 position = job->feed.window.position, verdict;

	if (job->feed.parser.phase != PHASE_REQUEST || !walker_run(walker, SCAN_REQUEST))
		return false;
	verdict = walker_run(walker, SCAN_LINES) == HTTP_HEAD ? HTTP_HEAD : HTTP_TARGET;
	walker_event(walker, tracker_receive_scanned(walker->connection, job, position, verdict));
	return true;
}

/* One step over the bytes of a call; the receive part is claimed.  Returns enum walk. */
static __always_inline __u32 walk_requests_step(struct walker *walker)
{
	struct connection *connection = walker->connection;
	struct tracker_job *job = walker->job;
	__u32 position, result;
	__u64 skip;

	if (job->offset >= job->length)
		return WALK_DONE;
	skip = tracker_receive_skip(connection, job);
	if (skip) {
		walk_skip(job, skip);
		return WALK_ON;
	}
	result = walk_fill(walker, job);
	if (result != WINDOW_READY)
		return result == WINDOW_AGAIN ? WALK_ON : WALK_DONE;
	if (!tracker_receive_ready(connection, job))
		return WALK_DONE;
	if (job->looked && tracker_receive_skips(job)) /* no new request: skip the body */
		return WALK_ON;
	if (walk_request_scan(walker, job))
		return WALK_ON;
	position = job->feed.window.position;
	walker_event(walker, tracker_receive_fed(connection, job, position,
						 walk_request_parse(walker, job)));
	return WALK_ON;
}

/* A request head that begins with the call and fits in its first window needs no step. */
static __always_inline void walk_requests_bytes(struct walker *walker)
{
	struct tracker_job *job = walker->job;
	__u32 i;

	if (job->feed.parser.phase == PHASE_REQUEST && walk_fill(walker, job) == WINDOW_READY)
		walk_request_scan(walker, job);
	if (job->offset >= job->length)
		return;
	for (i = 0; i < WALK_STEPS; i++)
		if (walker_requests_step(walker) != WALK_ON)
			break;
	if (job->offset < job->length)
		walker_event(walker, tracker_receive_rest(walker->connection, job,
							  walk_rest_reason(job, i)));
}

/*
 * A call that moved job->length bytes of requests; end: sequence number after them.  The
 * receive part is claimed.
 */
static __always_inline void walk_requests(struct walker *walker, __u32 end)
{
	struct connection *connection = walker->connection;
	struct tracker_job *job = walker->job;

	walker_event(walker, tracker_receive_begin(connection, job, end));
	if (job->feed.parser.phase != PHASE_IGNORE) {
		walker_open(walker);
		walk_requests_bytes(walker);
	}
	tracker_receive_store(connection, job);
}

/* ---- responses -------------------------------------------------------- */

/* Finds out again which request is answered next; before a call, or within one. */
static __always_inline void walk_resync(struct walker *walker)
{
	__u32 i, event;

	for (i = 0; i < PIPELINE_SLOTS; i++) {
		event = tracker_send_resync(walker->connection, walker->job);
		if (event == EVENT_NONE)
			break;
		walker_event(walker, event);
	}
}

static __always_inline __u32 walk_response_parse(struct walker *walker, struct tracker_job *job)
{
	__u8 phase = job->feed.parser.phase;

	if (http_phase_is_status(phase))
		return walker_run(walker, FEED_STATUS);
	if (http_phase_is_header(phase))
		return walk_head(walker, job);
	return walker_run(walker, FEED_CHUNK);
}

/* As walk_request_scan(), for a response and the interim responses before it. */
static __always_inline bool walk_response_scan(struct walker *walker, struct tracker_job *job)
{
	__u32 position = job->feed.window.position, i, verdict = HTTP_MORE;

	for (i = 0; i < WALK_INTERIM_HEADS; i++) {
		if (!http_response_begins(&job->feed.parser) || !walker_run(walker, SCAN_RESPONSE))
			break;
		verdict = walker_run(walker, SCAN_LINES);
		if (verdict != HTTP_HEAD || !tracker_send_interim(walker->connection, job)) {
			i++;
			break;
		}
		verdict = HTTP_MORE;
	}
	if (i > 0)
		walker_event(walker, tracker_send_fed(walker->connection, job, position, verdict));
	return i > 0;
}

/* Skips bytes that need no parsing.  Returns false if there are none. */
static __always_inline bool walk_response_skip(struct walker *walker, struct tracker_job *job)
{
	__u32 event;
	__u64 skip = tracker_send_skip(walker->connection, job, &event);

	if (skip == 0)
		return false;
	walk_skip(job, skip);
	walker_event(walker, event);
	return true;
}

/* One step over the bytes of a call; the send part is claimed.  Returns enum walk. */
static __always_inline __u32 walk_responses_step(struct walker *walker)
{
	struct connection *connection = walker->connection;
	struct tracker_job *job = walker->job;
	__u32 event, position, result;
	bool more;

	if (job->offset >= job->length)
		return WALK_DONE;
	if (walk_response_skip(walker, job))
		return WALK_ON;
	if (http_response_begins(&job->feed.parser) && job->offset && tracker_idle(connection))
		walker_catch_up(walker);
	result = walk_fill(walker, job);
	if (result != WINDOW_READY)
		return result == WINDOW_AGAIN ? WALK_ON : WALK_DONE;
	more = tracker_send_ready(connection, job, &event);
	walker_event(walker, event);
	if (!more)
		return WALK_DONE;
	/* the open response has ended: find out which request is answered next */
	if (event != EVENT_NONE && connection->send.unsure)
		walker_resync(walker);
	if (walk_response_scan(walker, job))
		return WALK_ON;
	position = job->feed.window.position;
	walker_event(walker,
		     tracker_send_fed(connection, job, position, walk_response_parse(walker, job)));
	return WALK_ON;
}

/*
 * A response head that begins with the call and fits in its first window needs no step,
 * and neither does the rest of a body.
 */
static __always_inline void walk_responses_bytes(struct walker *walker)
{
	struct tracker_job *job = walker->job;
	__u32 i;

	if (http_response_begins(&job->feed.parser) && walk_fill(walker, job) == WINDOW_READY) {
		tracker_send_starts(walker->connection, job);
		walk_response_scan(walker, job);
	}
	if (job->offset < job->length)
		walk_response_skip(walker, job);
	if (job->offset >= job->length)
		return;
	for (i = 0; i < WALK_STEPS; i++)
		if (walker_responses_step(walker) != WALK_ON)
			break;
	if (job->offset < job->length)
		walker_event(walker,
			     tracker_send_rest(walker->connection, job, walk_rest_reason(job, i)));
}

/* As walk_requests(), for responses; the send part is claimed. */
static __always_inline void walk_responses(struct walker *walker, __u32 end)
{
	struct connection *connection = walker->connection;
	struct tracker_job *job = walker->job;

	walker_event(walker, tracker_send_begin(connection, job, end));
	if (tracker_send_contention(connection, job))
		walker_resync(walker);
	if (!connection->ignored || !tracker_idle(connection)) {
		walker_open(walker);
		walk_responses_bytes(walker);
	}
	tracker_send_store(connection, job);
}

#endif

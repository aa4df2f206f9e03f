/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracker_driver.c - see tracker_driver.h.  The walks follow receive_walk() and
 * send_walk() of bpf/calls/requests.bpf.h and responses.bpf.h, their bound included.
 */
#include "unit.h"

#include "tracker_driver.h"

/*
 * Lie behind the valid bytes of windows, in turn: whoever reads them, takes them
 * for the end of what is inside, or for the beginning of something else.
 */
static const char *const hostiles[] = {
	"\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n0\r\n\r\nGET / ",
	" / HTTP/1.1\r\n\r\n",
	"/ 1 500 No\r\n",
	"1 200 OK\r\n\r\n",
};

/* Where the bytes of one call lie: one buffer, or a vector of two pieces. */
struct source {
	const char *bytes; /* NULL: unreadable */
	size_t base;       /* of the piece at hand */
	size_t left;       /* bytes behind it in this piece */
	size_t pieces[2];  /* lengths of pieces not begun yet */
	size_t next;       /* of these */
	size_t behind;     /* bytes that were consumed but not stepped over yet */
};

enum fetched { FETCHED_NONE = 0, FETCHED_AGAIN, FETCHED_READY };

/* ---- ledger ----------------------------------------------------------- */

static void ledger_check(struct driver *driver)
{
	const struct driver_ledger *ledger = &driver->ledger;
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < LOSS_COUNT; i++)
		lost += ledger->lost[i];
	if (ledger->in_flight < 0 ||
	    ledger->seen != ledger->counted + (uint64_t)ledger->in_flight + lost)
		fail_msg(
			"%s: the ledger is out of balance: seen %lu counted %lu in flight %ld lost %lu",
			driver->comment, ledger->seen, ledger->counted, ledger->in_flight, lost);
	if ((uint64_t)ledger->in_flight != tracker_outstanding(&driver->connection))
		fail_msg("%s: in flight %ld, but the tracker holds %u", driver->comment,
			 ledger->in_flight, tracker_outstanding(&driver->connection));
}

static void finished_keep(struct driver *driver)
{
	if (driver->finished >= DRIVER_TRANSACTIONS)
		fail_msg("%s: more than %d transactions", driver->comment, DRIVER_TRANSACTIONS);
	driver->transactions[driver->finished++] = driver->job.transaction;
}

static void event_enter(struct driver *driver, uint32_t event)
{
	struct driver_ledger *ledger = &driver->ledger;
	const uint32_t reason = driver->job.reason;

	if (event == EVENT_DROPPED || event == EVENT_LOST)
		assert_in_range(reason, 1, LOSS_COUNT - 1);
	switch (event) {
	case EVENT_SEEN:
		ledger->seen++;
		ledger->in_flight++;
		break;
	case EVENT_DROPPED:
		ledger->seen++;
		ledger->lost[reason]++;
		break;
	case EVENT_FINISHED:
		ledger->counted++;
		ledger->in_flight--;
		finished_keep(driver);
		break;
	case EVENT_LOST:
		ledger->lost[reason]++;
		ledger->in_flight--;
		break;
	case EVENT_IGNORED:
		assert_in_range(reason, 1, IGNORE_COUNT - 1);
		ledger->ignored[reason]++;
		break;
	default:
		assert_int_equal(event, EVENT_NONE);
	}
	ledger_check(driver);
}

/* ---- bytes ------------------------------------------------------------ */

/* piece: length of the first piece of a vector, 0: one buffer, no vector. */
static struct source source_init(const char *bytes, size_t length, size_t piece)
{
	struct source source = { .bytes = bytes, .left = piece ? 0 : length, .next = 2 };

	if (piece) {
		source.pieces[0] = piece;
		source.pieces[1] = length - piece;
		source.next = 0;
	}
	return source;
}

static enum fetched source_fetch(struct driver *driver, struct source *source, size_t limit)
{
	struct http_window *window = &driver->job.feed.window;
	const size_t step = source->behind < source->left ? source->behind : source->left;
	const char *hostile = hostiles[driver->windows++ % ROWS(hostiles)];
	size_t i;

	if (!source->bytes)
		return FETCHED_NONE;
	source->base += step;
	source->left -= step;
	source->behind -= step;
	if (source->left == 0) {
		if (source->next == 2)
			return FETCHED_NONE;
		source->left = source->pieces[source->next++];
		return FETCHED_AGAIN;
	}
	if (limit > source->left)
		limit = source->left;
	if (limit > HTTP_WINDOW)
		limit = HTTP_WINDOW;
	memcpy(window->bytes, source->bytes + source->base, limit);
	for (i = limit; i < sizeof(window->bytes); i++)
		window->bytes[i] = hostile[(i - limit) % strlen(hostile)];
	window->fill = limit;
	window->position = 0;
	return FETCHED_READY;
}

static void window_drop(struct http_window *window)
{
	window->fill = 0;
	window->position = 0;
}

static uint32_t parse(struct http_feed *feed)
{
	const uint8_t phase = feed->parser.phase;

	if (http_phase_is_method(phase))
		return http_method_feed(feed);
	if (http_phase_is_target(phase))
		return http_target_feed(feed);
	if (http_phase_is_status(phase))
		return http_status_feed(feed);
	if (http_phase_is_header(phase))
		return http_header_feed(feed);
	assert_true(http_phase_is_chunk(phase));
	return http_chunk_feed(feed);
}

/* Whether the window holds more of what was not completed yet. */
static bool window_goes_on(const struct http_feed *feed, uint32_t verdict)
{
	return verdict == HTTP_MORE && feed->window.position < feed->window.fill;
}

static uint32_t parse_target(struct http_feed *feed)
{
	uint32_t i, verdict = HTTP_MORE;

	for (i = 0; i < HTTP_WINDOW / HTTP_FEED_BYTES; i++) {
		verdict = http_target_feed(feed);
		if (!window_goes_on(feed, verdict) || !http_phase_is_target(feed->parser.phase))
			break;
	}
	return verdict;
}

/* Header sections: by words as far as they go. */
static uint32_t parse_head(struct http_feed *feed)
{
	uint32_t i, verdict = HTTP_MORE;

	for (i = 0; i < TRACKER_HEAD_TURNS; i++) {
		if (http_phase_is_line(feed->parser.phase))
			verdict = http_lines_scan(feed);
		if (!window_goes_on(feed, verdict))
			break;
		verdict = http_header_feed(feed);
		if (!window_goes_on(feed, verdict) || !http_phase_is_header(feed->parser.phase))
			break;
	}
	return verdict;
}

/* Goes on in the window. */
static uint32_t parse_on(const struct driver *driver, struct http_feed *feed)
{
	uint32_t verdict;

	if (driver->bytewise) {
		do
			verdict = parse(feed);
		while (verdict == HTTP_MORE && http_phase_is_line(feed->parser.phase) &&
		       feed->window.position < feed->window.fill);
		return verdict;
	}
	if (http_phase_is_target(feed->parser.phase))
		return parse_target(feed);
	return http_phase_is_header(feed->parser.phase) ? parse_head(feed) : parse(feed);
}

/* ---- receive ---------------------------------------------------------- */

/* Takes a request's first line by words, and its head; false: nothing. */
static bool receive_scan(struct driver *driver, struct source *source)
{
	struct tracker_job *job = &driver->job;
	const uint32_t position = job->feed.window.position;
	const uint64_t before = job->offset;
	uint32_t verdict = HTTP_TARGET;

	if (driver->bytewise || job->feed.parser.phase != PHASE_REQUEST ||
	    !http_request_scan(&job->feed))
		return false;
	if (http_lines_scan(&job->feed) == HTTP_HEAD)
		verdict = HTTP_HEAD;
	event_enter(driver, tracker_receive_scanned(&driver->connection, job, position, verdict));
	source->behind += job->offset - before;
	return true;
}

static void receive_walk(struct driver *driver, struct source *source)
{
	struct connection *connection = &driver->connection;
	struct tracker_job *job = &driver->job;
	struct http_window *window = &job->feed.window;
	uint32_t i, position;

	for (i = 0; i < TRACKER_WALK_STEPS; i++) {
		const uint64_t before = job->offset;
		uint64_t skip;

		if (before >= job->length)
			return;
		skip = tracker_receive_skip(connection, job);
		if (skip) {
			job->offset = before + skip;
			source->behind += skip;
			window_drop(window);
			continue;
		}
		if (window->position >= window->fill) {
			enum fetched fetched = source_fetch(driver, source, job->length - before);

			if (fetched == FETCHED_AGAIN)
				continue;
			if (fetched == FETCHED_NONE)
				break;
		}
		if (job->feed.parser.phase == PHASE_LOST && !tracker_receive_ready(job))
			return;
		if (receive_scan(driver, source))
			continue;
		position = window->position;
		event_enter(driver, tracker_receive_fed(connection, job, position,
							parse_on(driver, &job->feed)));
		source->behind += job->offset - before;
	}
	if (job->offset < job->length)
		event_enter(driver, tracker_receive_rest(connection, job,
							 i < TRACKER_WALK_STEPS
								 ? APPROXIMATE_BODY_UNREADABLE
								 : tracker_bound_reason(job)));
}

/* Memory that a call may find in any state. */
static struct tracker_job *job_begin(struct driver *driver, size_t length)
{
	memset(&driver->job, driver->poison, sizeof(driver->job));
	driver->job.now_ns = driver->now_ns;
	driver->job.length = length;
	return &driver->job;
}

static void receive_call(struct driver *driver, const char *bytes, size_t length, size_t piece)
{
	struct connection *connection = &driver->connection;
	struct tracker_job *job = job_begin(driver, length);
	struct source source = source_init(bytes, length, piece);

	driver->receive.moved += length;
	driver->receive.sequence += length;
	if (driver->leaves && tracker_is_over(connection))
		return;
	job->unsettled = tracker_send_unsettled(connection, driver->send.sequence);
	event_enter(driver, tracker_receive_begin(connection, job, driver->receive.sequence));
	if (job->feed.parser.phase != PHASE_IGNORE)
		receive_walk(driver, &source);
	tracker_receive_store(connection, job);
	assert_true(job->feed.window.position <= job->feed.window.fill);
}

/* ---- send ------------------------------------------------------------- */

/* As receive_scan(), of a response. */
static bool send_scan(struct driver *driver, struct source *source)
{
	struct tracker_job *job = &driver->job;
	const uint32_t position = job->feed.window.position;
	const uint64_t before = job->offset;

	if (driver->bytewise || !http_response_begins(&job->feed.parser) ||
	    !http_response_scan(&job->feed))
		return false;
	event_enter(driver, tracker_send_fed(&driver->connection, job, position,
					     http_lines_scan(&job->feed)));
	source->behind += job->offset - before;
	return true;
}

static void send_resync(struct driver *driver)
{
	uint32_t i, event;

	for (i = 0; i < PIPELINE_SLOTS; i++) {
		event = tracker_send_resync(&driver->connection, &driver->job);
		if (event == EVENT_NONE)
			break;
		event_enter(driver, event);
	}
}

static void send_walk(struct driver *driver, struct source *source)
{
	struct connection *connection = &driver->connection;
	struct tracker_job *job = &driver->job;
	struct http_window *window = &job->feed.window;
	uint32_t i, position, event;

	for (i = 0; i < TRACKER_WALK_STEPS; i++) {
		const uint64_t before = job->offset;
		uint64_t skip;

		if (before >= job->length)
			return;
		skip = tracker_send_skip(connection, job, &event);
		if (skip) {
			job->offset = before + skip;
			source->behind += skip;
			window_drop(window);
			event_enter(driver, event);
			continue;
		}
		if (window->position >= window->fill) {
			enum fetched fetched = source_fetch(driver, source, job->length - before);

			if (fetched == FETCHED_AGAIN)
				continue;
			if (fetched == FETCHED_NONE)
				break;
		}
		if (!tracker_send_ready(connection, job, &event))
			return;
		event_enter(driver, event);
		if (event != EVENT_NONE && connection->send.unsure)
			send_resync(driver);
		if (send_scan(driver, source))
			continue;
		position = window->position;
		event_enter(driver, tracker_send_fed(connection, job, position,
						     parse_on(driver, &job->feed)));
		source->behind += job->offset - before;
	}
	if (job->offset < job->length)
		event_enter(driver,
			    tracker_send_rest(connection, job,
					      i < TRACKER_WALK_STEPS ? APPROXIMATE_BODY_UNREADABLE
								     : tracker_bound_reason(job)));
}

static void send_call(struct driver *driver, const char *bytes, size_t length, size_t piece)
{
	struct connection *connection = &driver->connection;
	struct tracker_job *job = job_begin(driver, length);
	struct source source = source_init(bytes, length, piece);

	driver->send.moved += length;
	driver->send.sequence += length;
	if (driver->leaves && tracker_is_over(connection))
		return;
	if (connection->send.unsure)
		send_resync(driver);
	event_enter(driver, tracker_send_begin(connection, job, driver->send.sequence));
	if (tracker_send_contention(connection, job))
		send_resync(driver);
	if (!connection->ignored || !tracker_idle(connection))
		send_walk(driver, &source);
	tracker_send_store(connection, job);
}

/* ---- calls ------------------------------------------------------------ */

typedef void call_function(struct driver *driver, const char *bytes, size_t length, size_t piece);

/* One call of the application, cut as the stream says. */
static void call_cut(struct driver *driver, const struct driver_stream *stream, call_function *call,
		     const char *bytes, size_t length)
{
	const bool crosses = stream->at > stream->moved && stream->at < stream->moved + length;
	const size_t first = stream->at - stream->moved;
	size_t i;

	if (stream->cut == CUT_BYTES) {
		for (i = 0; i < length; i++)
			call(driver, bytes ? bytes + i : NULL, 1, 0);
	} else if (stream->cut == CUT_CALL && crosses) {
		call(driver, bytes, first, 0);
		call(driver, bytes ? bytes + first : NULL, length - first, 0);
	} else {
		call(driver, bytes, length, stream->cut == CUT_PIECE && crosses ? first : 0);
	}
}

void driver_init(struct driver *driver, const char *comment, bool late, uint32_t receive_at,
		 uint32_t send_at)
{
	memset(driver, 0, sizeof(*driver));
	driver->comment = comment;
	driver->poison = 0xa5;
	driver->arrived = receive_at;
	driver->receive.sequence = receive_at;
	driver->send.sequence = send_at;
	if (late)
		tracker_begin_late(&driver->connection, receive_at, send_at);
	else
		tracker_begin(&driver->connection, receive_at, send_at);
}

void driver_arrive(struct driver *driver, size_t length)
{
	driver->arrived += length;
	if (!driver->connection.peer) /* of a client, requests do not arrive */
		tracker_arrival(&driver->connection, driver->arrived, driver->now_ns);
}

void driver_receive(struct driver *driver, const char *bytes, size_t length)
{
	call_cut(driver, &driver->receive, receive_call, bytes, length);
}

void driver_send(struct driver *driver, const char *bytes, size_t length)
{
	call_cut(driver, &driver->send, send_call, bytes, length);
}

void driver_receive_missed(struct driver *driver, size_t length)
{
	driver->receive.moved += length;
	driver->receive.sequence += length;
}

void driver_send_missed(struct driver *driver, size_t length)
{
	driver->send.moved += length;
	driver->send.sequence += length;
}

void driver_send_contended(struct driver *driver, size_t length)
{
	driver_send_missed(driver, length);
	tracker_send_contended(&driver->connection);
}

void driver_peer_close(struct driver *driver)
{
	driver->connection.end |= END_PEER_CLOSED;
}

void driver_end(struct driver *driver, enum connection_end how)
{
	struct connection *connection = &driver->connection;
	struct tracker_job *job = job_begin(driver, 0);
	uint32_t i, event;

	connection->end |= how;
	tracker_send_load(connection, job);
	for (i = 0; i < PIPELINE_SLOTS + 1; i++) {
		event = tracker_end(connection, job);
		if (event == EVENT_NONE)
			break;
		event_enter(driver, event);
	}
	tracker_send_store(connection, job);
	if (driver->ledger.in_flight != 0)
		fail_msg("%s: %ld requests outlive the connection", driver->comment,
			 driver->ledger.in_flight);
}

void driver_sweep(struct driver *driver, uint64_t before_ns)
{
	struct tracker_job *job = job_begin(driver, 0);
	uint32_t event;

	tracker_send_load(&driver->connection, job);
	event = tracker_sweep(&driver->connection, job, before_ns);
	tracker_send_store(&driver->connection, job);
	event_enter(driver, event);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracker_driver.c - see tracker_driver.h.
 */
#include "unit.h"

#include "tracker/walk.h"
#include "tracker_driver.h"

/*
 * Put after the valid bytes of windows, in turn: code that reads too far takes them for the
 * end of a message, or for the beginning of another.
 */
static const char *const hostiles[] = {
	"\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n0\r\n\r\nGET / ",
	" / HTTP/1.1\r\n\r\n",
	"/ 1 500 No\r\n",
	"1 200 OK\r\n\r\n",
};

/* The bytes of one call: one buffer, or a vector of two pieces. */
struct walk_context {
	struct driver *driver;
	const char *bytes; /* NULL: unreadable */
	size_t ends[2];    /* of the pieces, within the call */
	size_t piece;      /* the current one; 2: none is left */
};

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

/* ---- walks ------------------------------------------------------------ */

static uint32_t walker_run(struct walker *walker, enum walk_loop loop)
{
	struct http_feed *feed = &walker->job->feed;

	if (walker->context->driver->bytewise && loop >= SCAN_LINES)
		return HTTP_MORE;
	switch (loop) {
	case FEED_METHOD:
		return http_method_feed(feed);
	case FEED_TARGET:
		return http_target_feed(feed);
	case FEED_STATUS:
		return http_status_feed(feed);
	case FEED_HEADER:
		return http_header_feed(feed);
	case FEED_CHUNK:
		assert_true(http_phase_is_chunk(feed->parser.phase));
		return http_chunk_feed(feed);
	case SCAN_LINES:
		return http_lines_scan(feed);
	case SCAN_REQUEST:
		return http_request_scan(feed);
	case SCAN_RESPONSE:
		return http_response_scan(feed);
	}
	return HTTP_MORE;
}

static void walker_open(struct walker *walker)
{
	walker->context->piece = 0;
}

static uint32_t walker_fetch(struct walker *walker)
{
	struct walk_context *context = walker->context;
	struct http_window *window = &walker->job->feed.window;
	const char *hostile = hostiles[context->driver->windows++ % ROWS(hostiles)];
	const uint64_t offset = walker->job->offset;
	size_t i, length;

	if (!context->bytes || context->piece == ROWS(context->ends))
		return WINDOW_NONE;
	if (offset >= context->ends[context->piece])
		return ++context->piece < ROWS(context->ends) ? WINDOW_AGAIN : WINDOW_NONE;
	length = context->ends[context->piece] - offset;
	if (length > HTTP_WINDOW)
		length = HTTP_WINDOW;
	memcpy(window->bytes, context->bytes + offset, length);
	for (i = length; i < sizeof(window->bytes); i++)
		window->bytes[i] = hostile[(i - length) % strlen(hostile)];
	window->fill = length;
	window->position = 0;
	return WINDOW_READY;
}

static void walker_event(struct walker *walker, uint32_t event)
{
	event_enter(walker->context->driver, event);
}

static uint32_t walker_requests_step(struct walker *walker)
{
	return walk_requests_step(walker);
}

static uint32_t walker_responses_step(struct walker *walker)
{
	return walk_responses_step(walker);
}

static void walker_resync(struct walker *walker)
{
	walk_resync(walker);
}

/* Bytes that no hook saw are handled in the next call that a hook sees. */
static void walker_catch_up(struct walker *walker)
{
	(void)walker;
}

/* Scratch memory, which may have any contents when a call begins. */
static struct tracker_job *job_begin(struct driver *driver, size_t length)
{
	memset(&driver->job, driver->poison, sizeof(driver->job));
	driver->job.now_ns = driver->now_ns;
	driver->job.length = length;
	return &driver->job;
}

/* piece: length of the first piece of a vector, 0: one buffer, no vector. */
static void receive_call(struct driver *driver, const char *bytes, size_t length, size_t piece)
{
	struct walk_context context = { driver, bytes, { piece ? piece : length, length }, 0 };
	struct walker walker = { &driver->connection, job_begin(driver, length), &context };

	driver->receive.moved += length;
	driver->receive.sequence += length;
	if (driver->leaves && tracker_is_over(walker.connection))
		return;
	walker.job->unsettled = tracker_send_unsettled(walker.connection, driver->send.sequence);
	walk_requests(&walker, driver->receive.sequence);
	assert_true(walker.job->feed.window.position <= walker.job->feed.window.fill);
}

static void send_call(struct driver *driver, const char *bytes, size_t length, size_t piece)
{
	struct walk_context context = { driver, bytes, { piece ? piece : length, length }, 0 };
	struct walker walker = { &driver->connection, job_begin(driver, length), &context };

	driver->send.moved += length;
	driver->send.sequence += length;
	if (driver->leaves && tracker_is_over(walker.connection))
		return;
	if (walker.connection->send.unsure)
		walk_resync(&walker);
	walk_responses(&walker, driver->send.sequence);
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
	if (!driver->connection.peer) /* a client's requests do not arrive */
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

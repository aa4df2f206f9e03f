/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracker_script.c - see tracker_script.h.
 */
#include "unit.h"

#include "abi/series_key.h"
#include "tracker_script.h"

/*
 * Streams up to this length are cut at every byte, longer ones at every byte of
 * their beginning and of their end, and in between at a stride that is a prime.
 */
#define CUT_EVERYWHERE 1500
#define CUT_STRIDE 251

/* One way of running a row. */
struct way {
	const char *text;
	enum driver_cut receive, send;
	size_t receive_at, send_at;
	uint8_t poison;
};

/* What the socket's queue holds: the script's bytes in the order of arrival. */
struct queue {
	char *bytes;
	size_t length; /* arrived */
	size_t taken;  /* received */
};

static void describe(const struct way *way, char *text, size_t size)
{
	snprintf(text, size, "%s (receive at %zu, send at %zu)", way->text, way->receive_at,
		 way->send_at);
}

/* The bytes of a step, repeated `times` times; the caller frees them. */
static char *step_bytes(const struct script_step *step, size_t *length)
{
	const size_t times = step->times ? step->times : 1;
	char *bytes = malloc(step->length * times + 1);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < times; i++)
		memcpy(bytes + i * step->length, step->bytes, step->length);
	*length = step->length * times;
	return bytes;
}

static void step_arrive(struct driver *driver, const struct script_step *step, struct queue *queue)
{
	size_t length, i;
	char *bytes = step_bytes(step, &length);

	queue->bytes = realloc(queue->bytes, queue->length + length + 1);
	assert_non_null(queue->bytes);
	memcpy(queue->bytes + queue->length, bytes, length);
	queue->length += length;
	free(bytes);
	if (step->verb == VERB_ARRIVE_UNSEEN)
		driver->arrived += length;
	else if (step->verb == VERB_ARRIVE_BYTES)
		for (i = 0; i < length; i++)
			driver_arrive(driver, 1);
	else
		driver_arrive(driver, length);
}

/*
 * The application takes bytes from the queue.  Their memory has exactly their length, so
 * that the sanitizer finds a read beyond it.
 */
static void step_read(struct driver *driver, const struct script_step *step, struct queue *queue)
{
	const size_t length = step->count ? step->count : queue->length - queue->taken;
	char *bytes;

	assert_true(length > 0 && queue->taken + length <= queue->length);
	bytes = malloc(length);
	assert_non_null(bytes);
	memcpy(bytes, queue->bytes + queue->taken, length);
	queue->taken += length;
	if (step->verb == VERB_READ_MISSED)
		driver_receive_missed(driver, length);
	else
		driver_receive(driver, step->verb == VERB_READ_HIDDEN ? NULL : bytes, length);
	free(bytes);
}

static void step_send(struct driver *driver, const struct script_step *step)
{
	size_t length;
	char *bytes = step_bytes(step, &length);

	driver_send(driver, bytes, length);
	free(bytes);
}

static void step_run(struct driver *driver, const struct script_step *step, struct queue *queue)
{
	/* not 0, which means an unknown time */
	driver->now_ns = 1000000000 + step->at_us * 1000;
	switch (step->verb) {
	case VERB_ARRIVE:
	case VERB_ARRIVE_BYTES:
	case VERB_ARRIVE_UNSEEN:
		step_arrive(driver, step, queue);
		break;
	case VERB_RECEIVE:
		step_arrive(driver, step, queue);
		step_read(driver, step, queue);
		break;
	case VERB_READ:
	case VERB_READ_HIDDEN:
	case VERB_READ_MISSED:
		step_read(driver, step, queue);
		break;
	case VERB_SEND:
		step_send(driver, step);
		break;
	case VERB_SEND_HIDDEN:
		driver_send(driver, NULL, step->count);
		break;
	case VERB_SEND_MISSED:
		driver_send_missed(driver, step->count);
		break;
	case VERB_READ_BACK:
		driver->receive.sequence -= step->count;
		queue->taken -= step->count;
		break;
	case VERB_SEND_CONTENDED:
		driver_send_contended(driver, step->count);
		break;
	case VERB_SEND_BACK:
		driver->send.sequence -= step->count;
		break;
	case VERB_PEER_CLOSE:
		driver_peer_close(driver);
		break;
	case VERB_CLOSE:
		driver_end(driver, END_LOCAL);
		break;
	case VERB_RESET:
		driver_end(driver, END_RESET);
		break;
	case VERB_SWEEP:
		driver_sweep(driver, 1000000000 + step->count * 1000);
		break;
	default:
		fail_msg("%s: no such verb", driver->comment);
	}
}

/* ---- results ---------------------------------------------------------- */

static void print_result(const struct driver *driver)
{
	size_t i;

	for (i = 0; i < driver->finished; i++) {
		const struct transaction *got = &driver->transactions[i];

		print_error(
			"  method %u '%.*s' status %u error %u duration %llu ns (queue %llu known %u service %llu send %llu) bytes %llu %llu approximate %u\n",
			got->key.method, got->key.path_length, got->key.path, got->key.status,
			got->key.error, got->duration_ns, got->queue_ns, got->queue_known,
			got->service_ns, got->send_ns, got->request_bytes, got->response_bytes,
			got->approximate);
	}
	print_error("  seen %lu counted %lu in flight %ld\n", driver->ledger.seen,
		    driver->ledger.counted, driver->ledger.in_flight);
	for (i = 0; i < LOSS_COUNT; i++)
		if (driver->ledger.lost[i])
			print_error("  lost[%zu] %lu\n", i, driver->ledger.lost[i]);
	for (i = 0; i < IGNORE_COUNT; i++)
		if (driver->ledger.ignored[i])
			print_error("  ignored[%zu] %lu\n", i, driver->ledger.ignored[i]);
}

static bool phases_equal(const struct transaction *got, const struct script_phases *want)
{
	const bool answered = got->key.status != 0;

	if (answered && got->duration_ns != got->queue_ns + got->service_ns + got->send_ns)
		return false;
	if (got->queue_ns > got->duration_ns)
		return false;
	if (!want->given)
		return true;
	return got->queue_ns == want->queue_us * 1000 && !got->queue_known == want->queue_unknown &&
	       (!answered || (got->service_ns == want->service_us * 1000 &&
			      got->send_ns == want->send_us * 1000));
}

static bool transaction_equals(const struct transaction *got, const struct script_transaction *want,
			       uint8_t peer)
{
	const size_t length = strlen(want->route);
	struct series_key key;

	/* as in the key of a series: all bytes of a word count, also after the route's end */
	memset(&key, 0, sizeof(key));
	key.status = want->status;
	key.method = want->method;
	key.error = want->error;
	key.peer = peer;
	key.path_length = length;
	memcpy(key.path, want->route, length);
	return memcmp(&got->key, &key, SERIES_KEY_HEAD + (length + 7) / 8 * 8) == 0 &&
	       got->duration_ns == want->duration_us * 1000 &&
	       got->request_bytes == want->request_bytes &&
	       got->response_bytes == want->response_bytes &&
	       got->approximate == want->approximate && phases_equal(got, &want->phases);
}

static bool result_equals(const struct driver *driver, const struct script_row *row)
{
	const struct script_transaction *want = row->transactions;
	size_t at = 0, i;
	uint64_t lost = 0;

	for (; want->method != METHOD_NONE; want++) {
		const size_t times = want->times ? want->times : 1;

		for (i = 0; i < times; i++, at++)
			if (at >= driver->finished ||
			    !transaction_equals(&driver->transactions[at], want, row->peer))
				return false;
	}
	for (i = 0; i < LOSS_COUNT; i++)
		lost += row->lost[i];
	return at == driver->finished && driver->ledger.in_flight == (int64_t)row->in_flight &&
	       driver->ledger.seen == at + row->in_flight + lost &&
	       memcmp(driver->ledger.lost, row->lost, sizeof(row->lost)) == 0 &&
	       memcmp(driver->ledger.ignored, row->ignored, sizeof(row->ignored)) == 0;
}

/* ---- ways ------------------------------------------------------------- */

/* Each row runs with the fast path of http_scan.h and without. */
static bool bytewise;

/* Runs a row in one way; adds up how many bytes were received and sent. */
static void row_run(const struct script_row *row, const struct way *way, size_t *received,
		    size_t *sent)
{
	struct driver *driver = malloc(sizeof(*driver));
	struct queue queue = {};
	char text[128];
	size_t i;

	assert_non_null(driver);
	/* the sequence numbers wrap around at the cut */
	driver_init(driver, row->comment, row->late, -(uint32_t)way->receive_at,
		    -(uint32_t)way->send_at);
	driver->connection.peer = row->peer;
	driver->poison = way->poison;
	driver->bytewise = bytewise;
	driver->leaves = !way->poison; /* every row runs both ways */
	driver->receive.cut = way->receive;
	driver->receive.at = way->receive_at;
	driver->send.cut = way->send;
	driver->send.at = way->send_at;
	for (i = 0; i < SCRIPT_STEPS && row->steps[i].verb != VERB_NONE; i++)
		step_run(driver, &row->steps[i], &queue);
	if (!result_equals(driver, row)) {
		describe(way, text, sizeof(text));
		print_error("%s: %s%s:\n", row->comment, text, bytewise ? ", by bytes" : "");
		print_result(driver);
		free(queue.bytes);
		free(driver);
		fail_msg("%s: unexpected result", row->comment);
	}
	*received = driver->receive.moved;
	*sent = driver->send.moved;
	free(queue.bytes);
	free(driver);
}

static size_t cut_next(size_t at, size_t length)
{
	if (length <= CUT_EVERYWHERE || at < CUT_EVERYWHERE / 2 ||
	    at + CUT_EVERYWHERE / 2 >= length)
		return at + 1;
	return at + CUT_STRIDE;
}

static void row_run_receive_ways(const struct script_row *row, size_t length)
{
	struct way way = { .text = "receive cut", .poison = 0xa5 };
	size_t received, sent;

	for (way.receive_at = 1; way.receive_at < length;
	     way.receive_at = cut_next(way.receive_at, length)) {
		way.receive = CUT_CALL;
		row_run(row, &way, &received, &sent);
		way.receive = CUT_PIECE;
		row_run(row, &way, &received, &sent);
	}
	way.receive_at = 0;
	way.receive = CUT_BYTES;
	row_run(row, &way, &received, &sent);
}

static void row_run_send_ways(const struct script_row *row, size_t length)
{
	struct way way = { .text = "send cut", .poison = 0 };
	size_t received, sent;

	for (way.send_at = 1; way.send_at < length; way.send_at = cut_next(way.send_at, length)) {
		way.send = CUT_CALL;
		row_run(row, &way, &received, &sent);
		way.send = CUT_PIECE;
		row_run(row, &way, &received, &sent);
	}
	way.send_at = 0;
	way.send = CUT_BYTES;
	row_run(row, &way, &received, &sent);
}

static void row_run_ways(const struct script_row *row)
{
	const bool receive = row->calls != CALLS_RECEIVE_FIXED && row->calls != CALLS_FIXED;
	const bool send = row->calls != CALLS_SEND_FIXED && row->calls != CALLS_FIXED;
	struct way way = { .text = "as it stands", .poison = 0xa5 };
	size_t received, sent;

	row_run(row, &way, &received, &sent);
	way.poison = 0;
	row_run(row, &way, &received, &sent);
	if (receive)
		row_run_receive_ways(row, received);
	if (send)
		row_run_send_ways(row, sent);
	if (receive && send) {
		way.text = "byte by byte";
		way.receive = CUT_BYTES;
		way.send = CUT_BYTES;
		row_run(row, &way, &received, &sent);
	}
}

void script_rows_run(const struct script_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		bytewise = false;
		row_run_ways(&rows[i]);
		bytewise = true;
		if (!rows[i].by_words)
			row_run_ways(&rows[i]);
	}
}

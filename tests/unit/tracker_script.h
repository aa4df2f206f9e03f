/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracker_script.h - test rows for the tracker: a script of events on one connection, and
 * the expected result.
 *
 * Inputs: rows.  Outputs: a failed test if a result differs.  Each row runs unchanged and,
 * unless `calls` forbids it, with its calls cut at every byte, and byte by byte; sequence
 * numbers wrap around at the cut.  The result must always be the same.
 */
#ifndef REDTAP_TRACKER_SCRIPT_H
#define REDTAP_TRACKER_SCRIPT_H

#include "tracker_driver.h"

/* Rows leave out what is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define SCRIPT_STEPS 40
#define SCRIPT_TRANSACTIONS 20

enum script_verb {
	VERB_NONE = 0,       /* end of the script */
	VERB_ARRIVE,         /* bytes are queued on the socket; received by VERB_READ */
	VERB_ARRIVE_BYTES,   /* the same, each byte in a separate segment */
	VERB_ARRIVE_UNSEEN,  /* the same, and no hook sees it */
	VERB_READ,           /* the application reads all of them, or `count` bytes */
	VERB_RECEIVE,        /* VERB_ARRIVE and VERB_READ at the same time */
	VERB_SEND,           /* the application sends */
	VERB_READ_HIDDEN,    /* reads all of them into memory that cannot be read */
	VERB_READ_MISSED,    /* reads all or `count` of them, and no hook sees it */
	VERB_SEND_HIDDEN,    /* `count` bytes from memory that cannot be read */
	VERB_SEND_MISSED,    /* `count` bytes, and no hook sees it */
	VERB_SEND_CONTENDED, /* `count` bytes, and their hook runs while another call is parsed */
	VERB_READ_BACK,      /* the next call ends `count` bytes earlier: it is */
	VERB_SEND_BACK,      /* the first of two calls at once, and its hook runs second */
	VERB_PEER_CLOSE,
	VERB_CLOSE, /* by the server */
	VERB_RESET,
	VERB_SWEEP, /* of responses without bytes since `count` us */
};

/* Times are in microseconds since the connection began. */
struct script_step {
	enum script_verb verb;
	uint64_t at_us;
	const char *bytes;
	size_t length; /* of bytes */
	size_t count;
	size_t times; /* how often the bytes are repeated; 0: once */
};

/* clang-format off */

/* Frequent messages. */
#define GET_A "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_B "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_C "GET /c HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define EMPTY(status) "HTTP/1.1 " status " x\r\nContent-Length: 0\r\n\r\n"
#define OK_HEAD(bytes) "HTTP/1.1 200 OK\r\nContent-Length: " #bytes "\r\n\r\n"
#define CHUNKED_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* A transaction: GET of a route, answered by OK2 after so many microseconds. */
#define OK2_TO(route, us, ...) { METHOD_GET, route, 200, us, 0, 2, ##__VA_ARGS__ }

#define SCRIPT_BYTES(literal) .bytes = literal, .length = sizeof(literal) - 1
#define ARRIVE(us, literal) { .verb = VERB_ARRIVE, .at_us = us, SCRIPT_BYTES(literal) }
#define ARRIVE_TIMES(us, n, literal) \
	{ .verb = VERB_ARRIVE, .at_us = us, SCRIPT_BYTES(literal), .times = n }
#define ARRIVE_BYTES(us, n, literal) \
	{ .verb = VERB_ARRIVE_BYTES, .at_us = us, SCRIPT_BYTES(literal), .times = n }
#define ARRIVE_UNSEEN(us, literal) { .verb = VERB_ARRIVE_UNSEEN, .at_us = us, SCRIPT_BYTES(literal) }
#define READ(us) { .verb = VERB_READ, .at_us = us }
#define READ_ONLY(us, n) { .verb = VERB_READ, .at_us = us, .count = n }
#define RECEIVE(us, literal) { .verb = VERB_RECEIVE, .at_us = us, SCRIPT_BYTES(literal) }
#define RECEIVE_TIMES(us, n, literal) \
	{ .verb = VERB_RECEIVE, .at_us = us, SCRIPT_BYTES(literal), .times = n }
#define SEND(us, literal) { .verb = VERB_SEND, .at_us = us, SCRIPT_BYTES(literal) }
#define SEND_TIMES(us, n, literal) \
	{ .verb = VERB_SEND, .at_us = us, SCRIPT_BYTES(literal), .times = n }
#define READ_HIDDEN(us) { .verb = VERB_READ_HIDDEN, .at_us = us }
#define READ_MISSED(us) { .verb = VERB_READ_MISSED, .at_us = us }
#define READ_MISSED_ONLY(us, n) { .verb = VERB_READ_MISSED, .at_us = us, .count = n }
#define SEND_HIDDEN(us, n) { .verb = VERB_SEND_HIDDEN, .at_us = us, .count = n }
#define SEND_MISSED(us, n) { .verb = VERB_SEND_MISSED, .at_us = us, .count = n }
#define SEND_CONTENDED(us, n) { .verb = VERB_SEND_CONTENDED, .at_us = us, .count = n }
#define READ_BACK(us, n) { .verb = VERB_READ_BACK, .at_us = us, .count = n }
#define SEND_BACK(us, n) { .verb = VERB_SEND_BACK, .at_us = us, .count = n }
#define PEER_CLOSE(us) { .verb = VERB_PEER_CLOSE, .at_us = us }
#define CLOSE(us) { .verb = VERB_CLOSE, .at_us = us }
#define RESET(us) { .verb = VERB_RESET, .at_us = us }
#define SWEEP(us, before_us) { .verb = VERB_SWEEP, .at_us = us, .count = before_us }

/* clang-format on */

/*
 * Phases of a transaction, microseconds.  With a response the three always must add up to
 * the duration; a row may also give their values.
 */
struct script_phases {
	bool given;
	bool queue_unknown;
	uint64_t queue_us;
	uint64_t service_us;
	uint64_t send_us;
};

/* An expected transaction; METHOD_NONE ends the list. */
struct script_transaction {
	enum http_method method;
	const char *route;
	uint16_t status;
	uint64_t duration_us;
	uint64_t request_bytes;
	uint64_t response_bytes;
	enum transaction_error error;
	enum approximate_reason approximate;
	size_t times; /* so many equal ones in a row; 0: one */
	struct script_phases phases;
};

enum script_calls {
	CALLS_ANY = 0,       /* calls may be cut anywhere */
	CALLS_RECEIVE_FIXED, /* receive calls must not be cut */
	CALLS_SEND_FIXED,
	CALLS_FIXED,
};

struct script_row {
	const char *comment;
	bool late;    /* the connection was open before it was first seen */
	uint8_t peer; /* a client's connection: RECEIVE carries what it sends, SEND what it receives */
	enum script_calls calls;
	bool by_words; /* depends on the number of steps: run only with http_scan.h */
	struct script_step steps[SCRIPT_STEPS];
	struct script_transaction transactions[SCRIPT_TRANSACTIONS];
	uint64_t in_flight;
	uint64_t lost[LOSS_COUNT];
	uint64_t ignored[IGNORE_COUNT];
};

/* Runs each row in all ways; a failure names the row's comment. */
void script_rows_run(const struct script_row *rows, size_t count);

/* The cmocka test of a table. */
#define TEST_ROWS(name)                                                                            \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		script_rows_run(name##_rows, ROWS(name##_rows));                                   \
	}

#endif

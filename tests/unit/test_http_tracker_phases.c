/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_phases.c - the phases of a request: queue, service, send.  Each row
 * also runs with its calls cut at every byte (see tracker_script.h).
 */
#include "unit.h"

#include "tracker_script.h"

#define PHASES(queue, service, send) .phases = { true, false, queue, service, send }
#define PHASES_NO_QUEUE(service, send) .phases = { true, true, 0, service, send }
#define POST_100 "POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"

/* clang-format off */

static const struct script_row rows[] = {
	{ "waits in the socket, is processed, one send",
	  .steps = { ARRIVE(10, GET_A), READ(50), SEND(80, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 70, 0, 2, PHASES(40, 30, 0) } } },
	{ "read and answered at once",
	  .steps = { RECEIVE(10, GET_A), SEND(10, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 0, 0, 2, PHASES(0, 0, 0) } } },
	{ "sent in pieces",
	  .steps = { ARRIVE(10, GET_A), READ(20), SEND(50, OK_HEAD(6) "ab"), SEND(60, "cd"), SEND(90, "ef") },
	  .transactions = { { METHOD_GET, "/a", 200, 80, 0, 6, PHASES(10, 30, 40) } } },
	{ "a status line in several sends: the first byte counts",
	  .steps = { RECEIVE(10, GET_A), SEND(30, "H"), SEND(40, "TTP/1.1"), SEND(50, " 2"), SEND(60, "00 OK\r\n"),
		     SEND(70, "Content-Length: 1\r\n\r\n"), SEND(80, "x") },
	  .transactions = { { METHOD_GET, "/a", 200, 70, 0, 1, PHASES(0, 20, 50) } } },
	{ "chunked, in several sends",
	  .steps = { ARRIVE(10, GET_A), READ(15), SEND(20, CHUNKED_HEAD), SEND(40, "1\r\nx\r\n"),
		     SEND(70, "0\r\n\r\n") },
	  .transactions = { { METHOD_GET, "/a", 200, 60, 0, 11, PHASES(5, 5, 50) } } },
	{ "delimited by the connection's end: to the last byte",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.0 200 OK\r\n\r\nab"), SEND(50, "cd"), CLOSE(90) },
	  .transactions = { { METHOD_GET, "/a", 200, 40, 0, 4, PHASES(0, 10, 30) } } },
	{ "100 Continue is not final: service includes the wait for the body",
	  .steps = { ARRIVE(10, POST_100), READ(20), SEND(30, "HTTP/1.1 100 Continue\r\n\r\n"), ARRIVE(60, "body"),
		     READ(70), SEND(90, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 80, 4, 2, PHASES(10, 70, 0) } } },
	{ "103 and the beginning of the final response in one send",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 103 x\r\nLink: </s>\r\n\r\nHTTP/1.1 2"),
		     SEND(50, "00 OK\r\nContent-Length: 2\r\n\r\nok") },
	  .transactions = { { METHOD_GET, "/a", 200, 40, 0, 2, PHASES(0, 10, 30) } } },
	{ "102 in pieces, then the final response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 102"), SEND(30, " x\r\n\r"), SEND(40, "\n"), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 50, 0, 2, PHASES(0, 50, 0) } } },
	{ "101 is final",
	  .steps = { RECEIVE(10, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
		     SEND(20, "HTTP/1.1 101 Switching Protocols\r\n"), SEND(30, "Upgrade: websocket\r\n\r\n") },
	  .transactions = { { METHOD_GET, "/ws", 101, 20, PHASES(0, 10, 10) } } },
	{ "an upload: queue is the wait of the first byte",
	  .steps = { ARRIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\n"), ARRIVE(20, "bo"), READ(40),
		     ARRIVE(50, "dy"), READ(70), SEND(80, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 70, 4, 2, PHASES(30, 40, 0) } } },
	{ "the method in two receives: the first one ends queue",
	  .steps = { ARRIVE(10, "GE"), READ(30), ARRIVE(40, "T /a HTTP/1.1\r\n\r\n"), READ(60), SEND(90, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 80, 0, 2, PHASES(20, 60, 0) } } },
	{ "response before the request was read completely",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 10\r\n\r\nGET"), SEND(20, EMPTY("413")),
		     RECEIVE(30, " / HTTP"), RECEIVE(40, GET_B), SEND(50, OK2) },
	  .transactions = { { METHOD_POST, "/p", 413, 10, 3, PHASES(0, 10, 0) },
			    { METHOD_GET, "/b", 200, 10, 0, 2, PHASES(0, 10, 0) } } },
	{ "response begins before the request was read completely, and ends after",
	  .steps = { ARRIVE(5, "POST /p HTTP/1.1\r\nContent-Length: 10\r\n\r\nGET"), READ(10), SEND(20, OK_HEAD(4) "ab"),
		     RECEIVE(30, " / HTTP"), SEND(60, "cd") },
	  .transactions = { { METHOD_POST, "/p", 200, 55, 10, 4, PHASES(5, 10, 40) } } },
	{ "pipelined, one read: each has its own times",
	  .steps = { ARRIVE(10, GET_A), ARRIVE(20, GET_B), READ(50), SEND(60, OK2), SEND(70, OK_HEAD(4) "ab"),
		     SEND(90, "cd") },
	  .transactions = { { METHOD_GET, "/a", 200, 50, 0, 2, PHASES(40, 10, 0) },
			    { METHOD_GET, "/b", 200, 70, 0, 4, PHASES(30, 20, 20) } } },
	{ "the end of one response and the beginning of the next in one send",
	  .steps = { RECEIVE(10, GET_A GET_B), SEND(20, OK_HEAD(4) "ab"), SEND(30, "cdHTTP/1.1 2"),
		     SEND(40, "01 x\r\nContent-Length: 1\r\n\r\nx") },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 4, PHASES(0, 10, 10) },
			    { METHOD_GET, "/b", 201, 30, 0, 1, PHASES(0, 20, 10) } } },
	{ "no response, client closed: queue only",
	  .steps = { ARRIVE(10, GET_A), READ(30), PEER_CLOSE(40), CLOSE(60) },
	  .transactions = { { METHOD_GET, "/a", 0, 50, .error = ERROR_CLIENT_ABORT, PHASES(20, 0, 0) } } },
	{ "no response, server closed: queue only",
	  .steps = { ARRIVE(10, GET_A), READ(30), CLOSE(60) },
	  .transactions = { { METHOD_GET, "/a", 0, 50, .error = ERROR_NO_RESPONSE, PHASES(20, 0, 0) } } },
	{ "reset in the middle of the response: up to the last byte sent",
	  .steps = { ARRIVE(10, GET_A), READ(30), SEND(40, OK_HEAD(9) "ab"), SEND(70, "cd"), RESET(90) },
	  .transactions = { { METHOD_GET, "/a", 200, 60, 0, 4, .error = ERROR_CLIENT_ABORT, PHASES(20, 10, 30) } } },
	{ "no stamp: t2 is used for t1, queue is unknown",
	  .steps = { ARRIVE_UNSEEN(10, GET_A), READ(30), SEND(40, OK_HEAD(4) "ab"), SEND(60, "cd"), RECEIVE(70, GET_B),
		     SEND(80, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 4, .approximate = APPROXIMATE_NO_ARRIVAL,
			      PHASES_NO_QUEUE(10, 20) },
			    { METHOD_GET, "/b", 200, 10, 0, 2, PHASES(0, 10, 0) } } },
	{ "open before it was first seen: queue is unknown",
	  .late = true,
	  .calls = CALLS_FIXED,
	  .steps = { ARRIVE_UNSEEN(10, GET_A), READ(30), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2, .approximate = APPROXIMATE_ATTACHED_LATE,
			      PHASES_NO_QUEUE(10, 0) } } },
	{ "no hook saw the end of the body: up to the last byte seen",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(6) "ab"), SEND_MISSED(40, 4), RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 6, PHASES(0, 10, 0) },
			    { METHOD_GET, "/b", 200, 10, 0, 2, PHASES(0, 10, 0) } } },
	{ "a body from memory that cannot be read",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(6) "ab"), SEND_HIDDEN(40, 4) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 6, PHASES(0, 10, 20) } } },
};

/* clang-format on */

static void test_phases(void **state)
{
	(void)state;
	script_rows_run(rows, ROWS(rows));
}

/* Times from several CPUs, in any order: the parts still add up, none is negative. */
static void test_points_out_of_order(void **state)
{
	struct transaction transaction;
	struct request_slot slot = { .arrived_ns = 100 };
	uint64_t first_ns, end_ns;

	(void)state;
	for (slot.received_ns = 100; slot.received_ns < 108; slot.received_ns++) {
		for (first_ns = 98; first_ns < 110; first_ns++) {
			for (end_ns = 98; end_ns < 110; end_ns++) {
				const uint64_t whole = end_ns > 100 ? end_ns - 100 : 0;

				tracker_split(&transaction, &slot, first_ns, end_ns);
				assert_int_equal(transaction.duration_ns, whole);
				assert_int_equal(transaction.queue_ns + transaction.service_ns +
							 transaction.send_ns,
						 whole);
				assert_true(transaction.queue_ns <= whole &&
					    transaction.service_ns <= whole &&
					    transaction.send_ns <= whole);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_points_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

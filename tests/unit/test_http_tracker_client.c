/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_client.c - the connection of a client, which sends requests and
 * receives responses.  As in the hooks, RECEIVE still carries requests and SEND responses;
 * PEER_CLOSE and RESET come from the server, CLOSE from the client.
 */
#include "unit.h"

#include "tracker_script.h"

#define PEER .peer = 7
#define ABORTED .error = ERROR_CLIENT_ABORT
#define UNANSWERED .error = ERROR_NO_RESPONSE
#define TRUNCATED .approximate = APPROXIMATE_TRUNCATED

/* clang-format off */

static const struct script_row answered_rows[] = {
	{ "keep-alive: from the first byte sent to the last byte received", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(4) "ab"), SEND(25, "cd"), RECEIVE(40, GET_B), SEND(70, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 15, 0, 4, .phases = { true, .service_us = 10, .send_us = 5 } },
			    { METHOD_GET, "/b", 200, 30, 0, 2 } } },
	{ "a request in two calls: its time begins with the first", PEER, .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "PO"), RECEIVE(20, "ST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\na"),
		     RECEIVE(30, "bc"), SEND(40, EMPTY("503")) },
	  .transactions = { { METHOD_POST, "/p", 503, 30, 3 } } },
	{ "pipelined", PEER,
	  .steps = { RECEIVE(10, GET_A), RECEIVE(15, GET_B), SEND(20, OK2), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 15, 0, 2 } } },
	{ "open before it was first seen: its time is still known", PEER, .late = true, .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "switched to another protocol", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 101 x\r\n\r\n"), RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 101, 10 } } },
	{ "delimited by close", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.0 200 OK\r\n\r\nabc"), PEER_CLOSE(30), CLOSE(40) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3 } } },
	{ "another protocol", PEER,
	  .steps = { RECEIVE(10, "*1\r\n$4\r\nPING\r\n"), SEND(20, "+PONG\r\n") },
	  .ignored = { [IGNORE_NOT_HTTP] = 1 } },
};

static const struct script_row ended_rows[] = {
	{ "the server closes without a response", PEER,
	  .steps = { RECEIVE(10, GET_A), PEER_CLOSE(20), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED } } },
	{ "the server resets without a response", PEER,
	  .steps = { RECEIVE(10, GET_A), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED } } },
	{ "the client closes before the response", PEER,
	  .steps = { RECEIVE(10, GET_A), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, ABORTED } } },
	{ "the client closes in the middle of the response", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(9) "abc"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, ABORTED } } },
	{ "the client closes in the middle of a response that is delimited by close", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.0 200 OK\r\n\r\nabc"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, ABORTED } } },
	{ "the server closes in the middle of its response", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(9) "abc"), PEER_CLOSE(25), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, TRUNCATED } } },
	{ "the server resets in the middle of its response", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(9) "abc"), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, TRUNCATED } } },
	{ "the server resets a response that is delimited by close", PEER,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.0 200 OK\r\n\r\nabc"), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, TRUNCATED } } },
};

/* clang-format on */

static void test_answered(void **state)
{
	(void)state;
	script_rows_run(answered_rows, ROWS(answered_rows));
}

static void test_ended(void **state)
{
	(void)state;
	script_rows_run(ended_rows, ROWS(ended_rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

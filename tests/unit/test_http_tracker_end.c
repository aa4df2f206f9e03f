/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_end.c - exchanges that end early: close or reset by client or server,
 * half closes; also unsolicited responses and sweeps.
 */
#include "unit.h"

#include "tracker_script.h"

#define ABORTED .error = ERROR_CLIENT_ABORT
#define UNANSWERED .error = ERROR_NO_RESPONSE
#define TRUNCATED .approximate = APPROXIMATE_TRUNCATED
#define TIMEOUT "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate"

/* clang-format off */

static const struct script_row before_rows[] = {
	{ "client closes before the response",
	  .steps = { RECEIVE(10, GET_A), PEER_CLOSE(20), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, ABORTED } } },
	{ "client resets before the response",
	  .steps = { RECEIVE(10, GET_A), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, ABORTED } } },
	{ "server closes without a response",
	  .steps = { RECEIVE(10, GET_A), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED } } },
	{ "server closes without a response, in the middle of the request body",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), CLOSE(30) },
	  .transactions = { { METHOD_POST, "/p", 0, 20, 3, UNANSWERED } } },
	{ "client resets in the middle of the head",
	  .steps = { RECEIVE(10, "GET /a HTTP/1.1\r\nHo"), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, ABORTED } } },
	{ "client resets in the middle of the target",
	  .steps = { RECEIVE(10, "GET /users/"), RESET(30) },
	  .transactions = { { METHOD_GET, "other", 0, 20, ABORTED } } },
	{ "client closes in the middle of the method: no request",
	  .steps = { RECEIVE(10, "GE"), PEER_CLOSE(20), CLOSE(30) } },
	{ "server closes after an interim response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 100 Continue\r\n\r\n"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED } } },
	{ "server closes in the middle of an interim response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 103 x\r\nLink: "), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED } } },
	{ "server closes before the status is complete",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 20"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED } } },
	{ "closed after all responses",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2), PEER_CLOSE(30), CLOSE(40) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "several wait: each has its own time",
	  .steps = { ARRIVE(10, GET_A), ARRIVE(15, GET_B), READ(20), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, UNANSWERED }, { METHOD_GET, "/b", 0, 15, UNANSWERED } } },
	{ "16 wait",
	  .steps = { RECEIVE_TIMES(10, 16, GET_A), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 20, ABORTED, .times = 16 } } },
};

static const struct script_row during_rows[] = {
	{ "client resets in the middle of the response: the status is kept",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(9) "abc"), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, ABORTED } } },
	{ "client closes, then server closes in the middle of the response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(9) "abc"), PEER_CLOSE(25), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, ABORTED } } },
	{ "server closes in the middle of the response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(9) "abc"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, TRUNCATED } } },
	{ "server closes in a chunked response, between chunks",
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD "3\r\nabc\r\n"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 8, TRUNCATED } } },
	{ "server closes in a chunked response, in the trailers",
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD "3\r\nabc\r\n0\r\nA: "), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 14, TRUNCATED } } },
	{ "server closes in the head of the response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 503 x\r\nContent-"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 503, 10, TRUNCATED } } },
	{ "client resets in the head of the response",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 503"), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 503, 10, ABORTED } } },
	{ "delimited by close, and reset",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.0 200 OK\r\n\r\nabc"), RESET(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, ABORTED } } },
	{ "one is being answered, two wait",
	  .steps = { RECEIVE(10, GET_A GET_B GET_C), SEND(20, OK_HEAD(9) "abc"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3, TRUNCATED },
			    { METHOD_GET, "/b", 0, 20, UNANSWERED },
			    { METHOD_GET, "/c", 0, 20, UNANSWERED } } },
	{ "one is answered until the close, one gets no response",
	  .steps = { RECEIVE(10, GET_A GET_B), SEND(20, "HTTP/1.0 200 OK\r\n\r\nabc"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3 }, { METHOD_GET, "/b", 0, 20, UNANSWERED } } },
	{ "a response of unknown end, and another request gets no response",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A GET_B), SEND(20, CHUNKED_HEAD), SEND_HIDDEN(25, 9), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 15, 0, 9, .approximate = APPROXIMATE_BODY_UNREADABLE },
			    { METHOD_GET, "/b", 0, 20, UNANSWERED } } },
};

static const struct script_row half_rows[] = {
	{ "half close, then the response",
	  .steps = { RECEIVE(10, GET_A), PEER_CLOSE(15), SEND(20, OK2), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "half close before the request is read",
	  .steps = { ARRIVE(10, GET_A), PEER_CLOSE(15), READ(20), SEND(30, OK2), CLOSE(40) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 2 } } },
	{ "half close, then a response that is delimited by close",
	  .steps = { RECEIVE(10, GET_A), PEER_CLOSE(15), SEND(20, "HTTP/1.0 200 OK\r\n\r\nabc"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 3 } } },
	{ "half close, then one of two responses",
	  .steps = { RECEIVE(10, GET_A GET_B), PEER_CLOSE(15), SEND(20, OK2), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 0, 20, ABORTED } } },
};

static const struct script_row unsolicited_rows[] = {
	{ "408 on a connection without any request",
	  .steps = { SEND(10, TIMEOUT), CLOSE(20) },
	  .ignored = { [IGNORE_REQUEST_TIMEOUT] = 1 } },
	{ "408 on an idle connection",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2), SEND(50, TIMEOUT), CLOSE(60) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } },
	  .ignored = { [IGNORE_REQUEST_TIMEOUT] = 1 } },
	{ "one response too many, then more exchanges",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2 CHUNKED_HEAD "1\r\nx\r\n0\r\n\r\n"), RECEIVE(30, GET_B),
		     SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 10, 0, 2 } },
	  .ignored = { [IGNORE_UNSOLICITED] = 1 } },
	{ "an interim response without a request is skipped",
	  .steps = { SEND(10, "HTTP/1.1 100 Continue\r\n\r\n"), RECEIVE(20, GET_A), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "a request in the middle of an unsolicited response: not its response",
	  .steps = { SEND(10, OK_HEAD(9) "abc"), RECEIVE(20, GET_A), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 0, 10, UNANSWERED } },
	  .ignored = { [IGNORE_UNSOLICITED] = 1 } },
	{ "a request in the middle of an unsolicited response, which is then completed",
	  .steps = { SEND(10, OK_HEAD(9) "abc"), RECEIVE(20, GET_A), SEND(30, "defghi"), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 2 } },
	  .ignored = { [IGNORE_UNSOLICITED] = 1 } },
	{ "an unsolicited response of unknown end",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { SEND(10, CHUNKED_HEAD), SEND_HIDDEN(15, 9), RECEIVE(20, GET_A), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } },
	  .ignored = { [IGNORE_UNSOLICITED] = 1 } },
};

static const struct script_row sweep_rows[] = {
	{ "no response of unknown end: sweeps do nothing",
	  .steps = { SWEEP(5, 5), RECEIVE(10, GET_A), SWEEP(15, 15), SEND(20, OK_HEAD(4) "ab"), SWEEP(25, 25),
		     SEND(30, "cd"), SWEEP(35, 35) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 4 } } },
	{ "delimited by close: a sweep does not end it",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.0 200 OK\r\n\r\nab"), SWEEP(90, 80) },
	  .in_flight = 1 },
	{ "unknown end: ended once, after a time without bytes",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD), SEND_HIDDEN(30, 9), SWEEP(35, 29), SEND_HIDDEN(40, 9),
		     SWEEP(45, 39), SWEEP(55, 40), SEND_HIDDEN(60, 9), SWEEP(65, 60) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 18, .approximate = APPROXIMATE_BODY_UNREADABLE } } },
	{ "bytes after the sweep belong to no request",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD), SEND_HIDDEN(30, 9), SWEEP(50, 40), SEND_HIDDEN(60, 9),
		     SEND(65, "more"), RECEIVE(70, GET_B), SEND(75, "still more"), SEND(80, OK2), CLOSE(90) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 9, .approximate = APPROXIMATE_BODY_UNREADABLE },
			    { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "unknown end, reset before the sweep: it may have been complete, so no abort",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD), SEND_HIDDEN(30, 9), RESET(40) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 9, .approximate = APPROXIMATE_BODY_UNREADABLE } } },
};

/* clang-format on */

TEST_ROWS(before)
TEST_ROWS(during)
TEST_ROWS(half)
TEST_ROWS(unsolicited)
TEST_ROWS(sweep)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before), cmocka_unit_test(test_during),
		cmocka_unit_test(test_half),   cmocka_unit_test(test_unsolicited),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

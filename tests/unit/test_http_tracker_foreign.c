/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_foreign.c - connections that were open before they were first seen,
 * and bytes that are not HTTP.  Each seen request must be counted or be in the ledger.
 */
#include "unit.h"

#include "tracker_script.h"

#define UNREADABLE .approximate = APPROXIMATE_BODY_UNREADABLE

/* clang-format off */

static const struct script_row late_rows[] = {
	{ "an idle connection: the next request is exact",
	  .late = true, .calls = CALLS_FIXED, /* a request must begin with a call */
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2), RECEIVE(30, GET_B), SEND(45, OK2) },
	  .transactions = { OK2_TO("/a", 10), OK2_TO("/b", 15) } },
	{ "a request that arrived before: the time of the first receive is used",
	  .late = true, .calls = CALLS_FIXED,
	  .steps = { ARRIVE_UNSEEN(0, GET_A), READ(30), SEND(40, OK2), RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { OK2_TO("/a", 10, .approximate = APPROXIMATE_ATTACHED_LATE), OK2_TO("/b", 10) } },
	{ "in the middle of a request body: its response is unsolicited",
	  .late = true, .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, "xx" GET_C), RECEIVE(15, "HELLO /"), SEND(20, OK2), RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { OK2_TO("/b", 10) }, .ignored = { [IGNORE_UNSOLICITED] = 1 } },
	{ "body text that begins like a request, but without a valid target or method",
	  .late = true, .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, "GET some"), RECEIVE(11, "Get /"), RECEIVE(12, "GET"), RECEIVE(13, "GET "),
		     RECEIVE(14, "GETTING /"), RECEIVE(15, "{\"a\":1}"), RECEIVE(16, "\n\n\n") } },
	{ "the longest method",
	  .late = true, .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, "UPDATEREDIRECTREF /a HTTP/1.1\r\n\r\n"), SEND(20, OK2),
		     RECEIVE(30, "VERSION-CONTROL http://h/b HTTP/1.1\r\n\r\n"), SEND(40, OK2) },
	  .transactions = { { METHOD_UPDATEREDIRECTREF, "/a", 200, 10, 0, 2 },
			    { METHOD_VERSION_CONTROL, "/b", 200, 10, 0, 2 } } },
	{ "a response whose first write has only the version",
	  .late = true, .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1"), SEND(30, " 204 x\r\n\r\n") },
	  .transactions = { { METHOD_GET, "/a", 204, 20 } } },
	{ "in the middle of a response",
	  .late = true, .calls = CALLS_FIXED,
	  .steps = { SEND(10, "the rest of a body"), SEND(15, "HTTP/1."), RECEIVE(20, GET_A), SEND(30, OK2) },
	  .transactions = { OK2_TO("/a", 10) } },
	{ "closed before anything was seen",
	  .late = true,
	  .steps = { PEER_CLOSE(10), CLOSE(20) } },
};

static const struct script_row foreign_rows[] = {
	{ "TLS",
	  .steps = { RECEIVE(10, "\x16\x03\x01\x02\x00\x01"), SEND(20, "\x16\x03\x03"), RECEIVE(30, GET_A), SEND(40, OK2) },
	  .ignored = { [IGNORE_TLS] = 1 } },
	{ "TLS, with bytes that no hook saw",
	  .steps = { RECEIVE(10, "\x16\x03\x01\x02\x00\x01"), ARRIVE(15, "abc"), READ_MISSED(20), RECEIVE(30, GET_A) },
	  .ignored = { [IGNORE_TLS] = 1 } },
	{ "HTTP/2",
	  .steps = { RECEIVE(10, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), SEND(20, "\0\0\6\4\0"), RECEIVE(30, GET_A) },
	  .ignored = { [IGNORE_HTTP2] = 1 } },
	{ "binary bytes",
	  .steps = { RECEIVE(10, "\xff\0\0GET / HTTP/1.1\r\n\r\n"), SEND(20, OK2) },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "lower case",
	  .steps = { RECEIVE(10, "get /a HTTP/1.1\r\n\r\n"), SEND(20, EMPTY("400")), CLOSE(30) },
	  .transactions = { { METHOD_OTHER, "/a", 400, 10 } } },
	{ "another protocol that begins with a word",
	  .steps = { RECEIVE(10, "EHLO\r\n"), SEND(20, "250 OK\r\n") },
	  .ignored = { [IGNORE_NOT_HTTP] = 1 } },
	{ "the first byte of TLS in the middle of a method: not TLS",
	  .steps = { RECEIVE(10, "GE\x16"), CLOSE(20) }, .ignored = { [IGNORE_NOT_HTTP] = 1 } },
	{ "a malformed line after a method, rejected",
	  .steps = { RECEIVE(10, "GET /a FOO/1.1\r\n\r\n"), SEND(20, EMPTY("400")), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 400, 10 } } },
	{ "HTTP/0.9: no status line in the response",
	  .steps = { RECEIVE(10, "GET /a\r\n"), SEND(20, "<html>"), CLOSE(30) },
	  .lost = { [LOSS_MALFORMED] = 1 }, .ignored = { [IGNORE_MALFORMED] = 1 } },
	{ "a malformed line after a method, closed without a response",
	  .steps = { RECEIVE(10, "GET /a b c\r\n\r\n"), CLOSE(30) }, .lost = { [LOSS_MALFORMED] = 1 },
	  .ignored = { [IGNORE_MALFORMED] = 1 } },
	{ "bytes that are not HTTP after a request: the request is still answered",
	  .steps = { RECEIVE(10, GET_A "\x01\x02"), SEND(20, OK2), SEND(30, EMPTY("400")), CLOSE(40) },
	  .transactions = { OK2_TO("/a", 10) }, .lost = { [LOSS_MALFORMED] = 1 } },
	{ "a malformed request after a valid one",
	  .steps = { RECEIVE(10, GET_A "GET /b FOO\r\n"), SEND(20, OK2), SEND(30, EMPTY("400")), CLOSE(40) },
	  .transactions = { OK2_TO("/a", 10), { METHOD_GET, "/b", 400, 20 } } },
	{ "a coding that the server must reject",
	  .calls = CALLS_RECEIVE_FIXED, /* the next request must begin with a call */
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
		     SEND(20, EMPTY("400")), RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_POST, "/p", 400, 10 }, OK2_TO("/b", 10) } },
	{ "a Content-Length that the server must reject",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
		     SEND(20, EMPTY("400")), CLOSE(30) },
	  .transactions = { { METHOD_POST, "/p", 400, 10 } } },
	{ "a malformed chunk in a request",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		     SEND(20, EMPTY("400")), RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_POST, "/p", 400, 10, 1, 0, UNREADABLE }, OK2_TO("/b", 10) } },
	{ "bytes instead of a response: the next response is exact",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "Hello"), RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 0, 10, .error = ERROR_BAD_RESPONSE }, OK2_TO("/b", 10) } },
	{ "a malformed Content-Length in a response: open until the sweep",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nbody"), SEND(30, "body"),
		     SWEEP(40, 35), RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 8, UNREADABLE }, OK2_TO("/b", 10) } },
	{ "a malformed chunk in a response: open until the sweep",
	  .calls = CALLS_SEND_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD "1\r\nx\r\nzz\r\n"), SEND(30, "body"), SWEEP(40, 35),
		     RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 14, UNREADABLE }, OK2_TO("/b", 10) } },
};

/* clang-format on */

TEST_ROWS(late)
TEST_ROWS(foreign)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

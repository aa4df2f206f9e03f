/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_proxy.c - the header that a load balancer sends before the first
 * request of a connection (PROXY protocol, both versions): it is no request, and the
 * requests after it are exact.
 */
#include "unit.h"

#include "tracker_script.h"

#define LINE "PROXY TCP4 192.0.2.1 198.51.100.2 40000 80\r\n"
#define ADDRESS "fe80:fe80:fe80:fe80:fe80:fe80:fe80:fe80"
/* with CRLF, 107 bytes: the protocol's limit */
#define LONGEST "PROXY UNKNOWN " ADDRESS " " ADDRESS " 65535 65535"
#define MARK "\r\n\r\n\0\r\nQUIT\n"
/* 12 bytes of addresses; some look like the beginning of a request, or the end of a line */
#define BINARY MARK "\x21\x11\0\xcGET \r\n\r\n\0\x50\x16\3"
#define SELF MARK "\x20\0\0\0"
#define EXTRA_LENGTH "\1\x2c" /* 300 */
#define GET_X "GET /x HTTP/1.1\r\n\r\n"

/* clang-format off */

static const struct script_row rows[] = {
	{ "a line, and two requests after it in one call",
	  .steps = { RECEIVE(10, LINE GET_A GET_B), SEND(20, OK2), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 } } },
	{ "a line of an unknown protocol",
	  .steps = { RECEIVE(10, "PROXY UNKNOWN\r\n" GET_A), SEND(20, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "the longest line",
	  .steps = { RECEIVE(10, LONGEST "\r\n" GET_A), SEND(20, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "a line that is too long is malformed",
	  .steps = { RECEIVE(10, LONGEST "0\r\n" GET_A), SEND(20, EMPTY("400")) },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "a line beyond the step limit is no lost request",
	  .calls = CALLS_FIXED,
	  .steps = { ARRIVE(10, "PROXY "), ARRIVE_TIMES(10, 40000, "x"), READ(20), CLOSE(30) },
	  .ignored = { [IGNORE_NOT_HTTP] = 1 } },
	{ "binary, and two requests after it in one call",
	  .steps = { RECEIVE(10, BINARY GET_A GET_B), SEND(20, OK2), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 } } },
	{ "binary, a connection of the balancer itself: no address",
	  .steps = { RECEIVE(10, SELF "POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), SEND(20, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 10, 3, 2 } } },
	{ "binary, 300 bytes",
	  .steps = { RECEIVE(10, MARK "\x21\x21" EXTRA_LENGTH), RECEIVE_TIMES(10, 15, GET_X "\n"),
		     RECEIVE(20, GET_A), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "the request's time begins after the line",
	  .calls = CALLS_FIXED,
	  .steps = { ARRIVE(10, "PROX"), READ(20), ARRIVE(30, "Y TCP6 ::1 ::2 1 2\r\n"), ARRIVE(40, GET_A),
		     READ(60), SEND(90, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 50, 0, 2,
			      .phases = { .given = true, .queue_us = 20, .service_us = 30 } } } },
	{ "the beginning of the line in one call, its end and the request in the next",
	  .calls = CALLS_FIXED,
	  .steps = { ARRIVE(10, "PROX"), READ(20), ARRIVE(30, "Y UNKNOWN\r\n" GET_A), READ(60), SEND(90, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 60, 0, 2,
			      .phases = { .given = true, .queue_us = 30, .service_us = 30 } } } },
	{ "the same, binary",
	  .calls = CALLS_FIXED,
	  .steps = { ARRIVE(10, MARK "\x21\x11"), READ(20), ARRIVE(30, "\0\2ab" GET_A), READ(60), SEND(90, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 60, 0, 2,
			      .phases = { .given = true, .queue_us = 30, .service_us = 30 } } } },
	{ "a client sends it",
	  .peer = 1,
	  .steps = { RECEIVE(10, BINARY), RECEIVE(20, GET_A), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "closed after it, a balancer's check: no request",
	  .steps = { RECEIVE(10, LINE), PEER_CLOSE(20), CLOSE(30) } },
	{ "closed in the middle of it",
	  .steps = { RECEIVE(10, MARK "\x21\x11\0\xcGET"), PEER_CLOSE(20), CLOSE(30) } },
	{ "TLS after a line",
	  .steps = { RECEIVE(10, LINE "\x16\3\1\2\0\1"), SEND(20, "\x16\3\3"), RECEIVE(30, GET_A) },
	  .ignored = { [IGNORE_TLS] = 1 } },
	{ "TLS after binary",
	  .steps = { RECEIVE(10, BINARY "\x16\3\1\2\0\1"), SEND(20, "\x16\3\3"), RECEIVE(30, GET_A) },
	  .ignored = { [IGNORE_TLS] = 1 } },
	{ "a line after a request is a malformed request",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2), RECEIVE(30, LINE GET_B), SEND(40, EMPTY("400")) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_OTHER, "other", 400, 10 } } },
	{ "binary after a request is not HTTP",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK2), RECEIVE(30, BINARY GET_B), SEND(40, EMPTY("400")) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 } },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "a wrong byte at the end of the binary mark",
	  .steps = { RECEIVE(10, "\r\n\r\n\0\r\nQUIX\n" GET_A), SEND(20, EMPTY("400")) },
	  .lost = { [LOSS_MALFORMED] = 1 } },
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	script_rows_run(rows, ROWS(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("http_tracker_proxy", tests, NULL, NULL);
}

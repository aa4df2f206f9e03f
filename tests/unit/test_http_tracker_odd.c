/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_odd.c - forms that some servers and clients accept although RFC 9112
 * does not allow them, and bytes that are not HTTP.  In all cases the next exchanges on
 * the same connection are exact.
 */
#include "unit.h"

#include "tracker_script.h"

#define REQUEST(line) line "\r\nHost: h\r\n\r\n"
#define OK_EMPTY EMPTY("200")
#define REST RECEIVE(30, GET_B), SEND(40, OK2), RECEIVE(50, GET_C), SEND(65, EMPTY("404"))
#define REST_COUNTED                                                                               \
	{ METHOD_GET, "/b", 200, 10, 0, 2 },                                                       \
	{                                                                                          \
		METHOD_GET, "/c", 404, 15                                                          \
	}
/* A request line that is counted under this method and route. */
#define LINE_ROW(comment, line, method, route)                                                     \
	{                                                                                          \
		comment, .steps = { RECEIVE(10, REQUEST(line)), SEND(20, OK2), REST },             \
			 .transactions = {                                                         \
				 { method, route, 200, 10, 0, 2 },                                 \
				 REST_COUNTED                                                      \
			 }                                                                         \
	}
#define LETTERS_24 "ABCDEFGHIJKLMNOPQRSTUVWX"

/* clang-format off */

static const struct script_row line_rows[] = {
	LINE_ROW("lower case, as fetch() in JavaScript sends it", "patch /a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("a method of 25 letters", LETTERS_24 "Y /a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("a method that begins with a registered one", "GETT /a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("every byte of a token", "!#$%&'*+-.^_`|~09az /a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("an exclamation mark in front", "!GET /a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("a version of two digits", "GET /a HTTP/1.10", METHOD_GET, "/a"),
	LINE_ROW("a version in lower case", "GET /a http/1.1", METHOD_GET, "/a"),
	LINE_ROW("another major version", "GET /a HTTP/3.0", METHOD_GET, "/a"),
	LINE_ROW("tabs between the words", "GET\t/a\tHTTP/1.1", METHOD_GET, "/a"),
	LINE_ROW("tabs and spaces", "GET \t/a \tHTTP/1.1 ", METHOD_GET, "/a"),
	LINE_ROW("the method of the HTTP/2 preface", "PRI /a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("the same, a target in absolute form", "PRI http://h/a HTTP/1.1", METHOD_OTHER, "/a"),
	LINE_ROW("a space in the target", "GET /a b HTTP/1.1", METHOD_GET, "/a"),
	LINE_ROW("no version", "GET /a", METHOD_GET, "/a"),
	LINE_ROW("no version after a space", "GET /a ", METHOD_GET, "/a"),
	LINE_ROW("an incomplete version", "GET /users/7 HTTP/1.", METHOD_GET, "/users/{id}"),
	LINE_ROW("an incomplete version, a long target", "GET /abcdefg/hijklmn/opqrstu/v?x HTTP", METHOD_GET, "/abcdefg/hijklmn/opqrstu/v"),
	LINE_ROW("another protocol's version", "OPTIONS /a RTSP/1.0", METHOD_OPTIONS, "/a"),
	LINE_ROW("a carriage return in the target", "GET /a\rb HTTP/1.1", METHOD_GET, "/a"),
	LINE_ROW("a carriage return in the first header", "GET /a HTTP/1.1\r\n\rX: 1", METHOD_GET, "/a"),
	LINE_ROW("only a method", "GET ", METHOD_GET, "other"),
	{ "a malformed line, and another request in the same call",
	  .steps = { RECEIVE(10, REQUEST("GET /a FOO") GET_B), SEND(20, OK2), SEND(30, OK2), RECEIVE(50, GET_C),
		     SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 },
			    { METHOD_GET, "/c", 200, 10, 0, 2 } } },
	{ "a malformed line, and a body",
	  .steps = { RECEIVE(10, "put /a HTTP/1.12\r\nContent-Length: 3\r\n\r\nGET"), SEND(20, OK2), REST },
	  .transactions = { { METHOD_OTHER, "/a", 200, 10, 3, 2 }, REST_COUNTED } },
	{ "a byte that is not allowed in a method, answered: lost, and the next request is counted",
	  .steps = { RECEIVE(10, REQUEST("G@T /a HTTP/1.1")), SEND(20, OK2), REST },
	  .calls = CALLS_RECEIVE_FIXED, /* bytes that are not HTTP are skipped to the end of their call */
	  .transactions = { REST_COUNTED },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "the same, binary after another request",
	  .steps = { RECEIVE(1, GET_A), SEND(5, OK2), RECEIVE(10, "\xff\xfe\r\n\r\n"), SEND(20, EMPTY("400")), REST },
	  .calls = CALLS_RECEIVE_FIXED,
	  .transactions = { { METHOD_GET, "/a", 200, 4, 0, 2 }, REST_COUNTED },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "the same, a whole ClientHello",
	  .steps = { RECEIVE(1, GET_A), SEND(5, OK2), RECEIVE(10, "\x16\x03\x01\x02\x00\x01\x00"), SEND(20, EMPTY("400")), REST },
	  .calls = CALLS_RECEIVE_FIXED,
	  .transactions = { { METHOD_GET, "/a", 200, 4, 0, 2 }, REST_COUNTED },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "the same, the beginning of the HTTP/2 preface",
	  .steps = { RECEIVE(1, GET_A), SEND(5, OK2), RECEIVE(10, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), SEND(20, EMPTY("400")), REST },
	  .calls = CALLS_RECEIVE_FIXED,
	  .transactions = { { METHOD_GET, "/a", 200, 4, 0, 2 }, REST_COUNTED },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "the same, before the previous request was answered",
	  .steps = { RECEIVE(10, GET_A "\x01\x02"), SEND(15, OK2), SEND(20, EMPTY("400")), REST },
	  .calls = CALLS_RECEIVE_FIXED,
	  .transactions = { { METHOD_GET, "/a", 200, 5, 0, 2 }, REST_COUNTED },
	  .lost = { [LOSS_MALFORMED] = 1 } },
	{ "likewise, at the beginning of a connection",
	  .steps = { RECEIVE(10, "\x16\x03\x01 /a HTTP/1.1\r\n\r\n"), SEND(20, OK2), REST },
	  .calls = CALLS_RECEIVE_FIXED, .transactions = { REST_COUNTED }, .lost = { [LOSS_MALFORMED] = 1 } },
	{ "HTTP/2's preface, refused",
	  .steps = { RECEIVE(10, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), SEND(20, EMPTY("400")), REST },
	  .ignored = { [IGNORE_HTTP2] = 1 } },
	{ "CONNECT, and the server goes on with HTTP",
	  .steps = { RECEIVE(10, "CONNECT h:443 HTTP/1.1\r\n\r\n"), SEND(20, "HTTP/1.1 200 OK\r\n\r\n"), REST },
	  .transactions = { { METHOD_CONNECT, "other", 200, 10 }, REST_COUNTED } },
	{ "CONNECT, and a tunnel for TLS",
	  .steps = { RECEIVE(10, "CONNECT h:443 HTTP/1.1\r\n\r\n"), SEND(20, "HTTP/1.1 200 OK\r\n\r\n"),
		     RECEIVE(30, "\x16\x03\x01\x02\x00\x01"), SEND(40, "\x16\x03\x03"), RECEIVE(50, GET_A), SEND(60, OK2) },
	  .transactions = { { METHOD_CONNECT, "other", 200, 10 } },
	  .ignored = { [IGNORE_TLS] = 1 } },
	{ "CONNECT, and a tunnel for something else",
	  .steps = { RECEIVE(10, "CONNECT h:25 HTTP/1.1\r\n\r\n"), SEND(20, "HTTP/1.1 200 OK\r\n\r\n"),
		     SEND(25, "220 h\r\n"), RECEIVE(30, "EHLO\r\n"), SEND(40, "250 h\r\n"), RECEIVE(50, GET_A), SEND(60, OK2) },
	  .transactions = { { METHOD_CONNECT, "other", 200, 10 } },
	  .ignored = { [IGNORE_NOT_HTTP] = 1 } },
};

static const struct script_row body_rows[] = {
	{ "a Content-Length without a body: the next request is not taken for it",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "GET /a HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"), SEND(20, OK2), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, REST_COUNTED } },
	{ "chunked without a body",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), SEND(20, OK2), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, REST_COUNTED } },
	{ "an incomplete chunk: a response without a request shows that one was missed",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab"), SEND(20, OK2),
		     RECEIVE(24, GET_A), SEND(25, OK2), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 6, 2 }, REST_COUNTED },
	  .lost = { [LOSS_FRAMING] = 1 } },
	{ "a body that continues after an early response: its text is not taken for a request",
	  .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, "POST /a HTTP/1.1\r\nContent-Length: 16\r\n\r\n12345"), SEND(20, EMPTY("413")),
		     RECEIVE(23, "GET /x HTT"), RECEIVE(25, "P"), REST },
	  .transactions = { { METHOD_POST, "/a", 413, 10, 5 }, REST_COUNTED } },
	{ "the same, for a request that found the pipeline full",
	  .calls = CALLS_FIXED,
	  .steps = { RECEIVE_TIMES(10, 16, GET_A), RECEIVE(15, "POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345"),
		     SEND_TIMES(20, 17, OK2), RECEIVE(30, "67890" GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2, .times = 16 }, { METHOD_GET, "/b", 200, 10, 0, 2 } },
	  .lost = { [LOSS_PIPELINE_FULL] = 1 } },
	{ "a request that was taken for body bytes is answered: lost, the next is counted",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "GET /a HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"), SEND(20, OK2),
		     RECEIVE(23, "\r\nGET"), RECEIVE(24, " /x HTTP/1.1\r\n\r\n"), SEND(25, OK2), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, REST_COUNTED },
	  .lost = { [LOSS_FRAMING] = 1 } },
	{ "an unknown coding: the next call begins with a request",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "POST /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n1\r\na\r\n0\r\n\r\n"), SEND(20, OK2),
		     RECEIVE(30, "odd /b HTTP/1.1\r\n\r\n"), SEND(40, OK2) },
	  .transactions = { { METHOD_POST, "/a", 200, 10, 0, 2 }, { METHOD_OTHER, "/b", 200, 10, 0, 2 } } },
	{ "a coding on a folded line",
	  .steps = { RECEIVE(10, "POST /a HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"), SEND(20, OK2), REST },
	  .transactions = { { METHOD_POST, "/a", 200, 10, 11, 2 }, REST_COUNTED } },
	{ "a length on a folded line, and with a space before its colon",
	  .steps = { RECEIVE(10, "POST /a HTTP/1.1\r\nContent-Length :\r\n\t3\r\n\r\nabc"), SEND(20, OK2), REST },
	  .transactions = { { METHOD_POST, "/a", 200, 10, 3, 2 }, REST_COUNTED } },
};

/* A response with this head and a body of two bytes. */
#define RESPONSE_ROW(comment, head) \
	{ comment, .steps = { RECEIVE(10, GET_A), SEND(20, head "\r\n\r\nok"), REST }, \
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, REST_COUNTED } }
/* A response without a valid status. */
#define BAD_ROW(comment, text) \
	{ comment, .calls = CALLS_SEND_FIXED, .steps = { RECEIVE(10, GET_A), SEND(20, text), REST }, \
	  .transactions = { { METHOD_GET, "/a", 0, 10, .error = ERROR_BAD_RESPONSE }, REST_COUNTED } }

static const struct script_row response_rows[] = {
	RESPONSE_ROW("an empty line before the status line", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2"),
	RESPONSE_ROW("two spaces", "HTTP/1.1  200 OK\r\nContent-Length: 2"),
	RESPONSE_ROW("a tab", "HTTP/1.1\t200\tOK\r\nContent-Length: 2"),
	RESPONSE_ROW("a version in lower case", "http/1.1 200 OK\r\nContent-Length: 2"),
	RESPONSE_ROW("a version of two digits", "HTTP/1.10 200 OK\r\nContent-Length: 2"),
	RESPONSE_ROW("no reason", "HTTP/1.1 200\r\nContent-Length: 2"),
	RESPONSE_ROW("identity is no coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2"),
	RESPONSE_ROW("the same, mixed case and with spaces", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding:  IDentity "),
	RESPONSE_ROW("a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2"),
	RESPONSE_ROW("a folded length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2"),
	RESPONSE_ROW("another field, folded, whose text looks like a length", "HTTP/1.1 200 OK\r\nX: 1,\r\n Content-Length: 7\r\nContent-Length: 2"),
	{ "identity after chunked",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n"), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 12 }, REST_COUNTED } },
	{ "a folded coding, and a space before its colon",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 200 OK\r\nTransfer-Encoding :\r\n\t chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 12 }, REST_COUNTED } },
	{ "closed after the status line",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 200 OK\r\n"), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, .approximate = APPROXIMATE_TRUNCATED } } },
	{ "a thousand interim responses in one call",
	  .by_words = true, .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, GET_A), SEND_TIMES(15, 1000, "HTTP/1.1 102 Processing\r\n\r\n"), SEND(20, OK2), REST },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, REST_COUNTED } },
	BAD_ROW("a status below 100", "HTTP/1.1 099 x\r\nContent-Length: 2\r\n\r\nok"),
	BAD_ROW("a status of two digits", "HTTP/1.1 99 x\r\nContent-Length: 2\r\n\r\nok"),
	BAD_ROW("a status of letters", "HTTP/1.1 ok\r\n\r\n"),
	BAD_ROW("no status line", "<html>ok</html>"),
	BAD_ROW("a status line of another protocol", "ICY 200 OK\r\n\r\n"),
	{ "HEAD answered with a body, in the same call and in the next",
	  .steps = { RECEIVE(1, "HEAD /a HTTP/1.1\r\n\r\n"), SEND(2, OK2), RECEIVE(3, "HEAD /a HTTP/1.1\r\n\r\n"),
		     SEND(4, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), SEND(5, "HTTPS"), REST },
	  .transactions = { { METHOD_HEAD, "/a", 200, 1 }, { METHOD_HEAD, "/a", 200, 1 }, REST_COUNTED } },
	{ "the same, and the next request already waits",
	  .steps = { RECEIVE(10, "HEAD /a HTTP/1.1\r\n\r\n" GET_B), SEND(20, OK_HEAD(4) "body"), SEND(30, OK2),
		     RECEIVE(50, GET_C), SEND(65, EMPTY("404")) },
	  .transactions = { { METHOD_HEAD, "/a", 200, 10 }, { METHOD_GET, "/b", 200, 20, 0, 2 }, { METHOD_GET, "/c", 404, 15 } } },
};

static const struct script_row foreign_rows[] = {
	{ "another protocol, line by line",
	  .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, "get key\r\n"), SEND(20, "END\r\n"), RECEIVE(30, "get key\r\n"), SEND(40, "END\r\n"), CLOSE(50) },
	  .lost = { [LOSS_MALFORMED] = 1 }, .ignored = { [IGNORE_MALFORMED] = 1 } },
	{ "another protocol whose server sends first",
	  .calls = CALLS_FIXED,
	  .steps = { SEND(5, "220 h ESMTP\r\n"), RECEIVE(10, "EHLO h\r\n"), SEND(20, "250 h\r\n"), RECEIVE(30, "QUIT\r\n"),
		     SEND(40, "221\r\n"), CLOSE(50) },
	  .lost = { [LOSS_MALFORMED] = 1 }, .ignored = { [IGNORE_MALFORMED] = 1 } },
	{ "binary",
	  .calls = CALLS_FIXED,
	  .steps = { RECEIVE(10, "\x01\x02\x03"), SEND(20, "\x01\x02\x03"), RECEIVE(30, GET_A), SEND(40, OK2) },
	  .ignored = { [IGNORE_NOT_HTTP] = 1 } },
	{ "binary, without a response",
	  .steps = { RECEIVE(10, "\x01\x02\x03"), CLOSE(50) },
	  .ignored = { [IGNORE_NOT_HTTP] = 1 } },
};

/* clang-format on */

static void test_lines(void **state)
{
	(void)state;
	script_rows_run(line_rows, ROWS(line_rows));
}

static void test_bodies(void **state)
{
	(void)state;
	script_rows_run(body_rows, ROWS(body_rows));
}

static void test_responses(void **state)
{
	(void)state;
	script_rows_run(response_rows, ROWS(response_rows));
}

static void test_foreign(void **state)
{
	(void)state;
	script_rows_run(foreign_rows, ROWS(foreign_rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

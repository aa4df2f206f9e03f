/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker.c - complete exchanges: framing in both directions, interim
 * responses, tunnels, pipelining, arrival times.
 */
#include "unit.h"

#include "tracker_script.h"

#define PATH32 "/abcdefg/hijklmn/opqrstu/vwxyz-_"
#define TIMES_5(text) text text text text text
#define TIMES_25(text) TIMES_5(TIMES_5(text))
#define PATH128 PATH32 PATH32 PATH32 PATH32
#define CHUNKED_BODY "1\r\nx\r\n0\r\n\r\n"

/* clang-format off */

static const struct script_row exchange_rows[] = {
	{ "one request",
	  .steps = { RECEIVE(10, GET_A), SEND(35, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 25, 0, 2 } } },
	{ "waiting in the socket is part of the duration",
	  .steps = { ARRIVE(10, GET_A), READ(50), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 50, 0, 2 } } },
	{ "seen, no response yet",
	  .steps = { RECEIVE(10, GET_A) },
	  .in_flight = 1 },
	{ "a part of a method is no request",
	  .steps = { RECEIVE(10, "GE") } },
	{ "keep-alive",
	  .steps = { RECEIVE(10, GET_A), SEND(11, OK2), RECEIVE(20, GET_B), SEND(22, OK2),
		     RECEIVE(30, GET_C), SEND(33, OK2), CLOSE(40) },
	  .transactions = { { METHOD_GET, "/a", 200, 1, 0, 2 },
			    { METHOD_GET, "/b", 200, 2, 0, 2 },
			    { METHOD_GET, "/c", 200, 3, 0, 2 } } },
	{ "head and body in separate writes: until the last byte",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(10)), SEND(30, "01234"), SEND(45, "56789") },
	  .transactions = { { METHOD_GET, "/a", 200, 35, 0, 10 } } },
	{ "response head in several writes",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 20"), SEND(30, "0 OK\r\nContent-Le"),
		     SEND(40, "ngth: 2\r\n\r"), SEND(50, "\nok") },
	  .transactions = { { METHOD_GET, "/a", 200, 40, 0, 2 } } },
	{ "request head in several segments, read at once",
	  .steps = { ARRIVE(10, "GET /a HT"), ARRIVE(20, "TP/1.1\r\n\r\n"), READ(30), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 2 } } },
	{ "request head in several segments and reads, cut in its method and in its path",
	  .steps = { RECEIVE(10, "GE"), RECEIVE(20, "T /us"), RECEIVE(30, "ers/12"),
		     RECEIVE(40, "3 HTTP/1.1\r\n\r"), RECEIVE(50, "\n"), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/users/{id}", 200, 50, 0, 2 } } },
	{ "targets and methods",
	  .steps = { RECEIVE(10, "PROPFIND http://h/f/7?q HTTP/1.1\r\n\r\n"), SEND(20, EMPTY("207")),
		     RECEIVE(30, "OPTIONS * HTTP/1.1\r\n\r\n"), SEND(40, EMPTY("200")),
		     RECEIVE(50, "BREW h:1 HTTP/1.1\r\n\r\n"), SEND(60, EMPTY("418")),
		     RECEIVE(70, "VERSION-CONTROL /\0 HTTP/1.1\r\n\r\n"), SEND(80, EMPTY("500")) },
	  .transactions = { { METHOD_PROPFIND, "/f/{id}", 207, 10 },
			    { METHOD_OPTIONS, "*", 200, 10 },
			    { METHOD_OTHER, "other", 418, 10 },
			    { METHOD_VERSION_CONTROL, "other", 500, 10 } } },
	{ "routes that fill words and the key",
	  .steps = { RECEIVE(10, "GET /abcdefg HTTP/1.1\r\n\r\n"), SEND(20, EMPTY("200")),
		     RECEIVE(30, "GET /abcdefg/hijklmn HTTP/1.1\r\n\r\n"), SEND(40, EMPTY("200")),
		     RECEIVE(50, "GET " PATH128 " HTTP/1.1\r\n\r\n"), SEND(60, EMPTY("200")),
		     RECEIVE(70, GET_A), SEND(80, EMPTY("200")) },
	  .transactions = { { METHOD_GET, "/abcdefg", 200, 10 },
			    { METHOD_GET, "/abcdefg/hijklmn", 200, 10 },
			    { METHOD_GET, PATH128, 200, 10 },
			    { METHOD_GET, "/a", 200, 10 } } },
	{ "a path beyond the limit: other, and the next one is exact",
	  .steps = { RECEIVE(10, "GET " PATH128 "x HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET"), SEND(20, EMPTY("200")),
		     RECEIVE(30, "GET http://h" PATH128 PATH128 "?q HTTP/1.1\r\n\r\n"), SEND(40, EMPTY("404")),
		     RECEIVE(50, "GET /users/1?" PATH128 " HTTP/1.1\r\n\r\n"), SEND(60, EMPTY("200")) },
	  .transactions = { { METHOD_GET, "other", 200, 10, 3 },
			    { METHOD_GET, "other", 404, 10 },
			    { METHOD_GET, "/users/{id}", 200, 10 } } },
	{ "a path of 128 bytes when it is folded, and of 129; one of 135 that folds to less",
	  .steps = { RECEIVE(10, "GET " TIMES_25("/1") "/ab HTTP/1.1\r\n\r\n"), SEND(20, EMPTY("200")),
		     RECEIVE(30, "GET " TIMES_25("/1") "/ab/ HTTP/1.1\r\n\r\n"), SEND(40, EMPTY("404")),
		     RECEIVE(50, "GET " TIMES_5("/12345678/12345678/12345678") " HTTP/1.1\r\n\r\n"),
		     SEND(60, EMPTY("500")), RECEIVE(70, GET_A), SEND(80, EMPTY("204")) },
	  .transactions = { { METHOD_GET, TIMES_25("/{id}") "/ab", 200, 10 },
			    { METHOD_GET, "other", 404, 10 },
			    { METHOD_GET, "other", 500, 10 },
			    { METHOD_GET, "/a", 204, 10 } } },
	{ "HEAD: its Content-Length has no body",
	  .steps = { RECEIVE(10, "HEAD /a HTTP/1.1\r\n\r\n"), SEND(20, OK_HEAD(100)),
		     RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_HEAD, "/a", 200, 10 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "HEAD: nor has its Transfer-Encoding",
	  .steps = { RECEIVE(10, "HEAD /a HTTP/1.1\r\n\r\n"), SEND(20, CHUNKED_HEAD),
		     RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_HEAD, "/a", 200, 10 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "204, 304 and Content-Length 0 have no body",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 204 No Content\r\n\r\n"),
		     RECEIVE(30, GET_B), SEND(40, "HTTP/1.1 304 x\r\nContent-Length: 99\r\n\r\n"),
		     RECEIVE(50, GET_C), SEND(60, EMPTY("200")), RECEIVE(70, GET_A), SEND(80, OK2) },
	  .transactions = { { METHOD_GET, "/a", 204, 10 },
			    { METHOD_GET, "/b", 304, 10 },
			    { METHOD_GET, "/c", 200, 10 },
			    { METHOD_GET, "/a", 200, 10, 0, 2 } } },
	{ "HTTP/1.0, delimited by close: until the last byte, not until the close",
	  .steps = { RECEIVE(10, "GET /a HTTP/1.0\r\n\r\n"), SEND(20, "HTTP/1.0 200 OK\r\n\r\nbo"),
		     SEND(30, "dy\r\nHTTP/1.1 500 No\r\n\r\n"), CLOSE(50) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 25 } } },
	{ "delimited by close without a byte of body",
	  .steps = { RECEIVE(10, "GET /a HTTP/1.0\r\n\r\n"), SEND(20, "HTTP/1.0 200 OK\r\n\r\n"), CLOSE(50) },
	  .transactions = { { METHOD_GET, "/a", 200, 10 } } },
	{ "a coding that is not chunked: delimited by close",
	  .steps = { RECEIVE(10, GET_A),
		     SEND(20, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n"),
		     SEND(30, "zipped"), CLOSE(50) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 6 } } },
	{ "HTTP/1.0, kept alive",
	  .steps = { RECEIVE(10, "GET /a HTTP/1.0\nConnection: keep-alive\n\n"),
		     SEND(20, "HTTP/1.0 200 OK\nContent-Length: 1\n\nx"),
		     RECEIVE(30, "GET /b HTTP/1.0\n\n"), SEND(40, "HTTP/1.0 404 No\n\n"), CLOSE(50) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 1 }, { METHOD_GET, "/b", 404, 10 } } },
	{ "chunked, with extensions and trailers: framing counts as body",
	  .steps = { RECEIVE(10, GET_A), SEND(20, CHUNKED_HEAD), SEND(25, "5;a=\"b\"\r\nhello\r\n"),
		     SEND(30, "0\r\nETag: 1\r\n"), SEND(40, "\r\n"), RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 16 + 14 },
			    { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "chunk data that looks like a response and like the end",
	  .steps = { RECEIVE(10, GET_A),
		     SEND(20, CHUNKED_HEAD "1A\r\n\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n\r\n0\r\n\r\n"),
		     RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 37 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "chunked wins over Content-Length",
	  .steps = { RECEIVE(10, GET_A),
		     SEND(20, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
			      CHUNKED_BODY),
		     RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 11 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "two equal Content-Length fields",
	  .steps = { RECEIVE(10, GET_A),
		     SEND(20, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
		     RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 1 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
};

static const struct script_row request_body_rows[] = {
	{ "a body that looks like a request, and a request after it",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 24\r\n\r\nGET /x HTTP/1.1\r\nA: b\r\n\r" GET_B),
		     SEND(20, OK2), SEND(30, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 10, 24, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 } } },
	{ "a body in several segments and reads",
	  .steps = { RECEIVE(10, "PUT /p HTTP/1.1\r\nContent-Length: 10\r\n\r\n01"), RECEIVE(20, "2345"),
		     RECEIVE(30, "6789"), SEND(40, OK2), RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { { METHOD_PUT, "/p", 200, 30, 10, 2 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "chunked, with trailers, and a request after it",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\nA: b\r\n\r\n" GET_B),
		     SEND(20, OK2), SEND(30, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 10, 21, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 } } },
	{ "chunked, in many segments",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
		     RECEIVE(20, "3\r"), RECEIVE(30, "\nab"), RECEIVE(40, "c\r\n0\r\n\r"), RECEIVE(50, "\n"),
		     SEND(60, OK2), RECEIVE(70, GET_B), SEND(80, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 50, 13, 2 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "empty lines after a body",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n"), SEND(20, OK2),
		     ARRIVE(30, "\r\n"), ARRIVE(40, GET_B), READ(50), SEND(60, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 10, 1, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 } } },
	{ "100 KB",
	  .steps = { ARRIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 102400\r\n\r\n"),
		     ARRIVE_TIMES(20, 25600, "GET "), READ(30), SEND(40, OK2), RECEIVE(50, GET_B),
		     SEND(60, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 30, 102400, 2 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "10 MB in two reads",
	  .calls = CALLS_FIXED, /* too long to cut at many places */
	  .steps = { ARRIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n"),
		     ARRIVE_TIMES(20, 500000, "0123456789"), READ(30),
		     ARRIVE_TIMES(40, 500000, "0123456789"), READ(50), SEND(60, OK2),
		     RECEIVE(70, GET_B), SEND(80, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 50, 10000000, 2 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "response before the body was read: only bytes read before it count",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 10\r\n\r\nGET"), SEND(20, EMPTY("413")),
		     RECEIVE(30, " / HTTP"), RECEIVE(40, GET_B), SEND(50, OK2) },
	  .transactions = { { METHOD_POST, "/p", 413, 10, 3 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "response before the chunked body was read, then closed",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
		     SEND(20, EMPTY("413")), RECEIVE(30, "cde\r\n"), CLOSE(40) },
	  .transactions = { { METHOD_POST, "/p", 413, 10, 5 } } },
	{ "response before the head was complete",
	  .steps = { RECEIVE(10, "GET /a HTTP/1.1\r\nHo"), SEND(20, EMPTY("431")), CLOSE(30) },
	  .transactions = { { METHOD_GET, "/a", 431, 10 } } },
	{ "response before the target was complete",
	  .steps = { RECEIVE(10, "GET /a"), SEND(20, EMPTY("408")), CLOSE(30) },
	  .transactions = { { METHOD_GET, "other", 408, 10 } } },
	{ "response before the head was complete, then the rest of the head",
	  .steps = { RECEIVE(10, "GET /a"), SEND(20, EMPTY("408")), RECEIVE(30, "b HTTP/1.1\r\n\r\n"),
		     RECEIVE(40, GET_B), SEND(50, OK2) },
	  .transactions = { { METHOD_GET, "other", 408, 10 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "response before the method was complete: unsolicited",
	  .steps = { RECEIVE(10, "GE"), SEND(20, EMPTY("408")), CLOSE(30) },
	  .ignored = { [IGNORE_REQUEST_TIMEOUT] = 1 } },
};

static const struct script_row interim_rows[] = {
	{ "100 Continue",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
		     SEND(20, "HTTP/1.1 100 Continue\r\n\r\n"), RECEIVE(30, "body"), SEND(40, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 30, 4, 2 } } },
	{ "100 Continue expected, rejected",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
		     SEND(20, EMPTY("417")), CLOSE(30) },
	  .transactions = { { METHOD_POST, "/p", 417, 10 } } },
	{ "102 and 103, with fields, in one write with the final response",
	  .steps = { RECEIVE(10, GET_A),
		     SEND(20, "HTTP/1.1 102 x\r\n\r\nHTTP/1.1 103 x\r\nLink: </s>\r\nContent-Length: 7\r\n\r\n" OK2),
		     RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "103 in a separate write: the time of the final response counts",
	  .steps = { RECEIVE(10, GET_A), SEND(20, "HTTP/1.1 103 x\r\n\r\n"), SEND(90, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 80, 0, 2 } } },
	{ "101: later bytes are not parsed",
	  .steps = { RECEIVE(10, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
		     SEND(20, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"),
		     RECEIVE(30, GET_A), SEND(40, OK2), RECEIVE(50, "\x16\x03"), SEND(60, "\x81"), CLOSE(70) },
	  .transactions = { { METHOD_GET, "/ws", 101, 10 } } },
	{ "CONNECT, rejected",
	  .steps = { RECEIVE(10, "CONNECT h:443 HTTP/1.1\r\n\r\n"),
		     SEND(20, "HTTP/1.1 407 x\r\nContent-Length: 3\r\n\r\nno."), RECEIVE(30, GET_B), SEND(40, OK2) },
	  .transactions = { { METHOD_CONNECT, "other", 407, 10, 0, 3 }, { METHOD_GET, "/b", 200, 10, 0, 2 } } },
};

static const struct script_row pipeline_rows[] = {
	{ "two in one segment, answered one by one",
	  .steps = { RECEIVE(10, GET_A GET_B), SEND(20, OK2), SEND(30, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2 }, { METHOD_GET, "/b", 200, 20, 0, 2 } } },
	{ "16 in one segment, answered in one write",
	  .steps = { RECEIVE_TIMES(10, 16, GET_A), SEND_TIMES(20, 16, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2, .times = 16 } } },
	{ "16 in one segment, chunked responses in one write",
	  .steps = { RECEIVE_TIMES(10, 16, GET_A), SEND_TIMES(20, 16, CHUNKED_HEAD CHUNKED_BODY) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 11, .times = 16 } } },
	{ "16 with bodies in one segment",
	  .steps = { RECEIVE_TIMES(10, 16, "POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET"),
		     SEND_TIMES(20, 16, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 10, 3, 2, .times = 16 } } },
	{ "16, answered four at a time, while more come",
	  .steps = { RECEIVE_TIMES(10, 16, GET_A), SEND_TIMES(20, 4, OK2), RECEIVE_TIMES(30, 4, GET_B),
		     SEND_TIMES(40, 4, OK2), RECEIVE_TIMES(50, 4, GET_C), SEND_TIMES(60, 8, OK2),
		     SEND_TIMES(70, 8, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2, .times = 4 },
			    { METHOD_GET, "/a", 200, 30, 0, 2, .times = 4 },
			    { METHOD_GET, "/a", 200, 50, 0, 2, .times = 8 },
			    { METHOD_GET, "/b", 200, 40, 0, 2, .times = 4 },
			    { METHOD_GET, "/c", 200, 20, 0, 2, .times = 4 } } },
	{ "different kinds of responses in one write",
	  .steps = { RECEIVE(10, "HEAD /h HTTP/1.1\r\n\r\n" GET_A GET_B "HEAD /i HTTP/1.1\r\n\r\n" GET_C),
		     SEND(20, OK_HEAD(5) "HTTP/1.1 204 x\r\n\r\n" CHUNKED_HEAD CHUNKED_BODY CHUNKED_HEAD OK2) },
	  .transactions = { { METHOD_HEAD, "/h", 200, 10 },
			    { METHOD_GET, "/a", 204, 10 },
			    { METHOD_GET, "/b", 200, 10, 0, 11 },
			    { METHOD_HEAD, "/i", 200, 10 },
			    { METHOD_GET, "/c", 200, 10, 0, 2 } } },
	{ "the end of one response and the beginning of the next in one write",
	  .steps = { RECEIVE(10, GET_A GET_B), SEND(20, OK_HEAD(4) "ab"), SEND(30, "cdHTTP/1.1 2"),
		     SEND(40, "01 x\r\nContent-Length: 1\r\n\r\nx") },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 4 }, { METHOD_GET, "/b", 201, 30, 0, 1 } } },
	{ "one arrives while the other is being answered",
	  .steps = { RECEIVE(10, GET_A), SEND(20, OK_HEAD(4) "ab"), ARRIVE(30, GET_B), SEND(40, "cd"),
		     READ(50), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 4 }, { METHOD_GET, "/b", 200, 30, 0, 2 } } },
};

static const struct script_row arrival_rows[] = {
	{ "two requests in two segments, one read: each has its own time",
	  .steps = { ARRIVE(10, GET_A), ARRIVE(20, GET_B), READ(50), SEND(60, OK2), SEND(70, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 50, 0, 2 }, { METHOD_GET, "/b", 200, 50, 0, 2 } } },
	{ "requests that begin in the middle of a segment and across two",
	  .steps = { ARRIVE(10, GET_A "GET /b HT"), ARRIVE(20, "TP/1.1\r\n\r\n" GET_C), ARRIVE(30, GET_A),
		     READ(40), SEND_TIMES(50, 4, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 40, 0, 2 },
			    { METHOD_GET, "/b", 200, 40, 0, 2 },
			    { METHOD_GET, "/c", 200, 30, 0, 2 },
			    { METHOD_GET, "/a", 200, 20, 0, 2 } } },
	{ "the next request arrives before the first is read completely",
	  .steps = { ARRIVE(10, GET_A), READ_ONLY(20, 5), ARRIVE(30, GET_B), READ(40), SEND(50, OK2),
		     SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 40, 0, 2 }, { METHOD_GET, "/b", 200, 30, 0, 2 } } },
	{ "the bytes of a method arrive one by one: the first byte's time counts",
	  .steps = { ARRIVE(10, "G"), ARRIVE(20, "E"), READ(25), ARRIVE(30, "T"), ARRIVE(40, " "), READ(45),
		     RECEIVE(50, "/a HTTP/1.1\r\n\r\n"), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 50, 0, 2 } } },
	{ "a wakeup without new bytes",
	  .steps = { ARRIVE(10, GET_A), ARRIVE(20, ""), READ(30), ARRIVE(35, ""), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 30, 0, 2 } } },
	{ "no stamp: the time of the first receive is used",
	  .steps = { ARRIVE_UNSEEN(10, GET_A), READ(30), SEND(40, OK2), RECEIVE(50, GET_B), SEND(60, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 10, 0, 2, .approximate = APPROXIMATE_NO_ARRIVAL },
			    { METHOD_GET, "/b", 200, 10, 0, 2 } } },
	{ "no stamp, and the method in two reads: the time of the first read is used",
	  .steps = { ARRIVE_UNSEEN(10, GET_A), READ_ONLY(20, 2), READ(30), SEND(40, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 2, .approximate = APPROXIMATE_NO_ARRIVAL } } },
	{ "no stamp, and the next request in the same read",
	  .calls = CALLS_RECEIVE_FIXED, /* the time of a read is used */
	  .steps = { ARRIVE_UNSEEN(10, GET_A GET_B), READ_ONLY(20, 2), READ(30), SEND(40, OK2 OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 20, 0, 2, .approximate = APPROXIMATE_NO_ARRIVAL },
			    { METHOD_GET, "/b", 200, 10, 0, 2, .approximate = APPROXIMATE_NO_ARRIVAL } } },
	{ "a body in more segments than stamps, one read: the next requests are exact",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 100\r\n\r\n"), ARRIVE_BYTES(20, 100, "x"),
		     READ(30), SEND(40, OK2), ARRIVE(50, GET_B), READ(70), SEND(80, OK2), ARRIVE(90, GET_C),
		     READ(120), SEND(130, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 30, 100, 2 },
			    { METHOD_GET, "/b", 200, 30, 0, 2 },
			    { METHOD_GET, "/c", 200, 40, 0, 2 } } },
	{ "a chunked body in more segments than stamps",
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
		     ARRIVE_BYTES(20, 8, "1\r\nx\r\n"), ARRIVE(25, "0\r\n\r\n"), READ(30), SEND(40, OK2),
		     ARRIVE(50, GET_B), READ(70), SEND(80, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 30, 53, 2 }, { METHOD_GET, "/b", 200, 30, 0, 2 } } },
	{ "stamps are full when a request arrives: approximate, the next one is exact",
	  .calls = CALLS_RECEIVE_FIXED, /* a read frees stamps */
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 100\r\n\r\n"), ARRIVE_BYTES(20, 100, "x"),
		     ARRIVE(25, GET_B), READ(30), SEND(40, OK2), SEND(50, OK2), ARRIVE(60, GET_C), READ(90),
		     SEND(100, OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 30, 100, 2 },
			    { METHOD_GET, "/b", 200, 20, 0, 2, .approximate = APPROXIMATE_NO_ARRIVAL },
			    { METHOD_GET, "/c", 200, 40, 0, 2 } } },
	{ "stamps are full, then a later one covers the missed bytes: not used for them",
	  .calls = CALLS_RECEIVE_FIXED,
	  .steps = { RECEIVE(10, "POST /p HTTP/1.1\r\nContent-Length: 60\r\n\r\n"), ARRIVE_BYTES(20, 60, "x"),
		     ARRIVE(25, "GET"), READ_ONLY(30, 60), ARRIVE(40, " /b HTTP/1.1\r\n\r\n" GET_C), READ(50),
		     SEND(60, OK2 OK2 OK2) },
	  .transactions = { { METHOD_POST, "/p", 200, 50, 60, 2 },
			    { METHOD_GET, "/b", 200, 10, 0, 2, .approximate = APPROXIMATE_NO_ARRIVAL },
			    { METHOD_GET, "/c", 200, 20, 0, 2 } } },
};

/* clang-format on */

static void test_exchanges(void **state)
{
	(void)state;
	script_rows_run(exchange_rows, ROWS(exchange_rows));
}

static void test_request_bodies(void **state)
{
	(void)state;
	script_rows_run(request_body_rows, ROWS(request_body_rows));
}

static void test_interim(void **state)
{
	(void)state;
	script_rows_run(interim_rows, ROWS(interim_rows));
}

static void test_pipelining(void **state)
{
	(void)state;
	script_rows_run(pipeline_rows, ROWS(pipeline_rows));
}

static void test_arrivals(void **state)
{
	(void)state;
	script_rows_run(arrival_rows, ROWS(arrival_rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges), cmocka_unit_test(test_request_bodies),
		cmocka_unit_test(test_interim),   cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_arrivals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

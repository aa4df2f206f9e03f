/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_framing.c - unusual but legal HTTP/1, connections that end without a
 * response, and other protocols: each is counted correctly, and the ledger
 * balances.
 */
#include <signal.h>
#include <stdio.h>

#include "harness/harness.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define PARTS_MAX 4
#define CLOSE "Host: h\r\nConnection: close\r\n\r\n"
#define DIGITS_10 "0123456789"
#define DIGITS_50 DIGITS_10 DIGITS_10 DIGITS_10 DIGITS_10 DIGITS_10

struct row {
	const char *comment;
	const char *parts[PARTS_MAX]; /* each part is one write */
	const char *method;           /* error type as exported */
	const char *route;
	int status;        /* 0: no response */
	const char *error; /* NULL: as implied by the status */
};

static const struct row rows[] = {
	{ "HTTP/1.0 ends with the connection", { "GET / HTTP/1.0\r\n\r\n" }, "GET", "/", 200, NULL },
	{ "HTTP/1.0, head only",
	  { "HEAD /bytes/100 HTTP/1.0\r\n\r\n" },
	  "HEAD",
	  "/bytes/{id}",
	  200,
	  NULL },
	{ "query cut off",
	  { "GET /users/5?a=/b/c HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/users/{id}",
	  200,
	  NULL },
	{ "a method that is not registered",
	  { "BREW /users/5 HTTP/1.1\r\n" CLOSE },
	  "_OTHER",
	  "/users/{id}",
	  200,
	  NULL },
	{ "a UUID is an id",
	  { "GET /users/123e4567-e89b-12d3-a456-426614174000 HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/users/{id}",
	  200,
	  NULL },
	{ "16 hexadecimal digits are an id",
	  { "GET /users/00deadbeef00cafe HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/users/{id}",
	  200,
	  NULL },
	{ "32 bytes of anything are an id",
	  { "GET /users/abcdefghijklmnopqrstuvwxyz-token HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/users/{id}",
	  200,
	  NULL },
	{ "a path over 128 bytes",
	  { "GET /x/y/" DIGITS_50 "/" DIGITS_50 "/" DIGITS_50 " HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "other",
	  404,
	  NULL },
	{ "a word that begins with digits is no id",
	  { "GET /12monkeys HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/12monkeys",
	  404,
	  NULL },
	{ "request line in three parts",
	  { "GE", "T /users/5 HT", "TP/1.1\r\n" CLOSE },
	  "GET",
	  "/users/{id}",
	  200,
	  NULL },
	{ "the empty line in two parts",
	  { "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r", "\n" },
	  "GET",
	  "/",
	  200,
	  NULL },
	{ "body in separate parts",
	  { "POST /echo HTTP/1.1\r\nContent-Length: 10\r\n" CLOSE, "01234", "56789" },
	  "POST",
	  "/echo",
	  200,
	  NULL },
	{ "chunked body, chunk heads split",
	  { "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE, "5\r\n01234\r",
	    "\na;x=y", "\r\n0123456789\r\n0\r\n\r\n" },
	  "POST",
	  "/echo",
	  200,
	  NULL },
	{ "a body that looks like a request",
	  { "POST /echo HTTP/1.1\r\nContent-Length: 18\r\n" CLOSE "GET / HTTP/1.1\r\n\r\n" },
	  "POST",
	  "/echo",
	  200,
	  NULL },
	{ "pipelined, the last one closes",
	  { "GET /users/1 HTTP/1.1\r\nHost: h\r\n\r\nGET /users/2 HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/users/{id}",
	  200,
	  NULL },
	{ "a line of another protocol that gets a response anyway",
	  { "EHLO example\r\n\r\n" },
	  "_OTHER",
	  "other",
	  400,
	  NULL },
	{ "the server closes without a response",
	  { "GET /drop HTTP/1.1\r\n" CLOSE },
	  "GET",
	  "/drop",
	  0,
	  "no_response" },
};

/* Requests that a row sends; all of them have the row's method, route and status. */
static unsigned int requests_of(const struct row *row)
{
	return strstr(row->comment, "pipelined") ? 2 : 1;
}

static void send_row(const struct row *row, uint16_t port)
{
	int fd = raw_connect(port);
	int status, i;

	for (i = 0; i < PARTS_MAX && row->parts[i]; i++) {
		/* Long enough for the server to receive the previous part by a separate read. */
		if (i > 0)
			pause_briefly();
		raw_send(fd, row->parts[i], strlen(row->parts[i]));
	}
	status = raw_finish(fd);
	if (status != row->status)
		fail_msg("%s: the server sent status %d, expected %d", row->comment, status,
			 row->status);
}

static void check_rows(const char *model)
{
	const struct server server = server_start_webapp(model, 1, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct counts expected, actual;
	json_t *total;
	size_t i;

	counts_init(&expected);
	counts_init(&actual);
	for (i = 0; i < ROWS(rows); i++) {
		const struct row *row = &rows[i];

		send_row(row, server.port);
		counts_add(&expected, row->method, row->route, row->status, row->error,
			   requests_of(row), 0, 0);
		/* After each, so that a failure names the row at fault. */
		redtap_wait_counted(redtap, counts_total(&expected));
	}
	total = redtap_finish(redtap, SIGINT);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(&expected, &actual, false, "the JSON total");
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(total, "in_flight"), 0);
	counts_release(&expected);
	counts_release(&actual);
}

static void unusual_requests_epoll(void **state)
{
	(void)state;
	check_rows("epoll");
}

static void unusual_requests_thread(void **state)
{
	(void)state;
	check_rows("thread");
}

/* The interim response is not the one that is counted. */
static void expect_continue(void **state)
{
	static const char head[] = "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\n"
				   "Content-Length: 5\r\n" CLOSE;
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	int fd = raw_connect(server.port);
	struct counts expected, actual;
	json_t *total;

	(void)state;
	counts_init(&expected);
	counts_init(&actual);
	raw_send(fd, head, sizeof(head) - 1);
	raw_wait_for(fd, "HTTP/1.1 100");
	raw_send(fd, "01234", 5);
	assert_int_equal(raw_finish(fd), 200);
	counts_add(&expected, "POST", "/echo", 200, NULL, 1, 5, 5);
	redtap_wait_counted(redtap, 1);
	total = redtap_finish(redtap, SIGINT);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(&expected, &actual, true, "the JSON total");
	redtap_assert_nothing_lost(total);
	counts_release(&expected);
	counts_release(&actual);
}

/* The client goes away while the server works. */
static void client_abort(void **state)
{
	static const char request[] = "GET /sleep/300 HTTP/1.1\r\nHost: h\r\n\r\n";
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct counts expected, actual;
	json_t *total;
	int i;

	(void)state;
	counts_init(&expected);
	counts_init(&actual);
	for (i = 0; i < 5; i++) {
		int fd = raw_connect(server.port);

		raw_send(fd, request, sizeof(request) - 1);
		pause_briefly();
		raw_abort(fd);
	}
	counts_add(&expected, "GET", "/sleep/{id}", 0, "client_abort", 5, 0, 0);
	redtap_wait_counted(redtap, 5);
	total = redtap_finish(redtap, SIGINT);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(&expected, &actual, false, "the JSON total");
	redtap_assert_nothing_lost(total);
	counts_release(&expected);
	counts_release(&actual);
}

/* Not part of the ledger's equation; the next connection is counted as usual. */
static void not_http(void **state)
{
	static const struct {
		const char *comment;
		const char *bytes;
		size_t length;
	} noises[] = {
		{ "a TLS handshake record", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11 },
		{ "the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24 },
		{ "binary noise", "\x00\xff\x80 / HTTP\x01\r\n\r\n", 14 },
		{ "nothing at all", "", 0 },
	};
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	const struct request_kind kind = { .method = "GET", .target = "/", .route = "/" };
	struct counts expected, actual;
	json_t *total;
	size_t i;

	(void)state;
	counts_init(&expected);
	counts_init(&actual);
	for (i = 0; i < ROWS(noises); i++) {
		int fd = raw_connect(server.port);

		raw_send(fd, noises[i].bytes, noises[i].length);
		pause_briefly();
		raw_abort(fd);
		traffic_run(&(struct traffic){ .port = server.port,
					       .kinds = &kind,
					       .kind_count = 1,
					       .requests = 10,
					       .connections = 1 },
			    &expected, NULL);
	}
	redtap_wait_counted(redtap, counts_total(&expected));
	total = redtap_finish(redtap, SIGINT);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(&expected, &actual, true, "the JSON total");
	redtap_assert_nothing_lost(total);
	counts_release(&expected);
	counts_release(&actual);
}

/* More routes than series: nothing is dropped silently, the rest goes to `other`. */
static void series_table_full(void **state)
{
	static const char *const more[] = { "--max-series", "4", NULL };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid, .more = more });
	struct counts sent;
	json_t *total;
	char i;

	(void)state;
	counts_init(&sent);
	for (i = 'a'; i <= 'z'; i++) {
		const struct request_kind kind = { .method = "GET",
						   .target = text_format("/page-%c", i),
						   .route = "other" };

		traffic_run(&(struct traffic){ .port = server.port,
					       .kinds = &kind,
					       .kind_count = 1,
					       .requests = 4,
					       .connections = 1 },
			    &sent, NULL);
	}
	redtap_wait_counted(redtap, counts_total(&sent));
	total = redtap_finish(redtap, SIGINT);
	assert_int_equal(redtap_count(total, "seen"), counts_total(&sent));
	assert_in_range(json_array_size(json_object_get(total, "series")), 1, 4);
	/* Requests without room even under `other` are counted as lost, with this reason. */
	assert_int_equal(redtap_count(json_object_get(total, "lost"), "series_full") +
				 redtap_count(total, "counted"),
			 counts_total(&sent));
	counts_release(&sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(unusual_requests_epoll),
		E2E_TEST(unusual_requests_thread),
		E2E_TEST(expect_continue),
		E2E_TEST(client_abort),
		E2E_TEST(not_http),
		E2E_TEST(series_table_full),
	};

	return cmocka_run_group_tests_name("framing", tests, harness_group_setup,
					   harness_group_teardown);
}

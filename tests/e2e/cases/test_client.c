/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_client.c - tests the client with which all counts and latencies are
 * compared, and the web server that most tests use.  Needs no redtap.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"
#include "http/http_load.h"
#include "harness/servers.h"

/* A server for one connection that sends a given response to any request. */
struct script {
	const char *bytes;
	size_t piece; /* bytes in each write */
	int listener;
	uint16_t port;
	pthread_t thread;
};

static void *script_main(void *argument)
{
	struct script *script = argument;
	const size_t length = strlen(script->bytes);
	const int on = 1;
	char request[4096];
	size_t sent, size;
	int fd = accept(script->listener, NULL, NULL);

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (recv(fd, request, sizeof(request), 0) > 0) {
		for (sent = 0; sent < length; sent += size) {
			size = length - sent < script->piece ? length - sent : script->piece;
			if (send(fd, script->bytes + sent, size, MSG_NOSIGNAL) != (ssize_t)size)
				break;
		}
	}
	close(fd);
	return NULL;
}

static void script_start(struct script *script)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(script->listener >= 0);
	assert_int_equal(bind(script->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(script->listener, 1), 0);
	assert_int_equal(getsockname(script->listener, (struct sockaddr *)&address, &length), 0);
	script->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&script->thread, NULL, script_main, script), 0);
}

static void script_end(struct script *script)
{
	pthread_join(script->thread, NULL);
	close(script->listener);
}

static const struct response_row {
	const char *comment;
	const char *method;
	const char *bytes;
	int result;
	int status;
	uint64_t response_bytes;
	const char *content;
	bool reusable;
} response_rows[] = {
	{ "length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, 200, 5, "hello",
	  true },
	{ "length 0", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 200, 0, "", true },
	{ "header name in mixed case", "GET", "HTTP/1.1 200 OK\r\ncONTENT-lENGTH:2\r\n\r\nab", 0,
	  200, 2, "ab", true },
	{ "no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 0, 200, 1, "x", true },
	{ "close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 0,
	  200, 1, "x", false },
	{ "HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 0, 200, 1, "x",
	  false },
	{ "HTTP/1.0 kept alive", "GET",
	  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 0, 200, 1, "x",
	  true },
	{ "to the end", "GET", "HTTP/1.1 200 OK\r\n\r\nabc", 0, 200, 3, "abc", false },
	{ "to the end, empty", "GET", "HTTP/1.1 200 OK\r\n\r\n", 0, 200, 0, "", false },
	{ "chunks", "GET",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n"
	  "0\r\n\r\n",
	  0, 200, 32, "abc0123456789", true },
	{ "chunks with a trailer", "GET",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 0, 200, 11, "",
	  true },
	{ "chunks win over a length", "GET",
	  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
	  200, 5, "", true },
	{ "HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0, 200, 0, "", true },
	{ "204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 0, 204, 0, "", true },
	{ "304 with a length", "GET", "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", 0, 304, 0, "",
	  true },
	{ "interim ones", "GET",
	  "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 201 C\r\n"
	  "Content-Length: 1\r\n\r\nx",
	  0, 201, 1, "x", true },
	{ "no answer", "GET", "", -ENODATA, 0, 0, NULL, false },
	{ "half a head", "GET", "HTTP/1.1 200 OK\r\nConte", -ECONNABORTED, 0, 0, NULL, false },
	{ "nothing after an interim response", "GET", "HTTP/1.1 100 C\r\n\r\n", -ECONNABORTED, 0, 0,
	  NULL, false },
	{ "half a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", -ECONNABORTED, 0,
	  0, NULL, false },
	{ "no last chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
	  -ECONNABORTED, 0, 0, NULL, false },
	{ "not HTTP", "GET", "SSH-2.0-OpenSSH and more of it\r\n\r\n", -EBADMSG, 0, 0, NULL,
	  false },
	{ "two lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
	  -EBADMSG, 0, 0, NULL, false },
	{ "chunk too long", "GET",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", -EBADMSG, 0, 0, NULL,
	  false },
};

static void check_response(const struct response_row *row, size_t piece)
{
	const struct http_request request = { .method = row->method, .target = "/" };
	struct script script = { .bytes = row->bytes, .piece = piece };
	struct http_connection *connection;
	struct http_response response;
	int result;

	script_start(&script);
	assert_int_equal(http_open(&connection, NULL, script.port), 0);
	result = http_exchange(connection, &request, &response);
	http_close(connection);
	script_end(&script);
	if (result != row->result)
		fail_msg("%s, pieces of %zu: result %d", row->comment, piece, result);
	if (result == 0 &&
	    (response.status != row->status || response.response_bytes != row->response_bytes ||
	     response.content_bytes != strlen(row->content) ||
	     response.content_hash !=
		     http_hash(HTTP_HASH_EMPTY, row->content, strlen(row->content)) ||
	     response.reusable != row->reusable))
		fail_msg("%s, pieces of %zu: status %d, %llu bytes, content %llu, reusable %d",
			 row->comment, piece, response.status,
			 (unsigned long long)response.response_bytes,
			 (unsigned long long)response.content_bytes, response.reusable);
}

static void test_responses(void **state)
{
	static const size_t pieces[] = { 100000, 1, 7 };
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(response_rows); i++)
		for (j = 0; j < ROWS(pieces); j++)
			check_response(&response_rows[i], pieces[j]);
}

static void test_tally(void **state)
{
	const struct http_request request = { .method = "GET", .target = "/a" };
	struct http_response response = { .request = &request, .status = 200 };
	struct http_tally tally, half;

	(void)state;
	http_tally_init(&tally);
	http_tally_init(&half);
	assert_int_equal(http_tally_quantile_ns(&tally, NULL, NULL, 0.5), 0);
	for (response.latency_ns = 100; response.latency_ns > 0; response.latency_ns--) {
		response.status = response.latency_ns > 50 ? 500 : 200;
		response.response_bytes = 2;
		http_tally_add(response.latency_ns % 2 ? &tally : &half, &response);
	}
	http_tally_add_unanswered(&half, &request);
	http_tally_merge(&tally, &half);
	http_tally_release(&half);
	assert_int_equal(http_tally_count(&tally, "GET", "/a"), 100);
	assert_int_equal(http_tally_count(&tally, "PUT", "/a"), 0);
	assert_int_equal(http_tally_find(&tally, "GET", "/a", 500)->count, 50);
	assert_int_equal(http_tally_find(&tally, "GET", "/a", 500)->response_bytes, 100);
	assert_int_equal(http_tally_find(&tally, "GET", "/a", 0)->count, 1);
	assert_int_equal(tally.answered, 100);
	assert_int_equal(tally.unanswered, 1);
	assert_int_equal(http_tally_quantile_ns(&tally, NULL, NULL, 0.5), 50);
	assert_int_equal(http_tally_quantile_ns(&tally, "GET", "/a", 0.99), 99);
	assert_int_equal(http_tally_quantile_ns(&tally, NULL, NULL, 1), 100);
	assert_int_equal(http_tally_quantile_ns(&tally, NULL, NULL, 0), 1);
	assert_true(http_tally_mean_ns(&tally, NULL, NULL) == 50.5);
	http_tally_release(&tally);
}

/* Size of n bytes from webapp in chunks of 4096, with framing. */
static uint64_t chunked_bytes(uint64_t n)
{
	const uint64_t whole = n / 4096, rest = n % 4096;
	uint64_t bytes = n + whole * 8 + 5; /* "1000", two line ends; the last chunk */

	if (rest > 0)
		bytes += (uint64_t)snprintf(NULL, 0, "%llx", (unsigned long long)rest) + 4;
	return bytes;
}

static const struct http_load_kind mix[] = {
	{ { .method = "GET", .target = "/users/" HTTP_LOAD_RANDOM, .route = "/users/{id}" }, 3 },
	{ { .method = "GET", .target = "/bytes/3000" }, 2 },
	{ { .method = "HEAD", .target = "/bytes/3000" }, 1 },
	{ { .method = "GET", .target = "/chunked/5000" }, 1 },
	{ { .method = "POST",
	    .target = "/echo",
	    .body = "0123456789",
	    .body_bytes = 10,
	    .chunk_bytes = 4 },
	  2 },
	{ { .method = "DELETE", .target = "/status/204" }, 1 },
};

static void check_row(const struct http_tally *tally, const char *method, const char *route,
		      int status, uint64_t count, uint64_t request_bytes, uint64_t response_bytes)
{
	const struct http_tally_row *row = http_tally_find(tally, method, route, status);

	if (!row || row->count != count || row->latency_count != count ||
	    row->request_bytes != count * request_bytes ||
	    row->response_bytes != count * response_bytes)
		fail_msg("%s %s %d: %llu times, %llu and %llu bytes", method, route, status,
			 row ? (unsigned long long)row->count : 0,
			 row ? (unsigned long long)row->request_bytes : 0,
			 row ? (unsigned long long)row->response_bytes : 0);
}

/* Sends 1,000 requests of the mix in one way. */
static void check_mix(struct http_load load)
{
	struct http_tally tally;
	uint64_t count = 0;
	size_t i;

	load.kinds = mix;
	load.kind_count = ROWS(mix);
	load.requests = 1000;
	http_tally_init(&tally);
	assert_int_equal(http_load_run(&load, &tally, NULL), 0);
	assert_int_equal(tally.unanswered, 0);
	assert_int_equal(tally.answered, 1000);
	for (i = 0; i < tally.count; i++)
		if (strcmp(tally.rows[i].route, "/users/{id}") == 0)
			count += tally.rows[i].count;
	assert_int_equal(count, 300);
	check_row(&tally, "GET", "/bytes/3000", 200, 200, 0, 3000);
	check_row(&tally, "HEAD", "/bytes/3000", 200, 100, 0, 0);
	check_row(&tally, "GET", "/chunked/5000", 200, 100, 0, chunked_bytes(5000));
	/* "4\r\n" "0123" "\r\n" twice, then 2 bytes alike, then the last chunk */
	check_row(&tally, "POST", "/echo", 200, 200, 9 + 9 + 7 + 5, 10);
	check_row(&tally, "DELETE", "/status/204", 204, 100, 0, 0);
	http_tally_release(&tally);
}

static void test_mixes(void **state)
{
	static const struct {
		const char *model;
		int workers;
		const char *host;
	} servers[] = { { "epoll", 2, NULL }, { "thread", 2, NULL }, { "epoll", 1, "::1" } };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(servers); i++) {
		const struct server server =
			server_start_webapp(servers[i].model, servers[i].workers, servers[i].host);
		const struct http_load load = { .host = servers[i].host, .port = server.port };
		struct http_load varied = load;

		check_mix(varied);
		varied.connections = 8;
		check_mix(varied);
		varied.pipeline = 8;
		check_mix(varied);
		varied.threads = 3;
		check_mix(varied);
		varied.connection_each = true;
		check_mix(varied);
		varied.pipeline = 1;
		check_mix(varied);
		varied = load;
		varied.requests_per_second = 5000;
		varied.connections = 3;
		check_mix(varied);
		assert_int_equal(process_end(server.process, SIGTERM), 0);
	}
}

/* Cuts a request into two writes at each position of its head. */
static void test_splits(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	size_t split;
	const struct http_request request = {
		.method = "POST",
		.target = "/echo",
		.body = "abcdefghij",
		.body_bytes = 10,
		.splits = &split,
		.split_count = 1,
		.split_pause_us = 300,
	};
	struct http_connection *connection;
	struct http_response response;

	(void)state;
	assert_int_equal(http_open(&connection, NULL, server.port), 0);
	for (split = 1; split < 75; split++) {
		assert_int_equal(http_exchange(connection, &request, &response), 0);
		assert_int_equal(response.status, 200);
		assert_int_equal(response.content_hash,
				 http_hash(HTTP_HASH_EMPTY, "abcdefghij", 10));
		assert_true(response.latency_ns >= 300000);
	}
	http_close(connection);
}

/* Latencies include the server's time; a dropped request is reported as such. */
static void test_sleep_and_drop(void **state)
{
	static const struct http_load_kind kinds[] = {
		{ { .method = "GET", .target = "/sleep/20" }, 1 },
		{ { .method = "GET", .target = "/drop" }, 1 },
	};
	const struct server server = server_start_webapp("thread", 1, NULL);
	const struct http_load load = { .port = server.port,
					.kinds = kinds,
					.kind_count = 2,
					.connections = 2,
					.requests = 20 };
	struct http_tally tally;

	(void)state;
	http_tally_init(&tally);
	assert_int_equal(http_load_run(&load, &tally, NULL), 0);
	assert_int_equal(tally.answered, 10);
	assert_int_equal(tally.unanswered, 10);
	assert_int_equal(http_tally_find(&tally, "GET", "/drop", 0)->count, 10);
	assert_in_range(http_tally_quantile_ns(&tally, "GET", "/sleep/20", 0), 20000000, 200000000);
	http_tally_release(&tally);
}

/* 40 MB for a client that reads nothing until another client has been served. */
static void test_slow_reader(void **state)
{
	static const char *const targets[] = { "/bytes/40000000", "/chunked/40000000",
					       "/file/40000000" };
	const struct http_request quick = { .method = "GET", .target = "/" };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct http_connection *slow, *other;
	struct http_response response;
	uint32_t hash = HTTP_HASH_EMPTY;
	size_t i;

	(void)state;
	for (i = 0; i < 40000000; i++)
		hash = http_hash(hash, &"abcdefghijklmnopqrstuvwxyz"[i % 26], 1);
	assert_int_equal(http_open(&slow, NULL, server.port), 0);
	assert_int_equal(http_open(&other, NULL, server.port), 0);
	for (i = 0; i < ROWS(targets); i++) {
		const struct http_request request = { .method = "GET", .target = targets[i] };

		assert_int_equal(http_send(slow, &request), 0);
		assert_int_equal(http_exchange(other, &quick, &response), 0);
		assert_int_equal(http_receive(slow, &response), 0);
		assert_int_equal(response.content_bytes, 40000000);
		assert_int_equal(response.content_hash, hash);
	}
	http_close(slow);
	http_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(test_responses), E2E_TEST(test_tally),          E2E_TEST(test_mixes),
		E2E_TEST(test_splits),    E2E_TEST(test_sleep_and_drop), E2E_TEST(test_slow_reader),
	};

	return cmocka_run_group_tests_name("client", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_pipeline.c - up to 16 outstanding requests of one connection: sent in
 * one segment or cut anywhere, with responses in one write or in many, each is
 * counted with its own duration.  Requests above 16 are in the ledger, and the
 * connection continues.
 */
#include <unistd.h>

#include "http/http_client.h"
#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/servers.h"

#define DEPTH 16
/* Connections; each has its stream cut at different places. */
#define CUTS 40
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

/* Requests that both servers support, in turn. */
static const struct http_request webapp_requests[] = {
	{ .method = "GET", .target = "/users/7", .route = "/users/{id}" },
	{ .method = "POST", .target = "/echo", .body = "GET / HTTP/1.1\r\n\r\n", .body_bytes = 18 },
	{ .method = "GET", .target = "/chunked/3000", .route = "/chunked/{id}" },
	{ .method = "HEAD", .target = "/bytes/500", .route = "/bytes/{id}" },
	{ .method = "POST",
	  .target = "/echo",
	  .body = "HTTP/1.1 500 No\r\n\r\n0\r\n\r\n",
	  .body_bytes = 24,
	  .chunk_bytes = 7 },
	{ .method = "GET", .target = "/status/304", .route = "/status/{id}" },
	{ .method = "GET", .target = "/file/9000", .route = "/file/{id}" },
	{ .method = "PUT", .target = "/missing" },
};

static const struct http_request nginx_requests[] = {
	{ .method = "GET", .target = "/hello" },
	{ .method = "HEAD", .target = "/file.bin" },
	{ .method = "GET", .target = "/file.bin", .headers = "Range: bytes=5-704\r\n" },
	{ .method = "GET", .target = "/missing" },
	{ .method = "POST",
	  .target = "/file.bin",
	  .body = "GET / HTTP/1.1\r\n\r\n",
	  .body_bytes = 18 },
};

static void expect(const struct http_response *response)
{
	const struct http_request *request = response->request;

	observed_expect(request->method, request->route ? request->route : request->target,
			response->status, NULL, 1, response->request_bytes,
			response->response_bytes);
}

static void receive_all(struct http_connection *connection, unsigned int count)
{
	struct http_response response;

	while (count-- > 0) {
		assert_int_equal(http_receive(connection, &response), 0);
		expect(&response);
	}
}

/* All 16 in one write, so in one segment; then one more, which shows that the state is clean. */
static void send_in_one_segment(struct http_connection *connection,
				const struct http_request *kinds, size_t kind_count)
{
	const struct http_request *batch[DEPTH];
	size_t i;

	for (i = 0; i < DEPTH; i++)
		batch[i] = &kinds[i % kind_count];
	assert_int_equal(http_send_batch(connection, batch, DEPTH), 0);
	receive_all(connection, DEPTH);
	assert_int_equal(http_send(connection, &kinds[0]), 0);
	receive_all(connection, 1);
}

/*
 * 16 at once, each in two writes, cut at different places, so that the end of
 * one request and the start of the next share a segment.  Two writes each,
 * because more than 32 unread segments have no arrival times of their own.
 */
static void send_cut(struct http_connection *connection, const struct http_request *kinds,
		     size_t kind_count, size_t cut)
{
	struct http_request requests[DEPTH];
	size_t splits[DEPTH], i;

	for (i = 0; i < DEPTH; i++) {
		requests[i] = kinds[i % kind_count];
		splits[i] = 1 + (cut * 3 + i * 7) % 50;
		requests[i].splits = &splits[i];
		requests[i].split_count = 1;
		requests[i].split_pause_us = i % 4 == 0 ? 200 : 0;
		assert_int_equal(http_send(connection, &requests[i]), 0);
	}
	receive_all(connection, DEPTH);
}

static void check_server(uint16_t port, const struct http_request *kinds, size_t kind_count)
{
	struct http_connection *connection;
	size_t cut;

	assert_int_equal(http_open(&connection, NULL, port), 0);
	send_in_one_segment(connection, kinds, kind_count);
	http_close(connection);
	for (cut = 0; cut < CUTS; cut++) {
		assert_int_equal(http_open(&connection, NULL, port), 0);
		send_cut(connection, kinds, kind_count, cut);
		send_in_one_segment(connection, kinds, kind_count);
		http_close(connection);
	}
	observed_check();
}

static void webapp_epoll(void **state)
{
	(void)state;
	check_server(server_start_webapp("epoll", 1, NULL).port, webapp_requests,
		     ROWS(webapp_requests));
}

static void webapp_thread(void **state)
{
	(void)state;
	check_server(server_start_webapp("thread", 1, NULL).port, webapp_requests,
		     ROWS(webapp_requests));
}

static void nginx(void **state)
{
	(void)state;
	check_server(server_start_nginx().port, nginx_requests, ROWS(nginx_requests));
}

/*
 * Two groups that arrive 60 ms apart, while the server sleeps: each request's duration is from
 * its own arrival to its own response.
 */
static void durations(void **state)
{
	static const struct http_request naps[] = {
		{ .method = "GET", .target = "/sleep/50", .route = "/sleep/{id}" },
		{ .method = "GET", .target = "/users/1", .route = "/users/{id}" },
	};
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct http_connection *connection;
	struct http_response response;
	double sums[2] = { 0 }, longest[2] = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(http_open(&connection, NULL, server.port), 0);
	for (i = 0; i < DEPTH; i++) {
		if (i == DEPTH / 2)
			usleep(60000);
		assert_int_equal(http_send(connection, &naps[i % 2]), 0);
	}
	for (i = 0; i < DEPTH; i++) {
		const double ns = 1e9;

		assert_int_equal(http_receive(connection, &response), 0);
		expect(&response);
		sums[i % 2] += response.latency_ns / ns;
		if (response.latency_ns / ns > longest[i % 2])
			longest[i % 2] = response.latency_ns / ns;
	}
	observed_check();
	for (i = 0; i < 2; i++) {
		const double mean = sums[i] / (DEPTH / 2);

		/* the client reads the last response after all others, so a little late */
		observed_assert_mean("GET", naps[i].route, 200, mean * 0.95 - 0.003, mean);
		assert_true(observed_durations("GET", naps[i].route, 200).max <=
			    longest[i] * 1.1 + 0.001);
	}
	http_close(connection);
}

/* ---- call by call ----------------------------------------------------- */

/* After too many requests the connection is exact again. */
static void exchange_after(struct puppet *puppet, int fd)
{
	static const char request[] = "GET /after HTTP/1.1\r\nHost: h\r\n\r\n";

	raw_say(fd, request);
	puppet_receive_all(puppet, 0, sizeof(request) - 1);
	puppet_say(puppet, 0, REPLY);
	observed_expect("GET", "/after", 200, NULL, 1, 0, 2);
}

static void say_times(struct puppet *puppet, const char *text, size_t times)
{
	char all[8192] = "";

	while (times-- > 0)
		strcat(all, text);
	puppet_say(puppet, 0, all);
}

static int ask_times(struct puppet *puppet, size_t times)
{
	const int fd = raw_connect(puppet_port(puppet));
	char all[8192] = "";
	size_t i;

	for (i = 0; i < times; i++)
		strcat(all, GET);
	raw_say(fd, all);
	puppet_accept(puppet, 0);
	puppet_receive_all(puppet, 0, strlen(all));
	return fd;
}

static void sixteen_and_more(void **state)
{
	static const size_t numbers[] = { 16, 17, 20, 40, 100 };
	struct puppet *puppet = puppet_start();
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(numbers); i++) {
		const size_t number = numbers[i];
		int fd = ask_times(puppet, number);

		/* in one write, in two, in one write each */
		if (i % 2) {
			say_times(puppet, REPLY, number);
		} else {
			say_times(puppet, REPLY, 3);
			say_times(puppet, REPLY, number - 3);
		}
		observed_expect("GET", "/a", 200, NULL, DEPTH, 0, 2 * DEPTH);
		observed_expect_reason("lost", "pipeline_full", number - DEPTH);
		exchange_after(puppet, fd);
		puppet_close(puppet, 0);
		raw_finish(fd);
	}
	observed_check();
}

/* New requests arrive while dropped ones are outstanding: responses must be assigned correctly. */
static void room_again(void **state)
{
	struct puppet *puppet = puppet_start();
	const int fd = ask_times(puppet, 18);
	int i;

	(void)state;
	say_times(puppet, REPLY, 4);
	for (i = 0; i < 4; i++) {
		raw_say(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
		puppet_receive(puppet, 0, 99);
	}
	say_times(puppet, REPLY, 12);
	say_times(puppet, "HTTP/1.1 500 Too Many\r\nContent-Length: 0\r\n\r\n", 2);
	for (i = 0; i < 4; i++)
		say_times(puppet, "HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nx", 1);
	observed_expect("GET", "/a", 200, NULL, 16, 0, 32);
	observed_expect("GET", "/later", 201, NULL, 4, 0, 4);
	observed_expect_reason("lost", "pipeline_full", 2);
	exchange_after(puppet, fd);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(webapp_epoll),
		OBSERVED_TEST(webapp_thread),
		OBSERVED_TEST(nginx),
		OBSERVED_TEST(durations),
		OBSERVED_TEST(sixteen_and_more),
		OBSERVED_TEST(room_again),
	};

	return cmocka_run_group_tests_name("pipeline", tests, observed_group_setup,
					   observed_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_outgoing.c - `--client`: requests that the observed process sends.  The test itself is the
 * observed client, so its own counts are the reference; and nginx, as a proxy, is server and
 * client at once.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/capture.h"
#include "harness/harness.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define SERVICE "e2e-outgoing"

static const struct request_kind mix[] = {
	{ .method = "GET", .target = "/", .route = "/" },
	{ .method = "GET", .target = "/users/12?secret=1", .route = "/users/{id}" },
	{ .method = "POST", .target = "/echo", .route = "/echo", .body = "a=1&b=2" },
	{ .method = "HEAD", .target = "/bytes/20000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/bytes/20000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/chunked/5000", .route = "/chunked/{id}" },
	{ .method = "GET", .target = "/status/204", .route = "/status/{id}" },
	{ .method = "GET", .target = "/status/404", .route = "/status/{id}" },
	{ .method = "GET", .target = "/status/503", .route = "/status/{id}" },
};

/* Attaches redtap to the test itself, but not to the servers that are its children. */
static struct redtap *attach_self(uint16_t statsd_port)
{
	static const char *const more[] = { "--client", "--no-follow", NULL };

	return redtap_attach(&(struct redtap_options){
		.pid = getpid(), .service = SERVICE, .statsd_port = statsd_port, .more = more });
}

/* For a client, 4xx is an error too: OpenTelemetry HTTP conventions, error.type. */
static void as_client_sees(const struct counts *from, struct counts *to)
{
	size_t i;

	counts_init(to);
	for (i = 0; i < from->count; i++) {
		const struct count_row *row = &from->rows[i];
		const char *error = row->status >= 400 ? text_format("%d", row->status)
						       : row->error;

		counts_add(to, row->method, row->route, row->status, error, row->count,
			   row->request_bytes, row->response_bytes);
	}
}

/* Ends redtap when the client's requests are counted, and compares them. */
static json_t *finish(struct redtap *redtap, const struct counts *sent)
{
	struct counts expected, actual;
	json_t *total;

	redtap_wait_counted(redtap, counts_total(sent));
	total = redtap_finish(redtap, SIGINT);
	as_client_sees(sent, &expected);
	counts_init(&actual);
	counts_from_json_client(&actual, json_object_get(total, "series"), "127.0.0.1");
	counts_assert_equal(&expected, &actual, true, "the JSON total");
	redtap_assert_nothing_lost(total);
	counts_release(&actual);
	counts_release(&expected);
	return total;
}

static void run_mix(const struct traffic *like)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct traffic traffic = *like;
	struct redtap *redtap = attach_self(0);
	struct counts counts;
	json_t *total;

	counts_init(&counts);
	traffic.port = server.port;
	traffic.kinds = mix;
	traffic.kind_count = ROWS(mix);
	traffic_run(&traffic, &counts, NULL);
	total = finish(redtap, &counts);
	/* the test has served no request */
	assert_int_equal(redtap_count(total, "counted"), counts_total(&counts));
	counts_release(&counts);
}

static void keep_alive(void **state)
{
	(void)state;
	run_mix(&(struct traffic){ .requests = 4500, .connections = 8 });
}

static void one_request(void **state)
{
	(void)state;
	run_mix(&(struct traffic){ .requests = 450, .connections = 4, .close_each = true });
}

static void pipelined(void **state)
{
	(void)state;
	run_mix(&(struct traffic){ .requests = 1800, .connections = 4, .pipeline = 8 });
}

/*
 * A connection that was open before attach is observed from its next request, with the correct
 * time.
 */
static void open_before(void **state)
{
	const struct server server = server_start_webapp("thread", 1, NULL);
	const struct request_kind slow = { .method = "GET",
					   .target = "/sleep/50",
					   .route = "/sleep/{id}" };
	struct line *line = line_open(server.port);
	struct redtap *redtap;
	struct counts counts;
	json_t *series;
	int i;

	(void)state;
	counts_init(&counts);
	line_exchange(line, &slow, NULL);
	redtap = attach_self(0);
	for (i = 0; i < 5; i++)
		line_exchange(line, &slow, &counts);
	series = redtap_series(finish(redtap, &counts), SERVICE, "GET", "/sleep/{id}", 200);
	assert_true(redtap_seconds(series, "mean_s") >= 0.050);
	counts_release(&counts);
}

/* Requests without a response, and requests given up by the client, are counted. */
static void without_an_answer(void **state)
{
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct redtap *redtap = attach_self(0);
	struct counts counts;
	int fd;

	(void)state;
	counts_init(&counts);
	fd = raw_connect(server.port);
	raw_say(fd, "GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(raw_finish(fd), 0);
	counts_add(&counts, "GET", "/drop", 0, "no_response", 1, 0, 0);

	fd = raw_connect(server.port);
	raw_say(fd, "GET /sleep/400 HTTP/1.1\r\nHost: h\r\n\r\n");
	close(fd);
	counts_add(&counts, "GET", "/sleep/{id}", 0, "client_abort", 1, 0, 0);
	finish(redtap, &counts);
	counts_release(&counts);
}

/* Waits until a response is in the socket. */
static int ask(uint16_t port, const char *request)
{
	const int fd = raw_connect(port);
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	raw_say(fd, request);
	assert_int_equal(poll(&wait, 1, DEADLINE_S * 1000), 1);
	return fd;
}

/* A close() with SO_LINGER, or with unread bytes, causes a reset, but it is the client's own. */
static void given_up_by_a_reset(void **state)
{
	static const char request[] = "GET /bytes/20000 HTTP/1.1\r\nHost: h\r\n\r\n";
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct redtap *redtap = attach_self(0);
	char status_line[12];
	struct counts counts;
	int fd;

	(void)state;
	counts_init(&counts);
	fd = raw_connect(server.port);
	raw_say(fd, "GET /sleep/400 HTTP/1.1\r\nHost: h\r\n\r\n");
	raw_abort(fd);
	counts_add(&counts, "GET", "/sleep/{id}", 0, "client_abort", 1, 0, 0);

	close(ask(server.port, request));
	counts_add(&counts, "GET", "/bytes/{id}", 0, "client_abort", 1, 0, 0);

	fd = ask(server.port, request);
	assert_int_equal(recv(fd, status_line, sizeof(status_line), MSG_WAITALL),
			 sizeof(status_line));
	close(fd);
	counts_add(&counts, "GET", "/bytes/{id}", 200, "client_abort", 1, 0, 0);

	raw_abort(ask(server.port, request));
	counts_add(&counts, "GET", "/bytes/{id}", 0, "client_abort", 1, 0, 0);
	finish(redtap, &counts);
	counts_release(&counts);
}

/* A client may shut down sending and still read the whole response. */
static void half_closed(void **state)
{
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct redtap *redtap = attach_self(0);
	size_t bytes;
	int fd;

	(void)state;
	fd = raw_connect(server.port);
	raw_say(fd, "GET /sleep/100 HTTP/1.0\r\n\r\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(raw_finish_body(fd, &bytes), 200);
	redtap_wait_counted(redtap, 1);
	assert_int_equal(redtap_count(redtap_series(redtap_finish(redtap, SIGINT), SERVICE, "GET",
						    "/sleep/{id}", 200),
				      "response_bytes"),
			 bytes);
}

/* Separate metric names, with the server's address; IPv6 without brackets. */
static void statsd_names(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, "::1");
	struct capture *capture = capture_open(0);
	struct redtap *redtap = attach_self(capture_port(capture));
	struct metrics metrics;
	struct counts counts;

	(void)state;
	counts_init(&counts);
	metrics_init(&metrics);
	traffic_run(&(struct traffic){ .host = "::1",
				       .port = server.port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = 40,
				       .connections = 2 },
		    &counts, NULL);
	redtap_wait_counted(redtap, 40);
	redtap_finish(redtap, SIGINT);
	capture_finish(capture);
	capture_metrics(capture, &metrics);
	assert_true(metrics_sum(&metrics, "http_client_request_duration_seconds_count",
				"server_address", "::1") == 40);
	assert_true(metrics_sum(&metrics, "http_server_request_duration_seconds_count", NULL,
				NULL) == 0);
	assert_true(metrics_sum(&metrics, "http_server_active_requests", NULL, NULL) == 0);
	metrics_release(&metrics);
	counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(keep_alive),  E2E_TEST(one_request),       E2E_TEST(pipelined),
		E2E_TEST(open_before), E2E_TEST(without_an_answer), E2E_TEST(given_up_by_a_reset),
		E2E_TEST(half_closed), E2E_TEST(statsd_names),
	};

	return cmocka_run_group_tests_name("outgoing", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_ends.c - either side ends the connection before, during and after a
 * response, by FIN, by reset, by death; responses come early, or without a
 * request.  Each request is counted with its actual result.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/http_client.h"
#include "harness/observed.h"
#include "harness/process.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/servers.h"

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_ROUTE(route) "GET " route " HTTP/1.1\r\nHost: h\r\n\r\n", route
#define POST "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"
#define HEAD_OF_100 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
/* More than the buffers of both sides hold. */
#define LARGE_BYTES (1 << 20)
#define LARGE_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"
#define SMALL_BUFFER 8192

static long step_small_buffer(struct puppet_hands *hands, const struct puppet_order *order)
{
	const int bytes = SMALL_BUFFER;

	return setsockopt(hands->fds[order->fd], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static long step_reset(struct puppet_hands *hands, const struct puppet_order *order)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(hands->fds[order->fd], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	return step_close(hands, order);
}

/* A connection on which the request has been received. */
static int asked(struct puppet *puppet, const char *request)
{
	const int fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	raw_say(fd, request);
	puppet_receive_all(puppet, 0, strlen(request));
	return fd;
}

static void after(struct puppet *puppet)
{
	const int fd = asked(puppet, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n");

	puppet_say(puppet, 0, REPLY);
	raw_wait_for(fd, "ok");
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_expect("GET", "/after", 200, NULL, 1, 0, 2);
}

enum end {
	CLIENT_CLOSES,
	CLIENT_RESETS,
	CLIENT_RESETS_NOTICED, /* the server notices when it sends more */
	SERVER_CLOSES,
	SERVER_RESETS,
	SERVER_DIES,
};

static const struct end_row {
	const char *request;
	const char *answer; /* the part that is sent; NULL: none */
	enum end end;
	int status;
	const char *error;
	uint64_t request_bytes, response_bytes;
} end_rows[] = {
	{ GET, NULL, CLIENT_CLOSES, 0, "client_abort", 0, 0 },
	{ POST "0123", NULL, CLIENT_CLOSES, 0, "client_abort", 4, 0 },
	{ GET, NULL, CLIENT_RESETS, 0, "client_abort", 0, 0 },
	{ GET, NULL, CLIENT_RESETS_NOTICED, 0, "client_abort", 0, 0 },
	/* bytes sent then cause a reset */
	{ GET, HEAD_OF_100 "0123456789", CLIENT_CLOSES, 200, "client_abort", 0, 10 + 40 },
	{ GET, HEAD_OF_100 "0123456789", CLIENT_RESETS_NOTICED, 200, "client_abort", 0, 10 },
	{ GET, NULL, SERVER_CLOSES, 0, "no_response", 0, 0 },
	{ GET, NULL, SERVER_RESETS, 0, "no_response", 0, 0 },
	/* an interim response is not the response */
	{ POST "01", "HTTP/1.1 100 Continue\r\n\r\n", SERVER_CLOSES, 0, "no_response", 2, 0 },
	{ GET, NULL, SERVER_DIES, 0, "no_response", 0, 0 },
	{ GET, HEAD_OF_100 "0123", SERVER_DIES, 200, NULL, 0, 4 },
	{ GET, HEAD_OF_100 "0123", SERVER_CLOSES, 200, NULL, 0, 4 },
	{ GET, HEAD_OF_100 "0123", SERVER_RESETS, 200, NULL, 0, 4 },
};

/* Ends both sides. */
static void end(struct puppet *puppet, int fd, const struct end_row *row)
{
	const struct puppet_order more = { .bytes = REPLY, .length = 40 };

	if (row->end == CLIENT_CLOSES) {
		if (row->answer)
			raw_wait_for(fd, "0123456789");
		close(fd);
		if (row->answer)
			assert_int_equal(puppet_do(puppet, step_send, &more), 40);
		else
			assert_int_equal(puppet_receive(puppet, 0, 99), 0);
	} else if (row->end < SERVER_CLOSES) {
		raw_abort(fd);
	}
	if (row->end == CLIENT_RESETS_NOTICED || (row->end == CLIENT_CLOSES && row->answer))
		assert_true(puppet_do(puppet, step_send, &more) < 0);
	if (row->end == SERVER_DIES)
		puppet_kill(puppet);
	else if (row->end == SERVER_RESETS)
		puppet_do(puppet, step_reset, &(struct puppet_order){ .fd = 0 });
	else
		puppet_close(puppet, 0);
	if (row->end >= SERVER_CLOSES)
		assert_true(raw_finish(fd) == 0 || row->status);
}

static void either_side_goes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(end_rows); i++) {
		const struct end_row *row = &end_rows[i];
		const bool is_get = row->request[0] == 'G';
		struct puppet *puppet = puppet_start();
		const int fd = asked(puppet, row->request);

		if (row->answer)
			puppet_say(puppet, 0, row->answer);
		end(puppet, fd, row);
		observed_expect(is_get ? "GET" : "POST", is_get ? "/a" : "/p", row->status,
				row->error, 1, row->request_bytes, row->response_bytes);
		if (row->status && !row->error)
			observed_expect_reason("approximate", "truncated", 1);
		if (row->end != SERVER_DIES)
			after(puppet);
		/* checked one by one, so that a failure shows which row */
		observed_check();
	}
}

/* Bytes that arrived before the reset can be received after it. */
static void reset_before_the_request_is_received(void **state)
{
	struct puppet *puppet = puppet_start();
	int turn;

	(void)state;
	for (turn = 0; turn < 5; turn++) {
		const int fd = raw_connect(puppet_port(puppet));

		raw_send(fd, POST "0123456789", sizeof(POST) + 9);
		if (turn % 2)
			puppet_accept(puppet, 0);
		raw_abort(fd);
		if (turn % 2 == 0)
			puppet_accept(puppet, 0);
		puppet_receive_all(puppet, 0, sizeof(POST) + 9);
		puppet_close(puppet, 0);
	}
	observed_expect("POST", "/p", 0, "client_abort", 5, 50, 0);
	after(puppet);
	observed_check();
}

/* One send() that waits for buffer space while the client resets: its bytes are counted. */
static void reset_during_one_send(void **state)
{
	static const char large[LARGE_BYTES] = LARGE_HEAD;
	struct puppet *puppet = puppet_start();
	int turn;

	(void)state;
	for (turn = 0; turn < 3; turn++) {
		const int bytes = SMALL_BUFFER, fd = asked(puppet, GET);
		long sent;

		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
		puppet_do(puppet, step_small_buffer, &(struct puppet_order){ .fd = 0 });
		puppet_begin(puppet, step_send,
			     &(struct puppet_order){ .bytes = large, .length = LARGE_BYTES });
		puppet_wait_in(puppet, SYS_sendto);
		pause_briefly();
		raw_abort(fd);
		sent = puppet_end(puppet);
		/* bytes handed over before the reset */
		assert_in_range(sent, sizeof(LARGE_HEAD), LARGE_BYTES - 1);
		puppet_close(puppet, 0);
		observed_expect("GET", "/a", 200, "client_abort", 1, 0,
				sent - (sizeof(LARGE_HEAD) - 1));
	}
	after(puppet);
	observed_check();
}

static void half_closed_and_answered(void **state)
{
	const struct {
		uint16_t port;
		const char *request, *route, *body;
	} rows[] = {
		{ server_start_webapp("epoll", 1, NULL).port, GET_ROUTE("/"), "webapp\n" },
		{ server_start_webapp("thread", 1, NULL).port, GET_ROUTE("/"), "webapp\n" },
		{ server_start_nginx().port, GET_ROUTE("/hello"), "hello\n" },
	};
	struct puppet *puppet = puppet_start();
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		fd = raw_connect(rows[i].port);
		raw_say(fd, rows[i].request);
		shutdown(fd, SHUT_WR);
		assert_int_equal(raw_finish(fd), 200);
		observed_expect("GET", rows[i].route, 200, NULL, 1, 0, strlen(rows[i].body));
	}
	/* before the request is received, and long before the response */
	fd = raw_connect(puppet_port(puppet));
	raw_send(fd, GET GET, 2 * sizeof(GET) - 2);
	shutdown(fd, SHUT_WR);
	puppet_accept(puppet, 0);
	puppet_receive_all(puppet, 0, 2 * sizeof(GET) - 2);
	puppet_say(puppet, 0, REPLY);
	puppet_say(puppet, 0, HEAD_OF_100);
	puppet_send(puppet, 0, HEAD_OF_100 HEAD_OF_100 HEAD_OF_100, 100);
	puppet_close(puppet, 0);
	assert_int_equal(raw_finish(fd), 200);
	observed_expect("GET", "/a", 200, NULL, 2, 0, 102);
	observed_check();
}

static void server_goes_in_between(void **state)
{
	struct puppet *puppet = puppet_start();
	int fd = asked(puppet, GET GET);

	(void)state;
	/* shut down for sending only, with a request that gets no response */
	puppet_say(puppet, 0, REPLY);
	puppet_do(puppet, step_shut, &(struct puppet_order){ .flags = SHUT_WR });
	raw_finish(fd);
	observed_expect("GET", "/a", 200, NULL, 1, 0, 2);
	observed_expect("GET", "/a", 0, "no_response", 1, 0, 0);
	puppet_close(puppet, 0);
	/* arrived, but never received: not counted */
	fd = raw_connect(puppet_port(puppet));
	raw_say(fd, GET);
	puppet_accept(puppet, 0);
	puppet_close(puppet, 0);
	raw_finish(fd);
	after(puppet);
	observed_check();
}

/* nginx and webapp replace a worker that has died. */
static void worker_is_killed(void **state)
{
	static const char slow[] = "GET /sleep/60000 HTTP/1.1\r\nHost: h\r\n\r\n";
	struct puppet *puppet = puppet_start();
	const struct server webapp = server_start_webapp("thread", 1, NULL);
	const struct server nginx = server_start_nginx_with(text_format(
		"location /up/ { proxy_pass http://127.0.0.1:%u; }", puppet_port(puppet)));
	const uint16_t ports[] = { webapp.port, nginx.port };
	pid_t workers[8];
	size_t count, i;
	int fds[2];

	(void)state;
	fds[0] = raw_connect(webapp.port);
	raw_say(fds[0], slow);
	fds[1] = raw_connect(nginx.port);
	raw_say(fds[1], "GET /up/a HTTP/1.1\r\nHost: h\r\n\r\n");
	puppet_accept(puppet, 0);
	puppet_receive(puppet, 0, 4096);
	while (observed_in_flight() < 3)
		pause_briefly();
	count = process_children(webapp.pid, workers, ROWS(workers));
	count += process_children(nginx.pid, workers + count, ROWS(workers) - count);
	assert_int_equal(count, 3);
	for (i = 0; i < count; i++)
		kill(workers[i], SIGKILL);
	assert_int_equal(raw_finish(fds[0]), 0);
	assert_int_equal(raw_finish(fds[1]), 0);
	observed_expect("GET", "/sleep/{id}", 0, "no_response", 1, 0, 0);
	observed_expect("GET", "/up/a", 0, "no_response", 1, 0, 0);
	/* for the upstream server, nginx was the client */
	puppet_close(puppet, 0);
	observed_expect("GET", "/up/a", 0, "client_abort", 1, 0, 0);
	for (i = 0; i < ROWS(ports); i++) {
		fds[0] = raw_connect(ports[i]);
		raw_say(fds[0], "GET /none HTTP/1.0\r\n\r\n");
		assert_int_equal(raw_finish_body(fds[0], &count), 404);
		observed_expect("GET", "/none", 404, NULL, 1, 0, count);
	}
	observed_check();
}

/* The connection stays open and idle: the last request is counted anyway. */
static void idle_connection(void **state)
{
	static const struct http_request requests[] = {
		{ .method = "GET", .target = "/users/1", .route = "/users/{id}" },
		{ .method = "GET", .target = "/chunked/100", .route = "/chunked/{id}" },
		{ .method = "HEAD", .target = "/bytes/9", .route = "/bytes/{id}" },
		{ .method = "GET", .target = "/status/204", .route = "/status/{id}" },
		{ .method = "GET", .target = "/file/5000", .route = "/file/{id}" },
		{ .method = "GET", .target = "/bytes/300000", .route = "/bytes/{id}" },
	};
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct http_connection *connection;
	struct http_response response;
	size_t i;

	(void)state;
	assert_int_equal(http_open(&connection, NULL, server.port), 0);
	for (i = 0; i < ROWS(requests); i++) {
		assert_int_equal(http_exchange(connection, &requests[i], &response), 0);
		observed_expect(requests[i].method, requests[i].route, response.status, NULL, 1, 0,
				response.response_bytes);
		/* the flush that is being written now, and the next one */
		observed_wait_flushes(2);
		if (observed_counted() != i + 1)
			fail_msg("%s: not counted within one flush", requests[i].target);
	}
	observed_check();
	http_close(connection);
}

static void answered_early(void **state)
{
	static const char large[] =
		"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n";
	const uint16_t ports[] = { server_start_webapp("epoll", 1, NULL).port,
				   server_start_nginx().port };
	struct puppet *puppet = puppet_start();
	size_t bytes, i;
	int fd;

	(void)state;
	for (i = 0; i < ROWS(ports); i++) {
		fd = raw_connect(ports[i]);
		raw_say(fd, large);
		raw_wait_for(fd, "\r\n\r\n");
		close(fd);
		/* once more, for its size: bytes after the response are discarded */
		fd = raw_connect(ports[i]);
		raw_say(fd, large);
		observed_wait_flushes(2);
		raw_say(fd, large);
		shutdown(fd, SHUT_WR);
		assert_int_equal(raw_finish_body(fd, &bytes), 413);
		observed_expect("POST", "/echo", 413, NULL, 2, 0, 2 * bytes);
	}
	/* half of the body is received before the response, the rest after it */
	fd = asked(puppet, POST "01234");
	puppet_say(puppet, 0, "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n");
	raw_wait_for(fd, "\r\n\r\n");
	raw_send(fd, "GET /", 5);
	puppet_receive_all(puppet, 0, 5);
	observed_expect("POST", "/p", 413, NULL, 1, 5, 0);
	raw_say(fd, GET);
	puppet_receive_all(puppet, 0, sizeof(GET) - 1);
	puppet_say(puppet, 0, REPLY);
	observed_expect("GET", "/a", 200, NULL, 1, 0, 2);
	/* a response without a request */
	puppet_say(puppet, 0, "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n");
	observed_expect_reason("ignored", "request_timeout", 1);
	puppet_close(puppet, 0);
	raw_finish(fd);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(either_side_goes),
		OBSERVED_TEST(reset_before_the_request_is_received),
		OBSERVED_TEST(reset_during_one_send),
		OBSERVED_TEST(half_closed_and_answered),
		OBSERVED_TEST(server_goes_in_between),
		OBSERVED_TEST(worker_is_killed),
		OBSERVED_TEST(idle_connection),
		OBSERVED_TEST(answered_early),
	};

	return cmocka_run_group_tests_name("ends", tests, observed_group_setup,
					   observed_group_teardown);
}

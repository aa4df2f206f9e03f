/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_bodies.c - large bodies, and heads, in both directions, through real
 * servers: sizes are exact, and the duration ends when the last byte is handed
 * to the kernel, however slowly the client reads.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http_client.h"
#include "harness/observed.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/servers.h"

#define UPLOAD_BYTES (10 << 20)
#define DOWNLOAD_BYTES 200000000UL
/* More than the buffers of both sides hold: the bytes left at the reader's last pause. */
#define REST_BYTES (DOWNLOAD_BYTES / 5)
#define RECEIVE_BUFFER (256 << 10)

/* ---- to the server ---------------------------------------------------- */

static char *make_upload(void)
{
	static const char text[] = "POST /fake HTTP/1.1\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
	char *bytes = malloc(UPLOAD_BYTES);
	size_t at;

	assert_non_null(bytes);
	for (at = 0; at < UPLOAD_BYTES; at++)
		bytes[at] = text[at % (sizeof(text) - 1)];
	return bytes;
}

static void upload(uint16_t port, const char *target, const char *bytes, size_t chunk_bytes,
		   bool proxied)
{
	const struct http_request request = { .method = "POST",
					      .target = target,
					      .body = bytes,
					      .body_bytes = UPLOAD_BYTES,
					      .chunk_bytes = chunk_bytes };
	struct http_connection *connection;
	struct http_response response;

	assert_int_equal(http_open(&connection, NULL, port), 0);
	assert_int_equal(http_exchange(connection, &request, &response), 0);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.content_bytes, UPLOAD_BYTES);
	assert_int_equal(response.content_hash, http_hash(HTTP_HASH_EMPTY, bytes, UPLOAD_BYTES));
	http_close(connection);
	observed_expect("POST", target, 200, NULL, 1, response.request_bytes,
			response.response_bytes);
	/* nginx sends the whole body to its upstream, with Content-Length */
	if (proxied)
		observed_expect("POST", target, 200, NULL, 1, UPLOAD_BYTES, UPLOAD_BYTES);
}

static void uploads(void **state)
{
	const struct server webapp = server_start_webapp("epoll", 1, NULL);
	const struct server thread = server_start_webapp("thread", 1, NULL);
	const struct server nginx = server_start_nginx_with(
		text_format("location /echo { proxy_pass http://127.0.0.1:%u; }", webapp.port));
	char *bytes = make_upload();

	(void)state;
	upload(webapp.port, "/echo", bytes, 0, false);
	upload(webapp.port, "/echo", bytes, 1000, false);
	upload(thread.port, "/echo", bytes, 0, false);
	upload(thread.port, "/echo", bytes, 70000, false);
	upload(nginx.port, "/echo", bytes, 0, true);
	upload(nginx.port, "/echo", bytes, 5000, true);
	free(bytes);
	observed_check();
}

/* ---- to a slow reader ------------------------------------------------- */

struct download {
	double begun, rested, ended; /* times of the request, of the last pause, of the end */
	uint64_t bytes;              /* including the head */
};

static void read_until(int fd, struct download *download, uint64_t bytes)
{
	static char buffer[1 << 20];

	while (download->bytes < bytes) {
		const ssize_t received = recv(fd, buffer, sizeof(buffer), 0);

		if (received <= 0)
			fail_msg("the download ended after %llu bytes",
				 (unsigned long long)download->bytes);
		download->bytes += received;
	}
}

static size_t head_bytes(int fd)
{
	char head[4096];
	const char *end;
	ssize_t length;

	do {
		length = recv(fd, head, sizeof(head) - 1, MSG_PEEK);
		assert_true(length > 0);
		head[length] = '\0';
		end = strstr(head, "\r\n\r\n");
	} while (!end);
	assert_int_equal(strncmp(head, "HTTP/1.1 200", 12), 0);
	return end + 4 - head;
}

/* Pauses three times; at the last pause so much is left that the server cannot have finished. */
static struct download read_slowly(uint16_t port, const char *target, uint64_t body_bytes)
{
	const int fd = raw_connect(port), buffer = RECEIVE_BUFFER;
	struct download download = { 0 };
	uint64_t all;
	int rest;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	download.begun = clock_s();
	raw_say(fd, text_format("GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target));
	all = head_bytes(fd) + body_bytes;
	for (rest = 1; rest <= 4; rest++) {
		read_until(fd, &download, rest * (all - REST_BYTES) / 4);
		usleep(50000);
	}
	download.rested = clock_s();
	read_until(fd, &download, all);
	download.ended = clock_s();
	assert_int_equal(download.bytes, all);
	close(fd);
	return download;
}

static void check_download(uint16_t port, const char *target, const char *route,
			   uint64_t body_bytes)
{
	const struct download download = read_slowly(port, target, body_bytes);

	observed_expect("GET", route, 200, NULL, 1, 0, body_bytes);
	observed_check();
	observed_assert_mean("GET", route, 200, download.rested - download.begun,
			     download.ended - download.begun);
}

static void webapp_to_a_slow_reader(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const struct server thread = server_start_webapp("thread", 1, NULL);
	const char *file = text_format("/file/%lu", DOWNLOAD_BYTES);
	const char *bytes = text_format("/bytes/%lu", DOWNLOAD_BYTES);

	(void)state;
	check_download(server.port, file, "/file/{id}", DOWNLOAD_BYTES);
	check_download(thread.port, bytes, "/bytes/{id}", DOWNLOAD_BYTES);
}

static void nginx_to_a_slow_reader(void **state)
{
	const struct server server = server_start_nginx();

	(void)state;
	/* a sparse file of zeros */
	assert_int_equal(truncate(path_scratch("www/file.bin"), DOWNLOAD_BYTES), 0);
	check_download(server.port, "/file.bin", "/file.bin", DOWNLOAD_BYTES);
}

/* ---- heads ------------------------------------------------------------ */

#define COOKIE "Content-Length: 9; Transfer-Encoding: chunked; "
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
/* Limit of the bytes parsed in one call. */
#define WALK_BYTES (512 * 1024)

/* A header line of at least this many bytes; the caller frees it. */
static char *make_cookies(size_t bytes)
{
	char *line = malloc(bytes + 2 * sizeof(COOKIE)), *at = line;

	assert_non_null(line);
	at += sprintf(at, "Cookie: ");
	while ((size_t)(at - line) < bytes)
		at += sprintf(at, COOKIE);
	sprintf(at, "\r\n");
	return line;
}

/* A request with a body of 5 bytes; the caller frees it. */
static char *make_large_request(const char *target, size_t bytes)
{
	char *cookies = make_cookies(bytes), *request;

	assert_true(asprintf(&request,
			     "POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: 5\r\n\r\nGET /",
			     target, cookies) > 0);
	free(cookies);
	return request;
}

/*
 * A head longer than the parse limit of one call: the framing is lost, but the request is
 * counted.
 */
static void head_beyond_the_walk(struct puppet *puppet)
{
	char *request = make_large_request("/huge/123", WALK_BYTES + WALK_BYTES / 2);
	const size_t length = strlen(request);
	const struct puppet_order all = { .size = length, .flags = MSG_WAITALL };
	const int large = 4 * WALK_BYTES, fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	puppet_begin(puppet, step_receive, &all);
	raw_say(fd, request);
	assert_int_equal(puppet_end(puppet), length);
	puppet_say(puppet, 0, REPLY);
	observed_expect("POST", "/huge/{id}", 200, NULL, 1, 0, 2);
	observed_expect_reason("approximate", "head_too_long", 1);
	raw_say(fd, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
	puppet_receive(puppet, 0, 99);
	puppet_say(puppet, 0, REPLY);
	observed_expect("GET", "/after", 200, NULL, 1, 0, 2);
	puppet_close(puppet, 0);
	raw_finish(fd);
	free(request);
}

static void cookies(void **state)
{
	const struct server nginx = server_start_nginx();
	const struct server webapp = server_start_webapp("epoll", 1, NULL);
	struct puppet *puppet = puppet_start();
	char *lines = make_cookies(64 << 10), *request = make_large_request("/large/1", 64 << 10);
	const struct http_request large = { .method = "GET", .target = "/hello", .headers = lines };
	const struct http_request small = { .method = "GET", .target = "/missing" };
	struct http_connection *connection;
	struct http_response response;
	size_t bytes, turn;
	int fd;

	(void)state;
	assert_int_equal(http_open(&connection, NULL, nginx.port), 0);
	for (turn = 0; turn < 6; turn++) {
		const struct http_request *one = turn % 2 ? &small : &large;

		assert_int_equal(http_exchange(connection, one, &response), 0);
		assert_int_equal(response.status, turn % 2 ? 404 : 200);
		observed_expect("GET", one->target, response.status, NULL, 1, 0,
				response.response_bytes);
	}
	http_close(connection);
	/* webapp accepts at most 16 KiB */
	fd = raw_connect(webapp.port);
	raw_say(fd, request);
	shutdown(fd, SHUT_WR);
	assert_int_equal(raw_finish_body(fd, &bytes), 431);
	observed_expect("POST", "/large/{id}", 431, NULL, 1, 0, bytes);
	/* in one call, its body too */
	fd = raw_connect(puppet_port(puppet));
	puppet_accept(puppet, 0);
	raw_say(fd, request);
	puppet_receive_all(puppet, 0, strlen(request));
	puppet_say(puppet, 0, REPLY);
	observed_expect("POST", "/large/{id}", 200, NULL, 1, 5, 2);
	puppet_close(puppet, 0);
	raw_finish(fd);
	head_beyond_the_walk(puppet);
	free(lines);
	free(request);
	observed_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OBSERVED_TEST(uploads),
		OBSERVED_TEST(webapp_to_a_slow_reader),
		OBSERVED_TEST(nginx_to_a_slow_reader),
		OBSERVED_TEST(cookies),
	};

	return cmocka_run_group_tests_name("bodies", tests, observed_group_setup,
					   observed_group_teardown);
}

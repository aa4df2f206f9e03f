/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_servers.c - widely used servers, unchanged: every request is counted in
 * all four places.
 */
#include "harness/harness.h"
#include "stack/places.h"
#include "harness/servers.h"
#include "harness/traffic.h"

static const struct request_kind nginx_mix[] = {
	{ .method = "GET", .target = "/file.bin", .route = "/file.bin" },
	{ .method = "HEAD", .target = "/file.bin", .route = "/file.bin" },
	{ .method = "GET",
	  .target = "/file.bin?v=2",
	  .route = "/file.bin",
	  .headers = "Range: bytes=100-299\r\n" },
	{ .method = "GET", .target = "/hello", .route = "/hello" },
	{ .method = "GET", .target = "/missing/42", .route = "/missing/{id}" },
	{ .method = "POST", .target = "/file.bin", .route = "/file.bin", .body = "not allowed" },
};

static const struct request_kind flask_mix[] = {
	{ .method = "GET", .target = "/", .route = "/" },
	{ .method = "GET", .target = "/users/42", .route = "/users/{id}" },
	{ .method = "HEAD", .target = "/", .route = "/" },
	{ .method = "POST", .target = "/echo", .route = "/echo", .body = "a=1&b=2" },
	{ .method = "GET", .target = "/stream", .route = "/stream" },
	{ .method = "GET", .target = "/teapot", .route = "/teapot" },
	{ .method = "GET", .target = "/broken", .route = "/broken" },
	{ .method = "DELETE", .target = "/", .route = "/" },
};

static const struct request_kind python_mix[] = {
	{ .method = "GET", .target = "/file.bin", .route = "/file.bin" },
	{ .method = "HEAD", .target = "/file.bin", .route = "/file.bin" },
	{ .method = "GET", .target = "/", .route = "/" },
	{ .method = "GET", .target = "/missing", .route = "/missing" },
	{ .method = "POST", .target = "/file.bin", .route = "/file.bin", .body = "unsupported" },
};

static void check(const struct server *server, const struct traffic *traffic)
{
	struct places places;
	struct counts counts;
	json_t *total;

	counts_init(&counts);
	/* Once before attach, so that workers have started and loaded everything. */
	traffic_run(traffic, &counts, NULL);
	counts_release(&counts);
	counts_init(&counts);
	places_attach(&places, server->pid, NULL);
	traffic_run(traffic, &counts, NULL);
	assert_int_equal(counts_total(&counts), traffic->requests);
	total = places_assert(&places, &counts, true);
	redtap_assert_nothing_lost(total);
	counts_release(&counts);
}

static void nginx_keep_alive(void **state)
{
	const struct server server = server_start_nginx();

	(void)state;
	check(&server, &(struct traffic){ .port = server.port,
					  .kinds = nginx_mix,
					  .kind_count = ROWS(nginx_mix),
					  .requests = 6000,
					  .connections = 8 });
}

static void nginx_one_request(void **state)
{
	const struct server server = server_start_nginx();

	(void)state;
	check(&server, &(struct traffic){ .port = server.port,
					  .kinds = nginx_mix,
					  .kind_count = ROWS(nginx_mix),
					  .requests = 600,
					  .connections = 4,
					  .close_each = true });
}

static void nginx_pipelined(void **state)
{
	const struct server server = server_start_nginx();

	(void)state;
	check(&server, &(struct traffic){ .port = server.port,
					  .kinds = nginx_mix,
					  .kind_count = ROWS(nginx_mix),
					  .requests = 4000,
					  .connections = 4,
					  .pipeline = 8 });
}

static void gunicorn_flask(void **state)
{
	const struct server server = server_start_gunicorn();

	(void)state;
	check(&server, &(struct traffic){ .port = server.port,
					  .kinds = flask_mix,
					  .kind_count = ROWS(flask_mix),
					  .requests = 800,
					  .connections = 4,
					  .close_each = true });
}

static void python_http_server(void **state)
{
	const struct server server = server_start_python();

	(void)state;
	check(&server, &(struct traffic){ .port = server.port,
					  .kinds = python_mix,
					  .kind_count = ROWS(python_mix),
					  .requests = 500,
					  .connections = 4,
					  .close_each = true });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(nginx_keep_alive), E2E_TEST(nginx_one_request),  E2E_TEST(nginx_pipelined),
		E2E_TEST(gunicorn_flask),   E2E_TEST(python_http_server),
	};

	return cmocka_run_group_tests_name("servers", tests, places_group_setup,
					   places_group_teardown);
}

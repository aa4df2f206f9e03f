/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_counts.c - every request of a client is counted, once, under the right
 * method, route and status, with the right body sizes, in all four places.
 */
#include <stdio.h>

#include "harness/harness.h"
#include "stack/places.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define KEEP_ALIVE_REQUESTS 20000
#define ONE_REQUEST_CONNECTIONS 2000
#define PIPELINED_REQUESTS 8000
#define PIPELINE_DEPTH 8

static const struct request_kind mix[] = {
	{ .method = "GET", .target = "/", .route = "/" },
	{ .method = "GET", .target = "/users/123", .route = "/users/{id}" },
	{ .method = "GET", .target = "/users/987654?full=1&x=/users/5", .route = "/users/{id}" },
	{ .method = "PUT", .target = "/users/7", .route = "/users/{id}", .body = "name=x" },
	{ .method = "DELETE", .target = "/users/8", .route = "/users/{id}" },
	{ .method = "PROPFIND", .target = "/users/9", .route = "/users/{id}" },
	{ .method = "HEAD", .target = "/bytes/3000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/bytes/3000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/chunked/5000", .route = "/chunked/{id}" },
	{ .method = "GET", .target = "/file/20000", .route = "/file/{id}" },
	{ .method = "POST", .target = "/echo", .route = "/echo", .body = "some text to come back" },
	{ .method = "GET", .target = "/random_status", .route = "/random_status" },
	{ .method = "GET", .target = "/status/204", .route = "/status/{id}" },
	{ .method = "GET", .target = "/status/304", .route = "/status/{id}" },
	{ .method = "GET", .target = "/status/503", .route = "/status/{id}" },
	{ .method = "GET", .target = "/no/such/page", .route = "/no/such/page" },
};

/* The load of a case. */
enum load {
	LOAD_KEEP_ALIVE,
	LOAD_ONE_REQUEST,
	LOAD_PIPELINED,
};

static struct traffic make_traffic(uint16_t port, enum load load)
{
	struct traffic traffic = {
		.port = port,
		.kinds = mix,
		.kind_count = ROWS(mix),
		.requests = KEEP_ALIVE_REQUESTS,
		.connections = 8,
	};

	if (load == LOAD_ONE_REQUEST) {
		traffic.requests = ONE_REQUEST_CONNECTIONS;
		traffic.close_each = true;
	} else if (load == LOAD_PIPELINED) {
		traffic.requests = PIPELINED_REQUESTS;
		traffic.pipeline = PIPELINE_DEPTH;
	}
	return traffic;
}

static void check(const char *model, int workers, enum load load)
{
	const struct server server = server_start_webapp(model, workers, NULL);
	const struct traffic traffic = make_traffic(server.port, load);
	struct places places;
	struct counts counts;
	json_t *total;

	counts_init(&counts);
	places_attach(&places, server.pid, NULL);
	traffic_run(&traffic, &counts, NULL);
	assert_int_equal(counts_total(&counts), traffic.requests);
	total = places_assert(&places, &counts, true);
	redtap_assert_nothing_lost(total);
	counts_release(&counts);
}

#define COUNTS_TEST(name, model, workers, load)                                                    \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		check(model, workers, load);                                                       \
	}

COUNTS_TEST(epoll_1_keep_alive, "epoll", 1, LOAD_KEEP_ALIVE)
COUNTS_TEST(epoll_1_one_request, "epoll", 1, LOAD_ONE_REQUEST)
COUNTS_TEST(epoll_1_pipelined, "epoll", 1, LOAD_PIPELINED)
COUNTS_TEST(epoll_4_keep_alive, "epoll", 4, LOAD_KEEP_ALIVE)
COUNTS_TEST(epoll_4_one_request, "epoll", 4, LOAD_ONE_REQUEST)
COUNTS_TEST(epoll_4_pipelined, "epoll", 4, LOAD_PIPELINED)
COUNTS_TEST(thread_1_keep_alive, "thread", 1, LOAD_KEEP_ALIVE)
COUNTS_TEST(thread_1_one_request, "thread", 1, LOAD_ONE_REQUEST)
COUNTS_TEST(thread_1_pipelined, "thread", 1, LOAD_PIPELINED)
COUNTS_TEST(thread_4_keep_alive, "thread", 4, LOAD_KEEP_ALIVE)
COUNTS_TEST(thread_4_one_request, "thread", 4, LOAD_ONE_REQUEST)
COUNTS_TEST(thread_4_pipelined, "thread", 4, LOAD_PIPELINED)

static void ipv6(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, "::1");
	struct traffic traffic = make_traffic(server.port, LOAD_KEEP_ALIVE);
	struct places places;
	struct counts counts;

	(void)state;
	traffic.host = "::1";
	traffic.requests = 2000;
	counts_init(&counts);
	places_attach(&places, server.pid, NULL);
	traffic_run(&traffic, &counts, NULL);
	redtap_assert_nothing_lost(places_assert(&places, &counts, true));
	counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(epoll_1_keep_alive),
		E2E_TEST(epoll_1_one_request),
		E2E_TEST(epoll_1_pipelined),
		E2E_TEST(epoll_4_keep_alive),
		E2E_TEST(epoll_4_one_request),
		E2E_TEST(epoll_4_pipelined),
		E2E_TEST(thread_1_keep_alive),
		E2E_TEST(thread_1_one_request),
		E2E_TEST(thread_1_pipelined),
		E2E_TEST(thread_4_keep_alive),
		E2E_TEST(thread_4_one_request),
		E2E_TEST(thread_4_pipelined),
		E2E_TEST(ipv6),
	};

	return cmocka_run_group_tests_name("counts", tests, places_group_setup,
					   places_group_teardown);
}

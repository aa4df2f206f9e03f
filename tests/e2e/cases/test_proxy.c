/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_proxy.c - the watched server is a client too: requests that it sends are
 * not counted as requests that it receives.
 */
#include <sys/socket.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define REQUESTS 400

static const struct request_kind kinds[] = {
	{ .method = "GET", .target = "/up/users/7", .route = "/up/users/{id}" },
	{ .method = "POST",
	  .target = "/up/echo",
	  .route = "/up/echo",
	  .body = "GET / HTTP/1.1\r\n" },
	{ .method = "GET", .target = "/up/chunked/5000", .route = "/up/chunked/{id}" },
	{ .method = "GET", .target = "/up/status/503", .route = "/up/status/{id}" },
	{ .method = "GET", .target = "/hello", .route = "/hello" },
	{ .method = "GET", .target = "/down/x", .route = "/down/x" },
};

/*
 * Upstream connections that are kept, that are not kept, and to a port without a listener; the
 * kernel chooses the local ports of these connections.
 */
static const char *configure(uint16_t port, bool keep)
{
	return text_format("location /up/ { proxy_pass http://127.0.0.1:%u/; %s }\n"
			   "		location /down/ { proxy_pass http://127.0.0.1:1/; }",
			   port,
			   keep ? "proxy_http_version 1.1; proxy_set_header Connection \"\";" : "");
}

static void check(bool keep, unsigned int connections)
{
	const struct server webapp = server_start_webapp("epoll", 1, NULL);
	const struct server nginx = server_start_nginx_with(configure(webapp.port, keep));
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = nginx.pid });
	struct counts expected;
	json_t *total;

	counts_init(&expected);
	traffic_run(&(struct traffic){ .port = nginx.port,
				       .kinds = kinds,
				       .kind_count = ROWS(kinds),
				       .requests = REQUESTS,
				       .connections = connections,
				       .pipeline = 2 },
		    &expected, NULL);
	total = redtap_finish_counted(redtap, &expected);
	assert_int_equal(redtap_count(total, "seen"), REQUESTS);
	assert_int_equal(redtap_count(json_object_get(total, "ignored"), "not_http"), 0);
	assert_int_equal(redtap_count(json_object_get(total, "ignored"), "unsolicited"), 0);
	counts_release(&expected);
}

static void connections_kept(void **state)
{
	(void)state;
	check(true, 4);
}

static void connections_made_anew(void **state)
{
	(void)state;
	check(false, 4);
}

/* It sends a request to itself: two requests as a server, none as a client. */
static void of_itself(void **state)
{
	const uint16_t free_port = port_free(SOCK_STREAM);
	const struct server nginx = server_start_nginx_with(text_format(
		"listen 127.0.0.1:%u; location = /twice { proxy_pass http://127.0.0.1:%u/hello; }",
		free_port, free_port));
	const struct request_kind twice = { .method = "GET",
					    .target = "/twice",
					    .route = "/twice" };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = nginx.pid });
	struct counts expected;

	(void)state;
	counts_init(&expected);
	traffic_send(nginx.port, &twice, 100, &expected);
	counts_add(&expected, "GET", "/hello", 200, NULL, 100, 0, 600);
	redtap_finish_counted(redtap, &expected);
	counts_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(connections_kept),
		E2E_TEST(connections_made_anew),
		E2E_TEST(of_itself),
	};

	return cmocka_run_group_tests_name("proxy", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_routes.c - --route and --routes: merged series, with exact counts in
 * every place; bad patterns.
 */
#include <signal.h>
#include <string.h>

#include "harness/harness.h"
#include "stack/places.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/*
 * The kernel has one series each for /users/{id}, /users/bob and /users/eve;
 * the first pattern matches all but the last.
 */
static const struct request_kind kinds[] = {
	{ .method = "GET", .target = "/users/7", .route = "/users/{who}" },
	{ .method = "GET", .target = "/users/bob?x=1", .route = "/users/{who}" },
	{ .method = "GET", .target = "/users/00ff00ff00ff00ff", .route = "/users/{who}" },
	{ .method = "HEAD", .target = "/users/bob", .route = "/users/{who}" },
	{ .method = "GET", .target = "/users/eve", .route = "/users/eve" },
	{ .method = "GET", .target = "/status/500", .route = "/status/{code}" },
	{ .method = "GET", .target = "/status/404", .route = "/status/{code}" },
	{ .method = "GET", .target = "/users/7/orders", .route = "/users/{id}/orders" },
	{ .method = "GET", .target = "/bytes/1000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/bytes/77", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/orders/ORD-2024-000123", .route = "/orders/{id}" },
	{ .method = "GET", .target = "/orders/SKU00123", .route = "/orders/{id}" },
	{ .method = "GET", .target = "/orders/oauth2callback", .route = "/orders/oauth2callback" },
	{ .method = "GET", .target = "/@bob", .route = "/@{user}/" },
	{ .method = "GET", .target = "/@eve/", .route = "/@{user}/" },
	{ .method = "GET", .target = "/", .route = "/" },
};

static const char routes_file[] = "# routes of this test\n"
				  "/users/{who}\n"
				  "/@{user}/\n"
				  "\n"
				  "/nothing/{of}/this # is ever asked for\n";

static void series_fall_together(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	const char *path = path_scratch("routes");
	const char *more[] = { "--route", "/users/eve",     "--routes", path,
			       "--route", "/status/{code}", NULL };
	struct places places;
	struct counts counts;

	(void)state;
	file_write(path, routes_file, sizeof(routes_file) - 1);
	counts_init(&counts);
	places_attach(&places, server.pid, more);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = kinds,
				       .kind_count = ROWS(kinds),
				       .requests = 220 * ROWS(kinds),
				       .connections = 4 },
		    &counts, NULL);
	redtap_assert_nothing_lost(places_assert(&places, &counts, true));
	counts_release(&counts);
}

/* Merged series are one series with one histogram, also in the quantiles. */
static void one_series_each(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const char *more[] = { "--route", "/sleep/{ms}", "--route", "/users/{a}", NULL };
	static const struct request_kind two[] = {
		{ .method = "GET", .target = "/users/a", .route = "/users/{a}" },
		{ .method = "GET", .target = "/users/b", .route = "/users/{a}" },
	};
	struct redtap *redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid, .more = more });
	struct counts counts;
	json_t *total;

	(void)state;
	counts_init(&counts);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = two,
				       .kind_count = ROWS(two),
				       .requests = 100,
				       .connections = 1 },
		    &counts, NULL);
	counts_release(&counts);
	redtap_wait_counted(redtap, 100);
	total = redtap_finish(redtap, SIGINT);
	assert_int_equal(json_array_size(json_object_get(total, "series")), 1);
	assert_int_equal(
		redtap_count(redtap_series(total, NULL, "GET", "/users/{a}", 200), "count"), 100);
}

static void bad_patterns(void **state)
{
	static const struct {
		const char *comment, *option,
			*text; /* argument of the option, or content of the file */
		const char *said;
	} rows[] = {
		{ "no path", "--route", "users", "option '--route': 'users': " },
		{ "never matches", "--route", "/users/42", "never match" },
		{ "bad line in a file", "--routes", "/a\n# b\n/users/42\n",
		  "': line 3: '/users/42': a segment of digits" },
		{ "terminal syntax in a file", "--routes", "\x1b[2J\n", ": line 1: '\\x1b[2J': " },
	};
	const char *path = path_scratch("bad-routes");
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const bool is_file = strcmp(rows[i].option, "--routes") == 0;
		const char *argv[] = { path_build("redtap"),
				       "attach",
				       "-p1",
				       "--statsd",
				       "none",
				       rows[i].option,
				       is_file ? path : rows[i].text,
				       NULL };
		struct process *redtap;
		char *err;

		file_write(path, rows[i].text, strlen(rows[i].text));
		redtap = process_start(&(struct process_options){ .name = "redtap", .argv = argv });
		process_wait(redtap, DEADLINE_S);
		process_assert_exit(redtap, 2);
		err = process_err(redtap);
		if (!strstr(err, rows[i].said) || strchr(err, '\x1b'))
			fail_msg("%s: %s", rows[i].comment, err);
		free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(series_fall_together),
		E2E_TEST(one_series_each),
		E2E_TEST(bad_patterns),
	};

	return cmocka_run_group_tests_name("routes", tests, places_group_setup,
					   places_group_teardown);
}

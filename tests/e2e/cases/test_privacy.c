/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_privacy.c - the content of query strings, headers and bodies appears in
 * no output; and the content of a path cannot forge a line.
 */
#include <signal.h>
#include <stdio.h>

#include "harness/capture.h"
#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define SECRET "s3cr3t-Xyzzy"

static const struct request_kind secretive[] = {
	{ .method = "GET", .target = "/users/5?token=" SECRET, .route = "/users/{id}" },
	{ .method = "GET", .target = "/users/5;jsessionid=" SECRET, .route = "/users/{id}" },
	{ .method = "GET", .target = "/no/such/page?" SECRET, .route = "/no/such/page" },
	{ .method = "GET",
	  .target = "/users/5",
	  .route = "/users/{id}",
	  .headers = "Authorization: Bearer " SECRET "\r\n"
		     "Cookie: session=" SECRET "\r\n"
		     "X-" SECRET ": 1\r\n" },
	{ .method = "POST", .target = "/echo", .route = "/echo", .body = "password=" SECRET },
	/* A body that looks like the next request. */
	{ .method = "POST",
	  .target = "/echo",
	  .route = "/echo",
	  .body = "GET /" SECRET " HTTP/1.1\r\nHost: " SECRET "\r\n\r\n" },
	/* A long token in the path is replaced by {id}. */
	{ .method = "GET",
	  .target = "/users/" SECRET "-0123456789-0123456789-0123456789",
	  .route = "/users/{id}" },
};

static void assert_no_secret(const char *place, const char *text, size_t length)
{
	if (bytes_contain(text, length, SECRET))
		fail_msg("the secret is in %s", place);
	/* A part of it is not allowed either. */
	if (bytes_contain(text, length, "Xyzzy"))
		fail_msg("a part of the secret is in %s", place);
}

/* Runs redtap -v with one kind of output and some traffic; returns its output. */
static void run(const char *output, const struct request_kind *kinds, size_t kind_count,
		struct counts *counts, struct capture *capture, struct redtap **redtap)
{
	static const char *const more[] = { "-v", NULL };
	const struct server server = server_start_webapp("epoll", 1, NULL);

	*redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid,
		.service = "e2e-privacy",
		.output = output,
		.statsd_port = capture_port(capture),
		.more = more,
	});
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = kinds,
				       .kind_count = kind_count,
				       .requests = kind_count * 20,
				       .connections = 2 },
		    counts, NULL);
}

/* Checks all outputs of a run; the captured count proves that it did see the requests. */
static void assert_clean(struct redtap *redtap, struct capture *capture,
			 const struct counts *expected)
{
	struct process *process = redtap_process(redtap);
	char *out = process_out(process), *err = process_err(process);
	struct metrics metrics;
	struct counts actual;
	const char *sent;
	size_t length;

	capture_finish(capture);
	sent = capture_bytes(capture, &length);
	assert_no_secret("the datagrams", sent, length);
	assert_no_secret("standard output", out, strlen(out));
	assert_no_secret("the log", err, strlen(err));
	assert_true(strlen(out) > 0 && strlen(err) > 0);
	metrics_init(&metrics);
	counts_init(&actual);
	capture_metrics(capture, &metrics);
	counts_from_metrics(&actual, &metrics, "e2e-privacy");
	counts_assert_equal(expected, &actual, true, "the captured datagrams");
	counts_release(&actual);
	metrics_release(&metrics);
	free(out);
	free(err);
}

static void no_secret_in_json(void **state)
{
	struct capture *capture = capture_open(0);
	struct redtap *redtap;
	struct counts counts;

	(void)state;
	counts_init(&counts);
	run(NULL, secretive, ROWS(secretive), &counts, capture, &redtap);
	redtap_wait_counted(redtap, counts_total(&counts));
	redtap_finish(redtap, SIGINT);
	assert_clean(redtap, capture, &counts);
	counts_release(&counts);
}

static void no_secret_in_table(void **state)
{
	struct capture *capture = capture_open(0);
	struct process *process;
	struct redtap *redtap;
	struct counts counts;

	(void)state;
	counts_init(&counts);
	run("table", secretive, ROWS(secretive), &counts, capture, &redtap);
	process = redtap_process(redtap);
	process_wait_out(process, "/users/{id}", DEADLINE_S);
	process_end(process, SIGINT);
	process_assert_exit(process, 0);
	assert_clean(redtap, capture, &counts);
	counts_release(&counts);
}

static const struct request_kind forging[] = {
	{ .method = "GET", .target = "/a|c|#x:1,y:2", .route = "/a%7Cc%7C" },
	{ .method = "GET", .target = "/b,service_name:evil", .route = "/b%2Cservice_name:evil" },
	{ .method = "GET", .target = "/c\"\\{}", .route = "/c\"\\{}" },
	{ .method = "GET", .target = "/d%0aforged:1|c", .route = "/d%250aforged:1%7Cc" },
};

/* Routes as sent in StatsD lines: cut at '#', separators percent-encoded. */
static void paths_forge_nothing(void **state)
{
	struct capture *capture = capture_open(0);
	struct redtap *redtap;
	struct counts counts;
	json_t *total;

	(void)state;
	counts_init(&counts);
	run(NULL, forging, ROWS(forging), &counts, capture, &redtap);
	redtap_wait_counted(redtap, counts_total(&counts));
	total = redtap_finish(redtap, SIGINT);
	assert_int_equal(redtap_count(total, "counted"), counts_total(&counts));
	/* In JSON the same bytes are harmless and appear unchanged. */
	redtap_series(total, NULL, "GET", "/c\"\\{}", 404);
	redtap_series(total, NULL, "GET", "/b,service_name:evil", 404);
	assert_clean(redtap, capture, &counts);
	counts_release(&counts);
}

/* A terminal escape in a path must not reach the terminal. */
static void no_escape_in_table(void **state)
{
	static const struct request_kind kind = { .method = "GET",
						  .target = "/e\x1b]0;title\x07\xff",
						  .route = "-" };
	struct capture *capture = capture_open(0);
	struct process *process;
	struct redtap *redtap;
	struct counts counts;
	char *out, *err;

	(void)state;
	counts_init(&counts);
	run("table", &kind, 1, &counts, capture, &redtap);
	process = redtap_process(redtap);
	process_end(process, SIGINT);
	process_assert_exit(process, 0);
	out = process_out(process);
	err = process_err(process);
	/* Without a terminal the table itself contains no escape either. */
	assert_null(strchr(out, '\x1b'));
	assert_null(strchr(out, '\x07'));
	assert_null(strchr(out, '\xff'));
	assert_null(strchr(err, '\x1b'));
	counts_release(&counts);
	free(out);
	free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(no_secret_in_json),
		E2E_TEST(no_secret_in_table),
		E2E_TEST(paths_forge_nothing),
		E2E_TEST(no_escape_in_table),
	};

	return cmocka_run_group_tests_name("privacy", tests, harness_group_setup,
					   harness_group_teardown);
}

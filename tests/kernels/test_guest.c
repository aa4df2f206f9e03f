/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_guest.c - redtap on the running kernel: attaches to webapp, sends requests, and
 * compares redtap's JSON total with the client's own counts, which must be equal.  It runs
 * inside the virtual machines of test_kernels.c, and also outside.
 *
 * Inputs: redtap and webapp in the build directory (see harness.h).  It must not know
 * which kernel it runs on; it needs only loopback.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include "harness/counts.h"
#include "harness/harness.h"
#include "harness/phases.h"
#include "harness/process.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/*
 * Seconds until redtap is attached: the verifier is slow on an emulated CPU, while another
 * machine is running.
 */
#define ATTACH_DEADLINE_S 300.0

static const struct request_kind mix[] = {
	{ .method = "GET", .target = "/", .route = "/" },
	{ .method = "GET", .target = "/users/987654?full=1", .route = "/users/{id}" },
	{ .method = "DELETE", .target = "/users/8", .route = "/users/{id}" },
	{ .method = "HEAD", .target = "/bytes/3000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/bytes/3000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/chunked/5000", .route = "/chunked/{id}" },
	{ .method = "GET", .target = "/file/20000", .route = "/file/{id}" },
	{ .method = "POST", .target = "/echo", .route = "/echo", .body = "some text to come back" },
	{ .method = "GET", .target = "/status/204", .route = "/status/{id}" },
	{ .method = "GET", .target = "/status/503", .route = "/status/{id}" },
};

/* The number of measurements of a phase, over all routes. */
static uint64_t phase_count(json_t *total, const char *name)
{
	json_t *phases = json_object_get(total, "phases"), *phase;
	uint64_t count = 0;
	size_t i;

	json_array_foreach(phases, i,
			   phase) if (strcmp(json_string_value(json_object_get(phase, "phase")),
					     name) == 0) count += redtap_count(phase, "count");
	return count;
}

/* Every request got a response, every connection was accepted, every response acknowledged. */
static void check_phases(json_t *total, uint64_t requests, uint64_t connections)
{
	static const char *const names[] = { "queue", "service", "send", "deliver" };
	size_t i;

	assert_true(phases_assert_balance(total) > 0);
	for (i = 0; i < ROWS(names); i++)
		if (phase_count(total, names[i]) != requests)
			fail_msg(
				"phase %s has %lu measurements, expected %lu, one for each request",
				names[i], phase_count(total, names[i]), requests);
	if (phase_count(total, "accept") != connections)
		fail_msg("phase accept has %lu measurements, expected %lu, one for each connection",
			 phase_count(total, "accept"), connections);
}

/*
 * Linux 7: a trace event sees every call, and the kernel has never skipped its program; the
 * second of the pair is needed only because of other users of BPF.
 */
static void check_calls_by_events(const char *said)
{
	static const char *const hooks[] = { "sock_recv_length", "sock_send_length" };
	size_t i;

	for (i = 0; i < ROWS(hooks); i++) {
		if (!strstr(said, text_format("event_%s at trace_event %s", hooks[i], hooks[i])))
			fail_msg("not attached to trace event %s: %s", hooks[i], said);
		if (strstr(said, text_format("event_%s was skipped", hooks[i])))
			fail_msg("trace events %s were skipped: %s", hooks[i], said);
	}
	assert_non_null(strstr(said, "event_inet_sock_set_state at trace_event"));
	assert_non_null(strstr(said, "the kernel skipped at most"));
}

/*
 * all_phases: each request on its own connection.  Returns redtap's standard error with -v;
 * the caller frees it.
 */
static char *count_all(const char *model, int workers, const char *host, struct traffic traffic,
		       bool all_phases)
{
	static const char *const phases[] = { "-v", "--phases", "queue,service,send,deliver,accept",
					      NULL };
	static const char *const no_phases[] = { "-v", NULL };
	const struct server server = server_start_webapp(model, workers, host);
	struct counts expected, actual;
	struct redtap *redtap;
	json_t *total;

	traffic.host = host;
	traffic.port = server.port;
	traffic.kinds = mix;
	traffic.kind_count = ROWS(mix);
	counts_init(&expected);
	counts_init(&actual);
	redtap = redtap_start(&(struct redtap_options){ .pid = server.pid,
							.more = all_phases ? phases : no_phases });
	process_wait_out(redtap_process(redtap), "{\"type\":\"attached\"", ATTACH_DEADLINE_S);
	traffic_run(&traffic, &expected, NULL);
	assert_int_equal(counts_total(&expected), traffic.requests);
	redtap_wait_counted(redtap, traffic.requests);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(&expected, &actual, true, "the JSON total");
	if (all_phases)
		check_phases(total, traffic.requests, traffic.requests);
	counts_release(&expected);
	counts_release(&actual);
	return process_err(redtap_process(redtap));
}

static void check_counts(const char *model, const char *host, struct traffic traffic,
			 bool all_phases)
{
	char *said = count_all(model, 2, host, traffic, all_phases);

	if (kernel_major() >= 7)
		check_calls_by_events(said);
	free(said);
}

static void test_keep_alive(void **state)
{
	(void)state;
	check_counts("epoll", NULL, (struct traffic){ .requests = 2000, .connections = 4 }, false);
}

static void test_pipelined(void **state)
{
	(void)state;
	check_counts("thread", NULL,
		     (struct traffic){ .requests = 800, .connections = 2, .pipeline = 8 }, false);
}

static void test_all_phases_of_one_request_connections_ipv6(void **state)
{
	(void)state;
	check_counts("epoll", "::1",
		     (struct traffic){ .requests = 200, .connections = 1, .close_each = true },
		     true);
}

/* Hides tracefs from the programs that are started from now on. */
static void hide_tracefs(void)
{
	static const char *const directories[] = { "/sys/kernel/tracing", "/sys/kernel/debug" };
	size_t i;

	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	for (i = 0; i < ROWS(directories); i++)
		if (mount("none", directories[i], "tmpfs", 0, NULL) && errno != ENOENT)
			fail_msg("cannot hide '%s': %s", directories[i], strerror(errno));
}

/*
 * Linux 7 without trace events: redtap warns.  With only one task on each side of a
 * connection, nothing can be missed.  This is the last test, because tracefs stays hidden.
 */
static void test_no_tracefs(void **state)
{
	char *said;

	(void)state;
	hide_tracefs();
	said = count_all("epoll", 1, NULL, (struct traffic){ .requests = 300, .connections = 1 },
			 false);
	if (kernel_major() >= 7)
		assert_non_null(strstr(said, "redtap: trace event"));
	else
		assert_null(strstr(said, "redtap: trace event"));
	assert_non_null(strstr(said, "raw_tp_sock_recv_length at tracepoint"));
	assert_null(strstr(said, "at trace_event"));
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(test_keep_alive),
		E2E_TEST(test_pipelined),
		E2E_TEST(test_all_phases_of_one_request_connections_ipv6),
		E2E_TEST(test_no_tracefs),
	};

	return cmocka_run_group_tests(tests, harness_group_setup, harness_group_teardown);
}

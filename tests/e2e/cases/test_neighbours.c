/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_neighbours.c - somebody else on the machine, in a network namespace of his own,
 * holds the watched port with 300 processes, each of another name: the real server is
 * observed all the same, and --user and --netns leave his processes out.
 */
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/traffic.h"

#define CROWD 300
#define NOBODY 65534
#define REQUESTS 20
#define ROUNDS_MAX 20

/* ---- his processes ------------------------------------------------------- */

static void stay(int number)
{
	char name[16];

	snprintf(name, sizeof(name), "crowd-%d", number);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	for (;;)
		pause();
}

/* All have the listening socket. */
static int run_crowd(void *context)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(*(const uint16_t *)context) };
	int i, listener;

	if (unshare(CLONE_NEWNET) || setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 8))
		return 1;
	for (i = 0; i < CROWD; i++)
		if (fork() == 0)
			stay(i);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static struct process *start_crowd(uint16_t port)
{
	struct process *crowd = process_start(
		&(struct process_options){ .name = "crowd", .run = run_crowd, .context = &port });

	process_wait_out(crowd, "ready", DEADLINE_S);
	return crowd;
}

/* ---- the server ---------------------------------------------------------- */

static struct process *start_server(uint16_t port)
{
	const char *argv[] = { path_build("webapp"), "--port", text_format("%u", port), NULL };
	struct process *server = process_start(&(struct process_options){
		.name = "webapp", .argv = argv, .death_signal = SIGTERM });

	process_wait_out(server, "listening on", DEADLINE_S);
	return server;
}

static void send_requests(uint16_t port, uint64_t requests)
{
	traffic_run(&(struct traffic){ .port = port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = requests,
				       .connections = 2 },
		    NULL, NULL);
}

static uint64_t count_of(json_t *line, const char *service)
{
	struct counts counts;
	uint64_t count;

	counts_init(&counts);
	counts_from_json(&counts, json_object_get(line, "series"), service);
	count = counts_total(&counts);
	counts_release(&counts);
	return count;
}

/* Of all flushes so far. */
static uint64_t count_so_far(struct redtap *redtap, const char *service)
{
	json_t *lines = redtap_lines(redtap), *line;
	uint64_t count = 0;
	size_t i;

	json_array_foreach(lines, i, line) if (json_object_get(line, "series"))
		count += count_of(line, service);
	return count;
}

/* ---- tests --------------------------------------------------------------- */

/*
 * The server that comes when all names are in use is `other`.  When the crowd is gone,
 * its names are free again, and the server that comes then has its own.
 */
static void all_names_are_in_use(void **state)
{
	const uint16_t port = port_free(SOCK_STREAM);
	struct process *crowd = start_crowd(port), *server;
	const char *more[] = { "--port", text_format("%u", port), NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });
	uint64_t sent = 0;
	json_t *total;
	int round;

	(void)state;
	process_wait_err(redtap_process(redtap), "all 256 service names are in use", DEADLINE_S);
	for (round = 0; round < ROUNDS_MAX && count_so_far(redtap, "webapp") == 0; round++) {
		server = start_server(port);
		process_wait_err(redtap_process(redtap),
				 text_format("watching pid %d (webapp)", (int)server->pid),
				 DEADLINE_S);
		send_requests(port, REQUESTS);
		sent += REQUESTS;
		redtap_wait_counted(redtap, sent);
		process_end(server, SIGTERM);
		if (round > 0)
			continue;
		assert_int_equal(count_so_far(redtap, "other"), REQUESTS);
		process_end(crowd, SIGKILL);
	}
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(total, "counted"), sent);
	assert_true(count_of(total, "webapp") >= REQUESTS);
	assert_int_equal(count_of(total, "webapp") + count_of(total, "other"), sent);
}

/* Each alone, and by name as well as by port: the crowd is not even looked at. */
static void others_are_left_out(void **state)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *const restrictions[] = { "--user", "--netns" };
	struct process *server;
	pid_t workers[8];
	size_t i;

	(void)state;
	start_crowd(port);
	server = start_server(port);
	for (i = 0; i < ROWS(restrictions); i++) {
		const char *more[] = { "--port", text_format("%u", port), "--name", "crowd-*",
				       restrictions[i],
				       /* root, and this network namespace */
				       i == 0 ? "0" : text_format("%d", (int)getpid()), NULL };
		struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });
		json_t *attached = json_array_get(redtap_lines(redtap), 0);
		json_t *total;

		assert_int_equal(json_array_size(json_object_get(attached, "pids")),
				 1 + process_children(server->pid, workers, ROWS(workers)));
		send_requests(port, REQUESTS);
		redtap_wait_counted(redtap, REQUESTS);
		total = redtap_finish(redtap, SIGINT);
		assert_int_equal(count_of(total, "webapp"), REQUESTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(all_names_are_in_use),
		E2E_TEST(others_are_left_out),
	};

	return cmocka_run_group_tests_name("neighbours", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_lifecycle.c - workers, targets and redtap itself end.  The server keeps
 * running, and nothing of redtap is left in the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/bpf_ids.h"
#include "harness/harness.h"
#include "stack/places.h"
#include "harness/puppet.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define WORKERS 2

static struct background *start_load(const struct server *server)
{
	struct background *background = background_start(&(struct traffic){
		.port = server->port, .kinds = &traffic_bytes, .kind_count = 1, .connections = 4 });

	background_wait_more(background, 100);
	return background;
}

static struct traffic some_requests(const struct server *server)
{
	return (struct traffic){ .port = server->port,
				 .kinds = &traffic_user,
				 .kind_count = 1,
				 .requests = 1000,
				 .connections = 4,
				 .close_each = true };
}

/* A worker that must be replaced. */
struct replacement {
	pid_t master;
	pid_t gone;
};

static bool is_replaced(void *context)
{
	const struct replacement *replacement = context;
	pid_t workers[WORKERS + 1];
	const size_t count = process_children(replacement->master, workers, WORKERS + 1);
	size_t i;

	for (i = 0; i < count; i++)
		if (workers[i] == replacement->gone)
			return false;
	return count == WORKERS;
}

/* Each worker in turn is killed while it works. */
static void kill_workers(const struct server *server, struct background *background)
{
	pid_t workers[WORKERS];
	size_t i;

	assert_int_equal(process_children(server->pid, workers, WORKERS), WORKERS);
	for (i = 0; i < WORKERS; i++) {
		struct replacement replacement = { .master = server->pid, .gone = workers[i] };

		assert_int_equal(kill(workers[i], SIGKILL), 0);
		if (!wait_until(is_replaced, &replacement, DEADLINE_S))
			fail_msg("webapp has not replaced worker %d", (int)workers[i]);
		background_wait_more(background, 100);
	}
}

static void worker_killed(void **state)
{
	const struct server server = server_start_webapp("epoll", WORKERS, NULL);
	const struct traffic traffic = some_requests(&server);
	struct background *background;
	struct counts answered, after, actual;
	const struct count_row *row;
	struct places places;
	uint64_t unanswered;
	json_t *total;

	(void)state;
	places_attach(&places, server.pid, NULL);
	background = start_load(&server);
	counts_init(&answered);
	counts_init(&after);
	counts_init(&actual);
	kill_workers(&server, background);
	/* All served by workers that did not exist when redtap attached. */
	traffic_run(&traffic, &after, NULL);
	unanswered = background_stop(background, &answered, NULL);
	redtap_wait_counted(places.redtap, counts_total(&after) + counts_total(&answered));
	total = redtap_finish(places.redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(total, "in_flight"), 0);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	row = counts_find(&actual, traffic_user.method, traffic_user.route, 200, NULL);
	assert_non_null(row);
	assert_int_equal(row->count, traffic.requests);
	row = counts_find(&actual, traffic_bytes.method, traffic_bytes.route, 200, NULL);
	assert_non_null(row);
	/* A response may have been written completely and lost with the worker's socket. */
	assert_in_range(row->count, counts_total(&answered), counts_total(&answered) + unanswered);
	assert_in_range(counts_total(&actual), counts_total(&answered) + traffic.requests,
			counts_total(&answered) + traffic.requests + unanswered);
	places_assert_as_total(&places, total);
	counts_release(&answered);
	counts_release(&after);
	counts_release(&actual);
}

static void target_exits(void **state)
{
	const struct server server = server_start_webapp("epoll", WORKERS, NULL);
	const struct traffic traffic = some_requests(&server);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct counts expected, actual;
	struct bpf_ids ids;
	json_t *total;

	(void)state;
	counts_init(&expected);
	counts_init(&actual);
	traffic_run(&traffic, &expected, NULL);
	bpf_ids_of_process(&ids, redtap_process(redtap)->pid);
	process_end(server.process, SIGTERM);
	total = redtap_finish(redtap, 0);
	redtap_assert_nothing_lost(total);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(&expected, &actual, true, "the JSON total");
	bpf_ids_assert_gone(&ids);
	counts_release(&expected);
	counts_release(&actual);
}

/* A target that is killed, so without closing its connections. */
static void target_killed_under_load(void **state)
{
	const struct server server = server_start_webapp("thread", 1, NULL);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct background *background = start_load(&server);
	struct bpf_ids ids;
	json_t *total;

	(void)state;
	bpf_ids_of_process(&ids, redtap_process(redtap)->pid);
	/* Its workers die with it. */
	process_end(server.process, SIGKILL);
	total = redtap_finish(redtap, 0);
	assert_true(redtap_count(total, "counted") >= 100);
	background_stop(background, NULL, NULL);
	bpf_ids_assert_gone(&ids);
}

static void check_signal(int signal_number)
{
	const struct server server = server_start_webapp("epoll", WORKERS, NULL);
	struct background *background = start_load(&server);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct process *process = redtap_process(redtap);
	struct bpf_ids ids;
	uint64_t attached, answered;

	attached = background_answered(background);
	background_wait_more(background, 500);
	bpf_ids_of_process(&ids, process->pid);
	answered = background_answered(background);
	if (signal_number == SIGKILL) {
		process_end(process, SIGKILL);
		assert_true(WIFSIGNALED(process->status));
	} else {
		json_t *total = redtap_finish(redtap, signal_number);

		/* Minus the requests in progress when redtap attached and detached. */
		assert_true(redtap_count(total, "counted") + 8 >= answered - attached);
		redtap_assert_nothing_lost(total);
	}
	background_wait_more(background, 500);
	assert_int_equal(background_stop(background, NULL, NULL), 0);
	assert_true(process_is_running(server.process));
	bpf_ids_assert_gone(&ids);
}

static void ends_by_sigint(void **state)
{
	(void)state;
	check_signal(SIGINT);
}

static void ends_by_sigterm(void **state)
{
	(void)state;
	check_signal(SIGTERM);
}

static void ends_by_sigkill(void **state)
{
	(void)state;
	check_signal(SIGKILL);
}

static void ends_after_duration(void **state)
{
	static const char *const more[] = { "--duration", "1.2s", NULL };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid, .more = more });
	const double attached = clock_s();
	json_t *total;

	(void)state;
	traffic_send(server.port, &traffic_user, 10, NULL);
	total = redtap_finish(redtap, 0);
	/* `attached` is a little late: the file is polled every 10 ms. */
	assert_true(clock_s() - attached > 1.0);
	assert_int_equal(redtap_count(total, "counted"), 10);
	assert_true(process_is_running(server.process));
}

/* The reader of the output has closed it: the run ends normally. */
static void standard_output_closed(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct background *background = start_load(&server);
	struct redtap *redtap;
	struct process *process;
	struct bpf_ids ids;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid, .out_fd = ends[1] });
	process = redtap_process(redtap);
	bpf_ids_of_process(&ids, process->pid);
	close(ends[1]);
	close(ends[0]);
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	background_wait_more(background, 100);
	assert_int_equal(background_stop(background, NULL, NULL), 0);
	bpf_ids_assert_gone(&ids);
}

/* ---- ends that are easily missed -------------------------------------- */

#define MEMORY_BYTES (400UL << 20)

static long step_fill_memory(struct puppet_hands *hands, const struct puppet_order *order)
{
	(void)hands;
	(void)order;
	return mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED
		       ? -errno
		       : 0;
}

/* Makes a zombie: a child that has ended and is not reaped; returns its pid. */
static long step_leave_zombie(struct puppet_hands *hands, const struct puppet_order *order)
{
	siginfo_t info;

	(void)order;
	hands->child = fork();
	if (hands->child == 0)
		_exit(0);
	if (hands->child < 0 || waitid(P_PID, hands->child, &info, WEXITED | WNOWAIT))
		return -errno;
	return hands->child;
}

static int ask(struct puppet *puppet)
{
	static const char request[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
	const int fd = raw_connect(puppet_port(puppet));

	puppet_accept(puppet, 0);
	raw_say(fd, request);
	puppet_receive_all(puppet, 0, sizeof(request) - 1);
	return fd;
}

/* The kernel frees its memory first, then its sockets: redtap waits for both. */
static void target_killed_with_much_memory(void **state)
{
	struct puppet *puppet = puppet_start();
	struct redtap *redtap;
	json_t *total, *series;
	int fd;

	(void)state;
	assert_int_equal(puppet_do(puppet, step_fill_memory, &(struct puppet_order){ 0 }), 0);
	redtap = redtap_attach(&(struct redtap_options){ .pid = puppet_pid(puppet) });
	fd = ask(puppet);
	puppet_kill(puppet);
	total = redtap_finish(redtap, 0);
	series = redtap_series(total, NULL, "GET", "/a", 0);
	assert_string_equal(json_string_value(json_object_get(series, "error")), "no_response");
	assert_int_equal(redtap_count(total, "in_flight"), 0);
	raw_finish(fd);
}

static void zombie_is_no_target(void **state)
{
	struct puppet *puppet = puppet_start();
	const long zombie = puppet_do(puppet, step_leave_zombie, &(struct puppet_order){ 0 });
	struct process *process;
	char *text;

	(void)state;
	assert_true(zombie > 0);
	process = redtap_process(redtap_start(&(struct redtap_options){ .pid = zombie }));
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 1);
	text = process_err(process);
	assert_non_null(strstr(text, text_format("'%ld'", zombie)));
	free(text);
}

/* The target has a zombie child that is left to a parent that does not reap it. */
static void target_leaves_a_zombie(void **state)
{
	struct puppet *puppet = puppet_start();
	struct redtap *redtap;
	json_t *total;
	long zombie;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	zombie = puppet_do(puppet, step_leave_zombie, &(struct puppet_order){ 0 });
	assert_true(zombie > 0);
	redtap = redtap_attach(&(struct redtap_options){ .pid = puppet_pid(puppet) });
	ask(puppet);
	puppet_kill(puppet);
	total = redtap_finish(redtap, 0);
	assert_int_equal(redtap_count(total, "counted"), 1);
	/* it still exists */
	assert_int_equal(waitpid(zombie, NULL, 0), zombie);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* Each connection that finds the table full is counted once, however many calls follow. */
static void connection_table_full(void **state)
{
	static const char *const more[] = { "--max-connections", "4", NULL };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid, .more = more });
	struct line *lines[10];
	json_t *total;
	size_t i, round;

	(void)state;
	for (i = 0; i < ROWS(lines); i++)
		lines[i] = line_open(server.port);
	for (round = 0; round < 5; round++)
		for (i = 0; i < ROWS(lines); i++)
			assert_int_equal(line_exchange(lines[i], &traffic_user, NULL), 200);
	redtap_wait_counted(redtap, 20);
	total = redtap_finish(redtap, SIGINT);
	assert_int_equal(redtap_count(total, "counted"), 20);
	assert_int_equal(redtap_count(json_object_get(total, "ignored"), "connections_full"), 6);
	redtap_assert_nothing_lost(total);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(worker_killed),
		E2E_TEST(target_exits),
		E2E_TEST(target_killed_under_load),
		E2E_TEST(ends_by_sigint),
		E2E_TEST(ends_by_sigterm),
		E2E_TEST(ends_by_sigkill),
		E2E_TEST(ends_after_duration),
		E2E_TEST(standard_output_closed),
		E2E_TEST(target_killed_with_much_memory),
		E2E_TEST(zombie_is_no_target),
		E2E_TEST(target_leaves_a_zombie),
		E2E_TEST(connection_table_full),
	};

	return cmocka_run_group_tests_name("lifecycle", tests, places_group_setup,
					   places_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_select.c - --port and --name: processes that run already, that start
 * later, that end and restart.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/* A copy of webapp under a name that no other process has. */
static const char *unique_webapp(const char *prefix)
{
	const char *copy = path_scratch(text_format("%s%d", prefix, (int)getpid()));
	size_t length;
	char *bytes = file_read(path_build("webapp"), &length);

	assert_true(strlen(strrchr(copy, '/') + 1) <= 15);
	file_write(copy, bytes, length);
	free(bytes);
	assert_int_equal(chmod(copy, 0755), 0);
	return copy;
}

/* A web server on a given port. */
static struct process *start_on_port(const char *program, uint16_t port, int workers)
{
	const char *argv[] = {
		program, "--port", text_format("%u", port), "--workers", text_format("%d", workers),
		NULL
	};
	struct process *process = process_start(&(struct process_options){
		.name = "webapp", .argv = argv, .death_signal = SIGTERM });

	process_wait_out(process, "listening on", DEADLINE_S);
	return process;
}

static void send_requests(uint16_t port, uint64_t requests)
{
	struct counts counts;

	counts_init(&counts);
	traffic_run(&(struct traffic){ .port = port,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = requests,
				       .connections = 4 },
		    &counts, NULL);
	assert_int_equal(counts_total(&counts), requests);
	counts_release(&counts);
}

/* Ends redtap; checks that all requests of a service (NULL: of all services) are counted. */
static json_t *assert_counted(struct redtap *redtap, uint64_t requests)
{
	json_t *total;

	redtap_wait_counted(redtap, requests);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(total, "counted"), requests);
	return total;
}

static void wait_watching(struct redtap *redtap, const struct process *process)
{
	process_wait_err(redtap_process(redtap),
			 text_format("redtap: watching pid %d (", (int)process->pid), DEADLINE_S);
}

/* The server that listens there, with all workers; another server is not selected. */
static void port_that_is_served(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	const struct server other = server_start_webapp("epoll", 1, NULL);
	const char *more[] = { "--port", text_format("%u", server.port), NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });

	(void)state;
	process_wait_err(redtap_process(redtap), text_format("attached to pid %d", (int)server.pid),
			 DEADLINE_S);
	send_requests(server.port, 200);
	send_requests(other.port, 50);
	assert_counted(redtap, 200);
}

/* No server yet; then a server starts; then it is restarted. */
static void port_that_will_be_served(void **state)
{
	const uint16_t port = port_free(SOCK_STREAM);
	const char *more[] = { "--port", text_format("%u", port), NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });
	json_t *attached = json_array_get(redtap_lines(redtap), 0);
	struct process *server;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(attached, "pids")), 0);
	process_wait_err(redtap_process(redtap),
			 text_format("redtap: nothing listens on port %u yet", port), DEADLINE_S);
	server = start_on_port(path_build("webapp"), port, 2);
	wait_watching(redtap, server);
	send_requests(port, 100);
	process_end(server, SIGTERM);
	server = start_on_port(path_build("webapp"), port, 1);
	wait_watching(redtap, server);
	send_requests(port, 30);
	assert_counted(redtap, 130);
}

static void name_now_and_later(void **state)
{
	const char *program = unique_webapp("rt-w-");
	const uint16_t ports[] = { port_free(SOCK_STREAM), port_free(SOCK_STREAM) };
	/* the whole name except its last byte */
	const char *name = strrchr(program, '/') + 1;
	const char *pattern = text_format("%.*s?", (int)strlen(name) - 1, name);
	const char *more[] = { "--name", pattern, "--name", "no-such-name*", NULL };
	struct process *first = start_on_port(program, ports[0], 2), *second;
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });
	json_t *total;

	(void)state;
	process_wait_err(redtap_process(redtap), "redtap: no process is named 'no-such-name*' yet",
			 DEADLINE_S);
	send_requests(ports[0], 60);
	second = start_on_port(program, ports[1], 1);
	wait_watching(redtap, second);
	send_requests(ports[1], 40);
	process_end(first, SIGTERM);
	process_end(second, SIGTERM);
	total = assert_counted(redtap, 100);
	/* the process name is the service */
	assert_int_equal(
		redtap_count(redtap_series(total, name, "GET", "/users/{id}", 200), "count"), 100);
}

/* --pid with a name of its own, --port and --name in one run: each its service. */
static void mixture(void **state)
{
	const char *program = unique_webapp("rt-m-");
	const char *name = strrchr(program, '/') + 1;
	const uint16_t port = port_free(SOCK_STREAM);
	const struct server by_pid = server_start_webapp("epoll", 2, NULL);
	const struct server by_port = server_start_webapp("thread", 1, NULL);
	const char *more[] = { "-p", text_format("%d=shop", (int)by_pid.pid),
			       /* --port selects it too: its service stays the shop */
			       "--port", text_format("%u", by_pid.port), "--port",
			       text_format("%u", by_port.port), "--name", name, NULL };
	struct redtap *redtap;
	json_t *total;

	(void)state;
	start_on_port(program, port, 1);
	redtap = redtap_attach(&(struct redtap_options){ .more = more });
	send_requests(by_pid.port, 30);
	send_requests(by_port.port, 20);
	send_requests(port, 10);
	total = assert_counted(redtap, 60);
	assert_int_equal(
		redtap_count(redtap_series(total, "shop", "GET", "/users/{id}", 200), "count"), 30);
	assert_int_equal(redtap_count(redtap_series(total, "webapp", "GET", "/users/{id}", 200),
				      "count"),
			 20);
	assert_int_equal(
		redtap_count(redtap_series(total, name, "GET", "/users/{id}", 200), "count"), 10);
}

/* With --port, the last exit is not the end; with --pid alone it is. */
static void last_exit(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const uint16_t port = port_free(SOCK_STREAM);
	const char *more[] = { "-p", text_format("%d", (int)server.pid), "--port",
			       text_format("%u", port), NULL };
	struct redtap *waits = redtap_attach(&(struct redtap_options){ .more = more });
	struct redtap *ends = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct process *next;

	(void)state;
	process_end(server.process, SIGTERM);
	redtap_finish(ends, 0);
	/* the other one is alive: it finds the next process */
	next = start_on_port(path_build("webapp"), port, 1);
	wait_watching(waits, next);
	send_requests(port, 10);
	assert_counted(waits, 10);
}

/* Sockets that redtap must not see: it reports that, and does not wait forever. */
static void owner_is_hidden(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const char *argv[] = { "setpriv",
			       "--bounding-set=-sys_ptrace,-dac_read_search,-dac_override",
			       path_build("redtap"),
			       "attach",
			       "--port",
			       text_format("%u", server.port),
			       "--statsd",
			       "none",
			       NULL };
	struct process *redtap =
		process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	char *err;

	(void)state;
	process_wait(redtap, DEADLINE_S);
	process_assert_exit(redtap, 1);
	err = process_err(redtap);
	assert_non_null(strstr(err, text_format("cannot see who listens on port '%u': "
						"CAP_SYS_PTRACE or CAP_DAC_READ_SEARCH missing",
						server.port)));
	free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(port_that_is_served), E2E_TEST(port_that_will_be_served),
		E2E_TEST(name_now_and_later),  E2E_TEST(mixture),
		E2E_TEST(last_exit),           E2E_TEST(owner_is_hidden),
	};

	return cmocka_run_group_tests_name("select", tests, harness_group_setup,
					   harness_group_teardown);
}

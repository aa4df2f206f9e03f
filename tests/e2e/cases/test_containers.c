/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_containers.c - servers as in containers: in their own network and
 * process namespaces, with the same port in two of them; and redtap as
 * stack/compose.yaml runs it: in its own network namespace, with the host's
 * processes and the smallest set of capabilities.  Also a server that was
 * passed a listening socket of another network namespace.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define PORT 18080

/* This program's own network namespace. */
static int own_namespace = -1;

static void enter_namespace(int fd)
{
	assert_int_equal(setns(fd, CLONE_NEWNET), 0);
}

/* Enters a new one, with loopback up. */
static void enter_new_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* A server on PORT, in its own network and pid namespaces. */
struct container {
	struct process *process; /* unshare(1), its parent outside */
	int namespace;           /* its network namespace */
};

static struct container container_start(int workers)
{
	const char *argv[] = { "unshare",
			       "--pid",
			       "--fork",
			       "--kill-child",
			       path_build("webapp"),
			       "--port",
			       text_format("%u", PORT),
			       "--workers",
			       text_format("%d", workers),
			       NULL };
	struct container container;

	enter_new_namespace();
	container.namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(container.namespace >= 0);
	container.process =
		process_start(&(struct process_options){ .name = "webapp", .argv = argv });
	enter_namespace(own_namespace);
	process_wait_out(container.process, "listening on", DEADLINE_S);
	return container;
}

/* The server's pid in the host's namespace. */
static pid_t container_pid(const struct container *container)
{
	pid_t child = 0;

	assert_int_equal(process_children(container->process->pid, &child, 1), 1);
	return child;
}

static void send_requests(const struct container *container, uint64_t requests)
{
	struct counts counts;

	counts_init(&counts);
	enter_namespace(container->namespace);
	traffic_run(&(struct traffic){ .port = PORT,
				       .kinds = &traffic_user,
				       .kind_count = 1,
				       .requests = requests,
				       .connections = 4 },
		    &counts, NULL);
	enter_namespace(own_namespace);
	assert_int_equal(counts_total(&counts), requests);
	counts_release(&counts);
}

static void wait_watching(struct redtap *redtap, const struct container *container)
{
	process_wait_err(redtap_process(redtap),
			 text_format("pid %d (", (int)container_pid(container)), DEADLINE_S);
}

/* Ends redtap; all requests must be counted, each with its arrival time. */
static void assert_counted(struct redtap *redtap, const char *service, uint64_t requests)
{
	json_t *total;

	redtap_wait_counted(redtap, requests);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(redtap_series(total, service, "GET", "/users/{id}", 200),
				      "count"),
			 requests);
}

/* The port is served in two namespaces other than redtap's, later in a third one. */
static void port_in_any_namespace(void **state)
{
	const char *more[] = { "--port", text_format("%u", PORT), NULL };
	struct container first = container_start(2), second = container_start(1), third;
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });

	(void)state;
	/* Masters and workers of both. */
	process_wait_err(redtap_process(redtap), "5 processes", DEADLINE_S);
	send_requests(&first, 100);
	send_requests(&second, 20);
	third = container_start(1);
	wait_watching(redtap, &third);
	send_requests(&third, 3);
	assert_counted(redtap, "webapp", 123);
}

static void pid_in_another_namespace(void **state)
{
	struct container container = container_start(2);
	const char *more[] = { "--pid", text_format("%d=boxed", (int)container_pid(&container)),
			       NULL };
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });

	(void)state;
	send_requests(&container, 50);
	assert_counted(redtap, "boxed", 50);
}

/* As in the compose file: cap_drop ALL, cap_add these; own network; pid: host. */
static struct process *start_boxed_redtap(void)
{
	static const char capabilities[] = "-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search";
	const char *argv[] = { "setpriv",
			       text_format("--inh-caps=%s", capabilities),
			       text_format("--bounding-set=%s", capabilities),
			       "--no-new-privs",
			       path_build("redtap"),
			       "attach",
			       "--port",
			       text_format("%u", PORT),
			       "--statsd",
			       "none",
			       "--output",
			       "json",
			       "--interval",
			       "200ms",
			       NULL };
	struct process *process;

	enter_new_namespace();
	process = process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	enter_namespace(own_namespace);
	process_wait_out(process, "\"attached\"", DEADLINE_S);
	return process;
}

static void redtap_in_a_container(void **state)
{
	struct container container = container_start(2);
	struct process *redtap = start_boxed_redtap();
	char *text, *total;

	(void)state;
	process_wait_err(redtap, text_format("pid %d (", (int)container_pid(&container)),
			 DEADLINE_S);
	send_requests(&container, 70);
	process_wait_out(redtap, "\"counted\":70", DEADLINE_S);
	process_end(redtap, SIGINT);
	process_assert_exit(redtap, 0);
	text = process_out(redtap);
	total = strstr(text, "{\"type\":\"total\"");
	assert_non_null(total);
	assert_non_null(strstr(total, "\"seen\":70,\"counted\":70,\"in_flight\":0"));
	free(text);
}

/* Without "pid: host": it is said why a process is not found. */
static void redtap_without_the_hosts_processes(void **state)
{
	static const char *const rows[][2] = { { "--pid", "4194303" },
					       { "--port", "18080" },
					       { "--name", "nobody" } };
	static const char hint[] = "start its container with 'pid: host'";
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const char *argv[] = { "unshare",      "--pid",        "--fork",
				       "--kill-child", "--mount-proc", path_build("redtap"),
				       "attach",       rows[i][0],     rows[i][1],
				       "--statsd",     "none",         NULL };
		struct process *redtap =
			process_start(&(struct process_options){ .name = "redtap", .argv = argv });

		/* with --pid it ends by itself */
		if (i == 0)
			process_wait(redtap, DEADLINE_S);
		else
			process_wait_err(redtap, hint, DEADLINE_S);
		text = process_err(redtap);
		assert_non_null(strstr(text, hint));
		free(text);
		if (i > 0)
			process_end(redtap, SIGKILL);
	}
}

/* ---- a listener that was passed on --------------------------------------- */

#define REQUEST "GET /users/1 HTTP/1.1\r\nHost: h\r\n\r\n"
#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* Returns the socket, or -1. */
static int listen_here(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)&address, &length))
		return -1;
	*port = ntohs(address.sin_port);
	return fd;
}

/* Serves one connection after the other; receives each request by one call. */
static void serve(int listener)
{
	char bytes[1024];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		while (recv(fd, bytes, sizeof(bytes), 0) > 0)
			send(fd, REPLY, sizeof(REPLY) - 1, MSG_NOSIGNAL);
		close(fd);
	}
	_exit(1);
}

/* The socket listens here, but the server is in another network namespace. */
static pid_t start_handed_server(uint16_t *port)
{
	const int listener = listen_here(port);
	pid_t pid;

	assert_true(listener >= 0);
	enter_new_namespace();
	pid = fork();
	if (pid == 0)
		serve(listener);
	enter_namespace(own_namespace);
	assert_true(pid > 0);
	close(listener);
	return pid;
}

static void attach_to_handed(const char *const *more, uint16_t port)
{
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .more = more });
	int turn, fd = raw_connect(port);

	for (turn = 0; turn < 3; turn++) {
		raw_say(fd, REQUEST);
		raw_wait_for(fd, "ok");
	}
	shutdown(fd, SHUT_WR);
	raw_finish(fd);
	assert_counted(redtap, "handed", 3);
}

static void check_sees(pid_t server, uint16_t port)
{
	const char *argv[] = { path_build("redtap"),           "check", "--output", "json", "-p",
			       text_format("%d", (int)server), NULL };
	struct process *check =
		process_start(&(struct process_options){ .name = "check", .argv = argv });
	char *text;

	process_wait(check, DEADLINE_S);
	text = process_out(check);
	assert_non_null(strstr(text, text_format("\"port\":%u,", port)));
	free(text);
}

static void handed_listener(void **state)
{
	uint16_t port = 0;
	const pid_t server = start_handed_server(&port);
	const char *by_pid[] = { "--pid", text_format("%d=handed", (int)server), NULL };
	const char *by_port[] = { "--port", text_format("%u", port), "--service", "handed", NULL };

	(void)state;
	check_sees(server, port);
	attach_to_handed(by_pid, port);
	attach_to_handed(by_port, port);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static int group_setup(void **state)
{
	own_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return own_namespace < 0 ? -1 : harness_group_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(port_in_any_namespace), E2E_TEST(pid_in_another_namespace),
		E2E_TEST(redtap_in_a_container), E2E_TEST(redtap_without_the_hosts_processes),
		E2E_TEST(handed_listener),
	};

	return cmocka_run_group_tests(tests, group_setup, harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_health.c - `redtap health` of one that runs, stands still, has ended, or is another
 * user's fake; and what systemd is told.
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/capture.h"
#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

static void health(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct capture *capture = capture_open(0);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server.pid, .statsd_port = capture_port(capture), .interval = "100ms" });
	struct process *process = redtap_process(redtap);
	double begin;
	int status;
	char *text;

	(void)state;
	traffic_send(server.port, &traffic_user, 10, NULL);
	process_wait_out(process, "\"counted\":10", DEADLINE_S);
	begin = clock_s();
	text = redtap_health(process->pid, &status);
	assert_true(clock_s() - begin < 1 * harness_patience());
	assert_int_equal(status, 0);
	assert_non_null(strstr(text, text_format("redtap %d: healthy\n", (int)process->pid)));
	assert_non_null(strstr(text, "10 counted, 0 lost"));
	assert_non_null(
		strstr(text, text_format("udp://127.0.0.1:%u: last sent", capture_port(capture))));
	free(text);
	/* One that stands still, and says so when it goes on. */
	process_stop(process);
	text = redtap_health(process->pid, &status);
	assert_int_equal(status, 1);
	assert_non_null(strstr(text, "unhealthy: no response"));
	free(text);
	process_signal(process, SIGCONT);
	process_wait_err(process, "a flush is late by more than three intervals", DEADLINE_S);
	process_wait_err(process, "the late flush is done", DEADLINE_S);
	text = redtap_health(process->pid, &status);
	assert_int_equal(status, 0);
	free(text);
	status = process->pid;
	process_end(process, SIGTERM);
	free(redtap_health(status, &status));
	assert_int_equal(status, 1);
}

static int listen_as_nobody(void *context)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const int length = sprintf(address.sun_path + 1, "redtap.health.%s", (char *)context);

	if (bind(fd, (struct sockaddr *)&address,
		 offsetof(struct sockaddr_un, sun_path) + 1 + length) ||
	    listen(fd, 8))
		return 1;
	puts("listening");
	fflush(stdout);
	for (;;) {
		const int peer = accept(fd, NULL, NULL);

		send(peer, "healthy\n", 8, MSG_NOSIGNAL);
		close(peer);
	}
}

/* Another user's word is not taken for a redtap's, but that of the one that is named. */
static void health_cannot_be_faked(void **state)
{
	const char *argv[] = { path_build("redtap"), "health", NULL };
	struct process *fake =
		process_start(&(struct process_options){ .name = "fake",
							 .run = listen_as_nobody,
							 .context = "0123456789abcdef",
							 .as_nobody = true });
	struct process *process;
	char *text;
	int status;

	(void)state;
	process_wait_out(fake, "listening", DEADLINE_S);
	process = process_start(&(struct process_options){ .name = "health", .argv = argv });
	process_wait(process, DEADLINE_S);
	text = process_out(process);
	assert_null(strstr(text, text_format("redtap %d:", (int)fake->pid)));
	free(text);
	text = redtap_health(fake->pid, &status);
	assert_int_equal(status, 0);
	free(text);
}

/* What systemd is told: ready when the hooks are live, then signs of life. */
static void service_manager(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *argv[] = {
		path_build("redtap"), "attach", "-p", text_format("%d", (int)server.pid),
		"--statsd",           "none",   NULL
	};
	const char *path = path_scratch("notify");
	const char *environment[] = { text_format("NOTIFY_SOCKET=%s", path), "WATCHDOG_USEC=400000",
				      NULL };
	const struct timeval deadline = { .tv_sec = (time_t)DEADLINE_S };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct process *process;
	char text[64];
	int i;

	(void)state;
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)), 0);
	process = process_start(&(struct process_options){
		.name = "redtap", .argv = argv, .environment = environment });
	for (i = 0; i < 5; i++) {
		const ssize_t length = recv(fd, text, sizeof(text) - 1, 0);

		assert_true(length > 0);
		text[length] = '\0';
		assert_string_equal(text, i == 0 ? "READY=1" : "WATCHDOG=1");
	}
	process_end(process, SIGTERM);
	process_assert_exit(process, 0);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(health),
		E2E_TEST(health_cannot_be_faked),
		E2E_TEST(service_manager),
	};

	return cmocka_run_group_tests_name("health", tests, harness_group_setup,
					   harness_group_teardown);
}

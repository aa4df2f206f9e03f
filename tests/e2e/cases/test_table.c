/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_table.c - what a user sees: a table refreshed in place on a terminal,
 * plain lines elsewhere, nothing with --output none.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define REQUESTS 120

static const struct request_kind kinds[] = {
	{ .method = "GET", .target = "/users/12", .route = "/users/{id}" },
	{ .method = "GET", .target = "/bytes/3000", .route = "/bytes/{id}" },
	{ .method = "GET", .target = "/status/503", .route = "/status/{id}" },
};

/* A terminal of 100 columns and 30 rows, and the bytes written to it. */
struct terminal {
	int master, slave;
	char text[1 << 20];
	size_t length;
};

static void terminal_open(struct terminal *terminal)
{
	const struct winsize size = { .ws_row = 30, .ws_col = 100 };

	terminal->length = 0;
	terminal->text[0] = '\0';
	terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal->master >= 0);
	assert_int_equal(grantpt(terminal->master), 0);
	assert_int_equal(unlockpt(terminal->master), 0);
	terminal->slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal->slave >= 0);
	assert_int_equal(ioctl(terminal->slave, TIOCSWINSZ, &size), 0);
}

/* Reads the bytes written; false when there are none. */
static bool terminal_take(struct terminal *terminal)
{
	struct pollfd wait = { .fd = terminal->master, .events = POLLIN };
	ssize_t length;

	if (poll(&wait, 1, 0) != 1)
		return false;
	assert_true(terminal->length + 1 < sizeof(terminal->text));
	length = read(terminal->master, terminal->text + terminal->length,
		      sizeof(terminal->text) - 1 - terminal->length);
	if (length <= 0)
		return false;
	terminal->length += length;
	terminal->text[terminal->length] = '\0';
	return true;
}

struct wanted {
	struct terminal *terminal;
	struct process *process;
	const char *text; /* NULL: the process's end */
};

static bool is_there(void *context)
{
	const struct wanted *wanted = context;

	/* Read all the time, because a full terminal would block the writer. */
	while (terminal_take(wanted->terminal))
		;
	return wanted->text ? strstr(wanted->terminal->text, wanted->text) != NULL
			    : !process_is_running(wanted->process);
}

static void send_requests(const struct server *server)
{
	struct counts counts;

	counts_init(&counts);
	traffic_run(&(struct traffic){ .port = server->port,
				       .kinds = kinds,
				       .kind_count = ROWS(kinds),
				       .requests = REQUESTS,
				       .connections = 2 },
		    &counts, NULL);
	counts_release(&counts);
}

static void assert_table(const char *text)
{
	size_t i;

	for (i = 0; i < ROWS(kinds); i++)
		if (!strstr(text, kinds[i].route))
			fail_msg("no '%s' in: %s", kinds[i].route, text);
	if (!strstr(text, "seen 120 = counted 120"))
		fail_msg("no ledger line in: %s", text);
	assert_null(strstr(text, "\"type\""));
}

/* Runs redtap on a terminal, with extra arguments instead of --output. */
static void on_a_terminal(void **state)
{
	static struct terminal terminal;
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const char *argv[] = { path_build("redtap"),
			       "attach",
			       "--pid",
			       text_format("%d", (int)server.pid),
			       "--statsd",
			       "none",
			       "--interval",
			       "200ms",
			       NULL };
	struct wanted wanted = { .terminal = &terminal, .text = kinds[2].route };

	(void)state;
	terminal_open(&terminal);
	wanted.process = process_start(&(struct process_options){
		.name = "redtap", .argv = argv, .out_fd = terminal.slave });
	process_wait_err(wanted.process, "redtap: attached to pid", DEADLINE_S);
	send_requests(&server);
	assert_true(wait_until(is_there, &wanted, DEADLINE_S));
	process_signal(wanted.process, SIGINT);
	wanted.text = NULL;
	assert_true(wait_until(is_there, &wanted, DEADLINE_S));
	process_assert_exit(wanted.process, 0);
	assert_table(terminal.text);
	/* Refreshed in place: the cursor is moved, and the last table stays. */
	assert_non_null(strstr(terminal.text, "\x1b["));
	assert_null(strstr(terminal.text, "\x1b[?1049h"));
	close(terminal.master);
	close(terminal.slave);
}

static void without_a_terminal(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct redtap *redtap =
		redtap_attach(&(struct redtap_options){ .pid = server.pid, .output = "table" });
	struct process *process = redtap_process(redtap);
	char *out;

	(void)state;
	send_requests(&server);
	process_wait_out(process, kinds[2].route, DEADLINE_S);
	process_end(process, SIGINT);
	process_assert_exit(process, 0);
	out = process_out(process);
	assert_table(out);
	assert_null(strchr(out, '\x1b'));
	free(out);
}

static void check_silent(const char *const *argv, const struct server *server)
{
	struct process *process =
		process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	char *out;

	process_wait_err(process, "redtap: attached to pid", DEADLINE_S);
	send_requests(server);
	process_end(process, SIGINT);
	process_assert_exit(process, 0);
	out = process_out(process);
	assert_string_equal(out, "");
	free(out);
}

static void silent_by_default(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const char *pid = text_format("%d", (int)server.pid);
	const char *by_default[] = { path_build("redtap"), "attach", "--pid", pid,
				     "--statsd",           "none",   NULL };
	const char *asked[] = { path_build("redtap"), "attach", "--pid", pid, "--statsd", "none",
				"--output",           "none",   NULL };

	(void)state;
	check_silent(by_default, &server);
	check_silent(asked, &server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(on_a_terminal),
		E2E_TEST(without_a_terminal),
		E2E_TEST(silent_by_default),
	};

	return cmocka_run_group_tests_name("table", tests, harness_group_setup,
					   harness_group_teardown);
}

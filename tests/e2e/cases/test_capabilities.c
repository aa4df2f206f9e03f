/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_capabilities.c - the smallest set of capabilities: a user other than
 * root can attach and count with exactly these, but not if one is missing; the
 * systemd unit grants the same set.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/counts.h"
#include "harness/harness.h"
#include "harness/process.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/* As listed in README.md. */
static const char *const smallest[] = { "bpf", "perfmon", "sys_ptrace", "dac_read_search" };

static const struct request_kind kinds[] = {
	{ .method = "GET", .target = "/users/7", .route = "/users/{id}" },
};

/* All capabilities except the one at `without`, as options for setpriv. */
static const char *capability_list(size_t without)
{
	char list[128] = "-all";
	size_t i;

	for (i = 0; i < ROWS(smallest); i++)
		if (i != without) {
			strcat(list, ",+");
			strcat(list, smallest[i]);
		}
	return text_format("%s", list);
}

/* Runs redtap as user nobody, without one of them (ROWS: with all). */
static struct process *start_as_nobody(pid_t pid, size_t without)
{
	const char *list = capability_list(without);
	const char *copy = path_scratch("redtap");
	const char *argv[] = { "setpriv",
			       "--reuid=nobody",
			       "--regid=nogroup",
			       "--clear-groups",
			       text_format("--inh-caps=%s", list),
			       text_format("--ambient-caps=%s", list),
			       text_format("--bounding-set=%s", list),
			       copy,
			       "attach",
			       "--pid",
			       text_format("%d", (int)pid),
			       "--statsd",
			       "none",
			       "--output",
			       "json",
			       "--interval",
			       "200ms",
			       NULL };
	size_t length;
	char *bytes = file_read(path_build("redtap"), &length);

	/* A copy, because other users may have no access to the build directory. */
	file_write(copy, bytes, length);
	free(bytes);
	assert_int_equal(chmod(copy, 0755), 0);
	return process_start(&(struct process_options){ .name = "redtap", .argv = argv });
}

static void smallest_set_is_enough(void **state)
{
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct process *process = start_as_nobody(server.pid, ROWS(smallest));
	struct counts counts;
	char *text, *total;

	(void)state;
	counts_init(&counts);
	process_wait_out(process, "{\"type\":\"attached\"", DEADLINE_S);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = kinds,
				       .kind_count = ROWS(kinds),
				       .requests = 100,
				       .connections = 2 },
		    &counts, NULL);
	process_end(process, SIGINT);
	process_assert_exit(process, 0);
	text = process_out(process);
	total = strstr(text, "{\"type\":\"total\"");
	assert_non_null(total);
	assert_non_null(strstr(total, "\"seen\":100,\"counted\":100,"));
	free(text);
	counts_release(&counts);
}

static void each_is_needed(void **state)
{
	/* The message when it is missing. */
	static const char *const said[] = { "CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE",
					    "CAP_DAC_READ_SEARCH" };
	const struct server server = server_start_webapp("epoll", 2, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(smallest); i++) {
		struct process *process = start_as_nobody(server.pid, i);
		char *text;

		process_wait(process, DEADLINE_S);
		process_assert_exit(process, 1);
		text = process_err(process);
		if (!strstr(text, said[i]))
			fail_msg("without %s: no '%s' in: %s", smallest[i], said[i], text);
		free(text);
	}
}

/* Replaces the only occurrence of a text; the result is malloc'd. */
static char *with_replaced(char *text, const char *from, const char *to)
{
	char *at = strstr(text, from);
	char *result;

	assert_non_null(at);
	*at = '\0';
	assert_true(asprintf(&result, "%s%s%s", text, to, at + strlen(from)) > 0);
	free(text);
	return result;
}

/* Checked by systemd, with only the paths of the program and its settings replaced. */
static void unit_file_is_valid(void **state)
{
	const char *copy = path_scratch("redtap.service");
	const char *argv[] = { "systemd-analyze", "verify", "--man=no", copy, NULL };
	char *text = file_read(path_source("stack/redtap.service"), NULL);
	struct process *process;
	char *said;

	(void)state;
	assert_non_null(strstr(text, "\nCapabilityBoundingSet=CAP_BPF CAP_PERFMON CAP_SYS_PTRACE "
				     "CAP_DAC_READ_SEARCH\n"));
	assert_non_null(strstr(text, "\nAmbientCapabilities=CAP_BPF CAP_PERFMON CAP_SYS_PTRACE "
				     "CAP_DAC_READ_SEARCH\n"));
	text = with_replaced(text, "/usr/local/bin/redtap", path_build("redtap"));
	file_write(copy, text, strlen(text));
	free(text);
	process =
		process_start(&(struct process_options){ .name = "systemd-analyze", .argv = argv });
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	said = process_err(process);
	assert_string_equal(said, "");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(smallest_set_is_enough),
		E2E_TEST(each_is_needed),
		E2E_TEST(unit_file_is_valid),
	};

	return cmocka_run_group_tests_name("capabilities", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_cli.c - the command line as a user sees it: what is refused, with which
 * exit status and message.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/process.h"

#define ARGUMENTS_MAX 12
#define WORDS_MAX 3

/* Placeholders in a row's arguments: the pid of a running process, and of one that has ended. */
#define LIVE "@live"
#define ENDED "@ended"

struct row {
	const char *comment;
	const char *arguments[ARGUMENTS_MAX];
	int status;
	const char *words[WORDS_MAX]; /* each must be on standard error, in any case */
};

/* One of each kind; tests/unit/test_options.c has them all. */
static const struct row usage_rows[] = {
	{ "no command", { NULL }, 2, { "redtap help" } },
	{ "unknown command", { "frobnicate" }, 2, { "'frobnicate'" } },
	{ "no target", { "attach" }, 2, { "--pid" } },
	{ "unknown option",
	  { "attach", "--pid", LIVE, "--frobnicate" },
	  2,
	  { "unknown option", "'--frobnicate'" } },
	{ "unknown short option",
	  { "attach", "--pid", LIVE, "-Z" },
	  2,
	  { "unknown option", "'-Z'" } },
	{ "option without its argument", { "attach", "--pid" }, 2, { "--pid" } },
	{ "stray argument", { "attach", "--pid", LIVE, "stray" }, 2, { "'stray'" } },
	{ "pid is a word", { "attach", "--pid", "nginx" }, 2, { "--pid", "'nginx'" } },
	{ "pid given twice", { "attach", "-p", LIVE, "-p", LIVE }, 2, { "twice" } },
	{ "interval too short",
	  { "attach", "-p", LIVE, "--interval", "99ms" },
	  2,
	  { "--interval", "'99ms'", "100ms" } },
	{ "bucket of three significant digits",
	  { "attach", "-p", LIVE, "--buckets", "0.125" },
	  2,
	  { "--buckets", "0.125", "two significant digits" } },
	{ "statsd of an unknown scheme",
	  { "attach", "-p", LIVE, "--statsd", "http://127.0.0.1:80" },
	  2,
	  { "--statsd", "http://127.0.0.1:80" } },
	{ "instance is a word", { "health", "--instance", "web" }, 2, { "--instance", "'web'" } },
	{ "a target for health", { "health", "-p", LIVE }, 2, { "--pid", "health" } },
	{ "unknown output",
	  { "attach", "-p", LIVE, "--output", "xml" },
	  2,
	  { "--output", "'xml'" } },
};

static const struct row failure_rows[] = {
	{ "no such pid",
	  { "attach", "--pid", ENDED, "--statsd", "none" },
	  1,
	  { ENDED, "no such process" } },
	{ "health of something else", { "health", "--instance", LIVE }, 1, { LIVE } },
	{ "statsd host that can not be resolved",
	  { "attach", "-p", LIVE, "--statsd", "udp://host.invalid:9125" },
	  1,
	  { "'udp://host.invalid:9125'" } },
};

/* Values of the placeholders. */
struct subjects {
	char live[16];
	char ended[16];
};

static const char *subject(const struct subjects *subjects, const char *text)
{
	if (text && strcmp(text, LIVE) == 0)
		return subjects->live;
	if (text && strcmp(text, ENDED) == 0)
		return subjects->ended;
	return text;
}

static struct subjects make_subjects(void)
{
	const char *sleeper[] = { "sleep", "600", NULL };
	const char *nothing[] = { "true", NULL };
	struct process *live =
		process_start(&(struct process_options){ .name = "sleep", .argv = sleeper });
	struct process *ended =
		process_start(&(struct process_options){ .name = "true", .argv = nothing });
	struct subjects subjects;

	snprintf(subjects.live, sizeof(subjects.live), "%d", (int)live->pid);
	snprintf(subjects.ended, sizeof(subjects.ended), "%d", (int)ended->pid);
	process_wait(ended, DEADLINE_S);
	return subjects;
}

/* Every line of an error message names the program; nothing goes to standard output. */
static void assert_is_message(const char *comment, struct process *process)
{
	char *err = process_err(process), *out = process_out(process);
	const char *line;

	if (err[0] == '\0' || out[0] != '\0')
		fail_msg("%s: standard output '%s', standard error '%s'", comment, out, err);
	for (line = err; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, "redtap: ", 8) != 0 || !strchr(line, '\n'))
			fail_msg("%s: a line that is no message: %s", comment, err);
	}
	free(err);
	free(out);
}

static void check_row(const struct row *row, const struct subjects *subjects)
{
	const char *argv[ARGUMENTS_MAX + 2] = { path_build("redtap") };
	struct process *process;
	size_t i;
	char *err;

	for (i = 0; i < ARGUMENTS_MAX && row->arguments[i]; i++)
		argv[i + 1] = subject(subjects, row->arguments[i]);
	process = process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	process_wait(process, DEADLINE_S);
	err = process_err(process);
	if (!WIFEXITED(process->status) || WEXITSTATUS(process->status) != row->status)
		fail_msg("%s: wait status %#x, expected exit %d; standard error: %s", row->comment,
			 process->status, row->status, err);
	for (i = 0; i < WORDS_MAX && row->words[i]; i++)
		if (!strcasestr(err, subject(subjects, row->words[i])))
			fail_msg("%s: no '%s' in: %s", row->comment,
				 subject(subjects, row->words[i]), err);
	assert_is_message(row->comment, process);
	free(err);
}

static void check_rows(const struct row *rows, size_t count)
{
	const struct subjects subjects = make_subjects();
	size_t i;

	for (i = 0; i < count; i++) {
		check_row(&rows[i], &subjects);
		/* Release each row's process at once; only the subjects are still needed. */
		harness_release_newest();
	}
}

static void test_bad_usage(void **state)
{
	(void)state;
	check_rows(usage_rows, ROWS(usage_rows));
}

static void test_bad_environment(void **state)
{
	const char *argv[] = { path_build("redtap"), "attach", "--pid", "1", NULL };
	const char *environment[] = { "STATSD_PORT=65536", NULL };
	struct process *process = process_start(&(struct process_options){
		.name = "redtap", .argv = argv, .environment = environment });
	char *err;

	(void)state;
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 2);
	err = process_err(process);
	assert_non_null(strstr(err, "STATSD_PORT"));
	assert_non_null(strstr(err, "'65536'"));
	free(err);
	assert_is_message("bad environment", process);
}

static void test_failures(void **state)
{
	(void)state;
	check_rows(failure_rows, ROWS(failure_rows));
}

static void test_kernel_thread(void **state)
{
	const char *argv[] = { path_build("redtap"), "attach", "--pid", "2",
			       "--statsd",           "none",   NULL };
	struct process *process;
	char *name, *err;

	(void)state;
	if (access("/proc/2/comm", R_OK) != 0) {
		print_message("no kernel thread is visible in this PID namespace\n");
		skip();
	}
	name = file_read("/proc/2/comm", NULL);
	if (strcmp(name, "kthreadd\n") != 0) {
		print_message("process 2 is '%s', not a kernel thread\n", name);
		free(name);
		skip();
	}
	free(name);
	process = process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 1);
	err = process_err(process);
	assert_non_null(strstr(err, "kernel thread"));
	free(err);
	assert_is_message("kernel thread", process);
}

/* Runs redtap without some rights; expects status 1 and the capability's name. */
static void check_capability(const char *const *argv, bool as_nobody, const char *capability)
{
	struct process *process = process_start(&(struct process_options){
		.name = "redtap", .argv = argv, .as_nobody = as_nobody });
	char *err;

	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 1);
	err = process_err(process);
	if (!strstr(err, capability))
		fail_msg("no '%s' in: %s", capability, err);
	free(err);
	assert_is_message(capability, process);
}

static void test_missing_capability(void **state)
{
	static const struct {
		const char *bounding_set; /* capabilities that root keeps */
		const char *capability;
	} rows[] = {
		{ "--bounding-set=-bpf,-sys_admin", "CAP_BPF" },
		{ "--bounding-set=-perfmon,-sys_admin", "CAP_PERFMON" },
	};
	const struct subjects subjects = make_subjects();
	/* A copy, because other users may have no access to the build directory. */
	const char *copy = path_scratch("redtap");
	const char *plain[] = { copy, "attach", "--pid", subjects.live, "--statsd", "none", NULL };
	size_t length, i;
	char *bytes = file_read(path_build("redtap"), &length);

	(void)state;
	file_write(copy, bytes, length);
	free(bytes);
	assert_int_equal(chmod(copy, 0755), 0);
	check_capability(plain, true, "CAP_BPF");
	for (i = 0; i < ROWS(rows); i++) {
		const char *argv[] = { "setpriv", rows[i].bounding_set, copy,       "attach",
				       "--pid",   subjects.live,        "--statsd", "none",
				       NULL };

		check_capability(argv, false, rows[i].capability);
	}
}

static void test_version(void **state)
{
	const char *argv[] = { path_build("redtap"), "version", NULL };
	struct process *process =
		process_start(&(struct process_options){ .name = "redtap", .argv = argv });
	unsigned int major, minor, patch;
	char *text;

	(void)state;
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	text = process_out(process);
	assert_int_equal(sscanf(text, "redtap %u.%u.%u", &major, &minor, &patch), 3);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(test_bad_usage),          E2E_TEST(test_bad_environment),
		E2E_TEST(test_failures),           E2E_TEST(test_kernel_thread),
		E2E_TEST(test_missing_capability), E2E_TEST(test_version),
	};

	return cmocka_run_group_tests_name("cli", tests, harness_group_setup,
					   harness_group_teardown);
}

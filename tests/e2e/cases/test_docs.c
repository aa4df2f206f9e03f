/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_docs.c - what users read and install is true: the help's examples run,
 * the manual page is sound and complete, completion offers what there is, and
 * `make install` puts all of it in place.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/process.h"
#include "harness/servers.h"

#define OPTIONS_MAX 64

/* Runs a command to its end, which has to be 0; what it printed is malloc'd. */
static char *output_of(const char *const *argv)
{
	struct process *process =
		process_start(&(struct process_options){ .name = "command", .argv = argv });

	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	return process_out(process);
}

static char *help_of(const char *command)
{
	const char *argv[] = { path_build("redtap"), "help", command, NULL };

	return output_of(argv);
}

/* ---- examples --------------------------------------------------------- */

/* The text with every `from` replaced; takes the text. */
static char *replace(char *text, const char *from, const char *to)
{
	char *at, *result;

	while ((at = strstr(text, from))) {
		*at = '\0';
		assert_true(asprintf(&result, "%s%s%s", text, to, at + strlen(from)) > 0);
		free(text);
		text = result;
	}
	return text;
}

/*
 * A line of the help as a user would type it: without sudo, since this is root,
 * and with this test's process and port.
 */
static void run_example(const char *line, size_t length, const struct server *server)
{
	char *command = strndup(line + strlen("  sudo "), length - strlen("  sudo "));
	const bool attaches = strstr(command, "redtap attach") != NULL;
	const char *argv[] = { "sh", "-c", NULL, NULL };
	struct process *process;

	assert_non_null(command);
	command = replace(command, "1234", text_format("%d", (int)server->pid));
	command = replace(command, "8080", text_format("%u", server->port));
	argv[2] = text_format("PATH=%s:$PATH exec env %s", path_build(""), command);
	process = process_start(&(struct process_options){ .name = "example", .argv = argv });
	if (attaches) {
		process_wait_err(process,
				 text_format("redtap: attached to pid %d", (int)server->pid),
				 DEADLINE_S);
		process_signal(process, SIGINT);
	}
	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	free(command);
}

/* Returns how many there were. */
static size_t run_examples(const char *command, const struct server *server)
{
	char *text = help_of(command);
	const char *at = strstr(text, "\nExamples:\n");
	size_t count = 0;

	assert_non_null(at);
	while ((at = strstr(at + 1, "\n  sudo "))) {
		run_example(at + 1, strcspn(at + 1, "\n"), server);
		count++;
	}
	free(text);
	return count;
}

static void examples_run(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);

	(void)state;
	assert_int_equal(run_examples("attach", &server), 2);
	assert_int_equal(run_examples("check", &server), 1);
}

/* ---- manual page ------------------------------------------------------ */

/* Long options that a text speaks of, in their order, each once; returns how many. */
static size_t find_options(const char *text, char options[OPTIONS_MAX][32])
{
	size_t count = 0, i;

	for (text = strstr(text, "--"); text; text = strstr(text + 2, "--")) {
		char option[32];

		if (sscanf(text, "--%28[a-z-]", option + 2) != 1)
			continue;
		memcpy(option, "--", 2);
		for (i = 0; i < count && strcmp(options[i], option) != 0; i++)
			;
		if (i < count)
			continue;
		assert_true(count < OPTIONS_MAX);
		strcpy(options[count++], option);
	}
	return count;
}

static void assert_speaks_of(const char *what, const char *text, const char *option)
{
	const size_t length = strlen(option);
	const char *at;

	for (at = strstr(text, option); at; at = strstr(at + 1, option))
		if (!strchr("abcdefghijklmnopqrstuvwxyz-", at[length]) || at[length] == '\0')
			return;
	fail_msg("%s does not speak of %s", what, option);
}

static void assert_same_options(const char *what, const char *text)
{
	char options[OPTIONS_MAX][32];
	char *help = help_of(NULL);
	size_t count = find_options(help, options), i;

	assert_true(count > 10);
	for (i = 0; i < count; i++)
		assert_speaks_of(what, text, options[i]);
	count = find_options(text, options);
	for (i = 0; i < count; i++)
		assert_speaks_of("redtap help", help, options[i]);
	free(help);
}

static void manual_page(void **state)
{
	const char *environment[] = { "LC_ALL=C.UTF-8", "MANWIDTH=200",
				      "MAN_KEEP_FORMATTING=", NULL };
	/* Ubuntu's minimized images move it there. */
	const char *program = access("/usr/bin/man.REAL", X_OK) == 0 ? "man.REAL" : "man";
	const char *argv[] = { program, "--warnings", "-E",
			       "ascii", "-l",         path_source("user/redtap.8"),
			       NULL };
	struct process *man = process_start(&(struct process_options){
		.name = "man", .argv = argv, .environment = environment });
	char *text, *err;

	(void)state;
	process_wait(man, DEADLINE_S);
	process_assert_exit(man, 0);
	err = process_err(man);
	assert_string_equal(err, "");
	free(err);
	text = process_out(man);
	assert_same_options("the manual page", text);
	free(text);
}

/* ---- completion ------------------------------------------------------- */

/* What is offered for these words, the last of which is being typed. */
static char *complete(const char *words)
{
	const char *argv[] = {
		"bash", "--norc", "-c",
		text_format("set -euo pipefail; . '%s'; COMP_WORDS=(%s); "
			    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _redtap || true; "
			    "printf ' %%s' \"${COMPREPLY[@]}\"; echo ' '",
			    path_source("user/redtap.bash"), words),
		NULL
	};

	return output_of(argv);
}

static void completion(void **state)
{
	static const struct {
		const char *words, *offered; /* all of it */
	} rows[] = {
		{ "redtap ''", " attach check version help " },
		{ "redtap ch", " check " },
		{ "redtap help at", " attach " },
		{ "redtap attach --ro", " --route --routes " },
		{ "redtap attach -p 1 --no", " --no-follow " },
		{ "redtap check --in", "  " },
		{ "redtap attach --output j", " json " },
		{ "redtap attach --output = t", " table " },
		{ "redtap check --output ''", " table json none " },
		{ "redtap attach --metrics ''", " otel flask " },
		{ "redtap attach --histogram t", " timer " },
		{ "redtap attach --statsd tcp", " tcp://127.0.0.1:9125 " },
	};
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const char *pid;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		text = complete(rows[i].words);
		if (strcmp(text, text_format("%s\n", rows[i].offered)) != 0)
			fail_msg("%s: '%s'", rows[i].words, text);
		free(text);
	}
	pid = text_format("%d", (int)server.pid);
	text = complete(text_format("redtap attach --pid %s", pid));
	assert_non_null(strstr(text, text_format(" %s ", pid)));
	free(text);
	text = complete("redtap attach --port ''");
	assert_non_null(strstr(text, text_format(" %u ", server.port)));
	free(text);
	text = complete("redtap attach --name weba");
	assert_non_null(strstr(text, " webapp "));
	free(text);
	text = complete("redtap attach --");
	assert_same_options("completion", text);
	free(text);
}

/* ---- install ---------------------------------------------------------- */

static void install(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
	} files[] = {
		{ "bin/redtap", 0755 },
		{ "share/man/man8/redtap.8", 0644 },
		{ "share/bash-completion/completions/redtap", 0644 },
	};
	const char *root = path_scratch("root");
	const char *argv[] = { "make",
			       "-C",
			       path_source(""),
			       text_format("BUILD=%s", path_build("")),
			       "-o",
			       path_build("redtap"),
			       "install",
			       "PREFIX=/opt/x",
			       text_format("DESTDIR=%s", root),
			       NULL };
	const char *version[] = { text_format("%s/opt/x/bin/redtap", root), "version", NULL };
	struct stat status;
	size_t i;
	char *text = output_of(argv);

	(void)state;
	free(text);
	for (i = 0; i < ROWS(files); i++) {
		if (stat(text_format("%s/opt/x/%s", root, files[i].path), &status))
			fail_msg("'%s' is not installed", files[i].path);
		assert_int_equal(status.st_mode & 07777, files[i].mode);
	}
	text = output_of(version);
	assert_int_equal(strncmp(text, "redtap ", 7), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(examples_run),
		E2E_TEST(manual_page),
		E2E_TEST(completion),
		E2E_TEST(install),
	};

	return cmocka_run_group_tests_name("docs", tests, harness_group_setup,
					   harness_group_teardown);
}

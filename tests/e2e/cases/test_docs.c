/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_docs.c - what users read and install is correct: help, manual page and
 * README agree with the table of options, the examples of the help run, and
 * `make install` installs all files.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/process.h"
#include "harness/servers.h"
#include "options/names.h"

#define HELP_WIDTH 80

/* Runs a command, which must exit with 0; returns its output, malloc'd. */
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

/* Returns the text with every `from` replaced; frees the old text. */
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
 * A command line of the help as a user would type it: without sudo, because the
 * test is root, and with this test's process and port.
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

/* Runs all examples; returns how many there were. */
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

/* ---- options ---------------------------------------------------------- */

/* Everything that looks like a long option must be one. */
static void assert_options_exist(const char *what, const char *text)
{
	const struct option_row *row;

	for (text = strstr(text, "--"); text; text = strstr(text + 2, "--")) {
		char name[32];

		if (sscanf(text, "--%31[a-z-]", name) != 1)
			continue;
		for (row = option_rows; row->name && strcmp(row->name, name) != 0; row++)
			;
		if (!row->name)
			fail_msg("%s: there is no option '--%s'", what, name);
	}
}

/* The text without blanks and line breaks, which depend on the page width; the caller frees it. */
static char *without_blanks(const char *text)
{
	char *result = strdup(text), *to = result;

	assert_non_null(result);
	for (; *text; text++)
		if (!strchr(" \n", *text))
			*to++ = *text;
	*to = '\0';
	return result;
}

/* The end of a part in a text without blanks. */
static const char *find_part(const char *what, const char *text, const char *part)
{
	char *wanted = without_blanks(part);
	const char *at = strcasestr(text, wanted);

	if (!at)
		fail_msg("%s does not have '%s' in the expected place", what, part);
	at += strlen(wanted);
	free(wanted);
	return at;
}

/* The options of a command, in the order of the table, with their values and defaults. */
static void assert_documents(const char *what, const char *text, enum command command)
{
	char synopsis[OPTION_SYNOPSIS_MAX], values[OPTION_VALUES_MAX];
	char *plain = without_blanks(text);
	const char *at = plain;
	const struct option_row *row;

	assert_options_exist(what, text);
	for (row = option_rows; row->name; row++) {
		if (!option_fits(row, command))
			continue;
		if (row->section)
			at = find_part(what, at, row->section);
		at = find_part(what, at, option_synopsis(synopsis, row));
		at = find_part(what, at, option_values(values, row));
	}
	free(plain);
}

static void help(void **state)
{
	static const struct {
		const char *about;
		enum command command;
	} rows[] = {
		{ NULL, COMMAND_ATTACH },
		{ "attach", COMMAND_ATTACH },
		{ "check", COMMAND_CHECK },
		{ "health", COMMAND_HEALTH },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		char *text = help_of(rows[i].about), *line;
		const struct option_row *row;

		assert_documents("the help", text, rows[i].command);
		for (row = option_rows; row->name; row++)
			if (!option_fits(row, rows[i].command) &&
			    strstr(text, text_format(" --%s ", row->name)))
				fail_msg("help %s: '--%s'", rows[i].about, row->name);
		for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			if (strlen(line) > HELP_WIDTH)
				fail_msg("wider than %d columns: %s", HELP_WIDTH, line);
		free(text);
	}
}

/*
 * README lists the options that people use most.  It also shows options of other programs, so
 * only those after a backtick or in a line with redtap are checked.
 */
static void readme(void **state)
{
	char *text = file_read(path_source("README.md"), NULL), *line;

	(void)state;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *at = strstr(line, "redtap ") ? line : strstr(line, "`--");

		if (at)
			assert_options_exist("README.md", at);
	}
	free(text);
}

static void manual_page(void **state)
{
	const char *environment[] = { "LC_ALL=C.UTF-8", "MANWIDTH=200",
				      "MAN_KEEP_FORMATTING=", NULL };
	/* Ubuntu's minimized images move man there. */
	const char *program = access("/usr/bin/man.REAL", X_OK) == 0 ? "man.REAL" : "man";
	const char *argv[] = { program, "--warnings", "--no-hyphenation",           "-E",
			       "ascii", "-l",         path_source("user/redtap.8"), NULL };
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
	assert_documents("the manual page", text, COMMAND_ATTACH);
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
		E2E_TEST(examples_run), E2E_TEST(help),    E2E_TEST(manual_page),
		E2E_TEST(readme),       E2E_TEST(install),
	};

	return cmocka_run_group_tests_name("docs", tests, harness_group_setup,
					   harness_group_teardown);
}

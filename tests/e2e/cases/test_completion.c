/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_completion.c - bash completion for `redtap`: the options of the table, values that redtap
 * accepts, and processes and ports of this machine.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/process.h"
#include "harness/servers.h"
#include "options/names.h"

/* The completions for these words; the last one is being typed. */
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
	struct process *process =
		process_start(&(struct process_options){ .name = "bash", .argv = argv });

	process_wait(process, DEADLINE_S);
	process_assert_exit(process, 0);
	return process_out(process);
}

static void assert_offers(const char *words, const char *offered, bool nothing_else)
{
	char *text = complete(words), *at = strstr(text, offered);

	if (!at || (nothing_else && strcmp(text, text_format("%s\n", offered)) != 0))
		fail_msg("%s: '%s'", words, text);
	free(text);
}

/* Whether an option takes a value. */
static bool is_accepted(const struct option_row *row, const char *value)
{
	char *argv[] = { "redtap", "check", "-v" };
	struct options options;
	bool accepted;

	assert_int_equal(options_parse(&options, ROWS(argv), argv), 0);
	accepted = option_apply(&options, row, value) == NULL;
	options_release(&options);
	return accepted;
}

/* Exactly the options of a command are offered. */
static void assert_offers_options(const char *name, enum command command)
{
	const struct option_row *row;
	char *text = complete(text_format("redtap %s --", name)), expected[1024] = " ";

	for (row = option_rows; row->name; row++)
		if (option_fits(row, command))
			sprintf(expected + strlen(expected), "--%s ", row->name);
	strcat(expected, "\n");
	assert_string_equal(text, expected);
	free(text);
}

/* The values offered for an option are accepted; the default is among them. */
static void assert_offers_values(const struct option_row *row)
{
	char *text = complete(text_format("redtap attach --%s ''", row->name)), *word;
	bool has_default = row->default_value == NULL, is_empty = true;

	for (word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
		is_empty = false;
		if (!is_accepted(row, word))
			fail_msg("--%s: '%s' is offered", row->name, word);
		has_default |= row->default_value && strcmp(word, row->default_value) == 0;
	}
	if (!is_empty && !has_default)
		fail_msg("--%s: the default is not offered", row->name);
	free(text);
}

static void what_there_is(void **state)
{
	static const struct {
		const char *words, *offered; /* the whole list */
	} rows[] = {
		{ "redtap ''", " attach check health version help " },
		{ "redtap ch", " check " },
		{ "redtap help at", " attach " },
		{ "redtap health --i", " --instance " },
		{ "redtap attach --ro", " --route --routes " },
		{ "redtap attach -p 1 --no", " --no-follow " },
		{ "redtap check --in", "  " },
		{ "redtap attach --output j", " json " },
		{ "redtap attach --output = t", " table " },
		{ "redtap check --output ''", " table json none " },
		{ "redtap attach --metrics ''", " otel flask " },
		{ "redtap attach --histogram ''", " buckets timer " },
		{ "redtap attach --statsd tcp", " tcp://127.0.0.1:9125 " },
	};
	const struct server server = server_start_webapp("epoll", 1, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		assert_offers(rows[i].words, rows[i].offered, true);
	assert_offers(text_format("redtap attach --pid %d", (int)server.pid),
		      text_format(" %d ", (int)server.pid), false);
	assert_offers("redtap attach --port ''", text_format(" %u ", server.port), false);
	assert_offers("redtap attach --name weba", " webapp ", false);
}

static void options_of_the_table(void **state)
{
	const struct option_row *row;

	(void)state;
	assert_offers_options("attach", COMMAND_ATTACH);
	assert_offers_options("check", COMMAND_CHECK);
	assert_offers_options("health", COMMAND_HEALTH);
	for (row = option_rows; row->name; row++)
		if (row->argument)
			assert_offers_values(row);
}

static int take_name(void *context)
{
	prctl(PR_SET_NAME, context);
	puts("named");
	fflush(stdout);
	return pause();
}

/* The user's shell must not run the name of a process as a command. */
static void names_are_not_run(void **state)
{
	struct process *process = process_start(&(struct process_options){
		.name = "named", .run = take_name, .context = "$(true)" });

	(void)state;
	process_wait_out(process, "named", DEADLINE_S);
	assert_offers("redtap attach --name ''", " \\$\\(true\\) ", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(what_there_is),
		E2E_TEST(options_of_the_table),
		E2E_TEST(names_are_not_run),
	};

	return cmocka_run_group_tests_name("completion", tests, harness_group_setup,
					   harness_group_teardown);
}

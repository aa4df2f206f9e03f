/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * help.c - the help texts: what stands here about commands, what the table says about
 * options.
 *
 * Output: text on standard output, at most 80 columns wide.  It must not know any state.
 */
#include "options/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "options/names.h"

#define WIDTH 80
/* Where the texts of options begin. */
#define TEXT_COLUMN 25

/* clang-format off */
static const char intro_text[] =
"redtap: rate, errors and duration of a running web server's requests, seen from\n"
"the kernel.  The server is not changed, restarted or slowed by a proxy.\n"
"\n";

/* Of each command: how to call it, what it does, examples. */
static const struct {
	const char *usage, *purpose, *examples;
} texts[] = {
	[COMMAND_ATTACH] = {
"redtap attach (-p PID[=NAME] | --port PORT | --name GLOB)... [options]\n",
"Observes the HTTP requests that running processes serve.\n",
"  sudo redtap attach --pid 1234\n"
"      observe process 1234 and send its metrics to the statsd_exporter on this\n"
"      machine; on a terminal, show a table\n"
"  sudo STATSD_HOST=127.0.0.1 redtap attach --port 8080 --route '/shops/{shop}'\n"
"      observe the processes that listen on port 8080, also after a restart, with\n"
"      one route for all shops (sudo removes environment variables, so write them\n"
"      after it)\n" },
	[COMMAND_CHECK] = {
"redtap check [-p PID]... [options]\n",
"Tries what 'redtap attach' needs from this kernel and this user, and prints what\n"
"works; for each process, what it serves, observed for one second.  Exit status 0\n"
"only if attach would work.\n",
"  sudo redtap check --pid 1234\n"
"      whether redtap can observe process 1234, and what it serves\n" },
	[COMMAND_HEALTH] = {
"redtap health [--instance PID]\n",
"Asks the redtap that runs how it is: attached, last flush, last lines sent,\n"
"losses.  Exit status 0 only if there is one in this network namespace, of this\n"
"user or root, and all are healthy.  Needs no rights; takes milliseconds.\n",
"  sudo redtap health\n"
"      how the redtaps on this machine are, for a health check\n" },
	[COMMAND_VERSION] = {
"redtap version\n",
"Prints the version; so do --version and -V.\n", NULL },
	[COMMAND_HELP] = {
"redtap help [COMMAND]\n",
"Prints help on a command (attach, check, health, version, help), or on all of them.\n", NULL },
};

static const char status_text[] =
"Exit status: 0 ended as asked (signal, --duration, or the processes exited),\n"
"1 failed, 2 bad usage.\n";
/* clang-format on */

/* As much of a word as fits: up to a comma if there is one, else all of it. */
static size_t fitting_length(const char *word, size_t length, size_t room)
{
	size_t fits = length > room ? room : length;

	while (fits > 0 && fits < length && word[fits - 1] != ',')
		fits--;
	return fits > 0 ? fits : length;
}

/* The words of a text as lines that begin at `indent`; column: where the cursor is. */
static void print_wrapped(const char *text, size_t indent, size_t column)
{
	while (*text) {
		const size_t length = strcspn(text, " ");
		const bool begins = column <= indent;
		const size_t fits = begins ? fitting_length(text, length, WIDTH - indent) : length;

		if (!begins && column + 1 + length > WIDTH) {
			putchar('\n');
			column = 0;
			continue;
		}
		printf("%*s%.*s", begins ? (int)(indent - column) : 1, "", (int)fits, text);
		/* what did not fit begins the next line */
		column = fits < length ? WIDTH : column + (begins ? indent - column : 1) + fits;
		text += fits;
		text += *text == ' ';
	}
	putchar('\n');
}

static void print_option(const struct option_row *row)
{
	char synopsis[OPTION_SYNOPSIS_MAX], values[OPTION_VALUES_MAX];
	int column = printf("  %s%s", row->letter ? "" : "    ", option_synopsis(synopsis, row));

	if (column >= TEXT_COLUMN)
		column = printf("\n") - 1;
	print_wrapped(row->help, TEXT_COLUMN, (size_t)column);
	option_values(values, row);
	if (values[0] != '\0')
		print_wrapped(values, TEXT_COLUMN, 0);
}

static void print_options(enum command command)
{
	const struct option_row *row;
	const char *section = NULL;

	for (row = option_rows; row->name; row++) {
		if (row->section)
			section = row->section;
		if (!option_fits(row, command))
			continue;
		if (section)
			printf("\n%s:\n", section);
		section = NULL;
		print_option(row);
	}
}

static void print_command(enum command about)
{
	printf("Usage: %s\n%s", texts[about].usage, texts[about].purpose);
	print_options(about);
	if (texts[about].examples)
		printf("\nExamples:\n%s", texts[about].examples);
	if (about == COMMAND_ATTACH)
		printf("\n%s", status_text);
}

static void print_all(void)
{
	enum command command;

	printf("%sUsage:\n", intro_text);
	for (command = COMMAND_ATTACH; command <= COMMAND_HELP; command++)
		printf("  %s", texts[command].usage);
	printf("\nOptions of 'redtap attach' ('redtap help check' shows those of check):\n");
	print_options(COMMAND_ATTACH);
	printf("\nExamples:\n%s%s\n%s", texts[COMMAND_ATTACH].examples,
	       texts[COMMAND_CHECK].examples, status_text);
}

int options_print_help(enum command about)
{
	if (about == COMMAND_NONE)
		print_all();
	else
		print_command(about);
	if (fflush(stdout) == EOF || ferror(stdout))
		return errno ? -errno : -EIO;
	return 0;
}

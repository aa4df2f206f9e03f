/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_options.c - the command line: what is accepted and what it sets; what is refused
 * and with which message.
 */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "abi/histogram.h"
#include "collect/routes.h"
#include "options/names.h"

#define ARGUMENTS_MAX 14
#define LINE_MAX_BYTES 256

/* Splits a line at spaces and parses it; captures the messages.  '' is an empty word. */
static int parse(struct options *options, const char *line, char **messages)
{
	static char words[LINE_MAX_BYTES]; /* options point into it */
	char *argv[ARGUMENTS_MAX + 1] = { "redtap" }, *word;
	int argc = 1, err;

	assert_true(strlen(line) < sizeof(words));
	strcpy(words, line);
	for (word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		assert_true(argc < ARGUMENTS_MAX);
		argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
	}
	capture_begin();
	err = options_parse(options, argc, argv);
	*messages = capture_end();
	return err;
}

static void parse_well(struct options *options, const char *line)
{
	char *messages;

	if (parse(options, line, &messages) != 0 || messages[0] != '\0')
		fail_msg("%s: %s", line, messages);
	free(messages);
}

static int clear_environment(void **state)
{
	(void)state;
	unsetenv("STATSD_HOST");
	unsetenv("STATSD_PORT");
	return 0;
}

/* ---- what options set --------------------------------------------------- */

/* All settings as words, with a space before and after each; the caller frees the text. */
static char *describe(const struct options *options)
{
	const struct watch_settings *watch = &options->watch;
	const struct statsd_settings *statsd = &options->statsd;
	char name[DESTINATION_NAME_MAX], *text;
	size_t i, size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, " command=%s help=%s ", command_name(options->command),
		command_name(options->help_about));
	for (i = 0; i < watch->pid_count; i++)
		fprintf(out, "pid=%d%s%s ", watch->pids[i].pid, watch->pids[i].name ? "=" : "",
			watch->pids[i].name ? watch->pids[i].name : "");
	for (i = 0; i < watch->selection.port_count; i++)
		fprintf(out, "port=%u ", watch->selection.ports[i]);
	for (i = 0; i < watch->selection.name_count; i++)
		fprintf(out, "name=%s ", watch->selection.names[i]);
	fprintf(out, watch->selection.one_user ? "user=%u " : "user=- ", watch->selection.user);
	fprintf(out, "netns=%d ", watch->selection.netns);
	for (i = 0; i < options->destination_count; i++)
		fprintf(out, "%s ", destination_name(name, &options->destinations[i]));
	fprintf(out, "destinations=%zu ", options->destination_count);
	fprintf(out, "follow=%d service=%s client=%d verbose=%d ", !watch->no_follow,
		watch->service ? watch->service : "-", options->kernel.client, options->verbose);
	fprintf(out, "output=%d metrics=%d histogram=%d ", options->output, statsd->metrics,
		statsd->histogram);
	if (statsd->bucket_count > 0)
		fprintf(out, "buckets=%zu,%g..%g ", statsd->bucket_count, statsd->buckets[0],
			statsd->buckets[statsd->bucket_count - 1]);
	fprintf(out, "interval=%g duration=%g phases=%#x series=%u connections=%u ",
		options->interval_ns / 1e9, options->duration_ns / 1e9, options->kernel.phases,
		options->kernel.max_series, options->kernel.max_connections);
	fclose(out);
	return text;
}

/* The description of the options has each of these words. */
static void assert_set(const char *line, const struct options *options, const char *words)
{
	char *text = describe(options), word[LINE_MAX_BYTES];

	while (*words) {
		const int length = (int)strcspn(words, " ");

		snprintf(word, sizeof(word), " %.*s ", length, words);
		assert_contains(line, text, word);
		words += length + (words[length] == ' ');
	}
	free(text);
}

/* Lines, separated by '|', and what each of them sets. */
static const struct accepted {
	const char *lines, *set;
} accepted[] = {
	/* defaults */
	{ "attach -p 12",
	  "command=attach pid=12 udp://127.0.0.1:9125 destinations=1 follow=1 service=- client=0 "
	  "verbose=0 output=0 metrics=1 histogram=1 buckets=19,0.0001..10 interval=5 "
	  "duration=0 phases=0xe series=2048 connections=65536" },
	{ "check", "command=check output=0 phases=0xe series=2048 connections=65536 verbose=0" },
	/* what to observe */
	{ "attach --pid=1=shop -vp 2 -p3=a=b", "pid=1=shop pid=2 pid=3=a=b verbose=1" },
	{ "attach --port 80 --port=65535 -p1", "port=80 port=65535 pid=1" },
	{ "attach --port 1", "port=1" },
	{ "attach --port 80 -p1", "user=- netns=0" },
	{ "attach --port 80 --user root", "user=0 netns=0" },
	{ "attach --name a --user 4294967294 --netns 7", "user=4294967294 netns=7" },
	{ "attach --name nginx* --name web-server-15by", "name=nginx* name=web-server-15by" },
	{ "attach --name web-server-15by*", "name=web-server-15by*" },
	{ "attach --name *[!a-z]*[]x]*web-server*", "name=*[!a-z]*[]x]*web-server*" },
	{ "attach --name [ --name [! --name a\\", "name=[ name=[! name=a\\" },
	{ "attach -p1 --no-follow --client --service web", "follow=0 client=1 service=web" },
	{ "check -p 1 -p2 --output json --max-series 9 --max-connections 8 -v --phases=none",
	  "pid=1 pid=2 output=2 series=9 connections=8 verbose=1 phases=0" },
	/* output */
	{ "attach -p1 --output table", "output=1" },
	{ "attach -p1 --output json --output none", "output=3" },
	{ "attach -p1 --metrics otel --histogram timer", "metrics=1 histogram=2" },
	{ "attach -p1 --buckets=1 --histogram=buckets", "metrics=1 histogram=1 buckets=1,1..1" },
	{ "attach -p1 --metrics flask|attach -p1 --histogram=timer --metrics=flask",
	  "metrics=2 histogram=2" },
	{ "attach -p1 --metrics=flask --metrics=otel", "metrics=1 histogram=1" },
	{ "attach -p1 --statsd udp://h:1 --statsd tcp://h:1 --statsd udp://h:2 --statsd=unix:///h",
	  "destinations=4 udp://h:1 tcp://h:1 udp://h:2 unix:///h" },
	{ "attach -p1 --statsd none", "destinations=0" },
	{ "attach -p1 --phases accept", "phases=0x20" },
	/* time and limits */
	{ "attach -p1 --interval 100ms --duration 8760h", "interval=0.1 duration=3.1536e+07" },
	{ "attach -p1 --max-series 1 --max-connections=1048576", "series=1 connections=1048576" },
	/* other commands, and help about them */
	{ "version|--version|-V", "command=version" },
	{ "help|--help|-h", "command=help help=" },
	{ "help attach|attach --help|attach -p1 -h|attach -h stray", "command=help help=attach" },
	{ "help check|check --help|check -h", "command=help help=check" },
	{ "help version|version --help|version -h", "command=help help=version" },
	{ "help help|help --help", "command=help help=help" },
};

static void test_accepted(void **state)
{
	struct options options;
	char lines[LINE_MAX_BYTES], *rest, *line;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(accepted); i++) {
		for (rest = strcpy(lines, accepted[i].lines); (line = strsep(&rest, "|"));) {
			parse_well(&options, line);
			assert_set(line, &options, accepted[i].set);
			options_release(&options);
		}
	}
}

/* Patterns are tried in the order of the command line, also those from a file. */
static void test_routes(void **state)
{
	FILE *file = tmpfile();
	char line[LINE_MAX_BYTES];
	struct options options;

	(void)state;
	assert_non_null(file);
	snprintf(line, sizeof(line),
		 "attach -p1 --route /a/{x} --routes /proc/self/fd/%d --route /{z}/c",
		 fileno(file));
	fputs("/{y}/b\n", file);
	assert_int_equal(fflush(file), 0);
	parse_well(&options, line);
	fclose(file);
	assert_int_equal(routes_count(options.routes), 3);
	assert_string_equal(routes_match(options.routes, "/a/b"), "/a/{x}");
	assert_string_equal(routes_match(options.routes, "/q/b"), "/{y}/b");
	assert_string_equal(routes_match(options.routes, "/q/c"), "/{z}/c");
	options_release(&options);
}

static void test_environment(void **state)
{
	static const struct {
		const char *comment, *host, *port, *line;
		const char *destination; /* NULL: refused */
	} rows[] = {
		{ "host alone", "metrics", NULL, "attach -p1", "udp://metrics:9125" },
		{ "port alone", NULL, "99", "attach -p1", "udp://127.0.0.1:99" },
		{ "both", "metrics", "99", "attach -p1", "udp://metrics:99" },
		{ "empty counts as unset", "", "", "attach -p1", "udp://127.0.0.1:9125" },
		{ "IPv6", "::1", NULL, "attach -p1", "udp://[::1]:9125" },
		{ "IPv6 in brackets", "[::1]", NULL, "attach -p1", "udp://[::1]:9125" },
		{ "the option wins", "metrics", "99", "attach -p1 --statsd udp://o:7",
		  "udp://o:7" },
		{ "the option wins over a bad variable", "a b", "x",
		  "attach -p1 --statsd udp://o:7", "udp://o:7" },
		{ "check ignores the variables", "a b", "x", "check", "destinations=0" },
		{ "port of letters", NULL, "x", "attach -p1", NULL },
		{ "port too large", NULL, "65536", "attach -p1", NULL },
		{ "host with a space", "a b", NULL, "attach -p1", NULL },
		{ "only a bracket", "[", NULL, "attach -p1", NULL },
		{ "empty brackets", "[]", NULL, "attach -p1", NULL },
	};
	size_t i;

	for (i = 0; i < ROWS(rows); i++) {
		struct options options;
		char *messages;
		int err;

		clear_environment(state);
		if (rows[i].host)
			setenv("STATSD_HOST", rows[i].host, 1);
		if (rows[i].port)
			setenv("STATSD_PORT", rows[i].port, 1);
		err = parse(&options, rows[i].line, &messages);
		if (err != (rows[i].destination ? 0 : -EINVAL))
			fail_msg("%s: %d, %s", rows[i].comment, err, messages);
		if (err) {
			assert_contains(rows[i].comment, messages, "variable STATSD_");
		} else {
			assert_set(rows[i].comment, &options, rows[i].destination);
			options_release(&options);
		}
		free(messages);
	}
}

/* ---- the table ---------------------------------------------------------- */

/* Every default boundary is the edge of a bin. */
static void test_default_buckets_are_edges(void **state)
{
	struct options options;
	size_t i;

	(void)state;
	parse_well(&options, "attach -p1");
	for (i = 0; i < options.statsd.bucket_count; i++) {
		const uint64_t ns = (uint64_t)(options.statsd.buckets[i] * 1e9 + 0.5);

		assert_int_equal(histogram_upper_ns(histogram_bin(ns)), ns);
		assert_true(i == 0 || options.statsd.buckets[i] > options.statsd.buckets[i - 1]);
	}
	options_release(&options);
}

/* Both ends of each range in the table. */
static void test_ranges(void **state)
{
	char lowest[16], highest[16], more;
	const struct option_row *row;
	struct options options;
	size_t count = 0;

	(void)state;
	parse_well(&options, "attach -p1");
	for (row = option_rows; row->name; row++) {
		if (!row->allowed ||
		    sscanf(row->allowed, "%15s to %15s%c", lowest, highest, &more) != 2)
			continue;
		assert_null(option_apply(&options, row, lowest));
		assert_null(option_apply(&options, row, highest));
		count++;
	}
	assert_true(count >= 5);
	options_release(&options);
}

/* ---- refused ------------------------------------------------------------ */

/* Lines, separated by '|', and what is said to each of them. */
static const struct refused {
	const char *lines;
	const char *said; /* parts of the message in this order, separated by ".." */
} refused[] = {
	/* commands */
	{ "", "no command..redtap help" },
	{ "frobnicate", "unknown command 'frobnicate'; see" },
	{ "atach", "unknown command 'atach'..did you mean 'attach'?" },
	{ "chekc", "did you mean 'check'?" },
	{ "help versoin", "unknown command 'versoin'..did you mean 'version'?" },
	{ "help check attach", "unexpected argument 'attach'" },
	{ "check --interval 5s", "'--interval' does not belong to 'check'..redtap help check" },
	{ "check --pot 5", "unknown option '--pot'..did you mean '--pid'?" },
	{ "attach -p1 --rotes x", "did you mean '--routes'?" },
	{ "attach --prot 1", "did you mean '--port'?" },
	{ "check 12", "unexpected argument '12'" },
	/* what to observe */
	{ "attach --port 0", "'--port'..'0'..1 to 65535" },
	{ "attach --port 65536", "'65536'" },
	{ "attach --port http", "'http'" },
	{ "attach --port 80 --port 080", "'080'..twice" },
	{ "attach --name ''", "'--name'..empty" },
	{ "attach --name gunicorn-workers", "'gunicorn-workers'..15 bytes" },
	{ "attach --name gunicorn-workers*", "'gunicorn-workers*'..15 bytes" },
	{ "attach --name *unicorn-worker[0-9]?", "'*unicorn-worker[0-9]?'..15 bytes" },
	{ "attach --name []a]unicorn-worker[!]a]", "15 bytes" },
	{ "attach -p1 --route users", "'--route'..'users'..begins with '/'" },
	{ "attach -p1 --route /users/42", "'/users/42'..never match" },
	{ "attach -p1 --routes /nonexistent", "'--routes'..'/nonexistent'..No such file" },
	/* words */
	{ "-p 1", "no command before '-p'" },
	{ "attach|attach -v", "no process..--pid" },
	{ "attach --foo", "unknown option '--foo'; see 'redtap help'" },
	{ "attach --foo=secret", "unknown option '--foo';" },
	{ "attach --intervall 5s", "did you mean '--interval'?" },
	{ "attach --inter 5s", "unknown option '--inter'" },
	{ "attach --pi=1", "unknown option '--pi'..'--pid'" },
	{ "attach -p1 --hooks auto", "'--hooks'" },
	{ "attach -Z|attach -vZ", "unknown option '-Z'" },
	{ "attach --\x1b[2J", "'--\\x1b[2J'" },
	{ "attach --pid|attach -p", "'--pid' needs an argument" },
	{ "attach -p1 --interval", "'--interval' needs an argument" },
	{ "attach -p1 --verbose=3", "'--verbose' takes no argument" },
	{ "attach -p1 --no-follow=x", "'--no-follow' takes no argument" },
	{ "attach -p1 stray|attach stray -p1", "unexpected argument 'stray'" },
	{ "attach -p1 -- -v", "'-v'" },
	{ "version x", "unexpected argument 'x'" },
	/* --pid */
	{ "attach -p nginx", "'--pid'..'nginx'..PID[=NAME]" },
	{ "attach -p ''", "'--pid'" },
	{ "attach -p 0", "'0'" },
	{ "attach -p -5", "'-5'" },
	{ "attach -p 2147483648", "'2147483648'" },
	{ "attach -p 99999999999999999999", "--pid" },
	{ "attach -p 12x", "'12x'" },
	{ "attach -p 12x=y", "'12x=y'" },
	{ "attach -p 12=", "'12='..empty" },
	{ "attach -p 12 --pid=12=x", "'12=x'..twice" },
	{ "attach -p1 --service ''", "--service..empty" },
	/* --user, --netns */
	{ "attach --port 80 --user no-such-user", "'--user'..'no-such-user'..no such user" },
	{ "attach --port 80 --user ''", "'--user'..no such user" },
	{ "attach --port 80 --user -1", "'-1'..no such user" },
	{ "attach --port 80 --netns 0", "'--netns'..'0'..not a process id" },
	{ "attach --port 80 --netns 12x", "'12x'..not a process id" },
	{ "attach -p1 --user root", "'--user'..restricts --port and --name" },
	{ "attach -p1 --netns 1", "'--netns'..restricts --port and --name" },
	{ "check -p1 --netns 1", "'--netns'..does not belong to 'check'" },
	/* values */
	{ "attach -p1 --interval 5", "'--interval'..'5'..with a unit" },
	{ "attach -p1 --interval 99ms", "'99ms'..out of range..100ms to 1h" },
	{ "attach -p1 --interval 61m", "'61m'..out of range..100ms to 1h" },
	{ "attach -p1 --duration 0s", "'--duration'..out of range" },
	{ "attach -p1 --output xml", "'xml'..table, json or none" },
	{ "attach -p1 --statsd http://h:1", "'--statsd'..'http://h:1'..udp://HOST:PORT" },
	{ "attach -p1 --statsd udp://h:65536", "'--statsd'..65535" },
	{ "attach -p1 --metrics django", "'--metrics'..'django'..otel or flask" },
	{ "attach -p1 --histogram summary", "'--histogram'..'summary'..buckets or timer" },
	/* options that exclude each other */
	{ "attach -p1 --histogram buckets --metrics flask",
	  "'--histogram'..'buckets'..'--metrics flask'" },
	{ "attach -p1 --buckets 0.1 --histogram timer",
	  "'--buckets'..'--histogram timer'..remove" },
	{ "attach -p1 --metrics=flask --buckets=0.1", "'--buckets'..'--metrics flask'" },
	{ "check --metrics flask", "'--metrics'..does not belong to 'check'" },
	{ "attach -p1 --statsd none --statsd udp://h:1",
	  "'--statsd'..'udp://h:1'..'none' cannot be combined with other" },
	{ "attach -p1 --statsd udp://h:1 --statsd none|attach -p1 --statsd none --statsd none",
	  "'--statsd'..'none' cannot be combined with other" },
	{ "attach -p1 --statsd udp://[::1]:1 --statsd udp://[::1]:01",
	  "'--statsd'..'udp://[::1]:01'..given twice" },
	/* more values */
	{ "attach -p1 --statsd unix://x.sock", "'--statsd'..not absolute..unix:///PATH" },
	{ "attach -p1 --phases queue,lunch",
	  "'--phases'..'queue,lunch'..not a list of phases; allowed: none, or some of queue" },
	{ "attach -p1 --phases=send,send", "'--phases'..'send,send'..twice" },
	{ "attach -p1 --buckets 0.125", "'--buckets'..'0.125'..two significant digits" },
	{ "attach -p1 --max-series 0", "'--max-series'..'0'..1 to 65536" },
	{ "attach -p1 --max-series 65537", "65536" },
	{ "attach -p1 --max-series 1k", "'1k'..not a number" },
	{ "attach -p1 --max-connections 0", "'--max-connections'..1 to 1048576" },
	{ "attach -p1 --max-connections 1048577", "1048576" },
};

static void assert_refused(const char *line, const char *part)
{
	struct options options;
	char text[LINE_MAX_BYTES], *messages, *at;
	const int err = parse(&options, line, &messages);

	if (err != -EINVAL)
		fail_msg("'%s': %d", line, err);
	for (at = messages; *part; at += strlen(text)) {
		const char *end = strstr(part, "..");

		snprintf(text, sizeof(text), "%.*s", end ? (int)(end - part) : -1, part);
		at = strstr(at, text);
		if (!at)
			fail_msg("'%s': no '%s' in: %s", line, text, messages);
		part = end ? end + 2 : "";
	}
	if (strncmp(messages, "redtap: ", 8) != 0 ||
	    strchr(messages, '\n') != messages + strlen(messages) - 1)
		fail_msg("'%s': not one line from redtap: %s", line, messages);
	free(messages);
}

static void test_refused(void **state)
{
	char lines[LINE_MAX_BYTES], *rest, *line;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(refused); i++)
		for (rest = strcpy(lines, refused[i].lines); (line = strsep(&rest, "|"));)
			assert_refused(line, refused[i].said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_routes),
		cmocka_unit_test_teardown(test_environment, clear_environment),
		cmocka_unit_test(test_default_buckets_are_edges),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("options", tests, clear_environment, NULL);
}

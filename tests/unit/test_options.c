/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_options.c - the command line: what is taken, and what is refused with
 * which words.
 */
#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "abi/histogram.h"
#include "options/names.h"
#include "options/values.h"
#include "options/options.h"
#include "collect/routes.h"

/* Phases, as options hold them. */
#define QUEUE (1U << REQUEST_PHASE_QUEUE)
#define SERVICE (1U << REQUEST_PHASE_SERVICE)
#define SEND (1U << REQUEST_PHASE_SEND)
#define DELIVER (1U << REQUEST_PHASE_DELIVER)
#define ACCEPT (1U << REQUEST_PHASE_ACCEPT)

#define ARGUMENTS_MAX 12
#define WORDS_MAX 3

/* Parses words (NULL-terminated, without the program's name) with messages caught. */
static int parse(struct options *options, const char *const *words, char **messages)
{
	char *argv[ARGUMENTS_MAX + 2] = { "redtap" };
	int argc = 1, err;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	capture_begin();
	err = options_parse(options, argc, argv);
	*messages = capture_end();
	return err;
}

#define PARSE(options, ...) parse_well(options, (const char *const[]){ __VA_ARGS__, NULL })

static void parse_well(struct options *options, const char *const *words)
{
	char *messages;

	if (parse(options, words, &messages) != 0)
		fail_msg("refused: %s", messages);
	assert_string_equal(messages, "");
	free(messages);
}

static int clear_environment(void **state)
{
	(void)state;
	unsetenv("STATSD_HOST");
	unsetenv("STATSD_PORT");
	return 0;
}

static void test_defaults(void **state)
{
	struct options options;

	(void)state;
	PARSE(&options, "attach", "-p", "12");
	assert_int_equal(options.command, COMMAND_ATTACH);
	assert_int_equal(options.pid_count, 1);
	assert_int_equal(options.pids[0].pid, 12);
	assert_null(options.pids[0].name);
	assert_true(options.follow);
	assert_null(options.service);
	assert_int_equal(options.statsd_count, 1);
	assert_int_equal(options.statsd[0].scheme, STATSD_UDP);
	assert_string_equal(options.statsd[0].host, "127.0.0.1");
	assert_int_equal(options.statsd[0].port, 9125);
	assert_int_equal(options.interval_ns, 5000000000ULL);
	assert_int_equal(options.duration_ns, 0);
	assert_int_equal(options.output, OUTPUT_DEFAULT);
	assert_int_equal(options.bucket_count, 19);
	assert_true(options.buckets[0] == 0.0001 && options.buckets[18] == 10.0);
	assert_int_equal(options.phases, QUEUE | SERVICE | SEND);
	assert_int_equal(options.max_series, 2048);
	assert_int_equal(options.max_connections, 65536);
	assert_false(options.verbose);
	options_release(&options);
}

static void test_all_options(void **state)
{
	static const char *const words[][ARGUMENTS_MAX] = {
		{ "attach", "--pid=1=shop", "-vp", "2", "-p3=a=b", "--no-follow", "--service",
		  "web", "--client", NULL },
		{ "attach", "-p", "1", "--output", "json", "--max-series", "1",
		  "--max-connections=1048576", NULL },
	};
	struct options options;

	(void)state;
	parse_well(&options, words[0]);
	assert_int_equal(options.pid_count, 3);
	assert_int_equal(options.pids[0].pid, 1);
	assert_string_equal(options.pids[0].name, "shop");
	assert_int_equal(options.pids[1].pid, 2);
	assert_null(options.pids[1].name);
	assert_int_equal(options.pids[2].pid, 3);
	assert_string_equal(options.pids[2].name, "a=b");
	assert_false(options.follow);
	assert_true(options.client);
	assert_string_equal(options.service, "web");
	assert_true(options.verbose);
	options_release(&options);
	parse_well(&options, words[1]);
	assert_int_equal(options.output, OUTPUT_JSON);
	assert_false(options.client);
	assert_int_equal(options.max_series, 1);
	assert_int_equal(options.max_connections, 1048576);
	options_release(&options);
}

static void test_commands(void **state)
{
	static const struct {
		const char *words[4];
		enum command command;
	} rows[] = {
		{ { "version" }, COMMAND_VERSION },
		{ { "--version" }, COMMAND_VERSION },
		{ { "help" }, COMMAND_HELP },
		{ { "help", "check" }, COMMAND_HELP },
		{ { "version", "--help" }, COMMAND_HELP },
		{ { "check", "-h" }, COMMAND_HELP },
		{ { "check" }, COMMAND_CHECK },
		{ { "--help" }, COMMAND_HELP },
		{ { "-h" }, COMMAND_HELP },
		{ { "attach", "--help" }, COMMAND_HELP },
		{ { "attach", "-h", "stray" }, COMMAND_HELP },
	};
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		parse_well(&options, rows[i].words);
		assert_int_equal(options.command, rows[i].command);
		options_release(&options);
	}
}

static void test_help_about(void **state)
{
	static const struct {
		const char *words[4];
		enum command about;
	} rows[] = {
		{ { "help" }, COMMAND_NONE },
		{ { "--help" }, COMMAND_NONE },
		{ { "-h" }, COMMAND_NONE },
		{ { "help", "attach" }, COMMAND_ATTACH },
		{ { "help", "check" }, COMMAND_CHECK },
		{ { "help", "version" }, COMMAND_VERSION },
		{ { "help", "help" }, COMMAND_HELP },
		{ { "attach", "--help" }, COMMAND_ATTACH },
		{ { "attach", "-p1", "-h" }, COMMAND_ATTACH },
		{ { "check", "--help" }, COMMAND_CHECK },
		{ { "version", "-h" }, COMMAND_VERSION },
		{ { "help", "--help" }, COMMAND_HELP },
	};
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		parse_well(&options, rows[i].words);
		assert_int_equal(options.command, COMMAND_HELP);
		if (options.help_about != rows[i].about)
			fail_msg("row %zu: %d", i, options.help_about);
		options_release(&options);
	}
}

static void test_selection(void **state)
{
	static const char *const mixed[] = { "attach",          "--port", "80",  "--port=65535",
					     "--name",          "nginx*", "-p1", "--name",
					     "web-server-15by", NULL };
	static const char *const port_alone[] = { "attach", "--port", "1", NULL };
	static const char *const name_alone[] = { "attach", "--name", "a-name-longer-than-15*",
						  NULL };
	struct options options;

	(void)state;
	parse_well(&options, mixed);
	assert_int_equal(options.port_count, 2);
	assert_int_equal(options.ports[0], 80);
	assert_int_equal(options.ports[1], 65535);
	assert_int_equal(options.name_count, 2);
	assert_string_equal(options.names[0], "nginx*");
	assert_string_equal(options.names[1], "web-server-15by");
	assert_int_equal(options.pid_count, 1);
	options_release(&options);
	parse_well(&options, port_alone);
	assert_int_equal(options.pid_count, 0);
	options_release(&options);
	parse_well(&options, name_alone);
	options_release(&options);
}

/* In the order of the command line, whether they come from a file or not. */
static void test_routes(void **state)
{
	FILE *file = tmpfile();
	char path[64];
	const char *words[] = { "attach", "-p1",     "--route", "/a/{x}", "--routes",
				path,     "--route", "/{z}/c",  NULL };
	struct options options;

	(void)state;
	assert_non_null(file);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	fputs("/{y}/b\n", file);
	assert_int_equal(fflush(file), 0);
	parse_well(&options, words);
	fclose(file);
	assert_int_equal(routes_count(options.routes), 3);
	assert_string_equal(routes_match(options.routes, "/a/b"), "/a/{x}");
	assert_string_equal(routes_match(options.routes, "/q/b"), "/{y}/b");
	assert_string_equal(routes_match(options.routes, "/q/c"), "/{z}/c");
	options_release(&options);
}

static void test_check_options(void **state)
{
	static const char *const words[] = { "check",
					     "-p",
					     "1",
					     "-p2",
					     "--output",
					     "json",
					     "--max-series",
					     "9",
					     "--max-connections",
					     "8",
					     "-v",
					     NULL };
	struct options options;

	(void)state;
	parse_well(&options, words);
	assert_int_equal(options.command, COMMAND_CHECK);
	assert_int_equal(options.pid_count, 2);
	assert_int_equal(options.output, OUTPUT_JSON);
	assert_int_equal(options.max_series, 9);
	assert_int_equal(options.max_connections, 8);
	assert_true(options.verbose);
	options_release(&options);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns; /* 0: refused */
	} rows[] = {
		{ "100ms", 100000000 },
		{ "5s", 5000000000 },
		{ "1.5s", 1500000000 },
		{ "0.1s", 100000000 },
		{ "2m", 120000000000 },
		{ "0.5h", 1800000000000 },
		{ "1h", 3600000000000 },
		{ "3600000ms", 3600000000000 },
		{ "250.25ms", 250250000 },
		{ "1.0000000001s", 1000000000 },
		{ "01s", 1000000000 },
		{ "99.999999ms", 0 },
		{ "3600.000000001s", 0 },
		{ "99999999999999999999s", 0 },
		{ "18446744073709551617s", 0 },
		{ "0s", 0 },
		{ "5", 0 },
		{ "s", 0 },
		{ "", 0 },
		{ "5 s", 0 },
		{ " 5s", 0 },
		{ "5s ", 0 },
		{ "+5s", 0 },
		{ "-5s", 0 },
		{ "5.s", 0 },
		{ ".5s", 0 },
		{ "1.2.3s", 0 },
		{ "1,5s", 0 },
		{ "1e3ms", 0 },
		{ "0x5s", 0 },
		{ "nans", 0 },
		{ "infs", 0 },
		{ "5S", 0 },
		{ "5us", 0 },
		{ "5min", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		uint64_t ns;
		const char *wrong = value_duration(rows[i].text, 100000000, 3600000000000, &ns);

		if (!wrong != (rows[i].ns != 0) || (!wrong && ns != rows[i].ns))
			fail_msg("'%s': %s, %llu", rows[i].text, wrong ? wrong : "taken",
				 (unsigned long long)ns);
	}
}

static void test_statsd(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		enum statsd_scheme scheme; /* STATSD_NONE: refused */
		const char *name;          /* NULL: as the text */
	} rows[] = {
		{ "udp://localhost:9125", "localhost", 9125, STATSD_UDP, NULL },
		{ "udp://127.0.0.1:1", "127.0.0.1", 1, STATSD_UDP, NULL },
		{ "udp://[::1]:65535", "::1", 65535, STATSD_UDP, NULL },
		{ "udp://[fe80::1%eth0]:8125", "fe80::1%eth0", 8125, STATSD_UDP, NULL },
		{ "udp://stats_d.example:08125", "stats_d.example", 8125, STATSD_UDP,
		  "udp://stats_d.example:8125" },
		{ "tcp://h:9125", "h", 9125, STATSD_TCP, NULL },
		{ "tcp://[::1]:9125", "::1", 9125, STATSD_TCP, NULL },
		{ "unix:///run/statsd.sock", "/run/statsd.sock", 0, STATSD_UNIX, NULL },
		{ "unix:///a b,c|d", "/a b,c|d", 0, STATSD_UNIX, NULL },
		{ "udp://h:0", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h:65536", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h:99999999999999999999", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h:", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h", NULL, 0, STATSD_NONE, NULL },
		{ "udp://:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://[]:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://[::1", NULL, 0, STATSD_NONE, NULL },
		{ "udp://[::1]", NULL, 0, STATSD_NONE, NULL },
		{ "udp://[::1]9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://::1:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h:9125/", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h/x:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h h:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://h\n:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://u@h:9125", NULL, 0, STATSD_NONE, NULL },
		{ "tcp://h", NULL, 0, STATSD_NONE, NULL },
		{ "tcp://:1", NULL, 0, STATSD_NONE, NULL },
		{ "unix://run/statsd.sock", NULL, 0, STATSD_NONE, NULL },
		{ "unix://", NULL, 0, STATSD_NONE, NULL },
		{ "unix:/run/statsd.sock", NULL, 0, STATSD_NONE, NULL },
		{ "UDP://h:9125", NULL, 0, STATSD_NONE, NULL },
		{ "h:9125", NULL, 0, STATSD_NONE, NULL },
		{ "udp://", NULL, 0, STATSD_NONE, NULL },
		{ "", NULL, 0, STATSD_NONE, NULL },
	};
	char name[STATSD_DESTINATION_MAX];
	struct statsd_option statsd;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const char *wrong = value_statsd(rows[i].text, &statsd);

		if (!wrong != (rows[i].scheme != STATSD_NONE))
			fail_msg("'%s': %s", rows[i].text, wrong ? wrong : "taken");
		if (wrong)
			continue;
		assert_int_equal(statsd.scheme, rows[i].scheme);
		assert_string_equal(statsd.host, rows[i].host);
		assert_int_equal(statsd.port, rows[i].port);
		assert_string_equal(statsd_option_name(name, &statsd),
				    rows[i].name ? rows[i].name : rows[i].text);
	}
	assert_null(value_statsd("none", &statsd));
	assert_int_equal(statsd.scheme, STATSD_NONE);
	assert_string_equal(statsd_option_name(name, &statsd), "none");
}

static void test_long_path(void **state)
{
	char text[300] = "unix:///", name[STATSD_DESTINATION_MAX];
	struct statsd_option statsd;

	(void)state;
	memset(text + 8, 'p', 106);
	assert_null(value_statsd(text, &statsd));
	assert_string_equal(statsd_option_name(name, &statsd), text);
	text[8 + 106] = 'p';
	assert_contains("a byte more", value_statsd(text, &statsd), "107 bytes");
}

/* What is sent: words in any order, flask has timers. */
static void test_kinds(void **state)
{
	static const struct {
		const char *words[7];
		enum metrics_kind metrics;
		enum histogram_kind histogram;
	} rows[] = {
		{ { "attach", "-p1" }, METRICS_OTEL, HISTOGRAM_BUCKETS },
		{ { "attach", "-p1", "--metrics", "otel", "--histogram", "timer" },
		  METRICS_OTEL,
		  HISTOGRAM_TIMER },
		{ { "attach", "-p1", "--buckets=1", "--histogram=buckets" },
		  METRICS_OTEL,
		  HISTOGRAM_BUCKETS },
		{ { "attach", "-p1", "--metrics", "flask" }, METRICS_FLASK, HISTOGRAM_TIMER },
		{ { "attach", "-p1", "--histogram=timer", "--metrics=flask" },
		  METRICS_FLASK,
		  HISTOGRAM_TIMER },
		{ { "attach", "-p1", "--metrics=flask", "--metrics=otel" },
		  METRICS_OTEL,
		  HISTOGRAM_BUCKETS },
	};
	struct options options;
	char *messages;
	size_t i;

	clear_environment(state);
	for (i = 0; i < ROWS(rows); i++) {
		if (parse(&options, (const char **)rows[i].words, &messages))
			fail_msg("row %zu: %s", i, messages);
		free(messages);
		assert_int_equal(options.metrics, rows[i].metrics);
		assert_int_equal(options.histogram, rows[i].histogram);
		options_release(&options);
	}
}

/* Each --statsd is one more; `none` stands alone. */
static void test_several_destinations(void **state)
{
	const char *words[] = { "attach",    "-p1",       "--statsd",
				"udp://h:1", "--statsd",  "tcp://h:1",
				"--statsd",  "udp://h:2", "--statsd=unix:///h",
				NULL };
	const char *none[] = { "attach", "-p1", "--statsd", "none", NULL };
	static const char *const names[] = { "udp://h:1", "tcp://h:1", "udp://h:2", "unix:///h" };
	char name[STATSD_DESTINATION_MAX];
	struct options options;
	char *messages;
	size_t i;

	clear_environment(state);
	assert_int_equal(parse(&options, words, &messages), 0);
	free(messages);
	assert_int_equal(options.statsd_count, ROWS(names));
	for (i = 0; i < ROWS(names); i++)
		assert_string_equal(statsd_option_name(name, &options.statsd[i]), names[i]);
	options_release(&options);
	assert_int_equal(parse(&options, none, &messages), 0);
	free(messages);
	assert_int_equal(options.statsd_count, 0);
	options_release(&options);
}

static void test_long_host(void **state)
{
	char text[300] = "udp://";
	struct statsd_option statsd;

	(void)state;
	memset(text + 6, 'h', 255);
	strcpy(text + 6 + 255, ":1");
	assert_null(value_statsd(text, &statsd));
	assert_int_equal(strlen(statsd.host), 255);
	strcpy(text + 6 + 255, "h:1");
	assert_non_null(value_statsd(text, &statsd));
}

static void test_environment(void **state)
{
	static const struct {
		const char *comment, *env_host, *env_port, *statsd;
		const char *host; /* NULL: refused */
		uint16_t port;
	} rows[] = {
		{ "host alone", "metrics", NULL, NULL, "metrics", 9125 },
		{ "port alone", NULL, "99", NULL, "127.0.0.1", 99 },
		{ "both", "metrics", "99", NULL, "metrics", 99 },
		{ "empty is unset", "", "", NULL, "127.0.0.1", 9125 },
		{ "IPv6", "::1", NULL, NULL, "::1", 9125 },
		{ "IPv6 in brackets", "[::1]", NULL, NULL, "::1", 9125 },
		{ "the option wins", "metrics", "99", "udp://other:7", "other", 7 },
		{ "the option wins over nonsense", "a b", "x", "udp://other:7", "other", 7 },
		{ "port of letters", NULL, "x", NULL, NULL, 0 },
		{ "port too large", NULL, "65536", NULL, NULL, 0 },
		{ "host with a blank", "a b", NULL, NULL, NULL, 0 },
		{ "only a bracket", "[", NULL, NULL, NULL, 0 },
		{ "empty brackets", "[]", NULL, NULL, NULL, 0 },
	};
	size_t i;

	for (i = 0; i < ROWS(rows); i++) {
		const char *words[] = { "attach", "-p1", rows[i].statsd ? "--statsd" : NULL,
					rows[i].statsd, NULL };
		struct options options;
		char *messages;
		int err;

		clear_environment(state);
		if (rows[i].env_host)
			setenv("STATSD_HOST", rows[i].env_host, 1);
		if (rows[i].env_port)
			setenv("STATSD_PORT", rows[i].env_port, 1);
		err = parse(&options, words, &messages);
		if (err != (rows[i].host ? 0 : -EINVAL))
			fail_msg("%s: %d, %s", rows[i].comment, err, messages);
		if (!rows[i].host)
			assert_contains(rows[i].comment, messages, "variable STATSD_");
		free(messages);
		if (err)
			continue;
		assert_int_equal(options.statsd_count, 1);
		assert_string_equal(options.statsd[0].host, rows[i].host);
		assert_int_equal(options.statsd[0].port, rows[i].port);
		options_release(&options);
	}
}

static void test_buckets(void **state)
{
	static const struct {
		const char *text;
		const char *wrong; /* part of the reason; NULL: taken */
		size_t count;
		double last;
	} rows[] = {
		{ "1", NULL, 1, 1.0 },
		{ "0.000001,100", NULL, 2, 100.0 },
		{ "0.0000011,99", NULL, 2, 99.0 },
		{ "0.005,0.01,0.25,1.0,7.5", NULL, 5, 7.5 },
		{ "0.10,0.2000000000000", NULL, 2, 0.2 },
		{ "00.5", NULL, 1, 0.5 },
		{ "", "not a list", 0, 0 },
		{ ",", "not a list", 0, 0 },
		{ "1,", "not a list", 0, 0 },
		{ "1,,2", "not a list", 0, 0 },
		{ "1, 2", "not a list", 0, 0 },
		{ "x", "not a list", 0, 0 },
		{ "1s", "not a list", 0, 0 },
		{ "-1", "not a list", 0, 0 },
		{ ".5", "not a list", 0, 0 },
		{ "1e-3", "not a list", 0, 0 },
		{ "+Inf", "not a list", 0, 0 },
		{ "nan", "not a list", 0, 0 },
		{ "0", "out of range", 0, 0 },
		{ "0.0000009", "out of range", 0, 0 },
		{ "100.1", "out of range", 0, 0 },
		{ "110", "out of range", 0, 0 },
		{ "99999999999999999999999", "out of range", 0, 0 },
		{ "0.125", "two significant digits", 0, 0 },
		{ "10.1", "two significant digits", 0, 0 },
		{ "1.01", "two significant digits", 0, 0 },
		{ "1.0000000001", "two significant digits", 0, 0 },
		{ "2,1", "ascending", 0, 0 },
		{ "1,1.0", "ascending", 0, 0 },
	};
	double buckets[BUCKETS_MAX];
	size_t i, count;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const char *wrong = value_buckets(rows[i].text, buckets, &count);

		if (!wrong != !rows[i].wrong)
			fail_msg("'%s': %s", rows[i].text, wrong ? wrong : "taken");
		if (wrong) {
			assert_contains(rows[i].text, wrong, rows[i].wrong);
			continue;
		}
		assert_int_equal(count, rows[i].count);
		assert_true(buckets[count - 1] == rows[i].last);
	}
}

/* 0.0010, 0.0011 ... 0.0099, then 0.010, 0.011 ...: as many as may be, and one more. */
static void test_bucket_count(void **state)
{
	char text[1024] = "";
	double buckets[BUCKETS_MAX];
	size_t count, used = 0, i;

	(void)state;
	for (i = 0; i < BUCKETS_MAX; i++)
		used += (size_t)sprintf(text + used, "%s%s%zu", i ? "," : "",
					i < 90 ? "0.00" : "0.0", 10 + i % 90);
	assert_null(value_buckets(text, buckets, &count));
	assert_int_equal(count, BUCKETS_MAX);
	strcat(text, ",99");
	assert_non_null(value_buckets(text, buckets, &count));
}

/* Every boundary that is taken is the edge of a bin. */
static void test_phases(void **state)
{
	static const struct {
		const char *comment, *text;
		const char *wrong; /* NULL: taken */
		uint32_t phases;
	} rows[] = {
		{ "one", "queue", NULL, QUEUE },
		{ "the default", "queue,service,send", NULL, QUEUE | SERVICE | SEND },
		{ "in another order", "send,queue", NULL, QUEUE | SEND },
		{ "all", "accept,deliver,queue,service,send", NULL,
		  QUEUE | SERVICE | SEND | DELIVER | ACCEPT },
		{ "none", "none", NULL, 0 },
		{ "unknown", "queue,wait", "not a list", 0 },
		{ "cut short", "queue,serv", "not a list", 0 },
		{ "longer", "queues", "not a list", 0 },
		{ "upper case", "Queue", "not a list", 0 },
		{ "twice", "queue,send,queue", "twice", 0 },
		{ "none and another", "none,queue", "not a list", 0 },
		{ "another and none", "queue,none", "not a list", 0 },
		{ "empty", "", "not a list", 0 },
		{ "an empty name", "queue,,send", "not a list", 0 },
		{ "ends in a comma", "queue,", "not a list", 0 },
		{ "begins with a comma", ",queue", "not a list", 0 },
		{ "a blank", "queue, send", "not a list", 0 },
	};
	uint32_t phases;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const char *wrong = value_phases(rows[i].text, &phases);

		if (!wrong != !rows[i].wrong || (wrong && !strstr(wrong, rows[i].wrong)))
			fail_msg("%s: '%s'", rows[i].comment, wrong ? wrong : "taken");
		if (!wrong)
			assert_int_equal(phases, rows[i].phases);
	}
}

static void test_default_buckets_are_edges(void **state)
{
	struct options options;
	size_t i;

	(void)state;
	PARSE(&options, "attach", "-p1");
	for (i = 0; i < options.bucket_count; i++) {
		const uint64_t ns = (uint64_t)(options.buckets[i] * 1e9 + 0.5);

		assert_int_equal(histogram_upper_ns(histogram_bin(ns)), ns);
		assert_true(i == 0 || options.buckets[i] > options.buckets[i - 1]);
	}
	options_release(&options);
}

static const struct refused {
	const char *comment;
	const char *words[ARGUMENTS_MAX];
	const char *said[WORDS_MAX];
} refused[] = {
	{ "nothing", { NULL }, { "no command", "redtap help" } },
	{ "unknown command", { "frobnicate" }, { "unknown command 'frobnicate'; see" } },
	{ "nearly a command", { "atach" }, { "unknown command 'atach'", "did you mean 'attach'?" } },
	{ "nearly another command", { "chekc" }, { "did you mean 'check'?" } },
	{ "help on nothing",
	  { "help", "versoin" },
	  { "unknown command 'versoin'", "did you mean 'version'?" } },
	{ "help on two commands",
	  { "help", "check", "attach" },
	  { "unexpected argument 'attach'" } },
	{ "option of another command",
	  { "check", "--interval", "5s" },
	  { "'--interval' does not belong to 'check'", "redtap help check" } },
	{ "nearest among the command's own",
	  { "check", "--pot", "5" },
	  { "unknown option '--pot'", "did you mean '--pid'?" } },
	{ "nearest of several",
	  { "attach", "-p1", "--rotes", "x" },
	  { "did you mean '--routes'?" } },
	{ "nearest to a port", { "attach", "--prot", "1" }, { "did you mean '--port'?" } },
	{ "stray word for check", { "check", "12" }, { "unexpected argument '12'" } },
	{ "port zero", { "attach", "--port", "0" }, { "'--port'", "'0'", "1 to 65535" } },
	{ "port too large", { "attach", "--port", "65536" }, { "'65536'" } },
	{ "port of letters", { "attach", "--port", "http" }, { "'http'" } },
	{ "port twice", { "attach", "--port", "80", "--port", "080" }, { "'080'", "twice" } },
	{ "name empty", { "attach", "--name", "" }, { "'--name'", "empty" } },
	{ "name too long",
	  { "attach", "--name", "gunicorn-workers" },
	  { "'gunicorn-workers'", "15 bytes" } },
	{ "route without a slash",
	  { "attach", "-p1", "--route", "users" },
	  { "'--route'", "'users'", "begins with '/'" } },
	{ "route that can not match",
	  { "attach", "-p1", "--route", "/users/42" },
	  { "'/users/42'", "never match" } },
	{ "routes of no file",
	  { "attach", "-p1", "--routes", "/nonexistent" },
	  { "'--routes'", "'/nonexistent'", "No such file" } },
	{ "option instead of a command", { "-p", "1" }, { "no command before '-p'" } },
	{ "no pid", { "attach" }, { "no process", "--pid" } },
	{ "only other options", { "attach", "-v" }, { "no process" } },
	{ "unknown option", { "attach", "--foo" }, { "unknown option '--foo'; see 'redtap help'" } },
	{ "unknown option with a value",
	  { "attach", "--foo=secret" },
	  { "unknown option '--foo';" } },
	{ "nearly right", { "attach", "--intervall", "5s" }, { "did you mean '--interval'?" } },
	{ "abbreviated", { "attach", "--inter", "5s" }, { "unknown option '--inter'" } },
	{ "abbreviated, with a value",
	  { "attach", "--pi=1" },
	  { "unknown option '--pi'", "'--pid'" } },
	{ "of a later release", { "attach", "-p1", "--hooks", "auto" }, { "'--hooks'" } },
	{ "unknown letter", { "attach", "-Z" }, { "unknown option '-Z'" } },
	{ "unknown letter after a known one", { "attach", "-vZ" }, { "unknown option '-Z'" } },
	{ "terminal syntax", { "attach", "--\x1b[2J" }, { "'--\\x1b[2J'" } },
	{ "missing argument", { "attach", "--pid" }, { "'--pid' needs an argument" } },
	{ "missing argument, letter", { "attach", "-p" }, { "'--pid' needs an argument" } },
	{ "missing argument, long only",
	  { "attach", "-p1", "--interval" },
	  { "'--interval' needs an argument" } },
	{ "argument to a flag",
	  { "attach", "-p1", "--verbose=3" },
	  { "'--verbose' takes no argument" } },
	{ "argument to a long flag",
	  { "attach", "-p1", "--no-follow=x" },
	  { "'--no-follow' takes no argument" } },
	{ "stray word", { "attach", "-p1", "stray" }, { "unexpected argument 'stray'" } },
	{ "stray word before options", { "attach", "stray", "-p1" }, { "'stray'" } },
	{ "stray word after --", { "attach", "-p1", "--", "-v" }, { "'-v'" } },
	{ "stray word after version", { "version", "x" }, { "unexpected argument 'x'" } },
	{ "pid is a word", { "attach", "-p", "nginx" }, { "'--pid'", "'nginx'", "PID=NAME" } },
	{ "pid is empty", { "attach", "-p", "" }, { "'--pid'" } },
	{ "pid is zero", { "attach", "-p", "0" }, { "'0'" } },
	{ "pid is negative", { "attach", "-p", "-5" }, { "'-5'" } },
	{ "pid too large", { "attach", "-p", "2147483648" }, { "'2147483648'" } },
	{ "pid far too large", { "attach", "-p", "99999999999999999999" }, { "--pid" } },
	{ "pid with a rest", { "attach", "-p", "12x=y" }, { "'12x=y'" } },
	{ "pid with an empty name", { "attach", "-p", "12=" }, { "'12='", "empty" } },
	{ "pid twice", { "attach", "-p", "12", "--pid=12=x" }, { "'12=x'", "twice" } },
	{ "service empty", { "attach", "-p1", "--service", "" }, { "--service", "empty" } },
	{ "interval without a unit",
	  { "attach", "-p1", "--interval", "5" },
	  { "'--interval'", "'5'", "with a unit" } },
	{ "interval too short",
	  { "attach", "-p1", "--interval", "99ms" },
	  { "'99ms'", "out of range", "100ms to 1h" } },
	{ "interval too long",
	  { "attach", "-p1", "--interval", "61m" },
	  { "'61m'", "out of range", "100ms to 1h" } },
	{ "duration zero",
	  { "attach", "-p1", "--duration", "0s" },
	  { "'--duration'", "out of range" } },
	{ "unknown output",
	  { "attach", "-p1", "--output", "xml" },
	  { "'xml'", "table, json or none" } },
	{ "statsd of another scheme",
	  { "attach", "-p1", "--statsd", "http://h:1" },
	  { "'--statsd'", "'http://h:1'", "udp://HOST:PORT" } },
	{ "statsd port out of range",
	  { "attach", "-p1", "--statsd", "udp://h:65536" },
	  { "'--statsd'", "65535" } },
	{ "metrics of another kind",
	  { "attach", "-p1", "--metrics", "django" },
	  { "'--metrics'", "'django'", "otel or flask" } },
	{ "histogram of another kind",
	  { "attach", "-p1", "--histogram", "summary" },
	  { "'--histogram'", "'summary'", "buckets or timer" } },
	{ "flask has timers",
	  { "attach", "-p1", "--histogram", "buckets", "--metrics", "flask" },
	  { "'--histogram'", "'buckets'", "'--metrics flask'" } },
	{ "timers have no boundaries",
	  { "attach", "-p1", "--buckets", "0.1", "--histogram", "timer" },
	  { "'--buckets'", "'--histogram timer'", "leave" } },
	{ "nor has flask",
	  { "attach", "-p1", "--metrics=flask", "--buckets=0.1" },
	  { "'--buckets'", "'--metrics flask'" } },
	{ "check sends nothing",
	  { "check", "--metrics", "flask" },
	  { "'--metrics'", "does not belong to 'check'" } },
	{ "none and another",
	  { "attach", "-p1", "--statsd", "none", "--statsd", "udp://h:1" },
	  { "'--statsd'", "'udp://h:1'", "'none' does not go with other" } },
	{ "another and none",
	  { "attach", "-p1", "--statsd", "udp://h:1", "--statsd", "none" },
	  { "'--statsd'", "'none' does not go with other" } },
	{ "none twice",
	  { "attach", "-p1", "--statsd", "none", "--statsd", "none" },
	  { "'--statsd'", "'none' does not go with other" } },
	{ "statsd twice",
	  { "attach", "-p1", "--statsd", "udp://[::1]:1", "--statsd", "udp://[::1]:01" },
	  { "'--statsd'", "'udp://[::1]:01'", "given twice" } },
	{ "statsd with a relative path",
	  { "attach", "-p1", "--statsd", "unix://x.sock" },
	  { "'--statsd'", "not absolute", "unix:///PATH" } },
	{ "no phase",
	  { "attach", "-p1", "--phases", "queue,lunch" },
	  { "'--phases'", "'queue,lunch'",
	    "not a list of phases; allowed: none, or some of queue" } },
	{ "a phase twice",
	  { "attach", "-p1", "--phases=send,send" },
	  { "'--phases'", "'send,send'", "twice" } },
	{ "buckets of three digits",
	  { "attach", "-p1", "--buckets", "0.125" },
	  { "'--buckets'", "'0.125'", "two significant digits" } },
	{ "max-series zero",
	  { "attach", "-p1", "--max-series", "0" },
	  { "'--max-series'", "'0'", "1 to 65536" } },
	{ "max-series too large", { "attach", "-p1", "--max-series", "65537" }, { "65536" } },
	{ "max-series of letters",
	  { "attach", "-p1", "--max-series", "1k" },
	  { "'1k'", "not a number" } },
	{ "max-connections zero",
	  { "attach", "-p1", "--max-connections", "0" },
	  { "'--max-connections'", "1 to 1048576" } },
	{ "max-connections too large",
	  { "attach", "-p1", "--max-connections", "1048577" },
	  { "1048576" } },
};

static void test_refused(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(refused); i++) {
		struct options options;
		char *messages;
		const int err = parse(&options, refused[i].words, &messages);

		if (err != -EINVAL)
			fail_msg("%s: %d", refused[i].comment, err);
		for (j = 0; j < WORDS_MAX && refused[i].said[j]; j++)
			assert_contains(refused[i].comment, messages, refused[i].said[j]);
		/* One line, from the program. */
		if (strncmp(messages, "redtap: ", 8) != 0 ||
		    strchr(messages, '\n') != messages + strlen(messages) - 1)
			fail_msg("%s: not a message: %s", refused[i].comment, messages);
		free(messages);
	}
}

static void test_help_names_the_defaults(void **state)
{
	FILE *memory = tmpfile();
	const int saved = dup(STDOUT_FILENO);
	size_t i;
	char text[16384] = "";

	(void)state;
	assert_non_null(memory);
	fflush(stdout);
	assert_int_equal(dup2(fileno(memory), STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(options_print_help(COMMAND_NONE), 0);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	rewind(memory);
	assert_true(fread(text, 1, sizeof(text) - 1, memory) > 0);
	fclose(memory);
	assert_contains("help", text, "0.0001,0.00025,0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,");
	assert_contains("help", text, "0.075,0.1,0.25,0.5,0.75,1.0,2.5,5.0,7.5,10.0");
	assert_contains("help", text, "udp://127.0.0.1:9125");
	assert_contains("help", text, "Examples:");
	for (i = 0; i < OPTION_COUNT; i++) {
		char option[32];

		snprintf(option, sizeof(option), "--%s", option_rows[i].name);
		assert_contains("help", text, option);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_options),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_help_about),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_check_options),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_statsd),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_several_destinations),
		cmocka_unit_test(test_long_host),
		cmocka_unit_test_teardown(test_environment, clear_environment),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_bucket_count),
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_default_buckets_are_edges),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help_names_the_defaults),
	};

	return cmocka_run_group_tests_name("options", tests, clear_environment, NULL);
}

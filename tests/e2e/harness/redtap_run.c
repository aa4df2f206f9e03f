/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * redtap_run.c - see redtap_run.h.
 */
#include "harness/redtap_run.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "harness/harness.h"
#include "harness/phases.h"

#define ARGUMENTS_MAX 48

struct redtap {
	struct process *process;
	json_t *lines;
	bool some_phases; /* other phases than the default ones */
};

/* What redtap_wait_counted() waits for. */
struct goal {
	struct redtap *redtap;
	uint64_t counted;
	bool at_rest;
};

static void redtap_release(void *object)
{
	struct redtap *redtap = object;

	json_decref(redtap->lines);
	free(redtap);
}

static bool has_word(const char *const *words, const char *word)
{
	for (; words && *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

struct redtap *redtap_start(const struct redtap_options *options)
{
	struct redtap *redtap = calloc(1, sizeof(*redtap));
	const char *argv[ARGUMENTS_MAX] = { path_build("redtap"), "attach" };
	const char *const *more;
	size_t count = 2;

	assert_non_null(redtap);
	if (options->pid) {
		argv[count++] = "--pid";
		argv[count++] = text_format("%d", (int)options->pid);
	}
	if (options->service) {
		argv[count++] = "--service";
		argv[count++] = options->service;
	}
	for (more = options->statsd; more && *more; more++) {
		argv[count++] = "--statsd";
		argv[count++] = *more;
	}
	if (!options->statsd) {
		argv[count++] = "--statsd";
		argv[count++] = options->statsd_port
					? text_format("udp://127.0.0.1:%u", options->statsd_port)
					: "none";
	}
	argv[count++] = "--output";
	argv[count++] = options->output ? options->output : "json";
	argv[count++] = "--interval";
	argv[count++] = options->interval ? options->interval : "200ms";
	for (more = options->more; more && *more; more++) {
		assert_true(count + 1 < ARGUMENTS_MAX);
		argv[count++] = *more;
	}
	redtap->some_phases = has_word(options->more, "--phases");
	redtap->process = process_start(&(struct process_options){
		.name = "redtap", .argv = argv, .out_fd = options->out_fd });
	harness_on_teardown(redtap_release, redtap);
	return redtap;
}

struct redtap *redtap_attach(const struct redtap_options *options)
{
	struct redtap *redtap = redtap_start(options);

	if (options->output || options->out_fd > 0)
		process_wait_err(redtap->process, "redtap: attached to pid", DEADLINE_S);
	else
		process_wait_out(redtap->process, "{\"type\":\"attached\"", DEADLINE_S);
	return redtap;
}

struct process *redtap_process(struct redtap *redtap)
{
	return redtap->process;
}

json_t *redtap_lines(struct redtap *redtap)
{
	char *text = process_out(redtap->process);
	const char *line, *end;

	json_decref(redtap->lines);
	redtap->lines = json_array();
	assert_non_null(redtap->lines);
	/* The text after the last newline is still being written. */
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		json_error_t error;
		json_t *one = json_loadb(line, end - line, JSON_REJECT_DUPLICATES, &error);

		if (!json_is_object(one))
			fail_msg("not JSON (%s): '%.*s'", error.text, (int)(end - line), line);
		json_array_append_new(redtap->lines, one);
	}
	free(text);
	return redtap->lines;
}

uint64_t redtap_count(json_t *line, const char *key)
{
	json_t *number = json_object_get(line, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		fail_msg("no count '%s' in a line", key);
	return json_integer_value(number);
}

static bool is_type(json_t *line, const char *type)
{
	const char *text = json_string_value(json_object_get(line, "type"));

	assert_non_null(text);
	return strcmp(text, type) == 0;
}

static bool goal_reached(void *context)
{
	struct goal *goal = context;
	json_t *lines = redtap_lines(goal->redtap);
	uint64_t counted = 0, in_flight = 0;
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (!is_type(line, "flush"))
			continue;
		counted += redtap_count(line, "counted");
		in_flight = redtap_count(line, "in_flight");
	}
	return counted >= goal->counted && (!goal->at_rest || in_flight == 0);
}

void redtap_wait_counted(struct redtap *redtap, uint64_t n)
{
	struct goal goal = { .redtap = redtap, .counted = n, .at_rest = true };

	wait_until(goal_reached, &goal, 5.0);
}

void redtap_wait_at_least(struct redtap *redtap, uint64_t n)
{
	struct goal goal = { .redtap = redtap, .counted = n };

	if (!wait_until(goal_reached, &goal, DEADLINE_S))
		fail_msg("redtap has not counted %llu requests within %.0f s",
			 (unsigned long long)n, DEADLINE_S);
}

/* No request may be lost or counted twice between two flushes. */
static void assert_flushes_add_up(json_t *lines, json_t *total)
{
	struct counts flushes, whole;
	uint64_t seen = 0, counted = 0;
	json_t *line;
	size_t i;

	counts_init(&flushes);
	counts_init(&whole);
	json_array_foreach(lines, i, line)
	{
		if (!is_type(line, "flush"))
			continue;
		seen += redtap_count(line, "seen");
		counted += redtap_count(line, "counted");
		counts_from_json(&flushes, json_object_get(line, "series"), NULL);
	}
	counts_from_json(&whole, json_object_get(total, "series"), NULL);
	assert_int_equal(seen, redtap_count(total, "seen"));
	assert_int_equal(counted, redtap_count(total, "counted"));
	assert_int_equal(counts_total(&whole), counted);
	counts_assert_equal(&flushes, &whole, true, "the sum of the flush lines");
	counts_release(&flushes);
	counts_release(&whole);
}

static uint64_t lost_requests(json_t *total)
{
	json_t *lost = json_object_get(total, "lost");
	const char *reason;
	uint64_t sum = 0;
	json_t *number;

	assert_true(json_object_size(lost) > 0);
	json_object_foreach(lost, reason, number) sum += redtap_count(lost, reason);
	return sum;
}

static double number(json_t *line, const char *key)
{
	json_t *value = json_object_get(line, key);

	assert_true(json_is_number(value));
	return json_number_value(value);
}

/* Of the time in which it loaded and attached, nothing is in that of the run. */
static void assert_begins_attached(json_t *attached, json_t *total)
{
	const double since = number(total, "time") - number(attached, "time");

	/* one clock may be set, the other not: a little */
	if (number(total, "interval_s") > since + 0.02)
		fail_msg("a run of %f s, %f s after it was attached", number(total, "interval_s"),
			 since);
}

json_t *redtap_finish(struct redtap *redtap, int signal_number)
{
	json_t *lines, *total;
	size_t count, i;

	if (signal_number)
		process_end(redtap->process, signal_number);
	else
		process_wait(redtap->process, DEADLINE_S);
	process_assert_exit(redtap->process, 0);
	lines = redtap_lines(redtap);
	count = json_array_size(lines);
	assert_true(count >= 2);
	assert_true(is_type(json_array_get(lines, 0), "attached"));
	for (i = 1; i + 1 < count; i++)
		assert_true(is_type(json_array_get(lines, i), "flush"));
	total = json_array_get(lines, count - 1);
	assert_true(is_type(total, "total"));
	assert_flushes_add_up(lines, total);
	assert_begins_attached(json_array_get(lines, 0), total);
	if (!redtap->some_phases)
		phases_assert_balance(total);
	assert_int_equal(redtap_count(total, "seen"), redtap_count(total, "counted") +
							      redtap_count(total, "in_flight") +
							      lost_requests(total));
	return total;
}

void redtap_assert_nothing_lost(json_t *total)
{
	if (lost_requests(total) != 0)
		fail_msg("lost: %s", json_dumps(json_object_get(total, "lost"), 0));
}

json_t *redtap_finish_counted(struct redtap *redtap, const struct counts *expected)
{
	struct counts actual;
	json_t *total;

	redtap_wait_counted(redtap, counts_total(expected));
	total = redtap_finish(redtap, SIGINT);
	counts_init(&actual);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(expected, &actual, true, "the JSON total");
	redtap_assert_nothing_lost(total);
	counts_release(&actual);
	return total;
}

json_t *redtap_series(json_t *total, const char *service, const char *method, const char *route,
		      int status)
{
	json_t *series = json_object_get(total, "series");
	json_t *one;
	size_t i;

	json_array_foreach(series, i, one)
	{
		if ((!service ||
		     strcmp(json_string_value(json_object_get(one, "service")), service) == 0) &&
		    strcmp(json_string_value(json_object_get(one, "method")), method) == 0 &&
		    strcmp(json_string_value(json_object_get(one, "route")), route) == 0 &&
		    json_integer_value(json_object_get(one, "status")) == status)
			return one;
	}
	/* Printed directly: cmocka would truncate it. */
	fprintf(stderr, "no series %s %s %d in %s\n", method, route, status, json_dumps(total, 0));
	fail_msg("no series %s %s %d", method, route, status);
	return NULL;
}

double redtap_seconds(json_t *series, const char *key)
{
	json_t *number = json_object_get(series, key);

	if (!json_is_number(number))
		fail_msg("a series has no number '%s'", key);
	return json_number_value(number);
}

char *redtap_health(pid_t pid, int *status)
{
	const char *argv[] = { path_build("redtap"), "health", "--instance",
			       text_format("%d", (int)pid), NULL };
	struct process *process =
		process_start(&(struct process_options){ .name = "health", .argv = argv });
	char *text;

	process_wait(process, DEADLINE_S);
	*status = WEXITSTATUS(process->status);
	text = process_out(process);
	harness_release_newest();
	return text;
}

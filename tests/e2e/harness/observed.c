/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * observed.c - see observed.h.
 */
#include "harness/observed.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/redtap_run.h"

#define REASONS_MAX 48

struct reason {
	char kind[16];
	char name[32];
	uint64_t count;
};

/* What happened, or must happen, during a test. */
struct account {
	struct counts counts;
	struct reason reasons[REASONS_MAX];
	size_t reason_count;
	uint64_t seen, counted, in_flight;
};

static const char *const kinds[] = { "lost", "approximate", "ignored" };

static struct redtap *redtap;
static size_t first_line; /* of the current test */
static struct account expected, actual;

static void account_init(struct account *account)
{
	memset(account, 0, sizeof(*account));
	counts_init(&account->counts);
}

static struct reason *account_reason(struct account *account, const char *kind, const char *name)
{
	struct reason *reason;
	size_t i;

	for (i = 0; i < account->reason_count; i++)
		if (strcmp(account->reasons[i].kind, kind) == 0 &&
		    strcmp(account->reasons[i].name, name) == 0)
			return &account->reasons[i];
	assert_true(account->reason_count < REASONS_MAX);
	reason = &account->reasons[account->reason_count++];
	snprintf(reason->kind, sizeof(reason->kind), "%s", kind);
	snprintf(reason->name, sizeof(reason->name), "%s", name);
	return reason;
}

static uint64_t account_sum(const struct account *account, const char *kind)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < account->reason_count; i++)
		if (strcmp(account->reasons[i].kind, kind) == 0)
			sum += account->reasons[i].count;
	return sum;
}

/* ---- redtap's output -------------------------------------------------- */

static void account_read_line(struct account *account, json_t *line)
{
	json_t *reasons, *number;
	const char *name;
	size_t i;

	account->seen += redtap_count(line, "seen");
	account->counted += redtap_count(line, "counted");
	account->in_flight = redtap_count(line, "in_flight");
	counts_from_json(&account->counts, json_object_get(line, "series"), NULL);
	for (i = 0; i < ROWS(kinds); i++) {
		reasons = json_object_get(line, kinds[i]);
		assert_true(json_object_size(reasons) > 0);
		json_object_foreach(reasons, name, number) account_reason(account, kinds[i], name)
			->count += json_integer_value(number);
	}
}

static bool is_flush(json_t *line)
{
	return strcmp(json_string_value(json_object_get(line, "type")), "flush") == 0;
}

/* Everything since the test began. */
static void account_read(struct account *account)
{
	json_t *lines = redtap_lines(redtap);
	size_t i;

	counts_release(&account->counts);
	account_init(account);
	for (i = first_line; i < json_array_size(lines); i++)
		if (is_flush(json_array_get(lines, i)))
			account_read_line(account, json_array_get(lines, i));
}

/* ---- expectations ----------------------------------------------------- */

void observed_expect(const char *method, const char *route, int status, const char *error,
		     uint64_t n, uint64_t request_bytes, uint64_t response_bytes)
{
	if (n > 0)
		counts_add(&expected.counts, method, route, status, error, n, request_bytes,
			   response_bytes);
}

void observed_expect_reason(const char *kind, const char *reason, uint64_t n)
{
	account_reason(&expected, kind, reason)->count += n;
}

static bool reasons_equal(char *why, size_t size)
{
	bool equal = true;
	size_t used = 0, i;

	why[0] = '\0';
	for (i = 0; i < expected.reason_count; i++)
		account_reason(&actual, expected.reasons[i].kind, expected.reasons[i].name);
	for (i = 0; i < actual.reason_count; i++) {
		const struct reason *got = &actual.reasons[i];
		const struct reason *want = account_reason(&expected, got->kind, got->name);

		if (got->count == want->count)
			continue;
		equal = false;
		if (used < size)
			used += snprintf(why + used, size - used,
					 "\n  %s %s: expected %llu, got %llu", got->kind, got->name,
					 (unsigned long long)want->count,
					 (unsigned long long)got->count);
	}
	return equal;
}

/* Whether everything expected has arrived. */
static bool is_complete(void *context)
{
	(void)context;
	account_read(&actual);
	return actual.counted >= counts_total(&expected.counts) &&
	       account_sum(&actual, "lost") >= account_sum(&expected, "lost") &&
	       account_sum(&actual, "ignored") >= account_sum(&expected, "ignored") &&
	       actual.in_flight == 0;
}

/* Waits for a number of flush lines. */
struct flushes {
	size_t lines;
};

static bool has_flushed(void *context)
{
	const struct flushes *flushes = context;

	return json_array_size(redtap_lines(redtap)) >= flushes->lines;
}

void observed_wait_flushes(size_t count)
{
	struct flushes flushes = { json_array_size(redtap_lines(redtap)) + count };

	if (!wait_until(has_flushed, &flushes, DEADLINE_S))
		fail_msg("redtap does not flush: %s", process_err(redtap_process(redtap)));
}

void observed_check(void)
{
	char why[4096];
	bool equal;

	wait_until(is_complete, NULL, 5.0);
	observed_wait_flushes(1);
	account_read(&actual);
	equal = counts_equal(&expected.counts, &actual.counts, true, why, sizeof(why));
	/* Printed directly: cmocka would truncate it. */
	if (!equal)
		fprintf(stderr, "the table differs from what was sent:%s\n", why);
	if (!reasons_equal(why, sizeof(why))) {
		fprintf(stderr, "the ledger differs from what was sent:%s\n", why);
		equal = false;
	}
	if (actual.in_flight != 0 || actual.seen != actual.counted + account_sum(&actual, "lost")) {
		fprintf(stderr, "seen %llu, counted %llu, in flight %llu, lost %llu\n",
			(unsigned long long)actual.seen, (unsigned long long)actual.counted,
			(unsigned long long)actual.in_flight,
			(unsigned long long)account_sum(&actual, "lost"));
		equal = false;
	}
	if (!equal)
		fail_msg("redtap differs from what was sent");
}

/* ---- durations -------------------------------------------------------- */

static bool is_series(json_t *series, const char *method, const char *route, int status)
{
	return strcmp(json_string_value(json_object_get(series, "method")), method) == 0 &&
	       strcmp(json_string_value(json_object_get(series, "route")), route) == 0 &&
	       json_integer_value(json_object_get(series, "status")) == status;
}

struct observed_durations observed_durations(const char *method, const char *route, int status)
{
	struct observed_durations durations = { 0 };
	json_t *lines = redtap_lines(redtap), *series, *one;
	double sum = 0, count = 0;
	size_t i, j;

	for (i = first_line; i < json_array_size(lines); i++) {
		series = json_object_get(json_array_get(lines, i), "series");
		json_array_foreach(series, j, one)
		{
			if (!is_series(one, method, route, status))
				continue;
			count += redtap_count(one, "count");
			sum += redtap_count(one, "count") * redtap_seconds(one, "mean_s");
			if (redtap_seconds(one, "max_s") > durations.max)
				durations.max = redtap_seconds(one, "max_s");
		}
	}
	if (count == 0)
		fail_msg("no series %s %s %d", method, route, status);
	durations.mean = sum / count;
	return durations;
}

void observed_assert_mean(const char *method, const char *route, int status, double low,
			  double high)
{
	const double mean = observed_durations(method, route, status).mean;

	if (mean < low - 0.001 || mean > high + 0.001)
		fail_msg("%s %s %d: mean duration %.6f s, expected %.6f to %.6f", method, route,
			 status, mean, low, high);
}

static bool is_phase(json_t *one, const char *route, const char *phase)
{
	const char *its_route = json_string_value(json_object_get(one, "route"));

	return its_route && strcmp(its_route, route) == 0 &&
	       strcmp(json_string_value(json_object_get(one, "phase")), phase) == 0;
}

double observed_phase_s(const char *route, const char *phase)
{
	json_t *lines = redtap_lines(redtap), *one;
	double sum_s = 0;
	size_t i, j;

	for (i = first_line; i < json_array_size(lines); i++)
		json_array_foreach(json_object_get(json_array_get(lines, i), "phases"), j,
				   one) if (is_phase(one, route, phase))
			sum_s += redtap_seconds(one, "sum_s");
	return sum_s;
}

uint64_t observed_in_flight(void)
{
	account_read(&actual);
	return actual.in_flight;
}

uint64_t observed_counted(void)
{
	account_read(&actual);
	return actual.counted;
}

uint64_t observed_seen(void)
{
	account_read(&actual);
	return actual.seen;
}

uint64_t observed_reason(const char *kind, const char *reason)
{
	account_read(&actual);
	return reason ? account_reason(&actual, kind, reason)->count : account_sum(&actual, kind);
}

void observed_accept_all(void)
{
	account_read(&expected);
}

/* ---- setup and teardown ----------------------------------------------- */

int observed_group_setup(void **state)
{
	if (harness_group_setup(state) != 0)
		return -1;
	redtap = redtap_attach(&(struct redtap_options){ .pid = getpid(), .interval = "100ms" });
	harness_keep();
	return 0;
}

int observed_group_teardown(void **state)
{
	redtap_finish(redtap, SIGINT);
	harness_release_kept();
	return harness_group_teardown(state);
}

static bool is_at_rest(void *context)
{
	json_t *lines = redtap_lines(redtap);
	json_t *last = json_array_get(lines, json_array_size(lines) - 1);

	(void)context;
	return is_flush(last) && redtap_count(last, "in_flight") == 0 &&
	       redtap_count(last, "seen") == 0 && redtap_count(last, "counted") == 0;
}

int observed_setup(void **state)
{
	if (harness_setup(state) != 0)
		return -1;
	/* requests left by the last test's servers end with the servers */
	observed_wait_flushes(1);
	if (!wait_until(is_at_rest, NULL, DEADLINE_S))
		fail_msg("redtap still has requests in flight from the previous test");
	first_line = json_array_size(redtap_lines(redtap));
	counts_release(&expected.counts);
	account_init(&expected);
	return 0;
}

int observed_teardown(void **state)
{
	return harness_teardown(state);
}

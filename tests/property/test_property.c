/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_property.c - whatever clients and servers do, as far as HTTP/1 lets them
 * and a little further: redtap counts exactly what happened.
 *
 * Inputs: environment: SEED (default: from the clock), COUNT (transactions,
 * default 20,000), PLAN (only the connection of this number, which is printed).
 * When the whole table is not what it has to be, the connections are halved
 * until one is left that shows the mistake, and that one is printed.
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "plan.h"
#include "redtap_run.h"
#include "route.h"

#define COUNT_DEFAULT 20000
#define WHY_MAX 8192
/* For COUNT=100000 and then for narrowing down. */
#define PATIENCE_S 900

/* Connections [first, first + count) of a seed. */
struct trial {
	const char *comment;
	uint64_t seed;
	uint32_t first, count;
};

/* Transactions one by one, before they are added up. */
struct tally {
	struct count_row *rows;
	size_t count, room;
};

static void tally_add(void *context, const char *method, const char *route, int status,
		      const char *error, uint64_t request_bytes, uint64_t response_bytes)
{
	struct tally *tally = context;
	struct count_row *row;

	if (tally->count == tally->room) {
		tally->room = tally->room ? tally->room * 2 : 1024;
		tally->rows = realloc(tally->rows, tally->room * sizeof(*tally->rows));
		assert_non_null(tally->rows);
	}
	row = &tally->rows[tally->count++];
	memset(row, 0, sizeof(*row));
	snprintf(row->method, sizeof(row->method), "%s", method);
	snprintf(row->route, sizeof(row->route), "%s", route);
	/* what counts_add() makes of none: the status from 500 on */
	snprintf(row->error, sizeof(row->error), "%s", error ? error : "-");
	row->status = status;
	row->count = 1;
	row->request_bytes = request_bytes;
	row->response_bytes = response_bytes;
}

static int row_compare(const void *a, const void *b)
{
	/* what they are counted under lies in front of the numbers */
	return memcmp(a, b, offsetof(struct count_row, count));
}

/* Adds equal rows up: a table of thousands, searched for each transaction, is slow. */
static void tally_sum(struct tally *tally, struct counts *counts)
{
	struct count_row *sum = NULL;
	size_t i;

	qsort(tally->rows, tally->count, sizeof(*tally->rows), row_compare);
	for (i = 0; i < tally->count; i++) {
		struct count_row *row = &tally->rows[i];

		if (sum && row_compare(sum, row) == 0) {
			sum->count += row->count;
			sum->request_bytes += row->request_bytes;
			sum->response_bytes += row->response_bytes;
			row->count = 0;
		} else {
			sum = row;
		}
	}
	for (i = 0; i < tally->count; i++) {
		const struct count_row *row = &tally->rows[i];

		if (row->count > 0)
			counts_add(counts, row->method, row->route, row->status,
				   strcmp(row->error, "-") == 0 ? NULL : row->error, row->count,
				   row->request_bytes, row->response_bytes);
	}
	free(tally->rows);
}

/* What the trial has to come to; returns the number of transactions. */
static uint64_t trial_expect(const struct trial *trial, struct counts *expected)
{
	struct tally tally = { 0 };
	struct plan plan;
	uint32_t i;

	plan_init(&plan);
	for (i = 0; i < trial->count; i++) {
		plan_make(&plan, trial->seed, trial->first + i);
		plan_expect(&plan, tally_add, &tally);
	}
	plan_release(&plan);
	tally_sum(&tally, expected);
	return counts_total(expected);
}

/* Connections that it takes for so many transactions. */
static uint32_t connections_for(uint64_t seed, uint64_t transactions)
{
	struct tally tally = { 0 };
	struct plan plan;
	uint32_t number = 0;

	plan_init(&plan);
	while (tally.count < transactions) {
		plan_make(&plan, seed, number++);
		plan_expect(&plan, tally_add, &tally);
	}
	plan_release(&plan);
	free(tally.rows);
	return number;
}

static struct process *start_server(const struct trial *trial, struct clients *clients)
{
	const char *argv[] = { path_build("property/server"),
			       text_format("%llu", (unsigned long long)trial->seed),
			       text_format("%u", trial->first),
			       text_format("%u", trial->count),
			       clients->directory,
			       NULL };
	struct process *server;
	char *line;
	int err;

	err = clients_prepare(clients);
	if (err)
		fail_msg("cannot make the channels: %s", strerror(-err));
	server = process_start(&(struct process_options){ .name = "server", .argv = argv });
	process_wait_out(server, "\n", DEADLINE_S);
	line = process_out(server);
	assert_true(clients_find(clients, line));
	free(line);
	return server;
}

/* What the sides of a connection complain of. */
static bool complaints(const struct clients *clients, struct process *server, char *why)
{
	char *text;
	size_t used, i;

	used = snprintf(why, WHY_MAX, "the connections did not go as planned:");
	for (i = 0; i < LANES; i++)
		if (clients->why[i][0])
			used += snprintf(why + used, WHY_MAX - used, "\n  client: %s",
					 clients->why[i]);
	text = process_err(server);
	snprintf(why + used, WHY_MAX - used, "\n  %.1000s", text);
	free(text);
	return false;
}

/* Everything but the comparison.  False: `why` says what went wrong. */
static bool trial_play(const struct trial *trial, struct clients *clients, size_t series,
		       json_t **total, char *why)
{
	/* twice: at half of the table, 404 would go to `other` */
	const char *const more[] = { "--max-series", text_format("%zu", 2 * series + 128), NULL };
	struct process *server = start_server(trial, clients);
	struct redtap *redtap = redtap_attach(
		&(struct redtap_options){ .pid = server->pid, .interval = "2s", .more = more });

	if (!clients_play(clients)) {
		if (process_is_running(server))
			process_end(server, SIGKILL);
		return complaints(clients, server, why);
	}
	if (process_wait(server, PLAYER_DEADLINE_S * 2) != 0)
		return complaints(clients, server, why);
	/* its target has gone */
	*total = redtap_finish(redtap, 0);
	return true;
}

/* False: redtap counted otherwise; `why` (WHY_MAX bytes) has the rows. */
static bool trial_run(const struct trial *trial, char *why)
{
	struct clients clients = { .seed = trial->seed,
				   .first = trial->first,
				   .count = trial->count,
				   .directory = path_scratch("") };
	struct counts expected, actual;
	json_t *total = NULL;
	bool equal;

	counts_init(&expected);
	counts_init(&actual);
	trial_expect(trial, &expected);
	equal = trial_play(trial, &clients, expected.count, &total, why);
	if (equal) {
		counts_from_json(&actual, json_object_get(total, "series"), NULL);
		equal = counts_equal(&expected, &actual, true, why, WHY_MAX);
		/* nothing lost, nothing left over */
		if (equal && redtap_count(total, "seen") != counts_total(&expected)) {
			snprintf(why, WHY_MAX, "seen %llu, expected %llu",
				 (unsigned long long)redtap_count(total, "seen"),
				 (unsigned long long)counts_total(&expected));
			equal = false;
		}
	}
	counts_release(&expected);
	counts_release(&actual);
	/* redtap, its process, the server: there may be many trials in one test */
	harness_release_newest();
	harness_release_newest();
	harness_release_newest();
	return equal;
}

/* Halves as long as one half shows the mistake. */
static void narrow(struct trial trial)
{
	char why[WHY_MAX], ignored[WHY_MAX];
	struct plan plan;

	why[0] = '\0';
	while (trial.count > 1) {
		struct trial low = trial, high = trial;

		low.count = trial.count / 2;
		high.first += low.count;
		high.count -= low.count;
		if (!trial_run(&low, why))
			trial = low;
		else if (!trial_run(&high, why))
			trial = high;
		else
			break;
		fprintf(stderr, "  also with connections %u to %u\n", trial.first,
			trial.first + trial.count - 1);
	}
	if (trial.count > 1) {
		fprintf(stderr, "it takes connections %u to %u together, or happens now and then\n",
			trial.first, trial.first + trial.count - 1);
		return;
	}
	fprintf(stderr, "it takes one connection: make test-property SEED=%llu PLAN=%u%s\n",
		(unsigned long long)trial.seed, trial.first, why);
	fprintf(stderr, "and once more alone: %s\n", trial_run(&trial, ignored) ? "no" : "yes");
	plan_init(&plan);
	plan_make(&plan, trial.seed, trial.first);
	plan_print(&plan);
	plan_release(&plan);
}

static void trial_assert(const struct trial *trial)
{
	char why[WHY_MAX];

	alarm(PATIENCE_S);
	if (trial_run(trial, why))
		return;
	fprintf(stderr, "seed %llu, connections %u to %u: %s\n", (unsigned long long)trial->seed,
		trial->first, trial->first + trial->count - 1, why);
	narrow(*trial);
	fail_msg("redtap differs from what happened, seed %llu", (unsigned long long)trial->seed);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	uint64_t number;

	if (!text || !*text)
		return otherwise;
	number = strtoull(text, &end, 0);
	if (*end)
		fail_msg("%s is '%s', expected a number", name, text);
	return number;
}

/* The reference itself, held against examples. */
static void reference_routes(void **state)
{
	static const struct {
		const char *method, *target, *route;
	} rows[] = {
		{ "GET", "/", "/" },
		{ "GET", "/users/42", "/users/{id}" },
		{ "GET", "/users/42/", "/users/{id}/" },
		{ "GET", "/12monkeys", "/12monkeys" },
		{ "GET", "/a?b=/7#c", "/a" },
		{ "GET", "/a;b=1/7", "/a" },
		{ "GET", "//a//", "//a//" },
		{ "GET", "/123e4567-e89b-12d3-a456-426614174000/x", "/{id}/x" },
		{ "GET", "/deadbeefdeadbee", "/deadbeefdeadbee" },
		{ "GET", "/DeadBeefDeadBeef", "/{id}" },
		{ "GET", "/abcdefghij-abcdefghij-abcdefghi", "/abcdefghij-abcdefghij-abcdefghi" },
		{ "GET", "/abcdefghij-abcdefghij-abcdefghij", "/{id}" },
		{ "GET", "http://h:80/users/7?x", "/users/{id}" },
		{ "GET", "http://h", "/" },
		{ "GET", "http://h?/7", "/" },
		{ "OPTIONS", "*", "*" },
		{ "GET", "h:443", "other" },
		{ "CONNECT", "h:443", "other" },
		{ "CONNECT", "/a", "other" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		char route[ROUTE_PATH_MAX + 1];

		route_fold(route, rows[i].method, rows[i].target);
		assert_string_equal(route, rows[i].route);
	}
	assert_string_equal(route_method("PROPFIND"), "PROPFIND");
	assert_string_equal(route_method("PROPFIN"), "_OTHER");
}

/* What a seed has found stays here, as long as the plans are made in the same way. */
static void found_before(void **state)
{
	static const struct trial trials[] = {
		{ "a path that is short as sent, and while being folded too long", 31, 16, 1 },
		{ "the call that receives the last bytes takes the FIN along", 32, 22, 1 },
		{ "a mix of everything", 1, 0, 40 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(trials); i++) {
		fprintf(stderr, "%s\n", trials[i].comment);
		trial_assert(&trials[i]);
	}
}

static void whole_table(void **state)
{
	struct timespec now;
	struct trial trial;
	struct counts expected;
	const double begun = clock_s();

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	trial.seed = number_from("SEED", now.tv_sec * 1000ULL + now.tv_nsec / 1000000);
	trial.first = number_from("PLAN", 0);
	trial.count = getenv("PLAN") && *getenv("PLAN")
			      ? 1
			      : connections_for(trial.seed, number_from("COUNT", COUNT_DEFAULT));
	if (trial.first) {
		struct plan plan;

		plan_init(&plan);
		plan_make(&plan, trial.seed, trial.first);
		plan_print(&plan);
		plan_release(&plan);
	}
	fprintf(stderr, "seed %llu\n", (unsigned long long)trial.seed);
	trial_assert(&trial);
	counts_init(&expected);
	fprintf(stderr, "%llu transactions on %u connections",
		(unsigned long long)trial_expect(&trial, &expected), trial.count);
	fprintf(stderr, " in %zu rows: equal, after %.1f s\n", expected.count, clock_s() - begun);
	counts_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(reference_routes),
		E2E_TEST(found_before),
		E2E_TEST(whole_table),
	};

	return cmocka_run_group_tests_name("property", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_property.c - clients and servers do anything that HTTP/1 allows, and a little more:
 * redtap counts exactly what happened.
 *
 * Each seed runs three times: redtap observes the server, then the clients, then both at
 * once, as one process and its children.
 * Inputs: environment: SEED (default: from the clock), COUNT (transactions, default
 * 20,000), PLAN (only the connection with this number, which is printed).
 * If the counts differ, half of the connections are run again, until one connection is
 * left that shows the difference; that one is printed.
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "harness/harness.h"
#include "plan.h"
#include "harness/redtap_run.h"
#include "route.h"
#include "tally.h"

#define COUNT_DEFAULT 20000
#define WHY_MAX 8192
/* Enough for COUNT=100000, and to find one connection. */
#define PATIENCE_S 900

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
		fail_msg("cannot create the channels: %s", strerror(-err));
	server = process_start(&(struct process_options){ .name = "server", .argv = argv });
	process_wait_out(server, "\n", DEADLINE_S);
	line = process_out(server);
	assert_true(clients_find(clients, line));
	free(line);
	return server;
}

/* The error messages of both sides. */
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

/*
 * Attaches redtap to the server; or to this process, whose threads are the clients; or to
 * this process and its child, the server.  series: the expected number.
 */
static struct redtap *attach(const struct trial *trial, struct process *server, size_t series)
{
	/* 404 may use only half of the table, and servers have two addresses */
	const char *const room = text_format("%zu", 4 * series + 128);
	const char *const at_server[] = { "--max-series", room, NULL };
	const char *const at_both[] = { "--client", "--max-series", room, NULL };
	const char *const at_client[] = { "--client", "--no-follow", "--max-series", room, NULL };

	if (trial->side == SIDE_SERVER)
		return redtap_attach(&(struct redtap_options){
			.pid = server->pid, .interval = "2s", .more = at_server });
	return redtap_attach(&(struct redtap_options){
		.pid = getpid(),
		.interval = "2s",
		.more = trial->side == SIDE_CLIENT ? at_client : at_both });
}

/* Everything except the comparison.  False: `why` has the error. */
static bool trial_play(const struct trial *trial, struct clients *clients, size_t series,
		       json_t **total, char *why)
{
	struct process *server = start_server(trial, clients);
	struct redtap *redtap = attach(trial, server, series);

	if (!clients_play(clients)) {
		if (process_is_running(server))
			process_end(server, SIGKILL);
		return complaints(clients, server, why);
	}
	if (process_wait(server, PLAYER_DEADLINE_S * 2) != 0)
		return complaints(clients, server, why);
	if (!clients_wait_closed(clients, DEADLINE_S)) {
		snprintf(why, WHY_MAX, "the clients' sockets have not closed in time");
		return false;
	}
	/* the server has ended, and redtap with it */
	*total = redtap_finish(redtap, trial->side == SIDE_SERVER ? 0 : SIGINT);
	return true;
}

/* The counts of the series of this kind. */
static uint64_t counted_as(json_t *total, const char *kind)
{
	uint64_t counted = 0;
	json_t *series;
	size_t i;

	json_array_foreach(json_object_get(total, "series"), i,
			   series) if (strcmp(json_string_value(json_object_get(series, "kind")),
					      kind) == 0) counted += redtap_count(series, "count");
	return counted;
}

static bool kinds_equal(const struct tally *tally, json_t *total, char *why)
{
	static const char *const kinds[SIDES] = {
		[SIDE_SERVER] = "server", [SIDE_CLIENT] = "client"
	};
	unsigned int side;

	for (side = 0; side < SIDES; side++) {
		const uint64_t counted = counted_as(total, kinds[side]);

		if (counted == tally->counted[side])
			continue;
		snprintf(why, WHY_MAX, "as %s: counted %llu, expected %llu", kinds[side],
			 (unsigned long long)counted, (unsigned long long)tally->counted[side]);
		return false;
	}
	return true;
}

/* False: redtap's counts differ; `why` (WHY_MAX bytes) has the rows. */
static bool trial_compare(struct tally *tally, const struct counts *expected, json_t *total,
			  char *why)
{
	const uint64_t seen = counts_total(expected) + tally->lost;
	struct counts actual;
	bool equal;

	counts_init(&actual);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	equal = counts_equal(expected, &actual, true, why, WHY_MAX);
	counts_release(&actual);
	if (!tally_reasons_equal(tally, total, why + strlen(why), WHY_MAX - strlen(why)))
		equal = false;
	/* redtap has no other rows */
	if (equal && redtap_count(total, "seen") != seen) {
		snprintf(why, WHY_MAX, "seen %llu, expected %llu",
			 (unsigned long long)redtap_count(total, "seen"), (unsigned long long)seen);
		equal = false;
	}
	return equal && kinds_equal(tally, total, why);
}

/* Likewise, of the whole trial. */
static bool trial_run(const struct trial *trial, char *why)
{
	struct clients clients = { .seed = trial->seed,
				   .first = trial->first,
				   .count = trial->count,
				   .directory = path_scratch("") };
	struct counts expected;
	struct tally tally;
	json_t *total = NULL;
	bool equal;

	counts_init(&expected);
	tally_trial(&tally, trial);
	tally_sum(&tally, &expected);
	equal = trial_play(trial, &clients, expected.count, &total, why) &&
		trial_compare(&tally, &expected, total, why);
	counts_release(&expected);
	tally_release(&tally);
	/* frees redtap, its process and the server: one test may run many trials */
	harness_release_newest();
	harness_release_newest();
	harness_release_newest();
	return equal;
}

static void print_plan(const struct trial *trial)
{
	struct plan plan;

	plan_init(&plan);
	plan_make(&plan, trial->seed, trial->first);
	plan_print(&plan);
	plan_release(&plan);
}

/* Halves the connections as long as one half shows the difference. */
static void narrow(struct trial trial)
{
	char why[WHY_MAX], ignored[WHY_MAX];

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
		fprintf(stderr,
			"it needs connections %u to %u together, or happens only sometimes\n",
			trial.first, trial.first + trial.count - 1);
		return;
	}
	fprintf(stderr, "one connection is enough: make test-property SEED=%llu PLAN=%u%s\n",
		(unsigned long long)trial.seed, trial.first, why);
	fprintf(stderr, "also when run again alone: %s\n",
		trial_run(&trial, ignored) ? "no" : "yes");
	print_plan(&trial);
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
		fail_msg("%s is '%s'; allowed: a number", name, text);
	return number;
}

/* The second implementation of the rules, tested with examples. */
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

/* Seeds that have found faults, as long as the same plans are made from them. */
static void found_before(void **state)
{
	static const struct trial trials[] = {
		{ "a client's own reset is client_abort", 1, 4, 1, SIDE_CLIENT },
		{ "a mix of everything", 1, 0, 40, SIDE_SERVER },
		{ "a mix of everything, seen from the client", 1, 0, 40, SIDE_CLIENT },
		{ "a mix of everything, seen from both", 1, 0, 40, SIDES },
		{ "36 requests in one call, targets of 5 KB among them", 1795542366534, 297, 1,
		  SIDE_CLIENT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(trials); i++) {
		fprintf(stderr, "%s\n", trials[i].comment);
		trial_assert(&trials[i]);
	}
}

static void whole_table(enum side side)
{
	const bool one = getenv("PLAN") && *getenv("PLAN");
	const double begun = clock_s();
	struct timespec now;
	struct trial trial = { .side = side };
	struct counts counts;
	struct tally tally;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &now);
	trial.seed = number_from("SEED", now.tv_sec * 1000ULL + now.tv_nsec / 1000000);
	trial.first = number_from("PLAN", 0);
	trial.count =
		one ? 1
		    : tally_connections_for(trial.seed, side, number_from("COUNT", COUNT_DEFAULT));
	if (one)
		print_plan(&trial);
	fprintf(stderr, "seed %llu\n", (unsigned long long)trial.seed);
	trial_assert(&trial);
	counts_init(&counts);
	tally_trial(&tally, &trial);
	tally_sum(&tally, &counts);
	fprintf(stderr, "%llu transactions, and %llu lost, on %u connections",
		(unsigned long long)counts_total(&counts), (unsigned long long)tally.lost,
		trial.count);
	fprintf(stderr, " in %zu rows: equal, after %.1f s\n", counts.count, clock_s() - begun);
	fprintf(stderr,
		"  the server's connections: %llu continued in a child, %llu passed on, "
		"%llu lent to a child, %llu ended by a kill\n",
		(unsigned long long)tally.forks, (unsigned long long)tally.passes,
		(unsigned long long)tally.lent, (unsigned long long)tally.deaths);
	for (i = 0; i < tally.reason_count; i++)
		fprintf(stderr, "  %s %s: %llu\n", tally.reasons[i].kind, tally.reasons[i].name,
			(unsigned long long)tally.reasons[i].count);
	counts_release(&counts);
	tally_release(&tally);
}

static void whole_table_of_server(void **state)
{
	(void)state;
	whole_table(SIDE_SERVER);
}

static void whole_table_of_client(void **state)
{
	(void)state;
	whole_table(SIDE_CLIENT);
}

static void whole_table_of_both(void **state)
{
	(void)state;
	whole_table(SIDES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(reference_routes),      E2E_TEST(found_before),
		E2E_TEST(whole_table_of_server), E2E_TEST(whole_table_of_client),
		E2E_TEST(whole_table_of_both),
	};

	return cmocka_run_group_tests_name("property", tests, harness_group_setup,
					   harness_group_teardown);
}

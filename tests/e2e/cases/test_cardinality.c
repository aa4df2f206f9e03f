/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_cardinality.c - a client that asks for 50,000 different paths, a third of
 * which do not exist: memory and series stay bounded, what was there before keeps
 * its own series, and of each request it is known where it went.
 *
 * The requests are sent one after the other, so that the order in which the table fills, and so
 * every row, is known.
 */
#include <signal.h>
#include <stdio.h>

#include "harness/harness.h"
#include "stack/places.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/* A third of the paths do not exist. */
#define MISSING 3
/* One request of the real routes follows after this many others. */
#define REAL_EACH 50

/* redtap's rule: places in use up to which a path gets one that is asked for once. */
#define SERIES_ONCE(series_max) ((series_max)*3 / 8 + 1)

/* So that as many have one as new routes can have of the default --max-series. */
#define SERIES_MAX 4096

/* With so many series: redtap itself, and some 20 KB for each series. */
#define MEMORY_MAX_KB (80 * 1024)
#define FLUSH_MAX_S 0.1

static const struct request_kind real[] = {
	{ .method = "GET", .target = "/", .route = "/" },
	{ .method = "GET", .target = "/users/7", .route = "/users/{id}" },
	{ .method = "POST", .target = "/echo", .route = "/echo", .body = "some text" },
	{ .method = "GET", .target = "/status/503", .route = "/status/{id}" },
};

/* The expected table so far. */
struct expectation {
	struct counts counts;
	size_t series_max;
	size_t series;
	uint64_t rerouted;
	struct count_row other[2]; /* requests under `other`, with 200 and with 404 */
};

/* A path that is requested only once. */
static void expect_once(struct expectation *expectation, const char *route, int status,
			const struct count_row *answer)
{
	const bool missing = status == 404;
	struct count_row *other = &expectation->other[missing];

	if (expectation->series < SERIES_ONCE(expectation->series_max)) {
		expectation->series++;
		counts_add(&expectation->counts, "GET", route, status, NULL, 1,
			   answer->request_bytes, answer->response_bytes);
		return;
	}
	expectation->rerouted++;
	expectation->series += other->count == 0;
	other->count++;
	other->request_bytes += answer->request_bytes;
	other->response_bytes += answer->response_bytes;
}

/* One exchange; adds its body sizes. */
static struct count_row exchange(struct line *line, const struct request_kind *kind)
{
	struct counts one;
	struct count_row row;

	counts_init(&one);
	line_exchange(line, kind, &one);
	row = one.rows[0];
	counts_release(&one);
	return row;
}

static void exchange_real(struct line *line, struct counts *counts)
{
	size_t i;

	for (i = 0; i < ROWS(real); i++)
		line_exchange(line, &real[i], counts);
}

static void scan(struct line *line, unsigned int paths, struct expectation *expectation)
{
	static const int other_status[] = { 200, 404 };
	char target[64];
	struct request_kind kind = { .method = "GET", .target = target, .route = target };
	struct counts reals;
	unsigned int i;

	counts_init(&reals);
	exchange_real(line, &reals);
	expectation->series = ROWS(real);
	for (i = 0; i < paths; i++) {
		const bool missing = i % MISSING == 0;
		struct count_row answer;

		/* letters: no segment that redtap normalizes */
		snprintf(target, sizeof(target), "/%s/x-%u", missing ? "nowhere" : "users", i);
		answer = exchange(line, &kind);
		assert_int_equal(answer.status, missing ? 404 : 200);
		expect_once(expectation, target, answer.status, &answer);
		if (i % REAL_EACH == 0)
			exchange_real(line, &reals);
	}
	counts_add_all(&expectation->counts, &reals);
	counts_release(&reals);
	for (i = 0; i < ROWS(other_status); i++)
		counts_add(&expectation->counts, "GET", "other", other_status[i], NULL,
			   expectation->other[i].count, expectation->other[i].request_bytes,
			   expectation->other[i].response_bytes);
}

#define FLUSHES_MAX 1024

/*
 * Flush times from redtap's log, minus the time it waited for a CPU: other tests may run on this
 * machine, and a flush delayed only by them is not slow.  Other waiting (rate limit, receiver)
 * counts.
 */
struct flushes {
	double seconds[FLUSHES_MAX]; /* sorted in ascending order */
	size_t count;
};

static int compare_seconds(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static void flushes_read(struct flushes *flushes, struct redtap *redtap)
{
	char *text = process_err(redtap_process(redtap));
	const char *at = text;

	flushes->count = 0;
	while (flushes->count < FLUSHES_MAX && (at = strstr(at, "flush: "))) {
		double seconds, queued;

		assert_int_equal(
			sscanf(at, "flush: %lf s, of these %lf s waiting", &seconds, &queued), 2);
		flushes->seconds[flushes->count++] = seconds - queued;
		at++;
	}
	free(text);
	assert_true(flushes->count > 0);
	qsort(flushes->seconds, flushes->count, sizeof(*flushes->seconds), compare_seconds);
}

/* The peak memory of a process. */
static long peak_kb(pid_t pid)
{
	static const char name[] = "VmHWM:";
	char *text = file_read(text_format("/proc/%d/status", (int)pid), NULL);
	const char *at = strstr(text, name);
	long kb;

	assert_non_null(at);
	kb = strtol(at + strlen(name), NULL, 10);
	free(text);
	return kb;
}

/* own: see places.h.  Returns redtap's peak memory. */
static long check(struct places *places, unsigned int paths, size_t series_max, bool own)
{
	const char *more[] = { "--interval",   own ? "250ms" : "1s",
			       "--max-series", text_format("%zu", series_max),
			       "--verbose",    NULL };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct expectation expectation = { .series_max = series_max };
	struct line *line = line_open(server.port);
	long memory_kb;
	json_t *total;

	counts_init(&expectation.counts);
	(own ? places_attach_own : places_attach)(places, server.pid, more);
	/* Many requests in sequence, and large tables to compare. */
	alarm(600);
	scan(line, paths, &expectation);
	redtap_wait_counted(places->redtap, counts_total(&expectation.counts));
	memory_kb = peak_kb(redtap_process(places->redtap)->pid);
	total = places_assert(places, &expectation.counts, true);
	redtap_assert_nothing_lost(total);
	assert_int_equal(json_array_size(json_object_get(total, "series")), expectation.series);
	assert_true(expectation.series <= series_max);
	assert_int_equal(redtap_count(json_object_get(total, "approximate"), "route_other"),
			 expectation.rerouted);
	fprintf(stderr, "  %zu series, %llu requests under `other`\n", expectation.series,
		(unsigned long long)expectation.rerouted);
	counts_release(&expectation.counts);
	return memory_kb;
}

/* All flushes, including those in which the table filled and the last one. */
static void many_paths(void **state)
{
	struct places places;
	struct flushes flushes;
	long memory_kb;

	(void)state;
	memory_kb = check(&places, 50000, SERIES_MAX, true);
	flushes_read(&flushes, places.redtap);
	fprintf(stderr, "  at most %ld KB; flushes: median %.3f s, longest %.3f s\n", memory_kb,
		flushes.seconds[flushes.count / 2], flushes.seconds[flushes.count - 1]);
	assert_true(memory_kb < MEMORY_MAX_KB);
	assert_true(flushes.seconds[flushes.count - 1] < FLUSH_MAX_S);
}

/* The table fills, then redtap ends: 40 MB of lines are due, and all of them arrive. */
static void ended_with_a_full_table(void **state)
{
	struct places places;

	(void)state;
	check(&places, 2500, SERIES_MAX, true);
}

/* A smaller table, so that the exporter and Prometheus can be compared too. */
static void many_paths_in_all_places(void **state)
{
	struct places places;

	(void)state;
	check(&places, 20000, 48, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(many_paths),
		E2E_TEST(ended_with_a_full_table),
		E2E_TEST(many_paths_in_all_places),
	};

	return cmocka_run_group_tests_name("cardinality", tests, places_group_setup,
					   places_group_teardown);
}

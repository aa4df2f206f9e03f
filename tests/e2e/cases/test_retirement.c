/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_retirement.c - series retire and return, in the kernel's real maps and under load: each
 * request is counted once, in its own series.
 *
 * Two readings are about 20 ms apart, but one hour for redtap (observer.h). Each path is
 * requested repeatedly, with pauses of about 20 ms, so that series retire and return all the
 * time, while programs on both CPUs look them up.
 */
#include <stdio.h>

#include "harness/harness.h"
#include "kernel/loader.h"
#include "harness/observer.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define THREADS 16
#define PATHS 32 /* per thread */
/*
 * Rate of each thread: every path is used each 40 ms, and no CPU is busy all the time.  If one
 * is, the kernel's RCU thread waits for it, for minutes on some kernels (seen on 6.18), and
 * nothing retires meanwhile.
 */
#define PER_SECOND 800
/* Enough retirements; on a busy machine, as many as happen within the time limit. */
#define RETIREMENTS 10000
#define RETIREMENTS_MIN 50
#define SECONDS 10

/* A different name for every path. */
static void make_kinds(struct request_kind *kinds, char (*targets)[32], unsigned int thread)
{
	unsigned int i;

	for (i = 0; i < PATHS; i++) {
		snprintf(targets[i], sizeof(targets[i]), "/users/x-%u-%u", thread, i);
		kinds[i] = (struct request_kind){ .method = "GET",
						  .target = targets[i],
						  .route = targets[i] };
	}
}

static void under_load(void **state)
{
	static char targets[THREADS][PATHS][32];
	static struct request_kind kinds[THREADS][PATHS];
	const struct server server = server_start_webapp("epoll", 2, NULL);
	struct background *loads[THREADS];
	struct observer observer;
	struct counts expected;
	double end;
	size_t i;

	(void)state;
	counts_init(&expected);
	observer_begin(&observer, &server.pid, 1);
	for (i = 0; i < THREADS; i++) {
		make_kinds(kinds[i], targets[i], i);
		loads[i] = background_start(&(struct traffic){ .port = server.port,
							       .kinds = kinds[i],
							       .kind_count = PATHS,
							       .connections = 1,
							       .per_second = PER_SECOND });
	}
	end = clock_s() + SECONDS;
	while (observer.retirements < RETIREMENTS && clock_s() < end) {
		observer_read(&observer);
		/* so that requests and readings do not run in step */
		if (observer.retirements % 3 == 0)
			pause_briefly();
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(background_stop(loads[i], &expected, NULL), 0);
	observer_finish(&observer);
	fprintf(stderr, "  %llu requests, %zu names, %llu retirements\n",
		(unsigned long long)counts_total(&expected), observer.flush->series_count,
		(unsigned long long)observer.retirements);
	assert_true(observer.retirements >= RETIREMENTS_MIN);
	observer_assert(&observer, &expected);
	observer_end(&observer);
	counts_release(&expected);
}

/* One series: it retires, its place is free, and it returns with the same identity. */
static void one_by_one(void **state)
{
	static const struct request_kind idle = { .method = "GET",
						  .target = "/users/idle",
						  .route = "/users/idle" };
	static const struct request_kind busy = { .method = "GET",
						  .target = "/users/busy",
						  .route = "/users/busy" };
	const struct server server = server_start_webapp("epoll", 1, NULL);
	struct observer observer;
	struct line *line;
	struct counts expected;
	size_t round;

	(void)state;
	counts_init(&expected);
	observer_begin(&observer, &server.pid, 1);
	line = line_open(server.port);
	for (round = 1; round <= 5; round++) {
		line_exchange(line, &idle, &expected);
		line_exchange(line, &busy, &expected);
		observer_read_quietly(&observer);
		line_exchange(line, &busy, &expected);
		observer_read_quietly(&observer); /* the series is forgotten */
		assert_int_equal(observer.flush->series_in_use, 2);
		line_exchange(line, &busy, &expected);
		observer_read_quietly(&observer); /* and its place is given back */
		line_exchange(line, &busy, &expected);
		observer_read_quietly(&observer);
		assert_int_equal(observer.flush->series_in_use, 1);
		assert_int_equal(observer.flush->series_count, 2);
		assert_int_equal(observer.retirements, round);
	}
	observer_finish(&observer);
	observer_assert(&observer, &expected);
	observer_end(&observer);
	counts_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(one_by_one),
		E2E_TEST(under_load),
	};

	return cmocka_run_group_tests_name("retirement", tests, harness_group_setup,
					   harness_group_teardown);
}

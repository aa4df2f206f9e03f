/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_element_reuse.c - a BPF program has found a series in the kernel's map and is delayed
 * before it reads the id; meanwhile the series retires, and its map element is reused for another
 * series.  The request must still be counted in its own series, and the id must not be reused
 * before.
 *
 * The delay of about 20 ms exists only in a special build (e2e.mk). Each of two servers has one
 * CPU; a map element that is deleted on a CPU is reused by the next series that begins on that
 * CPU.
 */
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/observer.h"
#include "harness/servers.h"
#include "harness/traffic.h"

#define ROUNDS 10
/* Four are enough, but a program may still be delayed during the first of them. */
#define READINGS_MAX 20
#define MS 1000000L

static const struct request_kind idle = { .method = "GET",
					  .target = "/users/idle",
					  .route = "/users/idle" };
/* Its series begins 10 ms after the request. */
static const struct request_kind other = { .method = "GET",
					   .target = "/sleep/10",
					   .route = "/sleep/{id}" };

static void pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(pid, sizeof(set), &set), 0);
}

static struct server start_on(int cpu)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	pid_t workers[4];
	size_t count = process_children(server.pid, workers, ROWS(workers));

	pin(server.pid, cpu);
	while (count-- > 0)
		pin(workers[count], cpu);
	return server;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * MS }, NULL);
}

static void found_and_gone(void **state)
{
	struct observer observer;
	struct line *line, *line_other;
	struct server server, server_other;
	struct counts expected;
	unsigned int round, i;

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("one CPU: nothing can run in between\n");
		skip();
	}
	counts_init(&expected);
	server = start_on(0);
	server_other = start_on(1);
	pin(0, 1); /* the CPU on which the element is deleted */
	observer_begin(&observer, (const pid_t[]){ server.pid, server_other.pid }, 2);
	line = line_open(server.port);
	line_other = line_open(server_other.port);
	for (round = 1; round <= ROUNDS; round++) {
		line_exchange(line, &idle, &expected);
		observer_read_quietly(&observer);
		line_send(line_other, &other);
		line_send(line, &idle);
		sleep_ms(3); /* its program has found the series, and is delayed */
		observer_read_quietly(&observer); /* the series is deleted ... */
		observer_read_quietly(&observer); /* ... and only then its id is given back */
		line_receive(line, &expected);
		line_receive(line_other, &expected);
		/* both retire, so that the next round starts in the same state */
		for (i = 0; observer.flush->series_in_use > 0 && i < READINGS_MAX; i++)
			observer_read_quietly(&observer);
		assert_int_equal(observer.flush->series_in_use, 0);
	}
	observer_finish(&observer);
	fprintf(stderr, "  %llu retirements\n", (unsigned long long)observer.retirements);
	observer_assert(&observer, &expected);
	observer_end(&observer);
	counts_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(found_and_gone),
	};

	return cmocka_run_group_tests_name("element_reuse", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_element_reuse.c - a program that has found a series in the kernel's map stands
 * still before it reads the id; meanwhile the series retires, and its element of the
 * map goes to another series.  The request is counted in its own all the same, and
 * the id is not given away before.
 *
 * Only in a build of its own (e2e.mk) does the program stand still, for some 20 ms.  One
 * server has each CPU; whoever takes an element away on a CPU leaves it to the next
 * series that begins there.
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
/* Four are enough, but a program may still stand when the first of them is made. */
#define READINGS_MAX 20
#define MS 1000000L

static const struct request_kind idle = { .method = "GET",
					  .target = "/users/idle",
					  .route = "/users/idle" };
/* Begins its series 10 ms after it was asked. */
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
		print_message("one CPU: nothing comes between\n");
		skip();
	}
	counts_init(&expected);
	server = start_on(0);
	server_other = start_on(1);
	pin(0, 1); /* who takes the element away */
	observer_begin(&observer, (const pid_t[]){ server.pid, server_other.pid }, 2);
	line = line_open(server.port);
	line_other = line_open(server_other.port);
	for (round = 1; round <= ROUNDS; round++) {
		line_exchange(line, &idle, &expected);
		observer_read_quietly(&observer);
		line_send(line_other, &other);
		line_send(line, &idle);
		sleep_ms(3); /* its program has found the series, and stands still */
		observer_read_quietly(&observer); /* the series is taken away ... */
		observer_read_quietly(
			&observer); /* ... and its id given back, but not before that */
		line_receive(line, &expected);
		line_receive(line_other, &expected);
		/* both retire, so that the next round is as this one */
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

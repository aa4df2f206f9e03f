/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_outlet.c - texts to a descriptor that takes all, nothing, or a part; and what is late.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/outlet.h"
#include "base/overdue.h"

#define TEXTS_MAX 4
#define DEADLINE_NS (10 * NS_PER_S)
#define BIG 10000 /* more than PIPE_BUF */

static struct outlet *open_outlet(int fd)
{
	struct outlet *outlet = outlet_open(fd, TEXTS_MAX);

	assert_non_null(outlet);
	return outlet;
}

/* A text of so many bytes, its newline included. */
static bool put(struct outlet *outlet, size_t length, bool last)
{
	char text[BIG];

	memset(text, 'x', length - 1);
	text[length - 1] = '\n';
	return outlet_put(outlet, text, length, last);
}

/* Until the newest text was tried with this result. */
static void wait_error(struct outlet *outlet, int error)
{
	const uint64_t begin_ns = clock_monotonic_ns();
	struct outlet_state state;

	do {
		assert_true(clock_monotonic_ns() - begin_ns < DEADLINE_NS);
		usleep(1000);
		outlet_look(outlet, &state);
	} while (state.error != error);
}

static void test_pipe_takes_all(void **state)
{
	struct outlet *outlet;
	char text[16];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	outlet = open_outlet(ends[1]);
	assert_true(outlet_put(outlet, "one\n", 4, false));
	assert_true(outlet_put(outlet, "two\n", 4, false));
	assert_int_equal(outlet_close(outlet, clock_monotonic_ns() + DEADLINE_NS), 0);
	assert_int_equal(read(ends[0], text, sizeof(text)), 8);
	assert_memory_equal(text, "one\ntwo\n", 8);
	close(ends[0]);
	close(ends[1]);
}

/* Nothing is begun that may not come to its end; the last ones are taken all the same. */
static void test_pipe_takes_nothing(void **state)
{
	const uint64_t begin_ns = clock_monotonic_ns();
	struct outlet_state look;
	struct outlet *outlet;
	char text[2 * BIG];
	int ends[2], i;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4 * 4096) > 0);
	outlet = open_outlet(ends[1]);
	for (i = 0; i < 1 + TEXTS_MAX; i++)
		put(outlet, BIG, false);
	assert_false(put(outlet, BIG, false));
	assert_true(put(outlet, BIG, true));
	do {
		assert_true(clock_monotonic_ns() - begin_ns < DEADLINE_NS);
		usleep(10000);
		outlet_look(outlet, &look);
	} while (!look.stuck);
	assert_true(look.dropped >= 1 && look.dropped <= 2);
	/* All but the first, which lies in the pipe. */
	assert_int_equal(outlet_close(outlet, clock_monotonic_ns() + NS_PER_S / 10),
			 1 + TEXTS_MAX + 1);
	close(ends[1]);
	assert_int_equal(read(ends[0], text, sizeof(text)), BIG);
	close(ends[0]);
}

/* A thread in a call that does not return is no reason to wait. */
static void test_close_while_writing(void **state)
{
	struct outlet *outlet;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	outlet = open_outlet(ends[1]);
	put(outlet, BIG, false);
	usleep(50000);
	assert_int_equal(outlet_close(outlet, clock_monotonic_ns()), 1);
	close(ends[0]);
	close(ends[1]);
}

static void test_reader_is_gone(void **state)
{
	struct outlet *outlet;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	outlet = open_outlet(ends[1]);
	close(ends[0]);
	put(outlet, BIG, false);
	wait_error(outlet, EPIPE);
	assert_int_equal(outlet_close(outlet, clock_monotonic_ns() + DEADLINE_NS), 1);
	close(ends[1]);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that takes a part of a text has none of it, and the next one once it fits. */
static void test_file_has_whole_texts(void **state)
{
	FILE *file = tmpfile();
	const int fd = fileno(file);
	struct outlet *outlet = open_outlet(fd);
	struct stat stat;

	(void)state;
	limit_files(150);
	put(outlet, 100, false);
	put(outlet, 100, false);
	wait_error(outlet, EFBIG);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_size, 100);
	put(outlet, 50, false);
	assert_int_equal(outlet_close(outlet, clock_monotonic_ns() + DEADLINE_NS), 1);
	limit_files(RLIM_INFINITY);
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_size, 150);
	fclose(file);
}

/* ---- late ------------------------------------------------------------- */

static void test_late_is_told_meanwhile(void **state)
{
	struct overdue *overdue = overdue_open("x is late");

	(void)state;
	assert_non_null(overdue);
	capture_begin();
	overdue_expect(overdue, clock_monotonic_ns() + NS_PER_S / 20);
	overdue_stage(overdue, "doing y");
	usleep(500000);
	capture_end_with("x is late; now: doing y\n", NULL);
	/* Once, and not again within a minute. */
	capture_begin();
	assert_true(overdue_expect(overdue, clock_monotonic_ns() + NS_PER_S / 20));
	usleep(200000);
	assert_false(overdue_expect(overdue, 0));
	overdue_close(overdue);
	capture_end_with(NULL, NULL);
}

static void test_in_time_is_not_told(void **state)
{
	struct overdue *overdue = overdue_open("x is late");

	(void)state;
	capture_begin();
	overdue_expect(overdue, clock_monotonic_ns() + DEADLINE_NS);
	assert_false(overdue_expect(overdue, clock_monotonic_ns() + DEADLINE_NS));
	overdue_expect(overdue, 0);
	overdue_close(overdue);
	capture_end_with(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe_takes_all),
		cmocka_unit_test(test_pipe_takes_nothing),
		cmocka_unit_test(test_close_while_writing),
		cmocka_unit_test(test_reader_is_gone),
		cmocka_unit_test(test_file_has_whole_texts),
		cmocka_unit_test(test_late_is_told_meanwhile),
		cmocka_unit_test(test_in_time_is_not_told),
	};

	return cmocka_run_group_tests_name("outlet", tests, NULL, NULL);
}

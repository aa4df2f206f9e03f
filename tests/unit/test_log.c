/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_log.c - messages: prefix, line end, and what -v adds.
 */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static void test_messages(void **state)
{
	char *text;

	(void)state;
	capture_begin();
	log_error("cannot read '%s'", "x");
	log_warning("a %d", 1);
	log_info("b");
	log_detail("not shown");
	log_verbose = true;
	log_detail("shown");
	log_verbose = false;
	text = capture_end();
	assert_string_equal(text, "redtap: cannot read 'x'\nredtap: a 1\nredtap: b\n"
				  "redtap: shown\n");
	free(text);
}

/* A message that is too long is cut, but still ends its line. */
static void test_long_message(void **state)
{
	char subject[10000], *text;

	(void)state;
	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	capture_begin();
	log_error("%s", subject);
	log_error("next");
	text = capture_end();
	assert_contains("the second line", text, "x\nredtap: next\n");
	assert_true(strlen(text) > 1000 && strlen(text) < 4096);
	free(text);
}

/* A reader that takes nothing delays nobody; when it takes some again, it hears what is missing. */
static void test_stuck_reader(void **state)
{
	const uint64_t begin_ns = clock_monotonic_ns();
	const int saved = dup(STDERR_FILENO);
	char bytes[1 << 16];
	ssize_t length;
	int ends[2], i;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(log_begin(), 0);
	for (i = 0; i < 3000; i++)
		log_info("%0100d", i);
	assert_true(log_dropped() >= 1900 && clock_monotonic_ns() - begin_ns < 10 * NS_PER_S);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	for (i = 0; i < 300 && read(ends[0], bytes, sizeof(bytes)) != 0; i++)
		usleep(1000);
	log_info("last");
	log_end(clock_monotonic_ns() + 10 * NS_PER_S);
	dup2(saved, STDERR_FILENO);
	length = read(ends[0], bytes, sizeof(bytes) - 1);
	assert_true(length > 0);
	bytes[length] = '\0';
	assert_contains("messages", bytes, "redtap: last\nredtap: ");
	assert_contains("messages", bytes, " messages were dropped so far");
	assert_int_equal(log_dropped(), 0);
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_stuck_reader),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_log.c - messages: prefix, line end, and what -v adds.
 */
#include "unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_long_message),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

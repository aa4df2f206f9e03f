/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_destination.c - destinations of StatsD lines: what is accepted, what is refused,
 * and their text.
 */
#include "unit.h"

#include "send/destination.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		enum destination_kind kind;
		const char *name; /* NULL: same as text */
	} rows[] = {
		{ "udp://localhost:9125", "localhost", 9125, DESTINATION_UDP, NULL },
		{ "udp://127.0.0.1:1", "127.0.0.1", 1, DESTINATION_UDP, NULL },
		{ "udp://[::1]:65535", "::1", 65535, DESTINATION_UDP, NULL },
		{ "udp://[fe80::1%eth0]:8125", "fe80::1%eth0", 8125, DESTINATION_UDP, NULL },
		{ "udp://stats_d.x:08125", "stats_d.x", 8125, DESTINATION_UDP,
		  "udp://stats_d.x:8125" },
		{ "tcp://h:9125", "h", 9125, DESTINATION_TCP, NULL },
		{ "tcp://[::1]:9125", "::1", 9125, DESTINATION_TCP, NULL },
		{ "unix:///run/statsd.sock", "/run/statsd.sock", 0, DESTINATION_UNIX, NULL },
		{ "unix:///a b,c|d", "/a b,c|d", 0, DESTINATION_UNIX, NULL },
		{ "none", "", 0, DESTINATION_NONE, NULL },
	};
	char name[DESTINATION_NAME_MAX];
	struct destination destination;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const char *wrong = destination_parse(&destination, rows[i].text);

		if (wrong)
			fail_msg("'%s': %s", rows[i].text, wrong);
		assert_int_equal(destination.kind, rows[i].kind);
		assert_string_equal(destination.host, rows[i].host);
		assert_int_equal(destination.port, rows[i].port);
		assert_string_equal(destination_name(name, &destination),
				    rows[i].name ? rows[i].name : rows[i].text);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		/* port */
		"udp://h:0", "udp://h:65536", "udp://h:99999999999999999999", "udp://h:", "udp://h",
		"udp://h:9125/", "tcp://h",
		/* host */
		"udp://:9125", "udp://", "udp://h/x:9125", "udp://h h:9125", "udp://h\n:9125",
		"udp://u@h:9125", "tcp://:1",
		/* brackets */
		"udp://[]:9125", "udp://[::1", "udp://[::1]", "udp://[::1]9125", "udp://::1:9125",
		/* path */
		"unix://run/statsd.sock", "unix://", "unix:/run/statsd.sock",
		/* scheme */
		"UDP://h:9125", "h:9125", "http://h:1", "None", ""
	};
	struct destination destination;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(texts); i++)
		if (!destination_parse(&destination, texts[i]))
			fail_msg("'%s' is accepted, but must be refused", texts[i]);
}

/* The longest text that is accepted, and one byte more. */
static void test_longest(void **state)
{
	static const struct {
		const char *before, *behind;
		size_t longest;
		const char *wrong;
	} rows[] = {
		{ "udp://", ":1", 255, "too long" },
		{ "unix:///", "", 106, "107 bytes" },
	};
	struct destination destination;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		char text[300], name[DESTINATION_NAME_MAX], *end;

		strcpy(text, rows[i].before);
		end = text + strlen(text) + rows[i].longest;
		memset(text + strlen(text), 'x', rows[i].longest + 1);
		strcpy(end, rows[i].behind);
		assert_null(destination_parse(&destination, text));
		assert_string_equal(destination_name(name, &destination), text);
		*end = 'x';
		strcpy(end + 1, rows[i].behind);
		assert_contains("a byte more", destination_parse(&destination, text),
				rows[i].wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("destination", tests, NULL, NULL);
}

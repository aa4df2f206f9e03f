/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_silence.c - the message when there are no requests.
 */
#include "unit.h"

#include "watch/silence.h"

static void test_reasons(void **state)
{
	static const struct {
		const char *comment;
		struct silence_facts facts;
		const char *said; /* the whole text after the introduction */
	} rows[] = {
		{ "nothing to watch", { .processes = 0 }, "there is no process to watch yet" },
		{ "no port", { .processes = 1 }, "the watched processes listen on no TCP port" },
		{ "no connection",
		  { .processes = 2, .ports = { 80, 8080 }, .port_count = 2 },
		  "no connection carried data; the watched processes listen on port 80, 8080" },
		{ "more ports than are named",
		  { .processes = 1, .ports = { 1, 2, 3, 4, 5, 6, 7, 8 }, .port_count = 9 },
		  "no connection carried data; the watched processes listen on port "
		  "1, 2, 3, 4, 5, 6, 7, 8 and others" },
		{ "one TLS",
		  { .processes = 1, .ignored = { [IGNORE_TLS] = 1 }, .port_count = 1 },
		  "1 connection encrypted by TLS, which redtap does not observe yet" },
		{ "TLS and HTTP/2, still open",
		  { .processes = 1,
		    .connections = 3,
		    .ignored = { [IGNORE_TLS] = 2, [IGNORE_HTTP2] = 1 } },
		  "2 connections encrypted by TLS, which redtap does not observe yet; "
		  "1 connection with HTTP/2, which redtap does not observe yet" },
		{ "not HTTP",
		  { .processes = 1, .ignored = { [IGNORE_NOT_HTTP] = 2, [IGNORE_MALFORMED] = 3 } },
		  "5 connections with something other than HTTP" },
		{ "unfinished",
		  { .processes = 1, .in_flight = 1, .connections = 1 },
		  "1 request started, without a response so far" },
		{ "lost",
		  { .processes = 1, .lost = 2 },
		  "2 requests lost (see 'lost' in --output json for the reasons)" },
		{ "table full",
		  { .processes = 1, .ignored = { [IGNORE_CONNECTIONS_FULL] = 7 } },
		  "7 connections ignored because of --max-connections" },
		{ "open before attach",
		  { .processes = 1, .connections = 2, .port_count = 1 },
		  "2 connections without a new request (perhaps opened before attach: TLS, or in "
		  "the middle of a request)" },
		{ "the last process has ended, but its connections explain it",
		  { .processes = 0, .ignored = { [IGNORE_TLS] = 1 } },
		  "1 connection encrypted by TLS, which redtap does not observe yet" },
	};
	char text[SILENCE_TEXT_MAX], expected[SILENCE_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct silence_facts facts = rows[i].facts;

		facts.seconds = 10;
		snprintf(expected, sizeof(expected), "no request was completed in 10 s: %s",
			 rows[i].said);
		if (strcmp(silence_explain(text, &facts), expected) != 0)
			fail_msg("%s: %s", rows[i].comment, text);
	}
}

/* The buffer is large enough for the longest numbers. */
static void test_longest(void **state)
{
	struct silence_facts facts;
	char text[SILENCE_TEXT_MAX];

	(void)state;
	memset(&facts, 0xff, sizeof(facts));
	facts.lost = UINT64_MAX - 1;
	facts.ignored[IGNORE_MALFORMED] = 0;
	silence_explain(text, &facts);
	assert_contains("the last part", text, "because of --max-connections");
	assert_true(strlen(text) < SILENCE_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("silence", tests, NULL, NULL);
}

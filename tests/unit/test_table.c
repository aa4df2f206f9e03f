/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_table.c - the table in a file; test_terminal.c has it on a terminal.
 */
#include "unit.h"

#include "printed.h"

#define MS 1000000ULL

static void test_table_plain(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct series *ok = made_flush_get(made, "/a", 200, 30, 10 * MS);
	struct series *other =
		made_flush_series(made, "web", "POST", "/b\x1b[2J", 200, ERROR_CLIENT_ABORT);
	const char *text;

	made_flush_get(made, "/a", 500, 10, 2000 * MS);
	made_flush_add(made, other, 5, 200000 * MS, 0, 0);
	made->flush.in_flight = 2;
	made->flush.total.lost[LOSS_FRAMING] = 3;
	printed_attached(printed, 1, NULL, 0);
	text = printed_flush(printed);
	assert_contains("header", text,
			"  web  last 5.0s  9.0/s  2 in flight  3 lost  "
			"tracepoint\n");
	assert_contains("titles", text, " RATE/s ERRORS    P50    P90    P99    MAX 1us   1ms");
	/* Both statuses in one row; 40 / 5 s, 10 of 40. */
	assert_contains("row", text,
			"    8.0  25.0% 9.95ms  1.95s  1.95s  2.00s        @    -    GET /a\n");
	/* client_abort and no_response are errors; the last bin has no upper edge. */
	assert_contains("row", text, "    1.0 100.0%   100s   100s   100s  >100s ");
	assert_contains("escaped", text, " POST /b\\x1b[2J\n");
	assert_null(strchr(text, '\x1b'));
	/* The larger count comes first. */
	assert_true(strstr(text, "GET /a") < strstr(text, "POST /b"));

	/* In a file, rows without requests are left out. */
	made_flush_next(made);
	made_flush_add(made, ok, 1, 10 * MS, 0, 0);
	text = printed_flush(printed);
	assert_contains("changed", text, "GET /a\n");
	assert_null(strstr(text, "POST"));
}

static void test_table_several_services(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	const char *text;

	made->services[1].name = "api";
	made->flush.service_count = 2;
	made_flush_get(made, "/", 200, 2, MS);
	made_flush_add(made, made_flush_series(made, "api", "GET", "/", 200, ERROR_NONE), 1, MS, 0,
		       0);
	text = printed_flush(printed);
	assert_contains("header", text, "2 services");
	assert_contains("row", text, " web GET /\n");
	assert_contains("row", text, " api GET /\n");
}

/* One row for each server that got requests; for a client 4xx is an error. */
static void test_table_client(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	const char *text;

	made_flush_get(made, "/", 404, 4, MS);
	made_flush_get(made, "/", 404, 2, MS)->server_address = "192.0.2.1";
	made_flush_get(made, "/", 404, 1, MS)->server_address = "2001:db8::1";
	text = printed_flush(printed);
	assert_contains("row", text, "   0.0% ");
	assert_contains("row", text, " -> 192.0.2.1 GET /\n");
	assert_contains("row", text, " -> 2001:db8::1 GET /\n");
	assert_contains("row", text, " 100.0% ");
}

static void test_total_ledger(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	const char *text;

	made_flush_get(made, "/", 200, 160, MS);
	made_flush_next(made);
	made->flush.total.seen = 168;
	made->flush.in_flight = 5;
	made->flush.total.lost[LOSS_FRAMING] = 2;
	made->flush.total.lost[LOSS_UNREADABLE] = 1;
	made->flush.total.approximate[APPROXIMATE_ATTACHED_LATE] = 7;
	text = printed_total(printed);
	assert_contains("header", text, "whole run 10.0s  16.0/s");
	assert_contains("ledger", text,
			"\nseen 168 = counted 160 + in flight 5 + lost 3\n"
			"lost: unreadable 1, framing 2\n"
			"approximate: attached_late 7\n");
	assert_null(strstr(text, "ignored"));
	assert_null(strstr(text, "no requests"));
	/* If the numbers do not fit, the table says so. */
	made->flush.in_flight = 4;
	text = printed_total(printed);
	assert_contains("ledger", text, "seen 168 ~ counted 160 + in flight 4 + lost 3 (");
}

static void test_no_requests(void **state)
{
	struct printed *printed = *state;
	const char *text;

	printed->made.flush.total.ignored[IGNORE_TLS] = 9;
	text = printed_flush(printed);
	assert_contains("interval", text, "no requests seen yet\n");
	text = printed_total(printed);
	assert_contains("total", text, "no requests seen in 5.0s\n");
	assert_contains("total", text, "seen 0 = counted 0 + in flight 0 + lost 0\n");
	assert_contains("total", text, "ignored connections: tls 9\n");
}

/* A line a service, where something was accepted. */
static void test_accept(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct phase_series *accept;
	const char *text;

	accept = made_flush_phase(made, REQUEST_PHASE_ACCEPT, "we\033b", NULL);
	made_flush_phase(made, REQUEST_PHASE_ACCEPT, "idle", NULL);
	made_flush_get(made, "/", 200, 1, MS);
	made_flush_add_phase(accept, 1, 100 * MS);
	made_flush_add_phase(accept, 1, 300 * MS);
	text = printed_flush(printed);
	assert_contains("accept", text,
			"2 accepted, after 200ms on average (p50 99.5ms, p99 295ms, max 300ms)\n");
	assert_null(strstr(text, "\033"));
	assert_null(strstr(text, "idle"));
	made_flush_next(made);
	text = printed_flush(printed);
	assert_null(strstr(text, "accepted"));
}

static int setup_group(void **state)
{
	(void)state;
	/* Do not depend on the caller's locale. */
	return setenv("LC_ALL", "C", 1);
}

#define TABLE_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, printed_setup_table, printed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(test_table_plain),  TABLE_TEST(test_table_several_services),
		TABLE_TEST(test_table_client), TABLE_TEST(test_total_ledger),
		TABLE_TEST(test_no_requests),  TABLE_TEST(test_accept),
	};

	return cmocka_run_group_tests_name("table", tests, setup_group, NULL);
}

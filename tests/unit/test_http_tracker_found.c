/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_http_tracker_found.c - faults that fuzzing the tracker has found: each case failed
 * before its fix.
 */
#include "unit.h"

#include "tracker_script.h"

#define TUNNEL "HTTP/1.1 101 Switching Protocols\r\n\r\n"

static const struct script_row found_rows[] = {
	/* The next stamp covered these bytes too, so t1 was later than t2. */
	{ "bytes whose arrival no hook saw, received before the next ones arrive",
	  .steps = { ARRIVE_UNSEEN(10, "GE"), READ(20), RECEIVE(30, "T /a HTTP/1.1\r\n\r\n"),
		     SEND(45, OK2) },
	  .transactions = { { METHOD_GET, "/a", 200, 25, 0, 2,
			      .approximate = APPROXIMATE_NO_ARRIVAL } },
	  .calls = CALLS_FIXED },
};

static void test_found_rows(void **state)
{
	(void)state;
	script_rows_run(found_rows, ROWS(found_rows));
}

/*
 * If the hooks of two calls run in reverse order, the position goes back.  In a tunnel the
 * direction was then parsed again: the walk over the next call that began like a message
 * took 512 steps.
 */
static void test_tunnel_positions_go_back(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n";
	struct driver *driver = calloc(1, sizeof(*driver));

	(void)state;
	assert_non_null(driver);
	driver_init(driver, "a tunnel in which positions go back", false, 0, 0);
	driver->now_ns = 1000;
	driver_arrive(driver, strlen(request));
	driver_receive(driver, request, strlen(request));
	driver_send(driver, TUNNEL, strlen(TUNNEL));
	assert_int_equal(driver->ledger.counted, 1);
	driver->send.sequence -= 3;
	driver_send(driver, "abc", 3);
	driver_send(driver, OK2, strlen(OK2));
	assert_int_equal(driver->connection.send.parser.phase, PHASE_IGNORE);
	driver->receive.sequence -= 3;
	driver_receive(driver, "abc", 3);
	driver_receive(driver, request, strlen(request));
	assert_int_equal(driver->connection.receive.parser.phase, PHASE_IGNORE);
	assert_int_equal(driver->ledger.seen, 1);
	driver_end(driver, END_LOCAL);
	free(driver);
}

/* The same on an ignored connection: later bytes are no request either. */
static void test_ignored_positions_go_back(void **state)
{
	struct driver *driver = calloc(1, sizeof(*driver));

	(void)state;
	assert_non_null(driver);
	driver_init(driver, "an ignored connection in which positions go back", false, 0, 0);
	driver->now_ns = 1000;
	driver_arrive(driver, 100);
	driver_receive(driver, "\x16\x03\x01\x02\x00\x01", 6);
	assert_int_equal(driver->ledger.ignored[IGNORE_TLS], 1);
	driver->receive.sequence -= 2;
	driver_receive(driver, "abc", 3);
	driver_receive(driver, GET_A, strlen(GET_A));
	assert_int_equal(driver->ledger.seen, 0);
	driver_end(driver, END_LOCAL);
	free(driver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_rows),
		cmocka_unit_test(test_tunnel_positions_go_back),
		cmocka_unit_test(test_ignored_positions_go_back),
	};

	return cmocka_run_group_tests_name("http_tracker_found", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_table.c - the table in a file, and on a terminal of any size.
 */
#include "unit.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "printed.h"

#define US 1000ULL
#define MS 1000000ULL
#define OUTPUT_BYTES (256 * 1024)

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
	/* A transaction's error is an error; the overflow has no upper edge. */
	assert_contains("row", text, "    1.0 100.0%   100s   100s   100s  >100s ");
	assert_contains("escaped", text, " POST /b\\x1b[2J\n");
	assert_null(strchr(text, '\x1b'));
	/* The larger count comes first. */
	assert_true(strstr(text, "GET /a") < strstr(text, "POST /b"));

	/* What had no requests is left out of a file. */
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

/* A row of its own for each server that was asked, and 4xx is an error there. */
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
	/* Where the numbers do not fit, that is said. */
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

static void print(void *context, const char *text, size_t length, bool last)
{
	(void)last;
	fwrite(text, 1, length, context);
	fflush(context);
}

static int open_terminal(int *master, unsigned short columns, unsigned short lines)
{
	const struct winsize size = { .ws_col = columns, .ws_row = lines };
	struct termios raw;
	int slave;

	assert_int_equal(openpty(master, &slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	return slave;
}

/* Draws one flush on a terminal of a size, returns what reached it, until the next one. */
static const char *draw(struct made_flush *made, unsigned short columns, unsigned short lines,
			bool total)
{
	static char text[OUTPUT_BYTES];
	int master;
	const int slave = open_terminal(&master, columns, lines);
	FILE *stream = fdopen(slave, "w");
	struct report *report = report_open(OUTPUT_TABLE, slave, print, stream);
	size_t used = 0;
	ssize_t length;

	assert_int_equal(
		total ? report_total(report, &made->flush) : report_flush(report, &made->flush), 0);
	/* "Clear to the end" is the last there is. */
	while (used < 3 || memcmp(text + used - 3, "\033[J", 3) != 0) {
		length = read(master, text + used, OUTPUT_BYTES - 1 - used);
		assert_true(length > 0);
		used += (size_t)length;
	}
	report_close(report);
	fclose(stream);
	close(master);
	text[used] = '\0';
	return text;
}

/* The longest line, escape sequences aside; all is ASCII in the "C" locale. */
static size_t widest_line(const char *text)
{
	size_t widest = 0, width = 0;

	for (; *text; text++) {
		if (*text == '\033') {
			text += 2;
		} else if (*text == '\n') {
			widest = width > widest ? width : widest;
			width = 0;
		} else {
			assert_true(*text >= ' ' && *text <= '~');
			width++;
		}
	}
	return widest;
}

static size_t count_newlines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void test_terminal_sizes(void **state)
{
	static const unsigned short columns[] = { 1, 2, 20, 40, 71, 72, 80, 132, 400 };
	static const unsigned short lines[] = { 1, 2, 3, 5, 10, 24, 100 };
	char routes[40][PATH_MAX_BYTES + 1], expected[32];
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	size_t i, j;

	for (i = 0; i < ROWS(routes); i++) {
		memset(routes[i], 'x', PATH_MAX_BYTES);
		routes[i][PATH_MAX_BYTES] = '\0';
		memcpy(routes[i], "/12 \xc3\xa9\xe4\xb8\xad", 9);
		routes[i][1] = '0' + i / 10;
		routes[i][2] = '0' + i % 10;
		made_flush_get(made, routes[i], 200, i + 1, MS);
	}
	for (i = 0; i < ROWS(columns); i++) {
		for (j = 0; j < ROWS(lines); j++) {
			const char *text = draw(made, columns[i], lines[j], false);
			const size_t drawn = count_newlines(text);

			assert_memory_equal(text, "\033[H", 3);
			/* The last column and the last line stay free. */
			if (columns[i] >= 2 && widest_line(text) > (size_t)columns[i] - 1)
				fail_msg("%zu columns of %u", widest_line(text), columns[i]);
			if (lines[j] >= 5 && drawn > (size_t)lines[j] - 1)
				fail_msg("%zu lines of %u", drawn, lines[j]);
			/* As many as fit: header, titles, rows, "more", the cursor's line. */
			if (lines[j] >= 5 && lines[j] < 40 && columns[i] >= 20) {
				assert_int_equal(drawn, lines[j] - 1);
				snprintf(expected, sizeof(expected), "... %u more",
					 (unsigned int)ROWS(routes) - (lines[j] - 4));
				assert_contains("rows left out", text, expected);
			}
			if (lines[j] == 100)
				assert_null(strstr(text, "more"));
		}
	}
}

/* A line of exactly the room that there is stays whole, one more column and it is cut. */
static void test_terminal_exact_fit(void **state)
{
	/* Up to the end of "/abc": no picture at this width. */
	const unsigned short width = 7 + 6 * 5 + 5 + (sizeof(" GET /abc") - 1);
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;

	made_flush_get(made, "/abc", 200, 5, MS);
	assert_contains("fits", draw(made, width + 1, 24, false), "1.00ms GET /abc\033[K\n");
	assert_contains("cut", draw(made, width, 24, false), "1.00ms GET /a>\033[K\n");
}

/* A row stays though nothing happened in the interval. */
static void test_terminal_idle_row(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	const char *text;

	made_flush_get(made, "/", 200, 5, MS);
	made_flush_next(made);
	text = draw(made, 80, 24, false);
	assert_contains("idle", text, "    0.0      -      -      -      -      -  ");
	text = draw(made, 80, 24, true);
	assert_contains("the whole run", text, "    0.5   0.0%  995us  995us  995us 1.00ms ");
	assert_contains("the whole run", text, "seen 5 = counted 5 + in flight 0 + lost 0");
}

/* Two cells for each decade, the larger the denser; ASCII without a UTF-8 locale. */
static void test_picture(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct series *series = made_flush_get(made, "/", 200, 1, 500); /* < 1 us: the first cell */
	const char *text;

	made_flush_add(made, series, 800, 3200 * US, 0, 0); /* 1 to 3.2 ms: the seventh */
	made_flush_add(made, series, 400, 3201 * US, 0, 0); /* 3.2 to 10 ms: the eighth */
	made_flush_add(made, series, 1, 300000 * MS, 0, 0); /* above 100 s: the last */
	text = draw(made, 80, 24, false);
	assert_contains("ASCII", text, ">100s .     @=       . GET /");
	setenv("LC_ALL", "C.UTF-8", 1);
	text = draw(made, 80, 24, false);
	assert_contains("UTF-8", text,
			">100s \xe2\x96\x81     \xe2\x96\x88\xe2\x96\x84       "
			"\xe2\x96\x81 GET /");
	/* Where it would crowd out the request, it goes. */
	text = draw(made, 60, 24, false);
	assert_contains("narrow", text, ">100s GET /");
	setenv("LC_ALL", "C", 1);
}

/* Means of the row's own requests: two methods of one route differ. */
static void test_phases(void **state)
{
	static const struct {
		const char *comment;
		unsigned short columns;
		bool deliver;
		const char *titles, *row; /* NULL: not looked at */
	} rows[] = {
		{ "everything", 93, false, "    MAX  QUEUE  SERVE   SEND 1us   1ms   1s    REQUEST",
		  " 10.0ms 2.00ms 8.00ms      0" },
		{ "too narrow for the picture", 92, false, "    MAX  QUEUE  SERVE   SEND REQUEST",
		  " 10.0ms 2.00ms 8.00ms      0 GET /a\033" },
		{ "80 columns", 80, false, "    MAX  QUEUE  SERVE   SEND REQUEST", NULL },
		{ "just enough", 71, false, "    MAX  QUEUE  SERVE   SEND REQ", NULL },
		{ "too narrow", 70, false, "    MAX REQUEST", " 10.0ms GET /a\033" },
		{ "80 columns and deliver", 80, true, "    MAX  QUEUE  SERVE   SEND  DELIV REQ",
		  " 10.0ms 2.00ms 8.00ms      0 40.0ms GET /a\033" },
		{ "everything and deliver", 100, true,
		  "    MAX  QUEUE  SERVE   SEND  DELIV 1us   1ms   1s    REQUEST", NULL },
		{ "too narrow for deliver: the picture", 77, true,
		  "    MAX 1us   1ms   1s    REQUEST", NULL },
	};
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct series *get = made_flush_get(made, "/a", 200, 2, 10 * MS);
	struct series *post = made_flush_series(made, "web", "POST", "/a", 200, ERROR_NONE);
	struct phase_series *phases[REQUEST_PHASE_COUNT];
	unsigned int phase;
	size_t i;

	for (phase = REQUEST_PHASE_QUEUE; phase <= REQUEST_PHASE_SEND; phase++)
		phases[phase] = made_flush_phase(made, phase, "web", "/a");
	made_flush_add_phase_of(phases[REQUEST_PHASE_QUEUE], get, 1, 1 * MS);
	made_flush_add_phase_of(phases[REQUEST_PHASE_QUEUE], get, 1, 3 * MS);
	made_flush_add_phase_of(phases[REQUEST_PHASE_SERVICE], get, 2, 8 * MS);
	made_flush_add_phase_of(phases[REQUEST_PHASE_SEND], get, 2, 0);
	made_flush_add(made, post, 1, 50 * MS, 0, 0);
	made_flush_add_phase_of(phases[REQUEST_PHASE_QUEUE], post, 1, 50 * MS);
	for (i = 0; i < ROWS(rows); i++) {
		const char *text;

		if (rows[i].deliver && !rows[i - 1].deliver)
			made_flush_add_phase_of(made_flush_phase(made, REQUEST_PHASE_DELIVER, "web",
								 "/a"),
						get, 1, 40 * MS);
		text = draw(made, rows[i].columns, 24, false);
		assert_contains(rows[i].comment, text, rows[i].titles);
		if (rows[i].row)
			assert_contains(rows[i].comment, text, rows[i].row);
	}
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
	/* What the caller's environment says of letters is no business of ours. */
	return setenv("LC_ALL", "C", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table_plain, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_table_several_services, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_table_client, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_total_ledger, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_no_requests, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_terminal_sizes, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_terminal_exact_fit, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_terminal_idle_row, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_picture, printed_setup_table,
						printed_teardown),
		cmocka_unit_test_setup_teardown(test_phases, printed_setup_table, printed_teardown),
		cmocka_unit_test_setup_teardown(test_accept, printed_setup_table, printed_teardown),
	};

	return cmocka_run_group_tests_name("table", tests, setup_group, NULL);
}

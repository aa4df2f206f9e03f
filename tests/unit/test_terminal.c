/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_terminal.c - the table on a terminal of any size: what is cut, what is left out.
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
	/* Up to the end of "/abc": neither picture nor MAX at this width. */
	const unsigned short width = 7 + 4 * 7 + (sizeof(" GET /abc") - 1);
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;

	made_flush_get(made, "/abc", 200, 5, MS);
	assert_contains("fits", draw(made, width + 1, 24, false), " 995us GET /abc\033[K\n");
	assert_contains("cut", draw(made, width, 24, false), " 995us GET /a>\033[K\n");
}

/* 30 columns of a route come before all numbers that can go; its end is shown too. */
static void test_terminal_long_route(void **state)
{
	static const struct {
		unsigned short columns;
		const char *titles, *route;
	} rows[] = {
		{ 110, "    MAX  QUEUE  SERVE   SEND REQ",
		  "/api/v1/shops/{id}/...}/orders/{id}/items" },
		{ 80, "    P99    MAX REQ", "/api/v1/shops/{...ers/{id}/items" },
		{ 78, "    P99    MAX REQ", "/api/v1/shops/...rs/{id}/items" },
		{ 77, "    P99 REQ", "/api/v1/shops/{id...rders/{id}/items" },
		{ 60, "    P99 REQ", "/api/v1/...d}/items" },
	};
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	unsigned int phase;
	size_t i;

	made_flush_get(made, "/api/v1/shops/{id}/customers/{id}/orders/{id}/items", 200, 1, MS);
	for (phase = REQUEST_PHASE_QUEUE; phase <= REQUEST_PHASE_SEND; phase++)
		made_flush_phase(made, phase, "web", "/");
	for (i = 0; i < ROWS(rows); i++) {
		const char *text = draw(made, rows[i].columns, 24, false);

		assert_contains("titles", text, rows[i].titles);
		assert_contains("route", text, rows[i].route);
		assert_int_equal(widest_line(text), rows[i].columns - 1);
	}
	setenv("LC_ALL", "C.UTF-8", 1);
	assert_contains("UTF-8", draw(made, 78, 24, false),
			" GET /api/v1/shops/{\xe2\x80\xa6"
			"ers/{id}/items\033");
	setenv("LC_ALL", "C", 1);
}

/* The busiest row of the interval comes first, idle ones last. */
static void test_terminal_order(void **state)
{
	struct printed *printed = *state;
	struct made_flush *made = &printed->made;
	struct series *a = made_flush_get(made, "/a", 200, 5, MS), *b;
	const char *text;

	made_flush_get(made, "/idle", 200, 100, MS);
	b = made_flush_get(made, "/b", 200, 9, MS);
	made_flush_next(made);
	made_flush_add(made, a, 3, MS, 0, 0);
	made_flush_add(made, b, 2, MS, 0, 0);
	text = draw(made, 80, 24, false);
	assert_true(strstr(text, "GET /a") < strstr(text, "GET /b"));
	assert_true(strstr(text, "GET /b") < strstr(text, "GET /idle"));
	text = draw(made, 80, 24, true);
	assert_true(strstr(text, "GET /idle") < strstr(text, "GET /b"));
	assert_true(strstr(text, "GET /b") < strstr(text, "GET /a"));
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
		{ "everything", 90, false, "    MAX  QUEUE  SERVE   SEND 1us   1ms   1s    REQUEST",
		  " 10.0ms 2.00ms 8.00ms      0" },
		{ "too narrow for the picture", 89, false, "    MAX  QUEUE  SERVE   SEND REQUEST",
		  " 10.0ms 2.00ms 8.00ms      0 GET /a\033" },
		{ "just enough", 72, false, "    MAX  QUEUE  SERVE   SEND REQUEST", NULL },
		{ "without SEND", 71, false, "    MAX  QUEUE  SERVE REQUEST",
		  " 10.0ms 2.00ms 8.00ms GET /a\033" },
		{ "without SERVE", 64, false, "    MAX  QUEUE REQUEST", NULL },
		{ "without QUEUE", 57, false, "    MAX REQUEST", " 10.0ms GET /a\033" },
		{ "without MAX", 50, false, "    P99 REQUEST", " 9.95ms GET /a\033" },
		{ "deliver, just enough", 79, true, "    MAX  QUEUE  SERVE   SEND  DELIV REQ",
		  " 10.0ms 2.00ms 8.00ms      0 40.0ms GET /a\033" },
		{ "everything and deliver", 100, true,
		  "    MAX  QUEUE  SERVE   SEND  DELIV 1us   1ms   1s    REQUEST", NULL },
		{ "deliver was asked for: it stays", 58, true, "    MAX  DELIV REQUEST", NULL },
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

static int setup_group(void **state)
{
	(void)state;
	/* What the caller's environment says of letters is no business of ours. */
	return setenv("LC_ALL", "C", 1);
}

#define TABLE_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, printed_setup_table, printed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(test_terminal_sizes),
		TABLE_TEST(test_terminal_exact_fit),
		TABLE_TEST(test_terminal_long_route),
		TABLE_TEST(test_terminal_order),
		TABLE_TEST(test_terminal_idle_row),
		TABLE_TEST(test_picture),
		TABLE_TEST(test_phases),
	};

	return cmocka_run_group_tests_name("terminal", tests, setup_group, NULL);
}

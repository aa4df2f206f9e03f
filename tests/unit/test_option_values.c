/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_option_values.c - the values of options: which texts are accepted, and what they
 * stand for.
 */
#include "unit.h"

#include <inttypes.h>

#include "options/values.h"

#define VALUE_MAX 64

/* Each parses a text and writes what it stands for; returns what is wrong, or NULL. */

static const char *duration(char value[VALUE_MAX], const char *text)
{
	uint64_t ns = 0;
	const char *wrong = value_duration(&ns, "100ms to 1h", text);

	snprintf(value, VALUE_MAX, "%" PRIu64 " ns", ns);
	return wrong;
}

static const char *buckets(char value[VALUE_MAX], const char *text)
{
	double edges[STATSD_BUCKETS_MAX];
	size_t count = 0;
	const char *wrong = value_buckets(text, edges, &count);

	if (!wrong)
		snprintf(value, VALUE_MAX, "%zu, last %g", count, edges[count - 1]);
	return wrong;
}

static const char *phases(char value[VALUE_MAX], const char *text)
{
	uint32_t set = 0;
	const char *wrong = value_phases(&set, NULL, text);

	snprintf(value, VALUE_MAX, "%#" PRIx32, set);
	return wrong;
}

static const char *word(char value[VALUE_MAX], const char *text)
{
	int place = 0;
	const char *wrong = value_word(&place, "table, json or none", text);

	snprintf(value, VALUE_MAX, "%d", place);
	return wrong;
}

static const struct value_row {
	const char *(*parse)(char value[VALUE_MAX], const char *text);
	const char *texts; /* separated by '|' */
	const char *value; /* what each stands for; NULL: refused */
	const char *wrong; /* part of the reason, if refused */
} rows[] = {
	{ duration, "100ms|0.1s", "100000000 ns", NULL },
	{ duration, "250.25ms", "250250000 ns", NULL },
	{ duration, "1.0000000001s|01s", "1000000000 ns", NULL },
	{ duration, "1.5s", "1500000000 ns", NULL },
	{ duration, "5s", "5000000000 ns", NULL },
	{ duration, "2m", "120000000000 ns", NULL },
	{ duration, "0.5h", "1800000000000 ns", NULL },
	{ duration, "1h|3600000ms", "3600000000000 ns", NULL },
	{ duration,
	  "99.999999ms|3600.000000001s|99999999999999999999s|18446744073709551617s|"
	  "99999999999999999999h|0s",
	  NULL, "out of range" },
	{ duration,
	  "5|s||5 s| 5s|5s |+5s|-5s|5.s|.5s|1.2.3s|1,5s|1e3ms|0x5s|nans|infs|soon|5S|5us|5min",
	  NULL, "with a unit" },
	{ buckets, "1", "1, last 1", NULL },
	{ buckets, "00.5", "1, last 0.5", NULL },
	{ buckets, "0.000001,100", "2, last 100", NULL },
	{ buckets, "0.0000011,99", "2, last 99", NULL },
	{ buckets, "0.10,0.2000000000000", "2, last 0.2", NULL },
	{ buckets, "0.005,0.01,0.25,1.0,7.5", "5, last 7.5", NULL },
	{ buckets, "|,|1,|1,,2|1, 2|x|1s|-1|.5|1e-3|+Inf|nan", NULL, "not a list" },
	{ buckets, "0|0.0000009|100.1|110|99999999999999999999999", NULL, "out of range" },
	{ buckets, "0.125|10.1|1.01|1.0000000001", NULL, "two significant digits" },
	{ buckets, "2,1|1,1.0", NULL, "ascending" },
	{ phases, "none", "0", NULL },
	{ phases, "queue", "0x2", NULL },
	{ phases, "send,queue", "0xa", NULL },
	{ phases, "accept,deliver,queue,service,send", "0x3e", NULL },
	{ phases, "queue,send,queue", NULL, "twice" },
	{ phases,
	  "queue,wait|queue,serv|queues|Queue|none,queue|queue,none||queue,,send|queue,|,queue|"
	  "queue, send",
	  NULL, "not a list" },
	{ word, "table", "1", NULL },
	{ word, "json", "2", NULL },
	{ word, "none", "3", NULL },
	{ word, "|tabl|or|Json|tables|json,", NULL, "" },
};

static void check_text(const struct value_row *row, const char *text)
{
	char value[VALUE_MAX] = "";
	const char *wrong = row->parse(value, text);

	if (!wrong && (!row->value || strcmp(value, row->value) != 0))
		fail_msg("'%s' stands for %s", text, value);
	if (wrong && (row->value || !strstr(wrong, row->wrong)))
		fail_msg("'%s' is refused: %s", text, wrong);
}

static void test_values(void **state)
{
	char texts[256], *rest, *text;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		for (rest = strcpy(texts, rows[i].texts); (text = strsep(&rest, "|"));)
			check_text(&rows[i], text);
}

/* As many buckets as are allowed (0.0010, 0.0011 ... 0.0099, 0.010 ...), and one more. */
static void test_bucket_count(void **state)
{
	char text[1024] = "", value[VALUE_MAX] = "";
	size_t used = 0, i;

	(void)state;
	for (i = 0; i < STATSD_BUCKETS_MAX; i++)
		used += (size_t)sprintf(text + used, "%s%s%zu", i ? "," : "",
					i < 90 ? "0.00" : "0.0", 10 + i % 90);
	assert_null(buckets(value, text));
	assert_memory_equal(value, "100,", 4);
	strcat(text, ",99");
	assert_non_null(buckets(value, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bucket_count),
	};

	return cmocka_run_group_tests_name("option values", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * encoding.c - see encoding.h.
 */
#include "unit.h"

#include "encoding.h"

struct encoding *encoding_open(struct statsd_settings settings)
{
	static const char *const destinations[] = { "udp://h:1", "unix:///a,b|c" };
	struct encoding *encoding = calloc(1, sizeof(*encoding));

	assert_non_null(encoding);
	made_flush_init(&encoding->made);
	encoding->self.flush_s = 0.0125;
	settings.version = "1.2.3";
	settings.hooks = "tracepoint";
	settings.kernel = "6.18.0-rc1";
	settings.destinations = destinations;
	settings.destination_count = ROWS(destinations);
	encoding->encoder = statsd_open(&settings);
	assert_non_null(encoding->encoder);
	return encoding;
}

int encoding_teardown(void **state)
{
	struct encoding *encoding = *state;

	lines_release(&encoding->lines);
	statsd_close(encoding->encoder);
	made_flush_release(&encoding->made);
	free(encoding);
	return 0;
}

void encoding_begin(struct encoding *encoding)
{
	lines_release(&encoding->lines);
	statsd_begin(encoding->encoder, &encoding->made.flush, encoding->losses, &encoding->self,
		     lines_take, &encoding->lines);
}

void encoding_flush(struct encoding *encoding)
{
	encoding_begin(encoding);
	assert_int_equal(statsd_go_on(encoding->encoder, SIZE_MAX), 0);
	made_flush_next(&encoding->made);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_line.c - the form of a StatsD line.
 *
 * Input: names, numbers, tags.  Output: a line to the sink.  It must not know
 * which lines there are.
 */
#include "statsd/statsd_private.h"

#include <stdio.h>
#include <string.h>

char *statsd_format_le(char buffer[32], double seconds)
{
	size_t length = (size_t)snprintf(buffer, 32, "%.9f", seconds);

	while (length > 2 && buffer[length - 1] == '0' && buffer[length - 2] != '.')
		buffer[--length] = '\0';
	return buffer;
}

/* Decimal, padded with zeros to at least `digits`.  Returns its end. */
static char *put_number(char *at, uint64_t number, unsigned int digits)
{
	char reversed[STATSD_VALUE_MAX];
	size_t length = 0;

	do {
		reversed[length++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0 || length < digits);
	while (length > 0)
		*at++ = reversed[--length];
	return at;
}

static char *put_text(char *at, const char *text)
{
	const size_t length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

char *statsd_format_ns(char buffer[STATSD_VALUE_MAX], uint64_t ns, unsigned int digits)
{
	uint64_t unit = 1;
	unsigned int i;
	char *end;

	for (i = 0; i < digits; i++)
		unit *= 10;
	end = put_number(buffer, ns / unit, 1);
	*end++ = '.';
	end = put_number(end, ns % unit, digits);
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	*end = '\0';
	return buffer;
}

/*
 * Without printf(), which would be most of the cost: a full table has 170,000 lines.  Every
 * text fits (statsd_private.h).
 */
void statsd_emit(struct statsd_encoder *encoder, const char *name, const char *suffix,
		 const char *value, const char *type, const char *tags, const char *le)
{
	char line[STATSD_LINE_MAX + 1];
	char *end = put_text(line, name);

	if (suffix) {
		*end++ = '.';
		end = put_text(end, suffix);
	}
	*end++ = ':';
	end = put_text(end, value);
	*end++ = '|';
	end = put_text(end, type);
	if (tags) {
		end = put_text(end, "|#");
		end = put_text(end, tags);
	}
	if (le) {
		end = put_text(end, ",le:");
		end = put_text(end, le);
	}
	*end = '\0';
	encoder->bytes += (size_t)(end - line) + 1;
	encoder->sink(encoder->context, line, (size_t)(end - line));
}

void statsd_emit_count(struct statsd_encoder *encoder, const char *name, const char *suffix,
		       uint64_t value, const char *tags, const char *le)
{
	char text[STATSD_VALUE_MAX];

	*put_number(text, value, 1) = '\0';
	statsd_emit(encoder, name, suffix, text, "c", tags, le);
}

void statsd_emit_gauge(struct statsd_encoder *encoder, const char *name, uint64_t value,
		       const char *tags)
{
	char text[STATSD_VALUE_MAX];

	*put_number(text, value, 1) = '\0';
	statsd_emit(encoder, name, NULL, text, "g", tags, NULL);
}

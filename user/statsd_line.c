/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_line.c - how a StatsD line is written.
 *
 * Input: names, numbers, tags.  Output: a line to the sink.  It must not know
 * which lines there are.
 */
#include "statsd_private.h"

#include <stdio.h>

char *statsd_format_le(char buffer[32], double seconds)
{
	size_t length = (size_t)snprintf(buffer, 32, "%.9f", seconds);

	while (length > 2 && buffer[length - 1] == '0' && buffer[length - 2] != '.')
		buffer[--length] = '\0';
	return buffer;
}

char *statsd_format_ns(char buffer[STATSD_VALUE_MAX], uint64_t ns, unsigned int digits)
{
	uint64_t unit = 1;
	size_t length;
	unsigned int i;

	for (i = 0; i < digits; i++)
		unit *= 10;
	length = (size_t)snprintf(buffer, STATSD_VALUE_MAX, "%llu.%0*llu",
				  (unsigned long long)(ns / unit), (int)digits,
				  (unsigned long long)(ns % unit));
	while (buffer[length - 1] == '0')
		buffer[--length] = '\0';
	if (buffer[length - 1] == '.')
		buffer[--length] = '\0';
	return buffer;
}

void statsd_emit(const struct statsd_encoder *encoder, const char *name, const char *suffix,
		 const char *value, const char *type, const char *tags, const char *le)
{
	char line[STATSD_LINE_MAX + 1];
	const int length = snprintf(line, sizeof(line), "%s%s%s:%s|%s%s%s%s%s", name,
				    suffix ? "." : "", suffix ? suffix : "", value, type,
				    tags ? "|#" : "", tags ? tags : "", le ? ",le:" : "",
				    le ? le : "");

	encoder->sink(encoder->context, line, (size_t)length);
}

void statsd_emit_count(const struct statsd_encoder *encoder, const char *name, const char *suffix,
		       uint64_t value, const char *tags, const char *le)
{
	char text[STATSD_VALUE_MAX];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	statsd_emit(encoder, name, suffix, text, "c", tags, le);
}

void statsd_emit_gauge(const struct statsd_encoder *encoder, const char *name, uint64_t value,
		       const char *tags)
{
	char text[STATSD_VALUE_MAX];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	statsd_emit(encoder, name, NULL, text, "g", tags, NULL);
}

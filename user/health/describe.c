/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * describe.c - see health/health.h: what the facts mean.
 */
#include "health/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

/* Later than so many intervals is late. */
#define LATE_INTERVALS 4
/* A busy machine may be late by so much, nanoseconds. */
#define FLUSH_GRACE_NS (2 * NS_PER_S)
/* A receiver that is restarted is back within this time. */
#define SEND_GRACE_NS (30 * NS_PER_S)

struct text {
	char *bytes;
	size_t used;
};

static void __attribute__((format(printf, 2, 3))) append(struct text *text, const char *format, ...)
{
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vsnprintf(text->bytes + text->used, HEALTH_TEXT_MAX - text->used, format,
			    arguments);
	va_end(arguments);
	if (written > 0)
		text->used += (size_t)written;
	if (text->used >= HEALTH_TEXT_MAX)
		text->used = HEALTH_TEXT_MAX - 1;
}

static double age_s(const struct health_facts *facts, uint64_t ns)
{
	return facts->now_ns > ns ? (double)(facts->now_ns - ns) / NS_PER_S : 0;
}

static bool is_late(const struct health_facts *facts, uint64_t ns, uint64_t grace_ns)
{
	return facts->now_ns > ns + LATE_INTERVALS * facts->interval_ns + grace_ns;
}

/* A destination that takes nothing; NULL: none. */
static const char *find_silent(const struct health_facts *facts,
			       struct health_destination *destination)
{
	size_t i;

	for (i = 0; i < facts->destination_count; i++) {
		uint64_t since_ns;

		*destination = facts->destination(facts->context, i);
		since_ns = destination->sent_ns ? destination->sent_ns : facts->attached_ns;
		if (is_late(facts, since_ns, SEND_GRACE_NS))
			return destination->name;
	}
	return NULL;
}

static void append_destination(struct text *text, const struct health_facts *facts, size_t i)
{
	const struct health_destination destination = facts->destination(facts->context, i);

	append(text, "%s: ", destination.name);
	if (destination.sent_ns)
		append(text, "last sent %.1f s ago", age_s(facts, destination.sent_ns));
	else
		append(text, "nothing sent yet");
	append(text, ", %" PRIu64 " errors, %" PRIu64 " lines dropped\n", destination.errors,
	       destination.dropped);
}

char *health_describe(char bytes[HEALTH_TEXT_MAX], const struct health_facts *facts)
{
	struct text text = { .bytes = bytes };
	struct health_destination destination;
	const char *silent = find_silent(facts, &destination);
	size_t i;

	if (is_late(facts, facts->flush_ns, FLUSH_GRACE_NS))
		append(&text, "unhealthy: no flush for %.1f s\n", age_s(facts, facts->flush_ns));
	else if (silent)
		append(&text, "unhealthy: '%s' takes nothing\n", silent);
	else
		append(&text, "healthy\n");
	append(&text, "attached for %.1f s, %" PRIu64 " processes watched\n",
	       age_s(facts, facts->attached_ns), facts->processes);
	append(&text, "last flush %.1f s ago, interval %.1f s\n", age_s(facts, facts->flush_ns),
	       (double)facts->interval_ns / NS_PER_S);
	append(&text, "requests: %" PRIu64 " seen, %" PRIu64 " counted, %" PRIu64 " lost\n",
	       facts->seen, facts->counted, facts->lost);
	append(&text, "output: %" PRIu64 " reports and messages dropped\n", facts->output_dropped);
	for (i = 0; i < facts->destination_count; i++)
		append_destination(&text, facts, i);
	return bytes;
}

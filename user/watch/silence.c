/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * silence.c - see silence.h.
 */
#include "watch/silence.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct sentence {
	char *text;
	size_t used;
	unsigned int parts;
};

static void __attribute__((format(printf, 2, 3)))
append(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vsnprintf(sentence->text + sentence->used, SILENCE_TEXT_MAX - sentence->used,
			    format, arguments);
	va_end(arguments);
	if (written > 0)
		sentence->used += (size_t)written;
	if (sentence->used >= SILENCE_TEXT_MAX)
		sentence->used = SILENCE_TEXT_MAX - 1;
}

/* "N things SAID" or "1 thing SAID"; nothing if count is 0. */
static void append_count(struct sentence *sentence, uint64_t count, const char *thing,
			 const char *said)
{
	if (count == 0)
		return;
	append(sentence, "%s%" PRIu64 " %s%s %s", sentence->parts ? "; " : "", count, thing,
	       count == 1 ? "" : "s", said);
	sentence->parts++;
}

static void append_ports(struct sentence *sentence, const struct silence_facts *facts)
{
	size_t i;

	if (facts->port_count == 0) {
		append(sentence, "the watched processes listen on no TCP port");
		return;
	}
	append(sentence, "no connection carried data; the watched processes listen on port ");
	for (i = 0; i < facts->port_count && i < SILENCE_PORTS_MAX; i++)
		append(sentence, "%s%u", i ? ", " : "", facts->ports[i]);
	if (facts->port_count > SILENCE_PORTS_MAX)
		append(sentence, " and others");
}

char *silence_explain(char buffer[SILENCE_TEXT_MAX], const struct silence_facts *facts)
{
	struct sentence sentence = { .text = buffer };
	const uint64_t *ignored = facts->ignored;

	append(&sentence, "no request was completed in %u s: ", facts->seconds);
	append_count(&sentence, facts->in_flight, "request", "started, without a response so far");
	append_count(&sentence, facts->lost, "request",
		     "lost (see 'lost' in --output json for the reasons)");
	append_count(&sentence, ignored[IGNORE_TLS], "connection",
		     "encrypted by TLS, which redtap does not observe yet");
	append_count(&sentence, ignored[IGNORE_HTTP2], "connection",
		     "with HTTP/2, which redtap does not observe yet");
	append_count(&sentence, ignored[IGNORE_NOT_HTTP] + ignored[IGNORE_MALFORMED], "connection",
		     "with something other than HTTP");
	append_count(&sentence, ignored[IGNORE_CONNECTIONS_FULL], "connection",
		     "ignored because of --max-connections");
	if (sentence.parts)
		return buffer;
	if (facts->processes == 0)
		append(&sentence, "there is no process to watch yet");
	else if (facts->connections)
		append_count(&sentence, facts->connections, "connection",
			     "without a new request (perhaps opened before attach: TLS, or in the "
			     "middle of a request)");
	else
		append_ports(&sentence, facts);
	return buffer;
}

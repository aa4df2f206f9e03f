/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * log.c - messages on standard error.
 *
 * Input: a format and its arguments, escaped by the caller.  Output: one line,
 * written in one call so that lines of several processes do not mix.  It must not
 * know the caller.
 */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/outlet.h"

#define MESSAGE_MAX 2048
/* Messages that wait for standard error, at most. */
#define MESSAGES_MAX 1024

bool log_verbose;

static struct outlet *outlet; /* NULL: messages are written at once */

int log_begin(void)
{
	outlet = outlet_open(STDERR_FILENO, MESSAGES_MAX);
	return outlet ? 0 : -errno;
}

void log_end(uint64_t deadline_ns)
{
	if (outlet)
		outlet_close(outlet, deadline_ns);
	outlet = NULL;
}

uint64_t log_dropped(void)
{
	struct outlet_state state = { 0 };

	if (outlet)
		outlet_look(outlet, &state);
	return state.dropped;
}

/* Behind a message that was taken again. */
static void tell_dropped(void)
{
	static _Atomic uint64_t told;
	const uint64_t dropped = log_dropped();

	if (atomic_exchange(&told, dropped) != dropped)
		log_warning("%" PRIu64
			    " messages were dropped so far: standard error takes nothing",
			    dropped);
}

static void print_message(const char *format, va_list arguments)
{
	static const char prefix[] = "redtap: ";
	char line[MESSAGE_MAX];
	size_t used = sizeof(prefix) - 1;
	ssize_t written;

	memcpy(line, prefix, used);
	vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
	used += strlen(line + used);
	line[used++] = '\n';
	/* If standard error is closed, there is no place to report that. */
	if (outlet) {
		if (outlet_put(outlet, line, used, false))
			tell_dropped();
	} else {
		written = write(STDERR_FILENO, line, used);
		(void)written;
	}
}

#define PRINT_MESSAGE(format)                                                                      \
	do {                                                                                       \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		print_message(format, arguments);                                                  \
		va_end(arguments);                                                                 \
	} while (0)

void log_error(const char *format, ...)
{
	PRINT_MESSAGE(format);
}

void log_warning(const char *format, ...)
{
	PRINT_MESSAGE(format);
}

void log_info(const char *format, ...)
{
	PRINT_MESSAGE(format);
}

void log_detail(const char *format, ...)
{
	if (log_verbose)
		PRINT_MESSAGE(format);
}

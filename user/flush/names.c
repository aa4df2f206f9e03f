/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.c - see names.h.
 *
 * The X macros of abi.h are the only list: a new enumerator has its name here at once.
 */
#include "flush/names.h"

#include <stdio.h>
#include <string.h>

/* A function that looks up a name; its arguments: [ENUMERATOR] = "name", ... */
#define NAME_FUNCTION(function, ...)                                                               \
	const char *function(unsigned int index)                                                   \
	{                                                                                          \
		static const char *const names[] = { __VA_ARGS__ };                                \
                                                                                                   \
		if (index >= sizeof(names) / sizeof(names[0]) || !names[index])                    \
			return "unknown";                                                          \
		return names[index];                                                               \
	}

#define METHOD_ROW(name, token) [METHOD_##name] = token,
#define ERROR_ROW(name, text) [ERROR_##name] = text,
#define LOSS_ROW(name, text) [LOSS_##name] = text,
#define APPROXIMATE_ROW(name, text) [APPROXIMATE_##name] = text,
#define IGNORE_ROW(name, text) [IGNORE_##name] = text,
#define PHASE_ROW(name, text) [REQUEST_PHASE_##name] = text,

NAME_FUNCTION(http_method_name, [METHOD_OTHER] = "_OTHER", HTTP_METHODS(METHOD_ROW))
NAME_FUNCTION(transaction_error_name, [ERROR_NONE] = "", TRANSACTION_ERRORS(ERROR_ROW))
NAME_FUNCTION(loss_reason_name, LOSS_REASONS(LOSS_ROW))
NAME_FUNCTION(approximate_reason_name, APPROXIMATE_REASONS(APPROXIMATE_ROW))
NAME_FUNCTION(ignore_reason_name, IGNORE_REASONS(IGNORE_ROW))
NAME_FUNCTION(request_phase_name, REQUEST_PHASES(PHASE_ROW))

enum request_phase request_phase_find(const char *name, size_t length)
{
	unsigned int phase;

	for (phase = REQUEST_PHASE_NONE + 1; phase < REQUEST_PHASE_COUNT; phase++)
		if (strlen(request_phase_name(phase)) == length &&
		    memcmp(request_phase_name(phase), name, length) == 0)
			return phase;
	return REQUEST_PHASE_NONE;
}

const char *series_error_type(const struct series *series, char buffer[8])
{
	if (series->error != ERROR_NONE)
		return transaction_error_name(series->error);
	if (series->status < (series->server_address ? 400 : 500))
		return NULL;
	snprintf(buffer, 8, "%u", series->status);
	return buffer;
}

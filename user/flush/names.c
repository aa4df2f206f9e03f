/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.c - see names.h.
 *
 * The X macros of abi.h are the only list: a new enumerator has its name here at once.
 */
#include "flush/names.h"

#include <stdio.h>
#include <string.h>

static const char *name_at(const char *const *names, size_t count, unsigned int index)
{
	return index < count && names[index] ? names[index] : "unknown";
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *http_method_name(unsigned int method)
{
	static const char *const names[METHOD_COUNT] = {
#define METHOD_ROW(name, token) [METHOD_##name] = token,
		HTTP_METHODS(METHOD_ROW)
#undef METHOD_ROW
			[METHOD_OTHER] = "_OTHER",
	};

	return name_at(names, COUNT_OF(names), method);
}

const char *transaction_error_name(unsigned int error)
{
	static const char *const names[ERROR_COUNT] = { [ERROR_NONE] = "",
#define ERROR_ROW(name, text) [ERROR_##name] = text,
							TRANSACTION_ERRORS(ERROR_ROW)
#undef ERROR_ROW
	};

	return name_at(names, COUNT_OF(names), error);
}

const char *loss_reason_name(unsigned int reason)
{
	static const char *const names[LOSS_COUNT] = {
#define LOSS_ROW(name, text) [LOSS_##name] = text,
		LOSS_REASONS(LOSS_ROW)
#undef LOSS_ROW
	};

	return name_at(names, COUNT_OF(names), reason);
}

const char *approximate_reason_name(unsigned int reason)
{
	static const char *const names[APPROXIMATE_COUNT] = {
#define APPROXIMATE_ROW(name, text) [APPROXIMATE_##name] = text,
		APPROXIMATE_REASONS(APPROXIMATE_ROW)
#undef APPROXIMATE_ROW
	};

	return name_at(names, COUNT_OF(names), reason);
}

const char *ignore_reason_name(unsigned int reason)
{
	static const char *const names[IGNORE_COUNT] = {
#define IGNORE_ROW(name, text) [IGNORE_##name] = text,
		IGNORE_REASONS(IGNORE_ROW)
#undef IGNORE_ROW
	};

	return name_at(names, COUNT_OF(names), reason);
}

const char *request_phase_name(unsigned int phase)
{
	static const char *const names[REQUEST_PHASE_COUNT] = {
#define REQUEST_PHASE_ROW(name, text) [REQUEST_PHASE_##name] = text,
		REQUEST_PHASES(REQUEST_PHASE_ROW)
#undef REQUEST_PHASE_ROW
	};

	return name_at(names, COUNT_OF(names), phase);
}

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

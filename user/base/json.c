/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * json.c - see json.h.
 */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/text.h"

/* Longer texts are cut. */
#define TEXT_MAX 1024

/* The comma and the name before a value. */
static FILE *begin_value(struct json *json, const char *name)
{
	if (json->behind)
		fputc(',', json->out);
	json->behind = true;
	if (name)
		fprintf(json->out, "\"%s\":", name);
	return json->out;
}

void json_open(struct json *json, const char *name, char bracket)
{
	fputc(bracket, begin_value(json, name));
	json->behind = false;
}

void json_close(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->behind = true;
}

void json_put_text(struct json *json, const char *name, const char *text)
{
	char escaped[TEXT_MAX];

	if (text)
		fprintf(begin_value(json, name), "\"%s\"",
			text_escape_json(escaped, sizeof(escaped), text));
	else
		json_put_null(json, name);
}

void json_put_count(struct json *json, const char *name, uint64_t count)
{
	fprintf(begin_value(json, name), "%" PRIu64, count);
}

void json_put_bool(struct json *json, const char *name, bool value)
{
	fputs(value ? "true" : "false", begin_value(json, name));
}

void json_put_number(struct json *json, const char *name, double number)
{
	fprintf(begin_value(json, name), "%.9f", isfinite(number) ? number : 0.0);
}

void json_put_seconds(struct json *json, const char *name, double seconds)
{
	if (seconds < 0)
		json_put_null(json, name);
	else
		json_put_number(json, name, seconds);
}

void json_put_ns(struct json *json, const char *name, uint64_t ns)
{
	fprintf(begin_value(json, name), "%" PRIu64 ".%09" PRIu64, (uint64_t)(ns / NS_PER_S),
		(uint64_t)(ns % NS_PER_S));
}

void json_put_null(struct json *json, const char *name)
{
	fputs("null", begin_value(json, name));
}

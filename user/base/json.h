/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * json.h - writes JSON (RFC 8259) value by value.
 *
 * Inputs: names, which are plain words, and values.  Output: text on a stream, whose
 * errors stay in it.  It must not know what is told.
 *
 * name: the member's name; NULL for an element of an array, and for the outermost value.
 */
#ifndef REDTAP_JSON_H
#define REDTAP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* { .out = stream } */
struct json {
	FILE *out;
	bool behind; /* a value stands before, so a comma is due */
};

/* Begins an object or an array: bracket is { or [; and ends it: } or ]. */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);

/* Raw bytes, cut to about 1,000; NULL: null. */
void json_put_text(struct json *json, const char *name, const char *text);
void json_put_count(struct json *json, const char *name, uint64_t count);
void json_put_bool(struct json *json, const char *name, bool value);
/* With nine decimals; what JSON has no number for becomes 0. */
void json_put_number(struct json *json, const char *name, double number);
/* Seconds; negative: there are none, null. */
void json_put_seconds(struct json *json, const char *name, double seconds);
/* Seconds, exact to the nanosecond. */
void json_put_ns(struct json *json, const char *name, uint64_t ns);
void json_put_null(struct json *json, const char *name);

#endif

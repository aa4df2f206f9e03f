/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * values.c - see options/values.h.
 */
#include "options/values.h"

#include <limits.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "abi/histogram.h"
#include "base/clock.h"
#include "base/number.h"
#include "flush/names.h"

/* The two ends of "100ms to 1h". */
struct range {
	char lowest[16], highest[16];
};

static struct range read_range(const char *allowed)
{
	struct range range = { "", "" };

	sscanf(allowed, "%15s to %15s", range.lowest, range.highest);
	return range;
}

static const char *read_duration(const char *text, uint64_t *duration_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "ms", NS_PER_S / 1000 },
		{ "s", NS_PER_S },
		{ "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
	};
	struct number_decimal decimal;
	const char *unit = number_decimal(text, &decimal);
	size_t i;

	for (i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++) {
		const uint64_t unit_ns = units[i].ns;

		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (decimal.whole >= UINT64_MAX / unit_ns)
			return "out of range";
		*duration_ns = decimal.whole * unit_ns +
			       llround((double)decimal.fraction_e9 * unit_ns / NS_PER_S);
		return NULL;
	}
	return "not a number with a unit (ms, s, m or h)";
}

const char *value_duration(void *duration_ns, const char *allowed, const char *text)
{
	const struct range range = read_range(allowed);
	uint64_t *ns = duration_ns, lowest_ns = 0, highest_ns = 0;
	const char *wrong = read_duration(text, ns);

	read_duration(range.lowest, &lowest_ns);
	read_duration(range.highest, &highest_ns);
	return wrong ? wrong : *ns < lowest_ns || *ns > highest_ns ? "out of range" : NULL;
}

const char *value_number(void *number, const char *allowed, const char *text)
{
	const struct range range = read_range(allowed);
	uint32_t *value = number, lowest = 0, highest = 0;

	number_whole(range.lowest, &lowest);
	number_whole(range.highest, &highest);
	if (!number_whole(text, value))
		return "not a number";
	return *value < lowest || *value > highest ? "out of range" : NULL;
}

const char *value_word(void *word, const char *allowed, const char *text)
{
	size_t length;
	int place;

	for (place = 1; *allowed; place++, allowed += length) {
		length = strcspn(allowed, ", ");
		if (length == strlen(text) && strncmp(allowed, text, length) == 0) {
			*(int *)word = place;
			return NULL;
		}
		length += strspn(allowed + length, ", ");
		if (strncmp(allowed + length, "or ", 3) == 0)
			length += 3;
	}
	return "unknown value";
}

const char *value_phases(void *phases, const char *allowed, const char *text)
{
	uint32_t *bits = phases;

	(void)allowed;
	*bits = 0;
	if (strcmp(text, "none") == 0)
		return NULL;
	for (;;) {
		const size_t length = strcspn(text, ",");
		const enum request_phase phase = request_phase_find(text, length);

		if (phase == REQUEST_PHASE_NONE)
			return "not a list of phases";
		if (*bits & (1U << phase))
			return "a phase is given twice";
		*bits |= 1U << phase;
		if (text[length] == '\0')
			return NULL;
		text += length + 1;
	}
}

const char *value_user(const char *text, uid_t *user)
{
	const struct passwd *entry = getpwnam(text);

	if (entry)
		*user = entry->pw_uid;
	return entry || number_whole(text, user) ? NULL : "no such user";
}

const char *value_process(void *pid, const char *allowed, const char *text)
{
	uint32_t number;

	(void)allowed;
	if (!number_whole(text, &number) || number < 1 || number > INT_MAX)
		return "not a process id";
	*(pid_t *)pid = (pid_t)number;
	return NULL;
}

const char *value_pid(const char *text, struct watch_pid *pid)
{
	const size_t length = strcspn(text, "=");
	char digits[16];

	if (length >= sizeof(digits))
		return "not a process id";
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (value_process(&pid->pid, NULL, digits))
		return "not a process id";
	if (text[length] == '=' && text[length + 1] == '\0')
		return "the name after '=' is empty";
	pid->name = text[length] == '=' ? text + length + 1 : NULL;
	return NULL;
}

/* Bytes of the shortest name that a pattern can match. */
static size_t shortest_match(const char *text)
{
	size_t bytes = 0, length;

	for (; *text; text += length) {
		const char *end = NULL;

		if (*text == '[') {
			/* the first one in brackets may be a ] */
			end = text + 1 + (text[1] == '!' || text[1] == '^');
			end = *end ? strchr(end + 1, ']') : NULL;
		}
		length = end ? (size_t)(end - text) + 1 : *text == '\\' && text[1] ? 2 : 1;
		bytes += *text != '*';
	}
	return bytes;
}

const char *value_name_pattern(const char *text)
{
	if (*text == '\0')
		return "the name is empty";
	/* TASK_COMM_LEN is 16 */
	if (shortest_match(text) > 15)
		return "the kernel keeps only 15 bytes of a process's name, so it can never match; "
		       "put a * after the first 15";
	return NULL;
}

/* Seconds that stand at the beginning of text, as nanoseconds. */
static const char *parse_bucket(const char *text, const char **rest, uint64_t *edge_ns)
{
	struct number_decimal decimal;
	uint64_t digits;

	*rest = number_decimal(text, &decimal);
	if (!*rest || (**rest != ',' && **rest != '\0'))
		return "not a list of seconds";
	if (decimal.whole > HISTOGRAM_HIGHEST_NS / NS_PER_S)
		return "a boundary is out of range";
	*edge_ns = decimal.whole * NS_PER_S + decimal.fraction_e9;
	if (*edge_ns < HISTOGRAM_LOWEST_NS || *edge_ns > HISTOGRAM_HIGHEST_NS)
		return "a boundary is out of range";
	for (digits = *edge_ns; digits % 10 == 0; digits /= 10)
		;
	if (digits > 99 || decimal.dropped)
		return "a boundary has more than two significant digits: its count would not be "
		       "exact";
	/* The encoder relies on this; it is true for every number that gets here. */
	if (histogram_upper_ns(histogram_bin(*edge_ns)) != *edge_ns)
		return "a boundary is not the edge of a bin";
	return NULL;
}

const char *value_buckets(const char *text, double buckets[STATSD_BUCKETS_MAX], size_t *count)
{
	uint64_t edge_ns, last_ns = 0;
	const char *rest, *wrong;
	size_t used = 0;

	do {
		wrong = parse_bucket(text, &rest, &edge_ns);
		if (wrong)
			return wrong;
		if (edge_ns <= last_ns)
			return "the boundaries are not ascending";
		if (used == STATSD_BUCKETS_MAX)
			return "too many boundaries";
		buckets[used++] = (double)edge_ns / NS_PER_S;
		last_ns = edge_ns;
		text = rest + 1;
	} while (*rest == ',');
	*count = used;
	return NULL;
}

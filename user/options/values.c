/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * values.c - see options/values.h.
 *
 * Numbers are read digit by digit: the C library's functions take signs,
 * blanks, hexadecimal, "nan" and the locale's comma, none of which is meant.
 */
#include "options/values.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "flush/names.h"
#include "abi/histogram.h"

#define NS_PER_S 1000000000ULL
/* Larger whole parts are cut to this: beyond every option's range. */
#define WHOLE_MAX 1000000000000ULL

/* A decimal number: whole + fraction_e9 / 10^9. */
struct decimal {
	uint64_t whole;       /* cut to WHOLE_MAX */
	uint64_t fraction_e9; /* digits beyond the ninth are dropped */
	bool dropped;         /* one of these was not 0 */
};

/* Digits, or digits, a point and digits.  Returns what follows, NULL if there is no number. */
static const char *parse_decimal(const char *text, struct decimal *decimal)
{
	uint64_t place = NS_PER_S / 10;

	*decimal = (struct decimal){ 0 };
	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		decimal->whole = decimal->whole * 10 + (*text - '0');
		if (decimal->whole > WHOLE_MAX)
			decimal->whole = WHOLE_MAX;
	}
	if (*text != '.')
		return text;
	if (!isdigit((unsigned char)*++text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++, place /= 10) {
		decimal->fraction_e9 += (*text - '0') * place;
		if (place == 0 && *text != '0')
			decimal->dropped = true;
	}
	return text;
}

const char *value_duration(const char *text, uint64_t lowest_ns, uint64_t highest_ns,
			   uint64_t *duration_ns)
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
	struct decimal decimal;
	const char *unit = parse_decimal(text, &decimal);
	size_t i;

	for (i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++) {
		const uint64_t unit_ns = units[i].ns;

		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (decimal.whole > highest_ns / unit_ns)
			return "out of range";
		*duration_ns = decimal.whole * unit_ns +
			       llround((double)decimal.fraction_e9 * unit_ns / NS_PER_S);
		if (*duration_ns < lowest_ns || *duration_ns > highest_ns)
			return "out of range";
		return NULL;
	}
	return "not a number with a unit";
}

const char *value_number(const char *text, uint32_t lowest, uint32_t highest, uint32_t *number)
{
	uint64_t value = 0;

	if (*text == '\0')
		return "not a number";
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return "not a number";
		value = value * 10 + (*text - '0');
		if (value > UINT32_MAX)
			value = UINT32_MAX;
	}
	if (value < lowest || value > highest)
		return "out of range";
	*number = (uint32_t)value;
	return NULL;
}

const char *value_pid(const char *text, struct pid_option *pid)
{
	const size_t length = strcspn(text, "=");
	char digits[16];
	uint32_t number;

	if (length >= sizeof(digits))
		return "not a process id";
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (value_number(digits, 1, INT_MAX, &number))
		return "not a process id";
	if (text[length] == '=' && text[length + 1] == '\0')
		return "the name behind '=' is empty";
	pid->pid = (pid_t)number;
	pid->name = text[length] == '=' ? text + length + 1 : NULL;
	return NULL;
}

const char *value_host(const char *text, size_t length, struct statsd_option *statsd)
{
	size_t i;

	if (length == 0)
		return "the host is empty";
	if (length >= sizeof(statsd->host))
		return "the host is too long";
	for (i = 0; i < length; i++)
		/* Names, addresses, and the zone of an IPv6 address (fe80::1%eth0). */
		if (!isalnum((unsigned char)text[i]) && !memchr("-._:%", text[i], 5))
			return "the host has a character that no host has";
	memcpy(statsd->host, text, length);
	statsd->host[length] = '\0';
	return NULL;
}

const char *value_port(const char *text, uint16_t *port)
{
	uint32_t number;

	if (value_number(text, 1, UINT16_MAX, &number))
		return "the port is not a number from 1 to 65535";
	*port = (uint16_t)number;
	return NULL;
}

const char *value_name_pattern(const char *text)
{
	if (*text == '\0')
		return "the name is empty";
	/* TASK_COMM_LEN is 16; with a wildcard there is no telling */
	if (strlen(text) > 15 && !strpbrk(text, "*?[\\"))
		return "the kernel keeps only 15 bytes of a process's name: put a * behind the first 15";
	return NULL;
}

/* Which of the words it is, -1: none; NULL ends them. */
static int find_word(const char *const *words, const char *text)
{
	int i;

	for (i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -1;
}

const char *value_output(const char *text, enum output_kind *output)
{
	static const char *const words[] = { "table", "json", "none", NULL };
	static const enum output_kind kinds[] = { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_NONE };
	const int found = find_word(words, text);

	if (found < 0)
		return "not a kind of output";
	*output = kinds[found];
	return NULL;
}

const char *value_metrics(const char *text, enum metrics_kind *metrics)
{
	static const char *const words[] = { "otel", "flask", NULL };
	static const enum metrics_kind kinds[] = { METRICS_OTEL, METRICS_FLASK };
	const int found = find_word(words, text);

	if (found < 0)
		return "not a set of metrics";
	*metrics = kinds[found];
	return NULL;
}

const char *value_histogram(const char *text, enum histogram_kind *histogram)
{
	static const char *const words[] = { "buckets", "timer", NULL };
	static const enum histogram_kind kinds[] = { HISTOGRAM_BUCKETS, HISTOGRAM_TIMER };
	const int found = find_word(words, text);

	if (found < 0)
		return "not a kind of histogram";
	*histogram = kinds[found];
	return NULL;
}

/* HOST:PORT or [IPv6]:PORT */
static const char *parse_host_port(const char *host, struct statsd_option *statsd)
{
	const char *end, *port, *wrong;

	if (*host == '[') {
		end = strchr(++host, ']');
		if (!end)
			return "the bracket is not closed";
		port = end + 1;
	} else {
		end = port = host + strcspn(host, ":");
		if (*port && strchr(port + 1, ':'))
			return "an IPv6 address needs brackets";
	}
	if (*port != ':')
		return "the port is missing";
	wrong = value_host(host, end - host, statsd);
	return wrong ? wrong : value_port(port + 1, &statsd->port);
}

static const char *parse_path(const char *path, struct statsd_option *statsd)
{
	if (*path != '/')
		return "the path is not absolute: three slashes stand before it";
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "the path is longer than the 107 bytes that a socket's may have";
	strcpy(statsd->host, path);
	return NULL;
}

static const struct {
	const char *name;
	enum statsd_scheme scheme;
	const char *(*parse)(const char *text, struct statsd_option *statsd);
} schemes[] = {
	{ "udp://", STATSD_UDP, parse_host_port },
	{ "tcp://", STATSD_TCP, parse_host_port },
	{ "unix://", STATSD_UNIX, parse_path },
};

const char *value_statsd(const char *text, struct statsd_option *statsd)
{
	const char *wrong;
	size_t i;

	*statsd = (struct statsd_option){ .scheme = STATSD_NONE };
	if (strcmp(text, "none") == 0)
		return NULL;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const size_t length = strlen(schemes[i].name);

		if (strncmp(text, schemes[i].name, length) != 0)
			continue;
		wrong = schemes[i].parse(text + length, statsd);
		if (!wrong)
			statsd->scheme = schemes[i].scheme;
		return wrong;
	}
	return "not a destination";
}

char *statsd_option_name(char name[STATSD_DESTINATION_MAX], const struct statsd_option *statsd)
{
	const char *const scheme = statsd->scheme == STATSD_TCP ? "tcp" : "udp";
	const bool six = strchr(statsd->host, ':') != NULL;

	if (statsd->scheme == STATSD_UNIX)
		snprintf(name, STATSD_DESTINATION_MAX, "unix://%s", statsd->host);
	else if (statsd->scheme == STATSD_NONE)
		strcpy(name, "none");
	else
		snprintf(name, STATSD_DESTINATION_MAX, "%s://%s%s%s:%u", scheme, six ? "[" : "",
			 statsd->host, six ? "]" : "", statsd->port);
	return name;
}

/* Seconds that stand at the beginning of text, as nanoseconds. */
static const char *parse_bucket(const char *text, const char **rest, uint64_t *edge_ns)
{
	struct decimal decimal;
	uint64_t digits;

	*rest = parse_decimal(text, &decimal);
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
	/* What the encoder relies on; true for every number that comes so far. */
	if (histogram_upper_ns(histogram_bin(*edge_ns)) != *edge_ns)
		return "a boundary is not the edge of a bin";
	return NULL;
}

const char *value_buckets(const char *text, double buckets[BUCKETS_MAX], size_t *count)
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
		if (used == BUCKETS_MAX)
			return "too many boundaries";
		buckets[used++] = (double)edge_ns / NS_PER_S;
		last_ns = edge_ns;
		text = rest + 1;
	} while (*rest == ',');
	*count = used;
	return NULL;
}

const char *value_phases(const char *text, uint32_t *phases)
{
	*phases = 0;
	if (strcmp(text, "none") == 0)
		return NULL;
	for (;;) {
		const size_t length = strcspn(text, ",");
		const enum request_phase phase = request_phase_find(text, length);

		if (phase == REQUEST_PHASE_NONE)
			return "not a list of phases";
		if (*phases & (1U << phase))
			return "a phase is given twice";
		*phases |= 1U << phase;
		if (text[length] == '\0')
			return NULL;
		text += length + 1;
	}
}

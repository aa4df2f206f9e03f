/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * metrics.c - see metrics.h.
 */
#include "harness/metrics.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "harness/harness.h"

/* A line, or a row of a query result, while it is parsed. */
struct sample {
	struct metric metric;
	bool relative; /* a counter's line adds, anything else replaces */
};

void metrics_init(struct metrics *metrics)
{
	memset(metrics, 0, sizeof(*metrics));
}

void metrics_release(struct metrics *metrics)
{
	free(metrics->items);
	free(metrics->slots);
	metrics_init(metrics);
}

/* FNV-1a: short keys, no adversary. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return (hash ^ 0xff) * 16777619u;
}

static uint32_t hash_metric(const struct metric *metric)
{
	uint32_t hash = hash_text(2166136261u, metric->name);
	size_t i;

	for (i = 0; i < metric->label_count; i++) {
		hash = hash_text(hash, metric->labels[i].key);
		hash = hash_text(hash, metric->labels[i].value);
	}
	return hash;
}

static bool same_metric(const struct metric *a, const struct metric *b)
{
	return strcmp(a->name, b->name) == 0 && a->label_count == b->label_count &&
	       metric_same_labels(a, b, NULL);
}

static uint32_t *find_slot(struct metrics *metrics, const struct metric *metric)
{
	size_t at = hash_metric(metric) & (metrics->slot_count - 1);

	while (metrics->slots[at] && !same_metric(&metrics->items[metrics->slots[at] - 1], metric))
		at = (at + 1) & (metrics->slot_count - 1);
	return &metrics->slots[at];
}

static void grow(struct metrics *metrics)
{
	size_t i;

	metrics->room = metrics->room ? metrics->room * 2 : 256;
	metrics->items = realloc(metrics->items, metrics->room * sizeof(metrics->items[0]));
	assert_non_null(metrics->items);
	free(metrics->slots);
	metrics->slot_count = metrics->room * 4;
	metrics->slots = calloc(metrics->slot_count, sizeof(metrics->slots[0]));
	assert_non_null(metrics->slots);
	for (i = 0; i < metrics->count; i++)
		*find_slot(metrics, &metrics->items[i]) = i + 1;
}

static void add_sample(struct metrics *metrics, const struct sample *sample)
{
	struct metric *metric;
	uint32_t *slot;

	if (metrics->count == metrics->room)
		grow(metrics);
	slot = find_slot(metrics, &sample->metric);
	if (!*slot) {
		metric = &metrics->items[metrics->count++];
		*slot = metrics->count;
		*metric = sample->metric;
		metric->first = sample->metric.value;
		metric->lines = 1;
		return;
	}
	metric = &metrics->items[*slot - 1];
	metric->value = sample->metric.value + (sample->relative ? metric->value : 0);
	metric->lines++;
}

/* Copies [from, to) into a text of size bytes; false if empty or too long. */
static bool copy_text(char *text, size_t size, const char *from, const char *to)
{
	const size_t length = to - from;

	if (length == 0 || length >= size)
		return false;
	memcpy(text, from, length);
	text[length] = '\0';
	return true;
}

/* Names and keys as statsd_exporter converts them. */
static void normalise_name(char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			*name = '_';
}

/* Keeps labels sorted; false when there are too many, or the key exists already. */
static bool add_label(struct metric *metric, const struct metric_label *label)
{
	size_t at = metric->label_count;

	if (at == METRIC_LABELS_MAX || metric_label(metric, label->key))
		return false;
	for (; at > 0 && strcmp(metric->labels[at - 1].key, label->key) > 0; at--)
		metric->labels[at] = metric->labels[at - 1];
	metric->labels[at] = *label;
	metric->label_count++;
	return true;
}

static bool parse_number(const char *from, const char *to, double *number)
{
	char text[64];
	char *end;

	if (!copy_text(text, sizeof(text), from, to))
		return false;
	*number = strtod(text, &end);
	return *end == '\0' && isfinite(*number);
}

/* `key:value,key:value` up to end */
static bool parse_tags(struct metric *metric, const char *at, const char *end)
{
	while (at < end) {
		struct metric_label label;
		const char *comma = memchr(at, ',', end - at);
		const char *stop = comma ? comma : end;
		const char *colon = memchr(at, ':', stop - at);

		if (!colon || !copy_text(label.key, sizeof(label.key), at, colon) ||
		    !copy_text(label.value, sizeof(label.value), colon + 1, stop))
			return false;
		normalise_name(label.key);
		if (!add_label(metric, &label))
			return false;
		if (comma && stop + 1 == end)
			return false;
		at = stop + 1;
	}
	return true;
}

bool metrics_add_statsd(struct metrics *metrics, const char *line, size_t length)
{
	const char *const end = line + length;
	const char *colon = memchr(line, ':', length);
	const char *bar, *tags;
	struct sample sample = { 0 };

	if (!colon || !copy_text(sample.metric.name, sizeof(sample.metric.name), line, colon))
		return false;
	normalise_name(sample.metric.name);
	bar = memchr(colon, '|', end - colon);
	if (!bar || !parse_number(colon + 1, bar, &sample.metric.value) || end - bar < 2)
		return false;
	sample.metric.type = bar[1];
	if (bar[1] != 'c' && bar[1] != 'g')
		return false;
	sample.relative = bar[1] == 'c';
	tags = bar + 2;
	if (tags < end) {
		if (end - tags < 3 || tags[0] != '|' || tags[1] != '#' ||
		    memchr(tags + 1, '|', end - tags - 1) ||
		    !parse_tags(&sample.metric, tags + 2, end))
			return false;
	}
	add_sample(metrics, &sample);
	return true;
}

/* A quoted label value with its escapes; returns what follows it, or NULL. */
static const char *parse_quoted(const char *at, char *value, size_t size)
{
	size_t used = 0;

	if (*at++ != '"')
		return NULL;
	for (; *at && *at != '"'; at++) {
		if (used + 1 >= size)
			return NULL;
		if (*at == '\\' && at[1])
			value[used++] = *++at == 'n' ? '\n' : *at;
		else
			value[used++] = *at;
	}
	value[used] = '\0';
	return *at == '"' ? at + 1 : NULL;
}

/* `name{key="value",...} number` */
static bool parse_exposition_line(struct metric *metric, const char *at, const char *end)
{
	const char *stop = at + strcspn(at, "{ ");

	if (stop >= end || !copy_text(metric->name, sizeof(metric->name), at, stop))
		return false;
	at = stop;
	if (*at == '{') {
		for (at++; *at != '}';) {
			struct metric_label label;
			const char *equals = strchr(at, '=');

			if (!equals || equals > end ||
			    !copy_text(label.key, sizeof(label.key), at, equals))
				return false;
			at = parse_quoted(equals + 1, label.value, sizeof(label.value));
			if (!at || !add_label(metric, &label))
				return false;
			at += *at == ',';
		}
		at++;
	}
	/* Other programs' own gauges may be NaN: skip them. */
	metric->value = strtod(at, NULL);
	return *at == ' ';
}

bool metrics_add_exposition(struct metrics *metrics, const char *text)
{
	while (*text) {
		const char *end = text + strcspn(text, "\n");
		struct sample sample = { 0 };

		if (*text != '#' && end > text) {
			if (!parse_exposition_line(&sample.metric, text, end))
				return false;
			add_sample(metrics, &sample);
		}
		text = *end ? end + 1 : end;
	}
	return true;
}

static bool parse_result(struct metric *metric, json_t *row)
{
	json_t *labels = json_object_get(row, "metric");
	json_t *value = json_array_get(json_object_get(row, "value"), 1);
	const char *key;
	json_t *text;

	if (!json_is_string(value))
		return false;
	metric->value = strtod(json_string_value(value), NULL);
	json_object_foreach(labels, key, text)
	{
		struct metric_label label;

		if (strcmp(key, "__name__") == 0) {
			snprintf(metric->name, sizeof(metric->name), "%s", json_string_value(text));
			continue;
		}
		/* What Prometheus adds for the target it scraped. */
		if (strcmp(key, "job") == 0 || strcmp(key, "instance") == 0)
			continue;
		snprintf(label.key, sizeof(label.key), "%s", key);
		snprintf(label.value, sizeof(label.value), "%s", json_string_value(text));
		if (!add_label(metric, &label))
			return false;
	}
	return true;
}

bool metrics_add_query(struct metrics *metrics, const char *json)
{
	json_t *answer = json_loads(json, 0, NULL);
	json_t *result = json_object_get(json_object_get(answer, "data"), "result");
	bool complete = json_is_array(result);
	json_t *row;
	size_t i;

	json_array_foreach(result, i, row)
	{
		struct sample sample = { 0 };

		if (!parse_result(&sample.metric, row)) {
			complete = false;
			break;
		}
		add_sample(metrics, &sample);
	}
	json_decref(answer);
	return complete;
}

const char *metric_label(const struct metric *metric, const char *key)
{
	size_t i;

	for (i = 0; i < metric->label_count; i++)
		if (strcmp(metric->labels[i].key, key) == 0)
			return metric->labels[i].value;
	return NULL;
}

bool metric_same_labels(const struct metric *metric, const struct metric *with, const char *except)
{
	size_t i;

	for (i = 0; i < with->label_count; i++) {
		const char *value;

		if (except && strcmp(with->labels[i].key, except) == 0)
			continue;
		value = metric_label(metric, with->labels[i].key);
		if (!value || strcmp(value, with->labels[i].value) != 0)
			return false;
	}
	return true;
}

double metrics_sum(const struct metrics *metrics, const char *name, const char *key,
		   const char *value)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < metrics->count; i++) {
		const struct metric *metric = &metrics->items[i];
		const char *found = key ? metric_label(metric, key) : NULL;

		if (strcmp(metric->name, name) == 0 &&
		    (!key || (found && strcmp(found, value) == 0)))
			sum += metric->value;
	}
	return sum;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd.c - turns a flush into StatsD lines (DogStatsD tags).
 *
 * Input: struct flush.  Output: lines.  It must not know sockets, datagrams or
 * time.
 *
 * For each counter the encoder keeps what was sent, and sends the difference
 * to the run's total.  A counter is announced with 0 before its first value.
 * While datagrams fail, the receiver is away and comes back knowing nothing:
 * everything is announced anew, and values are held back until a flush after
 * which no error was seen.  So an outage costs the values of the flush in
 * which it began, no more.
 */
#include "statsd.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "text.h"

#define NS_PER_S 1000000000ULL
/* Escaped texts are cut to this: the longest path at three bytes for one. */
#define TEXT_MAX (3 * PATH_MAX_BYTES + 1)
#define SHORT_TEXT_MAX 129 /* versions, names of methods, hooks and reasons */
#define TAGS_MAX (2 * TEXT_MAX + SHORT_TEXT_MAX + 128) /* with the keys */
#define NAME_MAX_BYTES 64
#define VALUE_MAX 32 /* 2^64 - 1 and nine decimals */
#define LE_MAX 32

_Static_assert(NAME_MAX_BYTES + VALUE_MAX + TAGS_MAX + LE_MAX + 16 <= STATSD_LINE_MAX,
	       "the longest line fits");

#define DURATION "http.server.request.duration.seconds"
#define REQUEST_BODY "http.server.request.body.size.bytes"
#define RESPONSE_BODY "http.server.response.body.size.bytes"

/* A boundary: its text, and the last bin that counts for it. */
struct bucket {
	char le[LE_MAX];
	uint32_t last_bin;
};

/* A counter of the ledger. */
struct counter {
	uint64_t sent;
	bool announced;
};

/* What of a series was sent. */
struct sent {
	bool announced;
	uint64_t count;
	uint64_t sum_ns;
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t buckets[]; /* cumulative, without +Inf, which is count */
};

struct statsd_encoder {
	struct bucket *buckets;
	size_t bucket_count;
	char version[SHORT_TEXT_MAX];
	char hooks[SHORT_TEXT_MAX];
	char kernel[SHORT_TEXT_MAX];
	struct sent **sent; /* by series id; NULL: none yet */
	size_t sent_count;
	struct counter seen, counted, errors;
	struct counter lost[LOSS_COUNT];
	struct counter approximate[APPROXIMATE_COUNT];
	struct counter ignored[IGNORE_COUNT];
	uint64_t errors_before; /* failed datagrams at the last flush */
	/* Of the flush under way: */
	statsd_sink *sink;
	void *context;
	bool last;
};

char *statsd_format_le(char buffer[32], double seconds)
{
	size_t length = (size_t)snprintf(buffer, 32, "%.9f", seconds);

	while (length > 2 && buffer[length - 1] == '0' && buffer[length - 2] != '.')
		buffer[--length] = '\0';
	return buffer;
}

/* Nanoseconds as seconds, exactly. */
static char *format_ns(char buffer[VALUE_MAX], uint64_t ns)
{
	size_t length = (size_t)snprintf(buffer, VALUE_MAX, "%llu.%09llu",
					 (unsigned long long)(ns / NS_PER_S),
					 (unsigned long long)(ns % NS_PER_S));

	while (buffer[length - 1] == '0')
		buffer[--length] = '\0';
	if (buffer[length - 1] == '.')
		buffer[--length] = '\0';
	return buffer;
}

static int copy_buckets(struct statsd_encoder *encoder, const struct statsd_settings *settings)
{
	size_t i;

	encoder->buckets = calloc(settings->bucket_count + 1, sizeof(*encoder->buckets));
	if (!encoder->buckets)
		return ENOMEM;
	encoder->bucket_count = settings->bucket_count;
	for (i = 0; i < settings->bucket_count; i++) {
		const uint64_t edge_ns = (uint64_t)llround(settings->buckets[i] * NS_PER_S);
		struct bucket *bucket = &encoder->buckets[i];

		bucket->last_bin = histogram_bin(edge_ns);
		if (histogram_upper_ns(bucket->last_bin) != edge_ns ||
		    (i > 0 && bucket->last_bin <= bucket[-1].last_bin))
			return EINVAL;
		statsd_format_le(bucket->le, settings->buckets[i]);
	}
	return 0;
}

struct statsd_encoder *statsd_open(const struct statsd_settings *settings)
{
	struct statsd_encoder *encoder = calloc(1, sizeof(*encoder));
	int err;

	if (!encoder)
		return NULL;
	err = copy_buckets(encoder, settings);
	if (err) {
		statsd_close(encoder);
		errno = err;
		return NULL;
	}
	text_escape_statsd(encoder->version, sizeof(encoder->version), settings->version);
	text_escape_statsd(encoder->hooks, sizeof(encoder->hooks), settings->hooks);
	text_escape_statsd(encoder->kernel, sizeof(encoder->kernel), settings->kernel);
	return encoder;
}

void statsd_close(struct statsd_encoder *encoder)
{
	size_t i;

	if (!encoder)
		return;
	for (i = 0; i < encoder->sent_count; i++)
		free(encoder->sent[i]);
	free(encoder->sent);
	free(encoder->buckets);
	free(encoder);
}

/* name:value|type|#tags,le:le; tags and le may be NULL, le only with tags. */
static void emit(struct statsd_encoder *encoder, const char *name, const char *value, char type,
		 const char *tags, const char *le)
{
	char line[STATSD_LINE_MAX + 1];
	const int length = snprintf(line, sizeof(line), "%s:%s|%c%s%s%s%s", name, value, type,
				    tags ? "|#" : "", tags ? tags : "", le ? ",le:" : "",
				    le ? le : "");

	encoder->sink(encoder->context, line, (size_t)length);
}

static void emit_count(struct statsd_encoder *encoder, const char *name, uint64_t value,
		       const char *tags, const char *le)
{
	char text[VALUE_MAX];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	emit(encoder, name, text, 'c', tags, le);
}

static void emit_gauge(struct statsd_encoder *encoder, const char *name, uint64_t value,
		       const char *tags)
{
	char text[VALUE_MAX];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	emit(encoder, name, text, 'g', tags, NULL);
}

/* ---- series ---- */

static void format_tags(char tags[TAGS_MAX], const struct series *series)
{
	char service[TEXT_MAX], route[TEXT_MAX], method[SHORT_TEXT_MAX], status[8];
	const char *error = series_error_type(series, status);
	int used;

	used = snprintf(tags, TAGS_MAX, "service_name:%s,http_request_method:%s,http_route:%s",
			text_escape_statsd(service, sizeof(service), series->service),
			text_escape_statsd(method, sizeof(method), series->method),
			text_escape_statsd(route, sizeof(route), series->route));
	if (series->status)
		used += snprintf(tags + used, TAGS_MAX - used, ",http_response_status_code:%u",
				 series->status);
	if (error)
		snprintf(tags + used, TAGS_MAX - used, ",error_type:%s", error);
}

/* The differences from one state of a series to another, as lines. */
static void emit_series(struct statsd_encoder *encoder, const char *tags, const struct sent *from,
			const struct sent *to)
{
	char sum[VALUE_MAX];
	size_t i;

	for (i = 0; i < encoder->bucket_count; i++)
		emit_count(encoder, DURATION ".bucket", to->buckets[i] - from->buckets[i], tags,
			   encoder->buckets[i].le);
	emit_count(encoder, DURATION ".bucket", to->count - from->count, tags, "+Inf");
	emit(encoder, DURATION ".sum", format_ns(sum, to->sum_ns - from->sum_ns), 'c', tags, NULL);
	emit_count(encoder, DURATION ".count", to->count - from->count, tags, NULL);
	emit_count(encoder, REQUEST_BODY ".sum", to->request_bytes - from->request_bytes, tags,
		   NULL);
	emit_count(encoder, REQUEST_BODY ".count", to->count - from->count, tags, NULL);
	emit_count(encoder, RESPONSE_BODY ".sum", to->response_bytes - from->response_bytes, tags,
		   NULL);
	emit_count(encoder, RESPONSE_BODY ".count", to->count - from->count, tags, NULL);
}

static size_t sent_size(const struct statsd_encoder *encoder)
{
	return sizeof(struct sent) + encoder->bucket_count * sizeof(uint64_t);
}

/* What was sent of a series, at first nothing; NULL: out of memory. */
static struct sent *get_sent(struct statsd_encoder *encoder, uint32_t id)
{
	if (id >= encoder->sent_count) {
		const size_t count = ((size_t)id + 1) * 2;
		struct sent **grown = reallocarray(encoder->sent, count, sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + encoder->sent_count, 0,
		       (count - encoder->sent_count) * sizeof(*grown));
		encoder->sent = grown;
		encoder->sent_count = count;
	}
	if (!encoder->sent[id])
		encoder->sent[id] = calloc(1, sent_size(encoder));
	return encoder->sent[id];
}

/* The state that the run's total amounts to. */
static void fill_state(const struct statsd_encoder *encoder, struct sent *state,
		       const struct measure *total)
{
	uint64_t below = 0;
	uint32_t bin = 0;
	size_t i;

	state->announced = true;
	state->count = total->count;
	state->sum_ns = total->sum_ns;
	state->request_bytes = total->request_bytes;
	state->response_bytes = total->response_bytes;
	for (i = 0; i < encoder->bucket_count; i++) {
		for (; bin <= encoder->buckets[i].last_bin; bin++)
			below += total->bins[bin];
		state->buckets[i] = below;
	}
}

static bool is_changed(const struct sent *sent, const struct measure *total)
{
	return sent->count != total->count || sent->sum_ns != total->sum_ns ||
	       sent->request_bytes != total->request_bytes ||
	       sent->response_bytes != total->response_bytes;
}

/* state: room for one more state. */
static int encode_series(struct statsd_encoder *encoder, const struct series *series,
			 struct sent *state)
{
	struct sent *sent = get_sent(encoder, series->id);
	const bool announced = sent && sent->announced;
	char tags[TAGS_MAX];

	if (!sent)
		return -ENOMEM;
	if (announced && !is_changed(sent, &series->total))
		return 0;
	format_tags(tags, series);
	if (!announced) {
		emit_series(encoder, tags, sent, sent);
		sent->announced = true;
		if (!encoder->last)
			return 0;
	}
	fill_state(encoder, state, &series->total);
	emit_series(encoder, tags, sent, state);
	memcpy(sent, state, sent_size(encoder));
	return 0;
}

static int encode_all_series(struct statsd_encoder *encoder, const struct flush *flush)
{
	struct sent *state = malloc(sent_size(encoder));
	int err = state ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !err && i < flush->series_count; i++)
		err = encode_series(encoder, flush->series[i], state);
	free(state);
	return err;
}

/* ---- ledger and gauges ---- */

/* reason: NULL where there is none. */
static void encode_counter(struct statsd_encoder *encoder, struct counter *counter,
			   const char *name, const char *reason, uint64_t total)
{
	char tags[SHORT_TEXT_MAX];

	if (reason)
		snprintf(tags, sizeof(tags), "reason:%s", reason);
	if (!counter->announced) {
		emit_count(encoder, name, 0, reason ? tags : NULL, NULL);
		counter->announced = true;
		if (!encoder->last)
			return;
	}
	if (total == counter->sent)
		return;
	emit_count(encoder, name, total - counter->sent, reason ? tags : NULL, NULL);
	counter->sent = total;
}

static void encode_ledger(struct statsd_encoder *encoder, const struct tally *total,
			  uint64_t errors)
{
	unsigned int i;

	encode_counter(encoder, &encoder->seen, "redtap.requests.seen", NULL, total->seen);
	encode_counter(encoder, &encoder->counted, "redtap.requests.counted", NULL, total->counted);
	for (i = LOSS_NONE + 1; i < LOSS_COUNT; i++)
		encode_counter(encoder, &encoder->lost[i], "redtap.requests.lost",
			       loss_reason_name(i), total->lost[i]);
	for (i = APPROXIMATE_NONE + 1; i < APPROXIMATE_COUNT; i++)
		encode_counter(encoder, &encoder->approximate[i], "redtap.requests.approximate",
			       approximate_reason_name(i), total->approximate[i]);
	for (i = IGNORE_NONE + 1; i < IGNORE_COUNT; i++)
		encode_counter(encoder, &encoder->ignored[i], "redtap.connections.ignored",
			       ignore_reason_name(i), total->ignored[i]);
	encode_counter(encoder, &encoder->errors, "redtap.statsd.errors", NULL, errors);
}

static void encode_gauges(struct statsd_encoder *encoder, const struct flush *flush, double flush_s)
{
	char text[TEXT_MAX], tags[TAGS_MAX], seconds[VALUE_MAX];
	size_t i;

	for (i = 0; i < flush->service_count; i++) {
		const struct service *service = &flush->services[i];
		const int used = snprintf(tags, sizeof(tags), "service_name:%s",
					  text_escape_statsd(text, sizeof(text), service->name));

		emit_gauge(encoder, "http.server.active_requests", service->active_requests, tags);
		emit_gauge(encoder, "http.server.open_connections", service->open_connections,
			   tags);
		snprintf(tags + used, sizeof(tags) - used, ",version:%s,hooks:%s,kernel:%s",
			 encoder->version, encoder->hooks, encoder->kernel);
		emit_gauge(encoder, "redtap.info", 1, tags);
	}
	emit_gauge(encoder, "redtap.series", flush->series_count, NULL);
	emit_gauge(encoder, "redtap.connections", flush->connections, NULL);
	emit_gauge(encoder, "redtap.processes", flush->processes, NULL);
	/* A sign would make the gauge a relative one, NaN would poison it. */
	if (!(flush_s >= 0 && flush_s < 1e9))
		flush_s = 0;
	emit(encoder, "redtap.flush.seconds",
	     format_ns(seconds, (uint64_t)llround(flush_s * NS_PER_S)), 'g', NULL, NULL);
}

/* ---- one flush ---- */

static void forget_announcements(struct statsd_encoder *encoder)
{
	struct counter *const groups[] = { &encoder->seen, &encoder->counted,    &encoder->errors,
					   encoder->lost,  encoder->approximate, encoder->ignored };
	const size_t counts[] = { 1, 1, 1, LOSS_COUNT, APPROXIMATE_COUNT, IGNORE_COUNT };
	size_t i, j;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (j = 0; j < counts[i]; j++)
			groups[i][j].announced = false;
	for (i = 0; i < encoder->sent_count; i++)
		if (encoder->sent[i])
			encoder->sent[i]->announced = false;
}

int statsd_encode(struct statsd_encoder *encoder, const struct flush *flush, uint64_t errors,
		  double flush_s, statsd_sink *sink, void *context)
{
	encoder->sink = sink;
	encoder->context = context;
	encoder->last = flush->last;
	if (errors > encoder->errors_before)
		forget_announcements(encoder);
	encoder->errors_before = errors;
	encode_gauges(encoder, flush, flush_s);
	encode_ledger(encoder, &flush->total, errors);
	return encode_all_series(encoder, flush);
}

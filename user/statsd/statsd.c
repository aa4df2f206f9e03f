/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd.c - see statsd.h.
 *
 * The encoder remembers what it has sent of each counter, and sends the difference to the
 * run's total.  A counter is announced with 0 before its first value.  So a flush need not be
 * sent as a whole: it is sent in pieces, as fast as the destination takes them, and if the
 * next flush comes earlier, the rest is sent with its values.
 *
 * While lines are lost, the receiver is away, and it may have forgotten everything when it is
 * back: everything is announced again, and values wait for a flush without losses.  So an
 * outage costs only the values of the flush in which it began.
 */
#include "statsd/statsd.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abi/histogram.h"
#include "base/clock.h"
#include "base/grow.h"
#include "base/text.h"
#include "statsd/statsd_private.h"

static size_t sent_size(const struct statsd_encoder *encoder)
{
	return sizeof(struct statsd_sent) + encoder->bucket_count * sizeof(uint64_t);
}

/* The boundaries that are counted; timers: every bin. */
static int copy_buckets(struct statsd_encoder *encoder, const struct statsd_settings *settings)
{
	size_t i;

	if (encoder->histogram == HISTOGRAM_TIMER) {
		encoder->bucket_count = HISTOGRAM_BINS;
		return 0;
	}
	encoder->buckets = calloc(settings->bucket_count + 1, sizeof(*encoder->buckets));
	if (!encoder->buckets)
		return ENOMEM;
	encoder->bucket_count = settings->bucket_count;
	for (i = 0; i < settings->bucket_count; i++) {
		const uint64_t edge_ns = (uint64_t)llround(settings->buckets[i] * NS_PER_S);
		struct statsd_bucket *bucket = &encoder->buckets[i];

		bucket->last_bin = histogram_bin(edge_ns);
		if (histogram_upper_ns(bucket->last_bin) != edge_ns ||
		    (i > 0 && bucket->last_bin <= bucket[-1].last_bin))
			return EINVAL;
		statsd_format_le(bucket->le, settings->buckets[i]);
	}
	return 0;
}

static int copy_destinations(struct statsd_encoder *encoder, const struct statsd_settings *settings)
{
	static const char key[] = "destination:";
	char tags[sizeof(key) + STATSD_TEXT_MAX];
	size_t i;

	encoder->destinations =
		calloc(settings->destination_count + 1, sizeof(*encoder->destinations));
	if (!encoder->destinations)
		return ENOMEM;
	memcpy(tags, key, sizeof(key));
	for (i = 0; i < settings->destination_count; i++) {
		text_escape_statsd(tags + sizeof(key) - 1, STATSD_TEXT_MAX,
				   settings->destinations[i]);
		encoder->destinations[i].tags = strdup(tags);
		if (!encoder->destinations[i].tags)
			return ENOMEM;
		encoder->destination_count++;
	}
	encoder->destination = settings->destination;
	return 0;
}

struct statsd_encoder *statsd_open(const struct statsd_settings *settings)
{
	struct statsd_encoder *encoder = calloc(1, sizeof(*encoder));
	int err;

	if (!encoder)
		return NULL;
	encoder->metrics = settings->metrics;
	encoder->histogram = settings->histogram == HISTOGRAM_TIMER ? HISTOGRAM_TIMER
								    : HISTOGRAM_BUCKETS;
	err = copy_buckets(encoder, settings);
	if (!err)
		err = copy_destinations(encoder, settings);
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

static void table_release(struct statsd_table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		free(table->items[i]);
	free(table->items);
}

void statsd_close(struct statsd_encoder *encoder)
{
	size_t i;

	if (!encoder)
		return;
	for (i = 0; i < encoder->destination_count; i++)
		free(encoder->destinations[i].tags);
	free(encoder->destinations);
	table_release(&encoder->series);
	table_release(&encoder->phases);
	free(encoder->buckets);
	free(encoder);
}

/* ---- what was sent ---------------------------------------------------- */

/* What was sent of a distribution, nothing at first.  NULL: out of memory. */
static struct statsd_sent *get_sent(const struct statsd_encoder *encoder,
				    struct statsd_table *table, size_t number)
{
	const size_t before = table->count;

	if (GROW(table->items, table->count, number + 1))
		return NULL;
	memset(table->items + before, 0, (table->count - before) * sizeof(*table->items));
	if (!table->items[number])
		table->items[number] = calloc(1, sent_size(encoder));
	return table->items[number];
}

static void forget_announcements(struct statsd_table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		if (!table->items[i])
			continue;
		table->items[i]->announced = false;
		statsd_recall_timer(table->items[i]);
	}
}

/* ---- one distribution ------------------------------------------------- */

/* The counters beside the durations: total less what was sent; total NULL: zeros. */
static void send_counters(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			  struct statsd_sent *sent, const struct measure *total)
{
	const struct statsd_names *names = identity->names;
	const char *tags = identity->counter_tags;
	const uint64_t count = total ? total->count - sent->count : 0;
	const uint64_t request_bytes = total ? total->request_bytes - sent->request_bytes : 0;
	const uint64_t response_bytes = total ? total->response_bytes - sent->response_bytes : 0;

	if (names->requests)
		statsd_emit_count(encoder, names->requests, NULL, count, tags, NULL);
	if (names->request_body) {
		statsd_emit_count(encoder, names->request_body, "sum", request_bytes, tags, NULL);
		statsd_emit_count(encoder, names->request_body, "count", count, tags, NULL);
	}
	if (names->response_body) {
		statsd_emit_count(encoder, names->response_body, "sum", response_bytes, tags, NULL);
		statsd_emit_count(encoder, names->response_body, "count", count, tags, NULL);
	}
	sent->count += count;
	sent->request_bytes += request_bytes;
	sent->response_bytes += response_bytes;
}

static bool are_counters_changed(const struct statsd_sent *sent, const struct measure *total)
{
	return sent->count != total->count || sent->request_bytes != total->request_bytes ||
	       sent->response_bytes != total->response_bytes;
}

/* Whether there is anything to send of a distribution. */
static bool is_due(const struct statsd_encoder *encoder, const struct statsd_sent *sent,
		   const struct measure *total)
{
	if (!sent->announced)
		return true;
	/* A late announcement may be sent right before the next values, which is too close. */
	if (encoder->serial <= sent->announced_at + sent->late && !encoder->last)
		return false;
	if (encoder->histogram == HISTOGRAM_TIMER)
		return are_counters_changed(sent, total) || statsd_timers_due(sent, total) > 0;
	return are_counters_changed(sent, total) || sent->sum_ns != total->sum_ns;
}

static void announce(struct statsd_encoder *encoder, const struct statsd_identity *identity,
		     struct statsd_sent *sent, const struct measure *total)
{
	const bool timer = encoder->histogram == HISTOGRAM_TIMER;

	if (!timer)
		statsd_announce_buckets(encoder, identity);
	send_counters(encoder, identity, sent, NULL);
	sent->announced = true;
	sent->announced_at = encoder->serial;
	sent->late = encoder->late;
	if (timer && !encoder->last)
		statsd_herald_timer(encoder, identity, sent, total);
}

/* Sends what is new of a distribution: its announcement, its differences. */
static void encode_measure(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			   struct statsd_sent *sent, const struct measure *total)
{
	const bool timer = encoder->histogram == HISTOGRAM_TIMER;
	bool changed;

	if (!sent->announced) {
		announce(encoder, identity, sent, total);
		if (!encoder->last)
			return;
	}
	changed = are_counters_changed(sent, total);
	if (timer)
		statsd_send_timer(encoder, identity, sent, total);
	else if (changed || sent->sum_ns != total->sum_ns)
		statsd_send_buckets(encoder, identity, sent, total);
	if (changed)
		send_counters(encoder, identity, sent, total);
}

/* ---- one flush -------------------------------------------------------- */

/* The middleware for Flask has no phases. */
static size_t phase_count(const struct statsd_encoder *encoder)
{
	return encoder->metrics == METRICS_FLASK ? 0 : encoder->flush->phase_count;
}

void statsd_begin(struct statsd_encoder *encoder, const struct flush *flush,
		  const struct statsd_losses *losses, const struct statsd_self *self,
		  statsd_sink *sink, void *context)
{
	const struct statsd_losses *own = &losses[encoder->destination];
	const uint64_t lost = own->errors + own->dropped + own->moves;

	encoder->flush = flush;
	encoder->serial++;
	encoder->sink = sink;
	encoder->context = context;
	encoder->last = flush->last;
	encoder->late = false;
	if (lost > encoder->losses_before) {
		forget_announcements(&encoder->series);
		forget_announcements(&encoder->phases);
		statsd_forget_self(encoder);
	}
	encoder->losses_before = lost;
	if (encoder->histogram == HISTOGRAM_TIMER)
		statsd_bound_timers(encoder, flush);
	statsd_encode_self(encoder, flush, losses, self);
	if (encoder->metrics == METRICS_FLASK)
		statsd_flask_info(encoder, flush);
	/* All of them, beginning where the last flush stopped. */
	encoder->left = flush->series_count + phase_count(encoder);
}

/* Behind the last series come the phases, and the other way round. */
static void wrap(struct statsd_encoder *encoder)
{
	if (encoder->phases_next && encoder->next >= phase_count(encoder)) {
		encoder->phases_next = false;
		encoder->next = 0;
	}
	if (!encoder->phases_next && encoder->next >= encoder->flush->series_count) {
		encoder->phases_next = phase_count(encoder) > 0;
		encoder->next = 0;
	}
}

/* phase or series: the other one is NULL. */
static int encode_one(struct statsd_encoder *encoder, const struct phase_series *phase,
		      const struct series *series)
{
	const struct measure *total = phase ? &phase->total : &series->total;
	struct statsd_sent *sent = phase ? get_sent(encoder, &encoder->phases, phase->id)
					 : get_sent(encoder, &encoder->series, series->id);

	if (!sent)
		return -ENOMEM;
	/* The middleware knows only requests that the service received. */
	if (series && encoder->metrics == METRICS_FLASK && series->server_address)
		return 0;
	if (is_due(encoder, sent, total)) {
		if (phase)
			statsd_otel_phase(&encoder->identity, phase);
		else if (encoder->metrics == METRICS_FLASK)
			statsd_flask_series(&encoder->identity, series);
		else
			statsd_otel_series(&encoder->identity, series);
		encode_measure(encoder, &encoder->identity, sent, total);
	}
	sent->heralded = sent->heralded && encoder->serial == sent->announced_at;
	return 0;
}

int statsd_go_on(struct statsd_encoder *encoder, size_t bytes)
{
	const struct flush *flush = encoder->flush;
	int err = 0;

	encoder->bytes = 0;
	while (encoder->left > 0 && encoder->bytes < bytes && !err) {
		wrap(encoder);
		err = encoder->phases_next
			      ? encode_one(encoder, flush->phases[encoder->next], NULL)
			      : encode_one(encoder, NULL, flush->series[encoder->next]);
		encoder->next++;
		encoder->left--;
	}
	encoder->late = true;
	return err ? err : encoder->left > 0;
}

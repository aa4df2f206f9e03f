/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_buckets.c - a distribution as counters: NAME.bucket with `le`,
 * NAME.sum, NAME.count.
 *
 * Input: what was sent and the total.  Output: exact differences.  It must not know what the
 * durations belong to.
 */
#include "statsd/statsd_private.h"

static void emit_bucket(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			uint64_t value, const char *le)
{
	statsd_emit_count(encoder, identity->names->duration, "bucket", value,
			  identity->duration_tags, le);
}

static void emit_sum_and_count(struct statsd_encoder *encoder,
			       const struct statsd_identity *identity, uint64_t sum_ns,
			       uint64_t count)
{
	char sum[STATSD_VALUE_MAX];

	statsd_emit(encoder, identity->names->duration, "sum", statsd_format_ns(sum, sum_ns, 9),
		    "c", identity->duration_tags, NULL);
	statsd_emit_count(encoder, identity->names->duration, "count", count,
			  identity->duration_tags, NULL);
}

void statsd_announce_buckets(struct statsd_encoder *encoder, const struct statsd_identity *identity)
{
	size_t i;

	for (i = 0; i < encoder->bucket_count; i++)
		emit_bucket(encoder, identity, 0, encoder->buckets[i].le);
	emit_bucket(encoder, identity, 0, "+Inf");
	emit_sum_and_count(encoder, identity, 0, 0);
}

void statsd_send_buckets(struct statsd_encoder *encoder, const struct statsd_identity *identity,
			 struct statsd_sent *sent, const struct measure *total)
{
	const uint64_t count = total->count - sent->count;
	uint64_t below = 0;
	uint32_t bin = 0;
	size_t i;

	for (i = 0; i < encoder->bucket_count; i++) {
		const struct statsd_bucket *bucket = &encoder->buckets[i];

		below += bins_sum(&total->bins, bin, bucket->last_bin + 1);
		bin = bucket->last_bin + 1;
		emit_bucket(encoder, identity, below - sent->buckets[i], bucket->le);
		sent->buckets[i] = below;
	}
	emit_bucket(encoder, identity, count, "+Inf");
	emit_sum_and_count(encoder, identity, total->sum_ns - sent->sum_ns, count);
	sent->sum_ns = total->sum_ns;
}

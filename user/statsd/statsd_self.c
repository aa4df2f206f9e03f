/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * statsd_self.c - redtap's own metrics: the ledger, and gauges, with every flush.
 *
 * Input: struct flush.  Output: lines.  It must not know series.
 */
#include "statsd/statsd_private.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "flush/names.h"

/* tags: NULL: none. */
static void encode_counter(struct statsd_encoder *encoder, struct statsd_counter *counter,
			   const char *name, const char *tags, uint64_t total)
{
	if (!counter->announced) {
		statsd_emit_count(encoder, name, NULL, 0, tags, NULL);
		counter->announced = true;
		if (!encoder->last)
			return;
	}
	if (total == counter->sent)
		return;
	statsd_emit_count(encoder, name, NULL, total - counter->sent, tags, NULL);
	counter->sent = total;
}

/* A counter for each reason of one kind. */
static void encode_reasons(struct statsd_encoder *encoder, struct statsd_counter *counters,
			   const char *name, const uint64_t *totals, unsigned int count,
			   const char *(*reason)(unsigned int))
{
	char tags[STATSD_SHORT_MAX];
	unsigned int i;

	for (i = 1; i < count; i++) {
		snprintf(tags, sizeof(tags), "reason:%s", reason(i));
		encode_counter(encoder, &counters[i], name, tags, totals[i]);
	}
}

static void encode_ledger(struct statsd_encoder *encoder, const struct tally *total)
{
	encode_counter(encoder, &encoder->seen, "redtap.requests.seen", NULL, total->seen);
	encode_counter(encoder, &encoder->counted, "redtap.requests.counted", NULL, total->counted);
	encode_counter(encoder, &encoder->hooks_missed, "redtap.hook.missed", NULL,
		       total->hooks_missed);
	encode_reasons(encoder, encoder->lost, "redtap.requests.lost", total->lost, LOSS_COUNT,
		       loss_reason_name);
	encode_reasons(encoder, encoder->approximate, "redtap.requests.approximate",
		       total->approximate, APPROXIMATE_COUNT, approximate_reason_name);
	encode_reasons(encoder, encoder->ignored, "redtap.connections.ignored", total->ignored,
		       IGNORE_COUNT, ignore_reason_name);
}

static void encode_losses(struct statsd_encoder *encoder, const struct statsd_losses *losses)
{
	size_t i;

	for (i = 0; i < encoder->destination_count; i++) {
		struct statsd_destination *destination = &encoder->destinations[i];

		encode_counter(encoder, &destination->errors, "redtap.statsd.errors",
			       destination->tags, losses[i].errors);
		encode_counter(encoder, &destination->dropped, "redtap.statsd.dropped",
			       destination->tags, losses[i].dropped);
	}
}

static void encode_gauges(struct statsd_encoder *encoder, const struct flush *flush, double flush_s)
{
	char text[STATSD_TEXT_MAX], tags[STATSD_TAGS_MAX], seconds[STATSD_VALUE_MAX];
	size_t i;

	for (i = 0; i < flush->service_count; i++) {
		const struct service *service = &flush->services[i];
		const int used = snprintf(tags, sizeof(tags), "service_name:%s",
					  text_escape_statsd(text, sizeof(text), service->name));

		statsd_emit_gauge(encoder, "http.server.active_requests", service->active_requests,
				  tags);
		statsd_emit_gauge(encoder, "http.server.open_connections",
				  service->open_connections, tags);
		snprintf(tags + used, sizeof(tags) - used, ",version:%s,hooks:%s,kernel:%s",
			 encoder->version, encoder->hooks, encoder->kernel);
		statsd_emit_gauge(encoder, "redtap.info", 1, tags);
	}
	statsd_emit_gauge(encoder, "redtap.series", flush->series_in_use, NULL);
	statsd_emit_gauge(encoder, "redtap.connections", flush->connections, NULL);
	statsd_emit_gauge(encoder, "redtap.processes", flush->processes, NULL);
	/* A sign would make the gauge relative, and NaN would stay in it forever. */
	if (!(flush_s >= 0 && flush_s < 1e9))
		flush_s = 0;
	statsd_emit(encoder, "redtap.flush.seconds", NULL,
		    statsd_format_ns(seconds, (uint64_t)llround(flush_s * 1e9), 9), "g", NULL,
		    NULL);
}

void statsd_encode_self(struct statsd_encoder *encoder, const struct flush *flush,
			const struct statsd_losses *losses, const struct statsd_self *self)
{
	encode_gauges(encoder, flush, self->flush_s);
	encode_ledger(encoder, &flush->total);
	encode_losses(encoder, losses);
	encode_counter(encoder, &encoder->dropped_out, "redtap.output.dropped", "stream:stdout",
		       self->dropped_out);
	encode_counter(encoder, &encoder->dropped_err, "redtap.output.dropped", "stream:stderr",
		       self->dropped_err);
	if (encoder->histogram == HISTOGRAM_TIMER)
		statsd_emit_gauge(encoder, "redtap.statsd.backlog", encoder->backlog, NULL);
}

static void forget(struct statsd_counter *counters, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		counters[i].announced = false;
}

void statsd_forget_self(struct statsd_encoder *encoder)
{
	size_t i;

	forget(&encoder->seen, 1);
	forget(&encoder->counted, 1);
	forget(&encoder->hooks_missed, 1);
	forget(&encoder->dropped_out, 1);
	forget(&encoder->dropped_err, 1);
	forget(encoder->lost, LOSS_COUNT);
	forget(encoder->approximate, APPROXIMATE_COUNT);
	forget(encoder->ignored, IGNORE_COUNT);
	for (i = 0; i < encoder->destination_count; i++) {
		forget(&encoder->destinations[i].errors, 1);
		forget(&encoder->destinations[i].dropped, 1);
	}
}

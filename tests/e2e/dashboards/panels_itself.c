/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * panels_itself.c - see panels_itself.h.
 */
#include "dashboards/panels_itself.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "stack/expectation.h"
#include "harness/harness.h"
#include "dashboards/panels.h"

#define EVERY ".*"
/* Numbers of events that the test sends. */
#define SEEN 4
#define LOST 4
#define APPROXIMATE 5
#define FAILED 2
#define REJECTED 3
#define SENT 20
#define RECEIVED 16

static double all_requests(const struct scenario *s)
{
	return (double)(tally_total(&s->shop_tally) + tally_total(&s->busy_tally));
}

static void check_watched(const struct scenario *s, const struct metrics *answer)
{
	struct utsname system;

	(void)s;
	assert_int_equal(uname(&system), 0);
	require_value(answer, exactly(1), "service_name", SHOP, "version", REDTAP_VERSION, "hooks",
		      "tracepoint", "kernel", system.release, NULL);
	require_value(answer, exactly(1), "service_name", BUSY, NULL);
	require_series(answer, 2);
}

/* Alerts without a waiting time; the others are pending. */
static void check_alerts(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, exactly(1), "alertname", "RedtapLosesRequests", "reason", "e2e",
		      NULL);
	require_value(answer, exactly(1), "alertname", "RedtapSendErrors", NULL);
	require_value(answer, exactly(1), "alertname", "ExporterRejectsLines", NULL);
	require_series(answer, 3);
}

static void check_seen(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer, about(all_requests(s) + BUSY_OPEN + SEEN), NULL);
}

static void check_counted(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer, about(all_requests(s)), NULL);
}

static void check_lost(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(LOST), NULL);
}

static void check_in_flight(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, exactly(BUSY_OPEN), NULL);
}

static void check_seen_rate(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer, about((all_requests(s) + BUSY_OPEN + SEEN) / RATE_INTERVAL_S), NULL);
}

static void check_counted_rate(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer, about(all_requests(s) / RATE_INTERVAL_S), NULL);
}

static void check_lost_rate(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(LOST / RATE_INTERVAL_S), NULL);
}

/* By reason: this number for one reason, 0 for the others. */
static void require_reason(const struct metrics *answer, const char *reason, double count)
{
	size_t i;

	require_value(answer, about(count), "reason", reason, NULL);
	for (i = 0; i < answer->count; i++) {
		const char *other = metric_label(&answer->items[i], "reason");

		if (strcmp(other, reason) != 0)
			require_value(answer, exactly(0), "reason", other, NULL);
	}
	assert_true(answer->count > 3);
}

static void check_lost_reasons(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_reason(answer, "e2e", LOST);
}

static void check_approximate(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_reason(answer, "e2e", APPROXIMATE);
}

static void check_ignored(const struct scenario *s, const struct metrics *answer)
{
	require_reason(answer, "tls", (double)s->tls_connections);
}

static void check_flush_time(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, (struct bounds){ 1e-6, 5 }, NULL);
}

/* One for each method, route and status; the two without a response differ by their error. */
static void check_series(const struct scenario *s, const struct metrics *answer)
{
	require_value(answer, exactly((double)(s->shop_tally.count + s->busy_tally.count)), NULL);
}

static void check_connections(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, exactly(SHOP_OPEN + BUSY_OPEN), NULL);
}

/* One master for each service; two workers and one. */
static void check_processes(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, exactly(1 + 2 + 1 + 1), NULL);
}

static void check_packets(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(1 - (double)RECEIVED / SENT), "sender", "e2e", NULL);
}

static void check_failed(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(FAILED), NULL);
}

static void check_none(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, exactly(0), NULL);
}

/* The exporter's own count at the last scrape. */
static void check_lines(const struct scenario *s, const struct metrics *answer)
{
	struct metrics exporter;
	double lines;

	metrics_init(&exporter);
	scenario_ask(s, "statsd_exporter_lines_total", s->end, &exporter);
	lines = answer_value(&exporter, NULL);
	assert_true(lines > 1000);
	require_value(answer, about(lines / RATE_INTERVAL_S), NULL);
	metrics_release(&exporter);
}

static void check_rejected(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(REJECTED), NULL);
}

/* This counter exists from the start, so the line before counts too. */
static void check_rejected_tags(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, about(1 + REJECTED), NULL);
}

static void check_one(const struct scenario *s, const struct metrics *answer)
{
	(void)s;
	require_value(answer, exactly(1), NULL);
}

static const struct expectation expectations[] = {
	{ "Watched services", "A", EVERY, .check = check_watched },
	{ "Firing alerts", "A", EVERY, .check = check_alerts },
	{ "Requests seen", "A", EVERY, .check = check_seen },
	{ "Requests counted", "A", EVERY, .check = check_counted },
	{ "Requests lost", "A", EVERY, .check = check_lost },
	{ "In flight", "A", EVERY, .check = check_in_flight },
	{ "Ledger", "A", EVERY, .check = check_seen_rate },
	{ "Ledger", "B", EVERY, .check = check_counted_rate },
	{ "Ledger", "C", EVERY, .check = check_lost_rate },
	{ "Lost requests", "A", EVERY, .check = check_lost_reasons },
	{ "Approximate requests", "A", EVERY, .check = check_approximate },
	{ "Ignored connections", "A", EVERY, .check = check_ignored },
	{ "Flush time", "A", EVERY, .check = check_flush_time },
	{ "Series", "A", EVERY, .check = check_series },
	{ "Connections and processes", "A", EVERY, .check = check_connections },
	{ "Connections and processes", "B", EVERY, .check = check_processes },
	{ "Packets lost before the exporter", "A", EVERY, .check = check_packets },
	{ "Failed sends", "A", EVERY, .check = check_failed },
	{ "Failed sends", "B", EVERY, .check = check_none },
	{ "Packets dropped by the exporter", "A", EVERY, .check = check_none },
	{ "Lines", "A", EVERY, .check = check_lines },
	{ "Rejected lines", "A", EVERY, .check = check_rejected },
	{ "Rejected lines", "B", EVERY, .check = check_rejected_tags },
	{ "Rejected lines", "C", EVERY, .check = check_rejected },
	{ "Exporters up", "A", EVERY, .check = check_one },
	{ "Exporters up", "B", EVERY, .check = check_one },
};

static void inject_rejected(const struct scenario *s)
{
	scenario_inject(s, "e2e.no.number:x|c");
	scenario_inject(s, "e2e.no.tag:1|c|#tag");
	scenario_inject(s, "e2e.conflict:1|c");
}

void panels_itself_births(const struct scenario *s)
{
	scenario_inject(s, "redtap.requests.seen:0|c");
	scenario_inject(s, "redtap.requests.lost:0|c|#reason:e2e");
	scenario_inject(s, "redtap.requests.approximate:0|c|#reason:e2e");
	scenario_inject(s, "redtap.statsd.errors:0|c");
	scenario_inject(s, "redtap.statsd.sent:100|g|#sender:e2e");
	scenario_inject(s, "redtap.statsd.received:100|c|#sender:e2e");
	scenario_inject(s, "e2e.conflict:1|g");
	inject_rejected(s);
}

static void inject_growth(const struct scenario *s)
{
	int i;

	scenario_inject(s, text_format("redtap.requests.seen:%d|c", SEEN));
	scenario_inject(s, text_format("redtap.requests.lost:%d|c|#reason:e2e", LOST));
	scenario_inject(s,
			text_format("redtap.requests.approximate:%d|c|#reason:e2e", APPROXIMATE));
	scenario_inject(s, text_format("redtap.statsd.errors:%d|c", FAILED));
	scenario_inject(s, text_format("redtap.statsd.sent:%d|g|#sender:e2e", 100 + SENT));
	scenario_inject(s, text_format("redtap.statsd.received:%d|c|#sender:e2e", RECEIVED));
	for (i = 0; i < REJECTED; i++)
		inject_rejected(s);
}

static bool alerts_fire(void *context)
{
	return scenario_count(context, "ALERTS{alertstate='firing'}", 0) >= 3;
}

void panels_itself_check(struct scenario *s)
{
	inject_growth(s);
	/* No failure here: the panel that shows them gives the better message. */
	wait_until(alerts_fire, s, DEADLINE_S);
	scenario_settle(s);
	panels_check(s, "redtap-itself", expectations, ROWS(expectations));
}

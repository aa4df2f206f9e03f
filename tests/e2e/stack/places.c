/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * places.c - see places.h.
 */
#include "stack/places.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/harness.h"

/* Payload of a datagram that no network fragments. */
#define DATAGRAM_MAX 1432

static struct exporter exporter;
static struct prometheus prometheus;
static bool is_started; /* the exporter, as used by this test */

int places_group_setup(void **state)
{
	if (harness_group_setup(state) != 0)
		return -1;
	exporter = exporter_start();
	prometheus = prometheus_start(&exporter, "250ms");
	process_end(exporter.process, SIGTERM);
	harness_keep();
	return 0;
}

int places_group_teardown(void **state)
{
	harness_release_kept();
	return harness_group_teardown(state);
}

static void forget_exporter(void *object)
{
	(void)object;
	is_started = false;
}

/*
 * One exporter for each test that uses Prometheus: a shared one would have to
 * send, four times a second, all series of the tests before.
 */
static void start_exporter(void)
{
	if (is_started)
		return;
	exporter = exporter_restart(&exporter);
	harness_on_teardown(forget_exporter, &exporter);
	is_started = true;
}

static void attach(struct places *places, pid_t pid, const char *const *more, bool own)
{
	static unsigned int serial;

	if (!own)
		start_exporter();
	snprintf(places->service, sizeof(places->service), "e2e-%d-%u", (int)getpid(), ++serial);
	places->own = own;
	places->capture = capture_open(0);
	if (!own)
		capture_forward(places->capture, exporter.socket);
	places->redtap = redtap_attach(&(struct redtap_options){
		.pid = pid,
		.service = places->service,
		.statsd_port = capture_port(places->capture),
		.more = more,
	});
}

void places_attach(struct places *places, pid_t pid, const char *const *more)
{
	attach(places, pid, more, false);
}

void places_attach_own(struct places *places, pid_t pid, const char *const *more)
{
	attach(places, pid, more, true);
}

/* An output that is polled until its counts are right. */
struct place {
	const struct places *places;
	const struct counts *expected;
	bool bytes;
	void (*read)(const struct places *places, struct metrics *metrics);
	char why[4096];
};

static void read_capture(const struct places *places, struct metrics *metrics)
{
	capture_metrics(places->capture, metrics);
}

static void read_exporter(const struct places *places, struct metrics *metrics)
{
	(void)places;
	exporter_metrics(&exporter, metrics);
}

static void read_prometheus(const struct places *places, struct metrics *metrics)
{
	prometheus_metrics(&prometheus, places->service, metrics);
}

static bool is_right(void *context)
{
	struct place *place = context;
	struct metrics metrics;
	struct counts actual;
	bool right;

	metrics_init(&metrics);
	counts_init(&actual);
	place->read(place->places, &metrics);
	counts_from_metrics(&actual, &metrics, place->places->service);
	right = counts_equal(place->expected, &actual, place->bytes, place->why,
			     sizeof(place->why)) &&
		(place->places->own || histograms_sound(&metrics, place->places->service,
							place->why, sizeof(place->why)));
	counts_release(&actual);
	metrics_release(&metrics);
	return right;
}

static void assert_place(const struct places *places, const struct counts *expected, bool bytes,
			 void (*read)(const struct places *, struct metrics *), const char *name,
			 double seconds)
{
	struct place place = {
		.places = places, .expected = expected, .bytes = bytes, .read = read
	};

	if (wait_until(is_right, &place, seconds))
		return;
	/* Printed directly: cmocka would truncate it. */
	fprintf(stderr, "%s differs from the client's count:%s\n", name, place.why);
	fail_msg("%s differs from the client's count", name);
}

static void assert_other_places(struct places *places, const struct counts *expected, bool bytes)
{
	capture_finish(places->capture);
	assert_true(capture_longest(places->capture) <= DATAGRAM_MAX);
	assert_place(places, expected, bytes, read_capture, "the captured datagrams", 0);
	if (places->own)
		return;
	/* These two need time: the exporter's queue, the next scrape (the first takes seconds). */
	assert_place(places, expected, bytes, read_exporter, "statsd_exporter's /metrics",
		     DEADLINE_S);
	assert_place(places, expected, bytes, read_prometheus, "Prometheus's API", DEADLINE_S);
}

json_t *places_assert(struct places *places, const struct counts *expected, bool bytes)
{
	struct counts actual;
	json_t *total;

	redtap_wait_counted(places->redtap, counts_total(expected));
	total = redtap_finish(places->redtap, SIGINT);
	counts_init(&actual);
	counts_from_json(&actual, json_object_get(total, "series"), NULL);
	counts_assert_equal(expected, &actual, bytes, "the JSON total");
	counts_release(&actual);
	assert_other_places(places, expected, bytes);
	return total;
}

void places_assert_as_total(struct places *places, json_t *total)
{
	struct counts expected;

	counts_init(&expected);
	counts_from_json(&expected, json_object_get(total, "series"), NULL);
	assert_true(counts_total(&expected) > 0);
	assert_other_places(places, &expected, true);
	counts_release(&expected);
}

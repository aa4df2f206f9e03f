/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * phases.c - see phases.h.
 */
#include "harness/phases.h"

#include <math.h>
#include <string.h>

#include "harness/harness.h"
#include "harness/redtap_run.h"

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("a series or phase has no text '%s'", key);
	return text;
}

json_t *phase_find(json_t *line, const char *route, const char *phase)
{
	json_t *phases = json_object_get(line, "phases"), *one;
	size_t i;

	json_array_foreach(phases, i, one)
	{
		const char *its = json_string_value(json_object_get(one, "route"));

		if (strcmp(text_of(one, "phase"), phase) == 0 &&
		    (route ? its && strcmp(its, route) == 0 : !its))
			return one;
	}
	return NULL;
}

double phase_sum(json_t *line, const char *route, const char *phase, uint64_t count)
{
	json_t *one = phase_find(line, route, phase);

	if (!one)
		fail_msg("no phase %s", phase);
	if (redtap_count(one, "count") != count)
		fail_msg("%s: measured %llu times instead of %llu", phase,
			 (unsigned long long)redtap_count(one, "count"), (unsigned long long)count);
	return redtap_seconds(one, "sum_s");
}

/* Times of one service and route, nanoseconds. */
struct route_time {
	const char *service;
	const char *route;
	uint64_t answered, answered_ns;
	uint64_t unanswered_ns;
	uint64_t queue_ns, service_ns, send_ns;
	uint64_t services, sends;
};

static uint64_t sum_ns(json_t *object)
{
	const double seconds = redtap_seconds(object, "sum_s");

	assert_true(seconds >= 0);
	return llround(seconds * 1e9);
}

static bool is_client(json_t *series)
{
	return strcmp(text_of(series, "kind"), "client") == 0;
}

static struct route_time *route_time_of(struct route_time *routes, size_t *count, json_t *one)
{
	const char *service = text_of(one, "service"), *route = text_of(one, "route");
	size_t i;

	for (i = 0; i < *count; i++)
		if (strcmp(routes[i].service, service) == 0 && strcmp(routes[i].route, route) == 0)
			return &routes[i];
	routes[i] = (struct route_time){ .service = service, .route = route };
	return &routes[(*count)++];
}

static void route_time_add_phase(struct route_time *time, json_t *phase)
{
	const char *name = text_of(phase, "phase");

	if (strcmp(name, "queue") == 0) {
		time->queue_ns = sum_ns(phase);
	} else if (strcmp(name, "service") == 0) {
		time->service_ns = sum_ns(phase);
		time->services = redtap_count(phase, "count");
	} else if (strcmp(name, "send") == 0) {
		time->send_ns = sum_ns(phase);
		time->sends = redtap_count(phase, "count");
	}
}

static void route_time_assert(const struct route_time *time)
{
	const uint64_t parts_ns = time->queue_ns + time->service_ns + time->send_ns;
	const uint64_t most_ns = time->answered_ns + time->unanswered_ns;

	if (parts_ns < time->answered_ns || parts_ns > most_ns)
		fail_msg(
			"route %s: duration %llu ns (and %llu ns without a response), but queue %llu + service %llu + send %llu = %llu ns",
			time->route, (unsigned long long)time->answered_ns,
			(unsigned long long)time->unanswered_ns, (unsigned long long)time->queue_ns,
			(unsigned long long)time->service_ns, (unsigned long long)time->send_ns,
			(unsigned long long)parts_ns);
	if (time->services != time->answered || time->sends != time->answered)
		fail_msg(
			"route %s: %llu responses, but service measured for %llu and send for %llu",
			time->route, (unsigned long long)time->answered,
			(unsigned long long)time->services, (unsigned long long)time->sends);
}

size_t phases_assert_balance(json_t *line)
{
	json_t *series = json_object_get(line, "series"), *phases = json_object_get(line, "phases");
	struct route_time *routes =
		calloc(json_array_size(series) + json_array_size(phases) + 1, sizeof(*routes));
	size_t count = 0, i;
	json_t *one;

	assert_non_null(routes);
	assert_true(json_is_array(phases));
	json_array_foreach(series, i, one)
	{
		struct route_time *time;

		if (is_client(one))
			continue;
		time = route_time_of(routes, &count, one);
		if (json_is_null(json_object_get(one, "status"))) {
			time->unanswered_ns += sum_ns(one);
		} else {
			time->answered += redtap_count(one, "count");
			time->answered_ns += sum_ns(one);
		}
	}
	json_array_foreach(phases, i, one) if (json_is_string(json_object_get(one, "route")))
		route_time_add_phase(route_time_of(routes, &count, one), one);
	for (i = 0; i < count; i++)
		route_time_assert(&routes[i]);
	free(routes);
	return count;
}

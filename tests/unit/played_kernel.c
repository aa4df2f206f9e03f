/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * played_kernel.c - see played_kernel.h: the functions of loader.h that the collector calls.
 */
#include "unit.h"

#include <errno.h>

#include "abi/histogram.h"
#include "played_kernel.h"

struct played_kernel kernel;

bool loader_series_entry(const struct loader *loader, uint32_t id, struct series_entry *entry)
{
	(void)loader;
	assert_true(id < SERIES_MAX);
	if (id >= kernel.made || !kernel.found[id])
		return false;
	*entry = (struct series_entry){ .key = kernel.keys[id], .live = 1 };
	return true;
}

const struct peer_key *loader_peer(const struct loader *loader, uint8_t number)
{
	(void)loader;
	assert_in_range(number, 1, kernel.peer_count);
	return &kernel.peers[number - 1];
}

int loader_series_forget(const struct loader *loader, uint32_t id)
{
	(void)loader;
	if (id >= kernel.made || !kernel.found[id])
		return -ENOENT;
	kernel.found[id] = false;
	return 0;
}

void loader_quiet_begin(struct loader *loader)
{
	(void)loader;
	assert_false(kernel.waiting);
	kernel.waiting = true;
	kernel.waits++;
}

int loader_is_quiet(struct loader *loader)
{
	(void)loader;
	if (kernel.waiting && kernel.busy)
		return 0;
	kernel.waiting = false;
	return kernel.wait_err ? kernel.wait_err : 1;
}

int loader_series_give_back(struct loader *loader, uint32_t id)
{
	(void)loader;
	assert_false(kernel.found[id] || kernel.given_back[id]);
	kernel.given_back[id] = true;
	kernel.ledger.series--;
	return 0;
}

void loader_allow_series(struct loader *loader, uint64_t count)
{
	(void)loader;
	kernel.allowed = count;
}

const volatile struct ledger *loader_ledger(const struct loader *loader)
{
	(void)loader;
	return &kernel.ledger;
}

uint64_t loader_missed(const struct loader *loader)
{
	(void)loader;
	return kernel.missed;
}

const volatile struct series_value *loader_series(const struct loader *loader, uint32_t id)
{
	(void)loader;
	return &kernel.series[id];
}

const volatile struct phase_value *loader_phase(const struct loader *loader, uint32_t id,
						enum request_phase phase)
{
	(void)loader;
	return kernel.asked_for & (1U << phase) ? &kernel.phases[id][phase] : NULL;
}

const volatile struct phase_value *loader_accept(const struct loader *loader, uint32_t service)
{
	(void)loader;
	return &kernel.accepts[service];
}

uint32_t kernel_series(const char *path, uint16_t status)
{
	struct series_key *key;
	uint32_t id = 0;

	while (id < kernel.made && !kernel.given_back[id])
		id++;
	assert_true(id < SERIES_MAX);
	if (id == kernel.made)
		kernel.made++;
	key = &kernel.keys[id];
	*key = (struct series_key){ .status = status,
				    .method = METHOD_GET,
				    .error = status ? ERROR_NONE : ERROR_NO_RESPONSE,
				    .path_length = strlen(path) };
	memcpy(key->path, path, strlen(path));
	kernel.found[id] = true;
	kernel.given_back[id] = false;
	kernel.ledger.series++;
	kernel.ledger.made++;
	return id;
}

void kernel_phase(uint32_t id, enum request_phase phase, uint64_t ns)
{
	kernel.phases[id][phase].bins[histogram_bin(ns)]++;
	kernel.phases[id][phase].sum_ns += ns;
}

void kernel_request(uint32_t id, uint64_t queue_ns, uint64_t service_ns, uint64_t send_ns)
{
	const uint64_t duration_ns = queue_ns + service_ns + send_ns;

	kernel_phase(id, REQUEST_PHASE_QUEUE, queue_ns);
	if (kernel.keys[id].status) {
		kernel_phase(id, REQUEST_PHASE_SERVICE, service_ns);
		kernel_phase(id, REQUEST_PHASE_SEND, send_ns);
	}
	kernel.series[id].bins[histogram_bin(duration_ns)]++;
	kernel.series[id].sum_ns += duration_ns;
	kernel.series[id].count++;
	kernel.ledger.seen++;
	kernel.ledger.counted++;
}

struct collector *collector_make(uint32_t phases, const struct routes *routes)
{
	const struct loader_settings settings = { .max_series = SERIES_MAX, .phases = phases };
	struct collector *collector;

	memset(&kernel, 0, sizeof(kernel));
	kernel.asked_for = phases;
	assert_int_equal(collector_open(&collector, NULL, &settings, routes), 0);
	assert_int_equal(collector_service(collector, "web"), 0);
	return collector;
}

const struct flush *take(struct collector *collector)
{
	const struct flush *flush;

	assert_int_equal(collector_take(collector, 1, false, &flush), 0);
	assert_int_equal(collector_retire(collector), 0);
	return flush;
}

const struct phase_series *phase_find(const struct flush *flush, const char *route,
				      enum request_phase phase)
{
	const struct phase_series *found = NULL;
	size_t i;

	for (i = 0; i < flush->phase_count; i++) {
		const struct phase_series *one = flush->phases[i];

		if (one->phase != phase || !one->route || strcmp(one->route, route) != 0)
			continue;
		assert_null(found); /* only one */
		found = one;
	}
	assert_non_null(found);
	return found;
}

const struct flush *take_at(struct collector *collector, double now)
{
	const struct flush *flush;

	assert_int_equal(collector_take_at(collector, now, 1, false, &flush), 0);
	assert_int_equal(collector_retire(collector), 0);
	return flush;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector_ledger.c - reads the ledger so that its numbers add up.
 */
#include "collect/collector_private.h"
#include "base/log.h"

/* How often the ledger is read until its numbers add up. */
#define LEDGER_TRIES 1000

static void copy_tally(struct tally *tally, uint64_t *in_flight, uint64_t *seen_after,
		       const volatile struct ledger *ledger, size_t services)
{
	size_t i;

	tally->seen = ledger->seen;
	tally->counted = ledger->counted;
	for (i = 0; i < LOSS_COUNT; i++)
		tally->lost[i] = ledger->lost[i];
	*in_flight = 0;
	for (i = 0; i < services; i++)
		*in_flight +=
			ledger->services[i].active_requests + ledger->services[i].client_requests;
	*seen_after = ledger->seen;
}

/*
 * The counters are independent words, and a request moves from one to another in two steps.
 * Between these steps the numbers may not add up, so the ledger is read again until
 * seen_before <= counted + in_flight + lost <= seen_after.
 */
static void read_tally(struct collector *collector, struct tally *tally, uint64_t *in_flight)
{
	const volatile struct ledger *ledger = loader_ledger(collector->loader);
	uint64_t seen_after, found;
	int tries = 0;
	size_t i;

	do {
		copy_tally(tally, in_flight, &seen_after, ledger, collector->service_count);
		found = tally->counted + *in_flight + tally_lost(tally);
	} while ((found < tally->seen || found > seen_after) && ++tries < LEDGER_TRIES);
	if (tries == LEDGER_TRIES)
		log_detail("ledger out of balance: seen %lu, found %lu", tally->seen, found);
	for (i = 0; i < APPROXIMATE_COUNT; i++)
		tally->approximate[i] = ledger->approximate[i];
	for (i = 0; i < IGNORE_COUNT; i++)
		tally->ignored[i] = ledger->ignored[i];
	tally->hooks_missed = loader_missed(collector->loader);
}

static void subtract(uint64_t *result, const uint64_t *now, const uint64_t *before, size_t count)
{
	while (count-- > 0)
		result[count] = now[count] - before[count];
}

void collector_read_ledger(struct collector *collector)
{
	const volatile struct ledger *ledger = loader_ledger(collector->loader);
	struct flush *flush = &collector->flush;
	struct tally before = flush->total;
	size_t i;

	read_tally(collector, &flush->total, &flush->in_flight);
	flush->now.seen = flush->total.seen - before.seen;
	flush->now.counted = flush->total.counted - before.counted;
	flush->now.hooks_missed = flush->total.hooks_missed - before.hooks_missed;
	subtract(flush->now.lost, flush->total.lost, before.lost, LOSS_COUNT);
	subtract(flush->now.approximate, flush->total.approximate, before.approximate,
		 APPROXIMATE_COUNT);
	subtract(flush->now.ignored, flush->total.ignored, before.ignored, IGNORE_COUNT);
	flush->connections = flush->service_count = 0;
	for (i = 0; i < collector->service_count; i++) {
		struct service *service = &collector->services[i];

		service->active_requests = ledger->services[i].active_requests;
		service->open_connections = ledger->services[i].open_connections;
		flush->connections += service->open_connections;
		if (service->name)
			collector->shown_services[flush->service_count++] = *service;
	}
	flush->services = collector->shown_services;
}

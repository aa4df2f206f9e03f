/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * silence_tell.c - see silence.h: the numbers, and the message.
 */
#include "base/log.h"
#include "kernel/loader.h"
#include "watch/silence.h"
#include "watch/target.h"

static void collect_facts(const struct loader *loader, struct silence_facts *facts)
{
	const volatile struct ledger *ledger = loader_ledger(loader);
	size_t i;

	facts->processes = target_count(loader);
	facts->in_flight = loader_in_flight(loader);
	facts->port_count = target_ports(loader, facts->ports, SILENCE_PORTS_MAX);
	for (i = 0; i < LOSS_COUNT; i++)
		facts->lost += ledger->lost[i];
	for (i = 0; i < IGNORE_COUNT; i++)
		facts->ignored[i] = ledger->ignored[i];
	for (i = 0; i < SERVICES_MAX; i++)
		facts->connections += ledger->services[i].open_connections;
}

uint64_t silence_tell(const struct loader *loader, unsigned int seconds)
{
	struct silence_facts facts = { .seconds = seconds };
	char text[SILENCE_TEXT_MAX];

	if (loader_ledger(loader)->counted == 0) {
		collect_facts(loader, &facts);
		log_warning("%s", silence_explain(text, &facts));
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * series.bpf.h - the tracker's events are counted: in the ledger, the series and their
 * histograms.
 *
 * Inputs: events and transactions.  Outputs: the maps that the loader reads.
 * It must not know sockets or bytes.
 */
#ifndef REDTAP_SERIES_H
#define REDTAP_SERIES_H

#include "count/deliver.bpf.h"
#include "count/routes.bpf.h"

/* In place of an id: there is no series. */
#define SERIES_NONE 0xffffffffU

/* Makes a series at a place.  Returns the id that is there, SERIES_NONE: none. */
static __always_inline __u32 series_make(const struct series_key *key, __u64 place)
{
	struct series_entry *entry;
	const __u32 *found;
	__u32 id;

	if (bpf_map_pop_elem(&free_series, &id))
		return SERIES_NONE;
	entry = bpf_map_lookup_elem(&series_entries, &id);
	if (!entry)
		return SERIES_NONE;
	series_key_copy(&entry->key, key);
	entry->place = place;
	if (bpf_map_update_elem(&series_ids, &place, &id, BPF_NOEXIST) == 0) {
		ledger_add(&ledger.made, 1);
		smp_store_release(&entry->live, 1);
		ledger_add(&ledger.series, 1);
		route_add_series(route_of(key));
		return id;
	}
	bpf_map_push_elem(&free_series, &id, 0); /* another CPU was first */
	found = bpf_map_lookup_elem(&series_ids, &place);
	return found ? *found : SERIES_NONE;
}

/* A build for a test waits here, so that other CPUs can come between. */
#ifdef REDTAP_SERIES_STALL
static long series_stall_turn(__u32 turn, void *context)
{
	(void)turn;
	(void)context;
	return READ_ONCE(ledger.seen) == UINT64_MAX;
}
#define SERIES_STALL() bpf_loop(REDTAP_SERIES_STALL, series_stall_turn, 0, 0)
#else
#define SERIES_STALL() ((void)0)
#endif

/*
 * Finds the series id of a key; makes one if it may.  SERIES_NONE: there is none, or
 * other series have all of its places.
 *
 * When a series retires, its element of the map is deleted (collector_retire.c), and
 * the map may use it at once for another series: what was found may belong to that one
 * when it is read.  So the id is read once, and the key stored for this id is compared:
 * that of another series differs, and a retiring id keeps its key until this program
 * has ended.  Whoever sees an id sees its key: see smp_store_release().
 */
static __always_inline __u32 series_find(const struct series_key *key, bool make)
{
	__u64 place = series_key_hash(key, settings.series_seed);
	__u32 i;

	for (i = 0; i < SERIES_PLACES; i++) {
		const __u32 *found = bpf_map_lookup_elem(&series_ids, &place);
		const struct series_entry *entry;
		__u32 id;

		if (found)
			SERIES_STALL();
		else if (!make)
			break;
		id = found ? READ_ONCE(*found) : series_make(key, place);
		entry = bpf_map_lookup_elem(&series_entries, &id);
		if (!entry)
			break;
		if (series_key_same(&entry->key, key))
			return id;
		place = series_place_next(place);
	}
	return SERIES_NONE;
}

/* A function of its own for the verifier, which checks it once. */
__noinline int series_begin(__u32 owner)
{
	struct scratch *scratch = scratch_get(owner);

	return scratch ? (int)series_find(&scratch->job.transaction.key, true) : -1;
}

/*
 * For a transaction that has no series: its own if it may have one; else that of the
 * route `other`, at last without its method: a status is never given up.
 */
__noinline int series_choose(__u32 owner)
{
	struct scratch *scratch = scratch_get(owner);
	const __u32 places = settings.max_series;
	struct series_key *key;
	int series = -1;

	if (!scratch)
		return -1;
	key = &scratch->job.transaction.key;
	if (route_may_begin(key))
		series = series_begin(owner);
	if (series >= 0)
		return series;
	tracker_route_other(key);
	ledger_add(&ledger.approximate[APPROXIMATE_ROUTE_OTHER], 1);
	series = series_find(key, false);
	if (series < 0 &&
	    series_may_begin(series_room(), places, series_claim(key->method, CLAIM_OTHER), 0))
		series = series_begin(owner);
	if (series >= 0)
		return series;
	key->method = METHOD_OTHER;
	series = series_find(key, false);
	if (series < 0 && series_may_begin(series_room(), places, CLAIM_OTHER_LAST, 0))
		series = series_begin(owner);
	return series;
}

static __always_inline void phases_commit(__u32 series, const struct transaction *transaction)
{
	if (transaction->queue_known)
		phase_add(series, REQUEST_PHASE_QUEUE, transaction->queue_ns);
	if (!transaction->key.status)
		return;
	phase_add(series, REQUEST_PHASE_SERVICE, transaction->service_ns);
	phase_add(series, REQUEST_PHASE_SEND, transaction->send_ns);
}

/*
 * Counts the transaction in a scratch: histogram, sums, ledger.  A function of its own
 * for the verifier, which checks it once.  Returns its series, -1: none.
 */
__noinline int transaction_commit(__u32 owner)
{
	struct scratch *scratch = scratch_get(owner);
	struct transaction *transaction;
	struct series_value *value;
	__u64 reason;
	__u32 series;

	if (!scratch)
		return -1;
	transaction = &scratch->job.transaction;
	series = series_find(&transaction->key, false);
	if (series == SERIES_NONE)
		series = series_choose(owner);
	value = bpf_map_lookup_elem(&series_values, &series);
	if (!value) {
		ledger_add(&ledger.lost[LOSS_SERIES_FULL], 1);
		return -1;
	}
	if (!transaction->key.peer)
		phases_commit(series, transaction);
	histogram_add(value->bins, &value->sum_ns, transaction->duration_ns);
	if (transaction->request_bytes)
		ledger_add(&value->request_bytes, transaction->request_bytes);
	if (transaction->response_bytes)
		ledger_add(&value->response_bytes, transaction->response_bytes);
	/* last: a reader that finds it unchanged skips the rest */
	ledger_add(&value->count, 1);
	ledger_add(&ledger.counted, 1);
	if (transaction->approximate) {
		reason = value_opaque(transaction->approximate);
		if (reason < APPROXIMATE_COUNT)
			ledger_add(&ledger.approximate[reason], 1);
	}
	return series;
}

/* Counts an event. */
static __always_inline void event_enter(__u32 owner, struct connection *connection,
					struct tracker_job *job, __u32 event)
{
	__u64 *waiting = requests_waiting(connection);
	__u64 reason = value_opaque(job->reason);
	int series;

	switch (event) {
	case EVENT_SEEN:
		ledger_add(&ledger.seen, 1);
		ledger_add(waiting, 1);
		break;
	case EVENT_DROPPED:
		ledger_add(&ledger.seen, 1);
		if (reason < LOSS_COUNT)
			ledger_add(&ledger.lost[reason], 1);
		break;
	case EVENT_FINISHED:
		series = transaction_commit(owner);
		if (series >= 0 && !connection->peer)
			deliver_expect(connection, job, series);
		ledger_add(waiting, -1);
		break;
	case EVENT_LOST:
		if (reason < LOSS_COUNT)
			ledger_add(&ledger.lost[reason], 1);
		ledger_add(waiting, -1);
		break;
	case EVENT_IGNORED:
		if (reason < IGNORE_COUNT)
			ledger_add(&ledger.ignored[reason], 1);
		break;
	default:
		break;
	}
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * arrival.h - when bytes arrived: a ring of stamps, written by the arrival part and read
 * by the receive part.
 *
 * Inputs: sequence numbers and the time.  Outputs: the time at which a byte arrived, if
 * it is known.  Pure.  It must not know HTTP.
 */
#ifndef REDTAP_TRACKER_ARRIVAL_H
#define REDTAP_TRACKER_ARRIVAL_H

#include "tracker/state.h"

/*
 * Data was queued on the socket.  end: rcv_nxt after it.  A full ring keeps its old
 * stamps and skips the new one: the requests that were not read yet need the old ones.
 */
static __always_inline void tracker_arrival(struct connection *connection, __u32 end, __u64 now_ns)
{
	struct arrival_part *arrival = &connection->arrival;
	__u32 written = arrival->written;
	__u32 begin = arrival->end;
	struct arrival_stamp *stamp = &arrival->stamps[written & (ARRIVALS_MAX - 1)];

	if (end == arrival->end)
		return;
	arrival->end = end;
	if (written - READ_ONCE(connection->receive.stamp) >= ARRIVALS_MAX)
		return;
	stamp->time_ns = now_ns;
	stamp->begin = begin;
	stamp->end = end;
	smp_store_release(&arrival->written, written + 1);
}

/*
 * Returns the time at which the byte with this sequence number arrived, 0: not known.
 * Frees the stamps that end at or before it.
 */
static __always_inline __u64 tracker_arrival_find(struct connection *connection, __u32 sequence)
{
	__u32 written = READ_ONCE(connection->arrival.written);
	__u32 at = connection->receive.stamp;
	__u64 time_ns = 0;
	__u32 i;

	for (i = 0; i < ARRIVALS_MAX; i++) {
		const struct arrival_stamp *stamp;

		if (at == written)
			break;
		stamp = &connection->arrival.stamps[at & (ARRIVALS_MAX - 1)];
		if ((__s32)(stamp->end - sequence) > 0) {
			if ((__s32)(sequence - stamp->begin) >= 0)
				time_ns = stamp->time_ns;
			break;
		}
		at++;
	}
	smp_store_release(&connection->receive.stamp, at);
	return time_ns;
}

/*
 * Frees the stamps of received bytes when the ring is half full: otherwise a long body
 * would leave no room for the stamp of the next request.
 */
static __always_inline void tracker_arrival_trim(struct connection *connection)
{
	if (READ_ONCE(connection->arrival.written) - connection->receive.stamp > ARRIVALS_MAX / 2)
		tracker_arrival_find(connection, connection->receive.sequence);
}

#endif

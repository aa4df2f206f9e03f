// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector_retire.c - frees the places of idle series.
 *
 * Programs on other CPUs go on meanwhile.  This order makes sure that no request is lost or
 * counted in another series:
 *
 *   1. The series is deleted from the kernel's lookup.  A program that has not looked it up
 *      yet makes a new series of the same name with another id.  One that has looked it up
 *      holds the old id and will add to its values.
 *   2. loader_quiet_begin(): an RCU grace period.  Programs are RCU readers from their lookup
 *      to their last addition, so after it no program holds the old id any more, and all it
 *      added can be read.  Flushes go on meanwhile, since it may take long on a busy machine.
 *   3. The first flush that begins after the grace period reads the values a last time.
 *   4. The id is given back.  Neither the values nor the collector's last reading of them are
 *      cleared: the next owner of the id counts on from there.
 *
 * One race is left: the map's element itself is reused at once, without a grace period.  A
 * program that has found the element but not read it yet may read the id of another series.
 * So it compares the name stored under that id (series_find() in count/series.bpf.h);
 * tests/e2e/cases/test_element_reuse.c makes it happen.
 */
#include "abi/series_room.h"
#include "collect/collector_private.h"

/* Of its places, so many in use make none of them retire early. */
#define PLACES_PLENTY(max_series) ((max_series) / 4)

/*
 * Free places are of use only as long as the kernel lets new routes begin, for which there must
 * be names (series_may_begin() in abi/series_room.h).  Then what retires would not come back.
 */
static bool may_retire(const struct collector *collector)
{
	return collector_names_left(collector) / SERIES_NAMES >
	       series_room_kept(collector->max_series, CLAIM_NEW_ROUTE);
}

/* Its values were read after the grace period. */
static int give_back(struct collector *collector, uint32_t id)
{
	struct source *source = collector->sources[id];

	source->forgotten = false;
	source->series = NULL;
	collector->forgotten_count--;
	collector->source_count--;
	return loader_series_give_back(collector->loader, id);
}

static int forget(struct collector *collector, uint32_t id)
{
	collector->sources[id]->forgotten = true;
	collector->forgotten_count++;
	return loader_series_forget(collector->loader, id);
}

/* A place is kept for as long as it was earned by use, once places are scarce. */
static bool is_idle(const struct collector *collector, const struct source *source)
{
	const double idle_s = collector->taken - source->moved;
	const double earned_s = (double)(source->counted - source->base) * SERIES_IDLE_EACH_S;

	return idle_s >= SERIES_IDLE_S ||
	       (idle_s >= earned_s && idle_s >= SERIES_IDLE_EACH_S &&
		collector->source_count > PLACES_PLENTY(collector->max_series));
}

int collector_retire(struct collector *collector)
{
	const bool may = may_retire(collector);
	bool begun = false;
	uint32_t id;
	int err = 0;

	/* one batch at a time, and only if read since its grace period */
	if (collector->quiet <= 0)
		return collector->quiet;
	for (id = 0; id < collector->max_series && !err; id++) {
		struct source *source = collector->sources[id];

		if (!source || !source->series)
			continue;
		if (source->forgotten) {
			err = give_back(collector, id);
		} else if (may && is_idle(collector, source)) {
			err = forget(collector, id);
			begun = true;
		}
	}
	if (begun)
		loader_quiet_begin(collector->loader);
	return err;
}

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector_retire.c - series that are idle give their places away.
 *
 * In this order, so that no request is lost, or counted in another's series, while
 * programs on other CPUs go on:
 *
 *   1. Its place is taken away.  A program that has not looked yet makes a new series of
 *      the same name, with another id.  One that has looked holds the old id, and will
 *      add to its values.
 *   2. loader_quiet_begin(): an RCU grace period.  Programs run inside an RCU reader's
 *      section from their lookup to their last addition, so behind it no program holds
 *      the old id any more, and what it has added can be read here.  Flushes go on
 *      meanwhile: on a busy machine it may take long.
 *   3. The first flush that begins behind it reads the values a last time.
 *   4. The id is given back.  The values are not cleared: its next owner goes on from
 *      where they stand, as does what the collector remembers of them.
 *
 * What is left is the element of the map itself.  It is used again at once, not after
 * a grace period (maps of this kind have their elements beforehand, and those that
 * allocate them reuse them likewise): a program that has found the element and has not
 * read it yet may find another series' id in it.  So the program compares the text of
 * the id that it has read (series_find() in count/series.bpf.h);
 * tests/e2e/cases/test_element_reuse.c makes it happen.
 */
#include "collect/collector_private.h"

/* Whether the names of a run may become so many, if every free id got a new one. */
static bool names_may_grow(const struct collector *collector, const struct series_key *key)
{
	const size_t free_ids =
		collector->max_series - collector->source_count + collector->forgotten_count;
	size_t limit = (size_t)collector->max_series * COLLECTOR_NAMES;

	/* What is likely noise must not use all of it up. */
	if (key->status == 400 || key->status == 404 || key->status == 405)
		limit -= (limit - collector->max_series) / 2;
	return collector->table.count + free_ids < limit;
}

/* Its values have been read since the programs that had found it have ended. */
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

static bool is_idle(const struct collector *collector, const struct source *source)
{
	return collector->taken - source->moved >= SERIES_IDLE_S &&
	       names_may_grow(collector, &source->key);
}

int collector_retire(struct collector *collector)
{
	bool begun = false;
	uint32_t id;
	int err = 0;

	/* one batch at a time, and none that was not read since */
	if (collector->quiet <= 0)
		return collector->quiet;
	for (id = 0; id < collector->max_series && !err; id++) {
		struct source *source = collector->sources[id];

		if (!source || !source->series)
			continue;
		if (source->forgotten) {
			err = give_back(collector, id);
		} else if (is_idle(collector, source)) {
			err = forget(collector, id);
			begun = true;
		}
	}
	if (begun)
		loader_quiet_begin(collector->loader);
	return err;
}

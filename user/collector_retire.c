// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * collector_retire.c - series that are idle give their places away, see collector.h.
 */
#include "collector_private.h"

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

/* The two steps, see collector.h; what is forgotten has been read a last time by now. */
int collector_retire(struct collector *collector)
{
	uint32_t id;
	int err = 0;

	for (id = 0; id < collector->max_series && !err; id++) {
		struct source *source = collector->sources[id];

		if (!source || !source->series)
			continue;
		if (source->forgotten) {
			source->forgotten = false;
			source->series = NULL;
			collector->forgotten_count--;
			collector->source_count--;
			err = loader_series_give_back(collector->loader, id);
		} else if (collector->taken - source->moved >= COLLECTOR_IDLE_S &&
			   names_may_grow(collector, &source->key)) {
			err = loader_series_forget(collector->loader, source->place);
			source->forgotten = true;
			collector->forgotten_count++;
		}
	}
	return err;
}

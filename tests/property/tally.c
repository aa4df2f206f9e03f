/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tally.c - see tally.h.
 */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/harness.h"

static void tally_add(void *context, const char *method, const char *route, int status,
		      const char *error, uint64_t request_bytes, uint64_t response_bytes)
{
	struct tally *tally = context;
	struct count_row *row;

	if (tally->count == tally->room) {
		tally->room = tally->room ? tally->room * 2 : 1024;
		tally->rows = realloc(tally->rows, tally->room * sizeof(*tally->rows));
		assert_non_null(tally->rows);
	}
	tally->counted[tally->side]++;
	row = &tally->rows[tally->count++];
	memset(row, 0, sizeof(*row));
	snprintf(row->method, sizeof(row->method), "%s", method);
	snprintf(row->route, sizeof(row->route), "%s", route);
	/* as counts_add() does: from 500 on, the status is the error */
	snprintf(row->error, sizeof(row->error), "%s", error ? error : "-");
	/* for a client, 4xx is an error, too: OpenTelemetry HTTP conventions, error.type */
	if (!error && tally->side == SIDE_CLIENT && status >= 400)
		snprintf(row->error, sizeof(row->error), "%d", status);
	row->status = status;
	row->count = 1;
	row->request_bytes = request_bytes;
	row->response_bytes = response_bytes;
}

static int row_compare(const void *a, const void *b)
{
	/* the key of a row comes before its numbers */
	return memcmp(a, b, offsetof(struct count_row, count));
}

/* Sorted first: a search in thousands of rows for each transaction would be slow. */
void tally_sum(struct tally *tally, struct counts *counts)
{
	struct count_row *sum = NULL;
	size_t i;

	qsort(tally->rows, tally->count, sizeof(*tally->rows), row_compare);
	for (i = 0; i < tally->count; i++) {
		struct count_row *row = &tally->rows[i];

		if (sum && row_compare(sum, row) == 0) {
			sum->count += row->count;
			sum->request_bytes += row->request_bytes;
			sum->response_bytes += row->response_bytes;
			row->count = 0;
		} else {
			sum = row;
		}
	}
	for (i = 0; i < tally->count; i++) {
		const struct count_row *row = &tally->rows[i];

		if (row->count > 0)
			counts_add(counts, row->method, row->route, row->status,
				   strcmp(row->error, "-") == 0 ? NULL : row->error, row->count,
				   row->request_bytes, row->response_bytes);
	}
	tally->count = 0;
}

static void tally_add_reason(void *context, const char *kind, const char *name)
{
	struct tally *tally = context;
	size_t i;

	tally->lost += strcmp(kind, "lost") == 0;
	for (i = 0; i < tally->reason_count; i++)
		if (strcmp(tally->reasons[i].kind, kind) == 0 &&
		    strcmp(tally->reasons[i].name, name) == 0)
			break;
	if (i == tally->reason_count) {
		assert_true(i < TALLY_REASONS_MAX);
		tally->reasons[tally->reason_count++] = (struct tally_reason){ kind, name, 0 };
	}
	tally->reasons[i].count++;
}

static void tally_processes(struct tally *tally, const struct script *script)
{
	size_t i;

	for (i = 0; i < script->count; i++) {
		const struct step *step = &script->steps[i];

		tally->forks += step->verb == VERB_FORK;
		tally->passes += step->verb == VERB_PASS;
		tally->lent += step->hand == HAND_CHILD;
		tally->deaths += step->verb == VERB_KILLED || step->verb == VERB_KILLED_WAITING ||
				 step->verb == VERB_EXIT;
	}
}

/* side: SIDES: both. */
static void tally_plan(struct tally *tally, enum side side, const struct plan *plan)
{
	const struct plan_tally calls = { tally_add, tally_add_reason, tally };

	tally_processes(tally, &plan->server);
	for (tally->side = 0; tally->side < SIDES; tally->side++)
		if (side == SIDES || side == tally->side)
			plan_expect(plan, tally->side, &calls);
}

void tally_trial(struct tally *tally, const struct trial *trial)
{
	struct plan plan;
	uint32_t i;

	memset(tally, 0, sizeof(*tally));
	plan_init(&plan);
	for (i = 0; i < trial->count; i++) {
		plan_make(&plan, trial->seed, trial->first + i);
		tally_plan(tally, trial->side, &plan);
	}
	plan_release(&plan);
}

void tally_release(struct tally *tally)
{
	free(tally->rows);
}

uint32_t tally_connections_for(uint64_t seed, enum side side, uint64_t transactions)
{
	struct tally tally = { 0 };
	struct plan plan;
	uint32_t number = 0;

	plan_init(&plan);
	while (tally.count < transactions) {
		plan_make(&plan, seed, number++);
		tally_plan(&tally, side, &plan);
	}
	plan_release(&plan);
	tally_release(&tally);
	return number;
}

static uint64_t expected_of(const struct tally *tally, const char *kind, const char *name)
{
	size_t i;

	for (i = 0; i < tally->reason_count; i++)
		if (strcmp(tally->reasons[i].kind, kind) == 0 &&
		    strcmp(tally->reasons[i].name, name) == 0)
			return tally->reasons[i].count;
	return 0;
}

static uint64_t reason_of(json_t *total, const char *kind, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(total, kind), name));
}

/*
 * How many requests are approximate because their arrival was not seen in time, which
 * depends on the machine.  A request has only one reason, so these may replace other
 * reasons of the same requests.
 */
static uint64_t arrivals_unknown(json_t *total)
{
	return reason_of(total, "approximate", "no_arrival") +
	       reason_of(total, "approximate", "attached_late");
}

static bool reason_fits(const struct tally *tally, json_t *total, const char *kind,
			const char *name)
{
	const uint64_t expected = expected_of(tally, kind, name);
	const uint64_t actual = reason_of(total, kind, name);
	const bool of_request =
		strcmp(kind, "approximate") == 0 &&
		(strcmp(name, "body_unreadable") == 0 || strcmp(name, "head_too_long") == 0);

	if (strcmp(name, "no_arrival") == 0 || strcmp(name, "attached_late") == 0)
		return true;
	return actual == expected ||
	       (of_request && actual < expected && actual + arrivals_unknown(total) >= expected);
}

bool tally_reasons_equal(const struct tally *tally, json_t *total, char *why, size_t size)
{
	static const char *const kinds[] = { "lost", "approximate", "ignored" };
	size_t used = 0, i;
	const char *name;
	json_t *number;
	bool equal = true;

	for (i = 0; i < ROWS(kinds); i++) {
		json_t *reasons = json_object_get(total, kinds[i]);

		assert_true(json_object_size(reasons) > 0);
		json_object_foreach(reasons, name, number)
		{
			if (reason_fits(tally, total, kinds[i], name) || used >= size)
				continue;
			equal = false;
			used += snprintf(why + used, size - used,
					 "\n  %s %s: expected %llu, got %llu", kinds[i], name,
					 (unsigned long long)expected_of(tally, kinds[i], name),
					 (unsigned long long)json_integer_value(number));
		}
	}
	return equal;
}

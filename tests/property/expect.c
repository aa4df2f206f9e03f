/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * expect.c - what redtap has to count on a connection, from the meaning of
 * "seen", "answered" and "ended" alone.
 *
 * Input: a plan.  Output: its transactions.  It must not know redtap's code.
 */
#include "plan.h"

/* How far the connection has come. */
struct progress {
	size_t received;
	size_t sent;
	size_t answered; /* exchanges that are done */
};

static size_t bytes_between(size_t at, size_t begin, size_t end)
{
	return at < begin ? 0 : (at < end ? at : end) - begin;
}

static void count_one(const struct exchange *exchange, const struct progress *progress, int status,
		      const char *error, plan_count *count, void *context)
{
	count(context, exchange->method,
	      progress->received >= exchange->route_at ? exchange->route : "other", status, error,
	      bytes_between(progress->received, exchange->request_head_end, exchange->request_end),
	      status == 0 ? 0
			  : bytes_between(progress->sent, exchange->answer_head_end,
					  exchange->answer_end));
}

/* The connection ended with this one unfinished. */
static void count_unfinished(const struct exchange *exchange, const struct progress *progress,
			     enum ending ending, plan_count *count, void *context)
{
	/* up to its end nobody can know that this one was not complete */
	const bool open = exchange->close_delimited && progress->sent >= exchange->answer_head_end;
	const bool aborted = ending == ENDING_RESET || (ending == ENDING_CLIENT && !open);

	if (progress->sent < exchange->status_at)
		count_one(exchange, progress, 0,
			  ending == ENDING_SERVER ? "no_response" : "client_abort", count, context);
	else
		count_one(exchange, progress, exchange->status, aborted ? "client_abort" : NULL,
			  count, context);
}

size_t plan_expect(const struct plan *plan, plan_count *count, void *context)
{
	struct progress progress = { 0 };
	size_t counted = 0, i;

	for (i = 0; i < plan->server.count; i++) {
		const struct step *step = &plan->server.steps[i];

		if (step->verb == VERB_RECEIVE)
			progress.received = step->to;
		else if (step->verb == VERB_SEND)
			progress.sent = step->to;
		while (progress.answered < plan->exchange_count) {
			const struct exchange *exchange = &plan->exchanges[progress.answered];

			if (progress.sent < exchange->answer_end || exchange->close_delimited)
				break;
			count_one(exchange, &progress, exchange->status, NULL, count, context);
			progress.answered++;
			counted++;
		}
	}
	for (; progress.answered < plan->exchange_count; progress.answered++) {
		const struct exchange *exchange = &plan->exchanges[progress.answered];

		if (progress.received < exchange->seen_at)
			break;
		count_unfinished(exchange, &progress, plan->ending, count, context);
		counted++;
	}
	return counted;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * expect.c - what redtap has to say of a connection, from the meaning of "seen",
 * "answered", "ended" and "lost" alone.
 *
 * Input: a plan, and the side that is observed.  Output: its transactions, and the
 * reasons of the ledger.  It must not know redtap's code.
 */
#include "plan.h"

enum fate {
	FATE_UNSEEN = 0,
	FATE_WAITING, /* for its answer */
	FATE_LOST,    /* in the ledger; its answer is nobody's */
};

/* How far the connection has come. */
struct progress {
	const struct plan *plan;
	const struct plan_tally *tally;
	enum side side;
	size_t requests; /* bytes moved of them */
	size_t responses;
	size_t seen;     /* exchanges, in their order */
	size_t answered; /* likewise; those that are done */
	size_t waiting;
	size_t counted;
	uint8_t fates[1024]; /* enum fate */
};

static size_t bytes_between(size_t at, size_t begin, size_t end)
{
	return at < begin ? 0 : (at < end ? at : end) - begin;
}

static void note(const struct progress *progress, const char *kind, const char *reason)
{
	progress->tally->reason(progress->tally->context, kind, reason);
}

/* ---- requests --------------------------------------------------------- */

static uint64_t request_bytes(const struct progress *progress, const struct exchange *exchange)
{
	/* where its head ends was not seen: nothing is known to be body */
	if (exchange->request_hidden[progress->side] < exchange->request_head_end ||
	    exchange->request_long[progress->side])
		return 0;
	return bytes_between(progress->requests, exchange->request_head_end, exchange->request_end);
}

static const char *route_of(const struct progress *progress, const struct exchange *exchange)
{
	const size_t hidden = exchange->request_hidden[progress->side];
	const size_t known = progress->requests < hidden ? progress->requests : hidden;

	return known >= exchange->route_at ? exchange->route : "other";
}

/* What has been moved may have begun further requests. */
static void see_requests(struct progress *progress)
{
	const enum side side = progress->side;

	while (progress->seen < progress->plan->exchange_count) {
		const struct exchange *exchange = &progress->plan->exchanges[progress->seen];
		const size_t hidden = exchange->request_hidden[side];
		uint8_t *fate = &progress->fates[progress->seen];

		if (progress->requests < exchange->seen_at && progress->requests <= hidden)
			return;
		*fate = FATE_LOST;
		if (hidden < exchange->seen_at) {
			note(progress, "lost",
			     side == SIDE_SERVER && exchange->request_missed ? "hook_missed"
									     : "unreadable");
		} else if (progress->waiting == PLAN_PIPELINE_MAX) {
			note(progress, "lost", "pipeline_full");
		} else {
			*fate = FATE_WAITING;
			progress->waiting++;
			if (exchange->request_long[side])
				note(progress, "approximate", "head_too_long");
			else if (hidden < exchange->request_head_end)
				note(progress, "approximate", "body_unreadable");
		}
		progress->seen++;
	}
}

/* ---- responses -------------------------------------------------------- */

static void count_one(struct progress *progress, const struct exchange *exchange, int status,
		      const char *error, uint64_t response_bytes)
{
	progress->tally->count(progress->tally->context, exchange->method,
			       route_of(progress, exchange), status, error,
			       request_bytes(progress, exchange), response_bytes);
	progress->counted++;
	progress->waiting--;
}

/* All of its answer has been moved. */
static void count_answered(struct progress *progress, const struct exchange *exchange)
{
	const size_t hidden = exchange->response_hidden[progress->side];
	size_t head_end = exchange->answer_head_end;

	if (hidden < exchange->status_at) {
		note(progress, "lost", "unreadable");
		progress->waiting--;
		return;
	}
	if (hidden < head_end) {
		/* where its head ended was not seen: what was hidden is taken for body */
		head_end = hidden;
		note(progress, "approximate", "body_unreadable");
	} else if (exchange->chopped) {
		note(progress, "approximate", "chunks_too_many");
	}
	count_one(progress, exchange, exchange->status, NULL, exchange->answer_end - head_end);
}

static void see_responses(struct progress *progress)
{
	for (; progress->answered < progress->seen; progress->answered++) {
		const struct exchange *exchange = &progress->plan->exchanges[progress->answered];

		if (progress->responses < exchange->answer_end || exchange->close_delimited)
			return;
		if (progress->fates[progress->answered] == FATE_WAITING)
			count_answered(progress, exchange);
	}
}

/* ---- the end ---------------------------------------------------------- */

/* The connection ended with this one unfinished. */
static void count_unfinished(struct progress *progress, const struct exchange *exchange)
{
	const struct plan *plan = progress->plan;
	const bool from_server = plan->ending == ENDING_SERVER;
	/* up to its end nobody can know that this one was not complete */
	const bool open = exchange->close_delimited &&
			  progress->responses >= exchange->answer_head_end;
	bool aborted = plan->ending == ENDING_RESET || (plan->ending == ENDING_CLIENT && !open);
	bool cut = !open;

	if (progress->responses < exchange->status_at) {
		count_one(progress, exchange, 0, from_server ? "no_response" : "client_abort", 0);
		return;
	}
	/* a client knows that it has not seen the end, and a reset from one */
	if (progress->side == SIDE_CLIENT)
		cut |= plan->server_resets;
	if (!aborted && cut)
		note(progress, "approximate", "truncated");
	count_one(progress, exchange, exchange->status, aborted ? "client_abort" : NULL,
		  bytes_between(progress->responses, exchange->answer_head_end,
				exchange->answer_end));
}

/* What else there was on the connection. */
static void note_rest(const struct progress *progress)
{
	if (progress->plan->ignored)
		note(progress, "ignored", progress->plan->ignored);
	if (progress->plan->refused)
		note(progress, "lost", "malformed");
	if (progress->plan->goes_on)
		progress->tally->count(progress->tally->context, "GET", "/behind-noise", 200, NULL,
				       0, 0);
	if (progress->plan->unsolicited)
		note(progress, "ignored", "request_timeout");
}

size_t plan_expect(const struct plan *plan, enum side side, const struct plan_tally *tally)
{
	const struct script *script = side == SIDE_SERVER ? &plan->server : &plan->client;
	const enum verb requests = side == SIDE_SERVER ? VERB_RECEIVE : VERB_SEND;
	const enum verb responses = side == SIDE_SERVER ? VERB_SEND : VERB_RECEIVE;
	struct progress progress = { .plan = plan, .tally = tally, .side = side };
	size_t i;

	for (i = 0; i < script->count; i++) {
		if (script->steps[i].verb == requests)
			progress.requests = script->steps[i].to;
		else if (script->steps[i].verb == responses)
			progress.responses = script->steps[i].to;
		see_requests(&progress);
		see_responses(&progress);
	}
	for (; progress.answered < progress.seen; progress.answered++)
		if (progress.fates[progress.answered] == FATE_WAITING)
			count_unfinished(&progress, &plan->exchanges[progress.answered]);
	note_rest(&progress);
	return progress.counted + plan->goes_on;
}

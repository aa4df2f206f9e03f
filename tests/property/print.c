/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * print.c - prints a plan, to find a fault.
 *
 * Input: a plan.  Output: text on standard error.
 */
#include <stdio.h>

#include "plan.h"

/* Bytes of a stream to print; the number of the others is printed. */
#define STREAM_SHOWN 6000
/* Bytes of body data to print. */
#define DATA_SHOWN 24

static void print_byte(uint8_t byte)
{
	if (byte == '\n')
		fputs("\\n\n    ", stderr);
	else if (byte == '\r')
		fputs("\\r", stderr);
	else if (byte < ' ' || byte > '~')
		fprintf(stderr, "\\x%02x", byte);
	else
		fputc(byte, stderr);
}

static void print_stream(const char *name, const struct stream *stream)
{
	size_t at = 0, shown = 0;

	fprintf(stderr, "  %s: %zu bytes\n    ", name, stream->length);
	while (at < stream->length && shown < STREAM_SHOWN) {
		const size_t run = stream_run(stream, at, stream->length);
		const bool data = stream->kinds[at] & STREAM_DATA;
		size_t i, show = data && run > DATA_SHOWN ? DATA_SHOWN : run;

		if (data)
			fputs("[", stderr);
		for (i = 0; i < show; i++)
			print_byte(stream->bytes[at + i]);
		if (show < run)
			fprintf(stderr, "... %zu more", run - show);
		if (data)
			fputs("]", stderr);
		at += run;
		shown += show;
	}
	fprintf(stderr, "%s\n", at < stream->length ? " ..." : "");
}

static void print_script(const char *name, const struct script *script)
{
	size_t i;

	fprintf(stderr, "  %s%s:\n", name, script->interrupted ? ", interrupted" : "");
	for (i = 0; i < script->count; i++) {
		const struct step *step = &script->steps[i];

		fprintf(stderr, "    %3zu %s", i, verb_name(step->verb));
		if (step->call)
			fprintf(stderr, " to %zu by %s, at most %u bytes, %u parts%s%s", step->to,
				call_name(step->call), step->size, step->parts,
				step->greedy ? ", greedy" : "", hand_name(step->hand));
		else if (step->to)
			fprintf(stderr, " %zu us", step->to);
		else if (step->keeps)
			fputs(", and keep the socket", stderr);
		fputc('\n', stderr);
	}
}

static void print_transaction(void *context, const char *method, const char *route, int status,
			      const char *error, uint64_t request_bytes, uint64_t response_bytes)
{
	(void)context;
	fprintf(stderr, "    %s %s %d %s, bytes %llu and %llu\n", method, route, status,
		error ? error : "", (unsigned long long)request_bytes,
		(unsigned long long)response_bytes);
}

static void print_reason(void *context, const char *kind, const char *reason)
{
	(void)context;
	fprintf(stderr, "    %s: %s\n", kind, reason);
}

static void print_hidden(const char *what, const size_t hidden[SIDES])
{
	if (hidden[SIDE_SERVER] != SIZE_MAX)
		fprintf(stderr, ", %s hidden by the server from %zu", what, hidden[SIDE_SERVER]);
	if (hidden[SIDE_CLIENT] != SIZE_MAX)
		fprintf(stderr, ", %s hidden by the client from %zu", what, hidden[SIDE_CLIENT]);
}

void plan_print(const struct plan *plan)
{
	const struct plan_tally tally = { print_transaction, print_reason, NULL };
	unsigned int side;
	size_t i;

	fprintf(stderr, "plan %u of seed %llu: %s\n", plan->number, (unsigned long long)plan->seed,
		plan->story);
	for (i = 0; i < plan->exchange_count; i++) {
		const struct exchange *exchange = &plan->exchanges[i];

		fprintf(stderr,
			"  exchange %zu%s%s%s: request at %zu, head to %zu, end %zu; answer at %zu,"
			" status at %zu, head to %zu, end %zu",
			i, exchange->early ? " early" : "", exchange->expects ? " expects" : "",
			exchange->close_delimited ? " close-delimited" : "", exchange->begin,
			exchange->request_head_end, exchange->request_end, exchange->answer_begin,
			exchange->status_at, exchange->answer_head_end, exchange->answer_end);
		print_hidden("request", exchange->request_hidden);
		print_hidden("response", exchange->response_hidden);
		fputc('\n', stderr);
	}
	print_stream("requests", &plan->requests);
	print_stream("responses", &plan->responses);
	print_script("client", &plan->client);
	print_script("server", &plan->server);
	for (side = 0; side < SIDES; side++) {
		fprintf(stderr, "  of the %s:\n", side == SIDE_SERVER ? "server" : "client");
		plan_expect(plan, side, &tally);
	}
}

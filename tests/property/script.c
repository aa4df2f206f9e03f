/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * script.c - see script.h.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most parts of a vector. */
#define VECTOR_MAX 32
/* Calls of one byte are expensive: at most so many in a step. */
#define SMALL_CALLS_MAX 300

void script_release(struct script *script)
{
	free(script->steps);
	memset(script, 0, sizeof(*script));
}

static void script_add(struct script *script, struct step step)
{
	if (script->count == script->room) {
		script->room = script->room ? script->room * 2 : 64;
		script->steps = realloc(script->steps, script->room * sizeof(*script->steps));
		if (!script->steps) {
			fputs("out of memory for a script\n", stderr);
			abort();
		}
	}
	script->steps[script->count++] = step;
}

void script_insert(struct script *script, size_t at, const struct step *step)
{
	script_add(script, *step);
	memmove(&script->steps[at + 1], &script->steps[at],
		(script->count - 1 - at) * sizeof(*script->steps));
	script->steps[at] = *step;
}

void script_verb(struct script *script, enum verb verb)
{
	script_add(script, (struct step){ .verb = verb });
}

void script_pause(struct script *script, struct random *random, unsigned int of_thousand)
{
	if (random_chance(random, of_thousand))
		script_add(script, (struct step){ .verb = VERB_PAUSE,
						  .to = random_range(random, 1, 1500) });
}

#define CALL_ROW(name, text, bytes, inside) { CALL_##name, bytes, inside },
static const struct call_row {
	uint8_t call;
	uint8_t bytes; /* mask of enum bytes */
	bool inside;   /* more body data must follow */
} receive_calls[] = { RECEIVE_CALLS(CALL_ROW) }, send_calls[] = { SEND_CALLS(CALL_ROW) };
#undef CALL_ROW

/* How this side must move a byte of this kind. */
static enum bytes bytes_of(const struct script *script, uint8_t kind)
{
	if (kind &
	    (script->side == SIDE_SERVER ? STREAM_HIDDEN_BY_SERVER : STREAM_HIDDEN_BY_CLIENT))
		return BYTES_HIDDEN;
	if (script->side == SIDE_SERVER && (kind & STREAM_MISSED_BY_SERVER))
		return BYTES_MISSED;
	return kind & STREAM_DATA ? BYTES_DATA : BYTES_TEXT;
}

/* How many bytes a call that may move `bytes` can move. */
static size_t call_reach(const struct script *script, const struct stream *stream, uint8_t bytes,
			 size_t at, size_t to)
{
	size_t end = at;

	while (end < to && (bytes & bytes_of(script, stream->kinds[end])))
		end += stream_run(stream, end, to);
	return end - at;
}

/* How many of so many bytes one call moves. */
static uint32_t call_size(struct random *random, size_t bytes)
{
	switch (random_below(random, 8)) {
	case 0:
		if (bytes <= SMALL_CALLS_MAX)
			return 1;
		return bytes / 16;
	case 1:
		return 1 + bytes / random_range(random, 2, 9);
	case 2:
		return bytes > 100000 ? 4096 : 1 + bytes / 3;
	default:
		return 1 << 20;
	}
}

/* Not in an initializer, in which the compiler chooses the order of the calls. */
static struct step step_of(struct random *random, enum verb verb, enum call call, size_t bytes,
			   size_t to)
{
	struct step step = { .verb = verb, .call = call, .to = to };

	step.parts = random_range(random, 1, random_chance(random, 200) ? VECTOR_MAX : 5);
	step.size = call_size(random, bytes);
	if (random_chance(random, 40))
		step.hand = random_chance(random, 500) ? HAND_DUP : HAND_THREAD;
	return step;
}

void script_move(struct script *script, struct random *random, const struct stream *stream,
		 enum verb verb, size_t at, size_t to)
{
	while (at < to) {
		const struct call_row row = verb == VERB_RECEIVE ? RANDOM_ROW(random, receive_calls)
								 : RANDOM_ROW(random, send_calls);
		const size_t left = to - at;
		const size_t run = stream_run(stream, at, to);
		const size_t reach = call_reach(script, stream, row.bytes, at, to);
		size_t piece = random_chance(random, 600) ? left : random_range(random, 1, left);

		if (reach == 0)
			continue;
		if (random_chance(random, 300))
			piece = run;
		if (piece > reach)
			piece = reach;
		/* a gap must not reach from the end of one message into the next */
		if ((row.bytes & BYTES_MISSED) && piece > run)
			piece = run;
		if (row.inside && bytes_of(script, stream->kinds[at]) != BYTES_MISSED &&
		    (piece == run || piece == left) && --piece == 0)
			continue;
		at += piece;
		script_add(script, step_of(random, verb, row.call, piece, at));
	}
}

void script_move_whole(struct script *script, enum verb verb, size_t to)
{
	script_add(script,
		   (struct step){ .verb = verb,
				  .call = verb == VERB_SEND ? CALL_SEND_WHOLE : CALL_RECV_WHOLE,
				  .parts = 1,
				  .size = UINT32_MAX,
				  .to = to });
}

void script_make_greedy(struct script *script, size_t first, size_t end)
{
	bool answers_follow = false;
	size_t i;

	for (i = script->count; i-- > first;) {
		struct step *step = &script->steps[i];

		answers_follow |= step->verb == VERB_SEND;
		if (step->verb != VERB_RECEIVE)
			continue;
		/* the client sends nothing new before it has the last response */
		if (step->to == end && answers_follow &&
		    (step->call == CALL_READ || step->call == CALL_RECV ||
		     step->call == CALL_READV || step->call == CALL_RECVMSG))
			step->greedy = 1;
		return;
	}
}

const char *verb_name(enum verb verb)
{
	static const char *const names[] = {
		[VERB_NONE] = "nothing",
		[VERB_RECEIVE] = "receive",
		[VERB_SEND] = "send",
		[VERB_SEND_REFUSED] = "send, which must fail",
		[VERB_PAUSE] = "pause",
		[VERB_TELL] = "tell",
		[VERB_AWAIT] = "await",
		[VERB_SEE_END] = "see the end",
		[VERB_RECEIVE_END] = "receive the end",
		[VERB_SHUT] = "shut",
		[VERB_CLOSE] = "close",
		[VERB_RESET] = "reset",
		[VERB_FORK] = "go on as a child",
		[VERB_PASS] = "pass on",
		[VERB_KILLED] = "be killed",
		[VERB_KILLED_WAITING] = "be killed in a call",
		[VERB_EXIT] = "exit",
	};

	return names[verb];
}

const char *hand_name(enum hand hand)
{
	static const char *const names[] = {
		[HAND_OWN] = "",
		[HAND_DUP] = ", over a duplicate",
		[HAND_THREAD] = ", by another thread",
		[HAND_CHILD] = ", by a child",
	};

	return names[hand];
}

const char *call_name(enum call call)
{
#define CALL_NAME(name, text, bytes, inside) [CALL_##name] = text,
	static const char *const names[] = { [CALL_NONE] = "",
					     RECEIVE_CALLS(CALL_NAME) SEND_CALLS(CALL_NAME) };
#undef CALL_NAME

	return names[call];
}

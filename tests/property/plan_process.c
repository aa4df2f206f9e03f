/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * plan_process.c - see plan_private.h: a connection goes on in other processes.
 */
#include "plan_private.h"

#define MOVES_MAX 3
#define CHILDREN_MAX 4

static bool dies(const struct script *script)
{
	return script->steps[script->count - 1].verb >= VERB_KILLED;
}

/* Single steps that are done by children, while the process that made them waits. */
static void lend(struct plan *plan)
{
	struct script *script = &plan->server;
	size_t times = random_range(&plan->random, 1, CHILDREN_MAX);

	while (times-- > 0) {
		struct step *step = &script->steps[random_below(&plan->random, script->count)];

		if (step->verb == VERB_RECEIVE || step->verb == VERB_SEND)
			step->hand = HAND_CHILD;
	}
}

/* Everything from some steps on is another process's. */
static void move(struct plan *plan)
{
	struct random *random = &plan->random;
	size_t times = random_range(random, 1, MOVES_MAX);

	while (times-- > 0) {
		struct step step = { .verb = random_chance(random, 500) ? VERB_FORK : VERB_PASS };

		/* who dies must be the last one to have it */
		step.keeps = random_chance(random, 300) && !dies(&plan->server);
		script_insert(&plan->server, random_below(random, plan->server.count), &step);
	}
}

/* Whoever dies is a child, and does not pass it on to one that lives. */
static void move_to_child(struct plan *plan)
{
	struct script *script = &plan->server;
	size_t first = 0, i;

	for (i = 0; i < script->count; i++)
		if (script->steps[i].verb == VERB_PASS)
			first = i + 1;
	script_insert(script, random_range(&plan->random, first, script->count - 1),
		      &(struct step){ .verb = VERB_FORK });
}

void plan_spread(struct plan *plan)
{
	if (random_chance(&plan->random, 100))
		lend(plan);
	if (random_chance(&plan->random, 200))
		move(plan);
	if (dies(&plan->server))
		move_to_child(plan);
}

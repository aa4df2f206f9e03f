/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player.c - see player.h.
 */
#include "player_private.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Result of a script; also the exit status of a child. */
enum played {
	PLAYED_WHOLE = 0, /* complete, by this process or one that it has waited for */
	PLAYED_BADLY,     /* failed; the reason is in player->why, or already printed */
	PLAYED_ELSEWHERE, /* a guest has passed the socket back to its host */
};

int player_open(struct player *player, int tell, int await, int guests)
{
	int err;

	memset(player, 0, sizeof(*player));
	player->socket = -1;
	player->tell = tell;
	player->await = await;
	player->guests = guests;
	player->buffer = malloc(MOVER_WHOLE_MAX);
	if (!player->buffer)
		return -ENOMEM;
	err = alarms_open(&player->alarms);
	return err ? err : mover_open(&player->mover);
}

void player_close(struct player *player)
{
	if (player->socket >= 0)
		close(player->socket);
	alarms_close(&player->alarms);
	mover_close(&player->mover);
	free(player->buffer);
}

/* ---- one step ---------------------------------------------------------- */

static int step_by_duplicate(struct player *player, const struct step *step)
{
	const int own = player->socket;
	int result;

	player->socket = dup(own);
	if (player->socket < 0) {
		player->socket = own;
		return player_fail(player, "dup: %s", strerror(errno));
	}
	result = player_step(player, step);
	close(player->socket);
	player->socket = own;
	return result;
}

struct errand {
	struct player *player;
	const struct step *step;
	int result;
};

static void *run_errand(void *context)
{
	struct errand *errand = context;

	errand->result = player_step(errand->player, errand->step);
	return NULL;
}

static int step_by_thread(struct player *player, const struct step *step)
{
	struct errand errand = { player, step, -1 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_errand, &errand))
		return player_fail(player, "cannot create a thread");
	pthread_join(thread, NULL);
	return errand.result;
}

/* A child that has only the descriptors that it needs. */
static pid_t fork_player(struct player *player)
{
	int kept[] = { player->socket,    player->tell,          player->await,
		       player->guests,    player->mover.pipe[0], player->mover.pipe[1],
		       player->mover.file };
	const pid_t child = handover_fork(kept, sizeof(kept) / sizeof(kept[0]));

	if (child == 0) {
		player->is_child = true;
		/* timers are not inherited */
		alarms_open(&player->alarms);
	}
	return child;
}

static int wait_for_child(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int step_by_child(struct player *player, const struct step *step)
{
	const pid_t child = fork_player(player);

	if (child == 0) {
		const int result = player_step(player, step);

		if (result)
			fprintf(stderr, "child: %s\n", player->why);
		_exit(result ? PLAYED_BADLY : PLAYED_WHOLE);
	}
	if (child < 0 || wait_for_child(child) != 0)
		return player_fail(player, "the child has failed");
	if (step->verb == VERB_RECEIVE)
		player->received = step->to;
	else
		player->sent = step->to;
	return 0;
}

static int play_step(struct player *player, const struct step *step)
{
	switch (step->hand) {
	case HAND_DUP:
		return step_by_duplicate(player, step);
	case HAND_THREAD:
		return step_by_thread(player, step);
	case HAND_CHILD:
		return step_by_child(player, step);
	default:
		return player_step(player, step);
	}
}

/* ---- other processes ------------------------------------------------------ */

static enum played play_on(struct player *player, size_t at);

static void let_go(struct player *player)
{
	if (player->socket >= 0)
		close(player->socket);
	player->socket = -1;
}

static enum played play_badly(struct player *player, size_t at)
{
	char why[PLAYER_WHY_MAX];

	snprintf(why, sizeof(why), "%s", player->why);
	player_fail(player, "plan %u, step %zu (%s): %.180s", player->number, at,
		    verb_name(player->script->steps[at].verb), why);
	return PLAYED_BADLY;
}

static bool ends_by_a_kill(const struct script *script)
{
	const enum verb last = script->steps[script->count - 1].verb;

	return last == VERB_KILLED || last == VERB_KILLED_WAITING;
}

/* All steps after this one. */
static enum played play_by_child(struct player *player, size_t at)
{
	pid_t child;
	int status;

	alarms_set(&player->alarms, false);
	child = fork_player(player);
	if (child == 0) {
		enum played played;

		alarms_set(&player->alarms, player->script->interrupted);
		played = play_on(player, at + 1);
		if (played == PLAYED_BADLY)
			fprintf(stderr, "child: %s\n", player->why);
		_exit(played);
	}
	if (!player->script->steps[at].keeps)
		let_go(player);
	status = child < 0 ? -1 : wait_for_child(child);
	let_go(player);
	if (WIFEXITED(status) && WEXITSTATUS(status) != PLAYED_BADLY)
		return WEXITSTATUS(status);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && ends_by_a_kill(player->script))
		return PLAYED_WHOLE;
	player_fail(player, "the child ended with status %d", status);
	return play_badly(player, at);
}

static int pass(struct player *player, size_t at)
{
	const struct handover handover = { .number = player->number,
					   .step = at + 1,
					   .received = player->received,
					   .sent = player->sent };
	const int err = handover_send(player->guests, &handover, player->socket);

	return err ? player_fail(player, "cannot pass the socket on: %s", strerror(-err)) : 0;
}

static void take_over(struct player *player, const struct handover *handover, int socket)
{
	player->socket = socket;
	player->received = handover->received;
	player->sent = handover->sent;
}

/* All steps after *at, or up to the step where the socket comes back; sets *at. */
static enum played play_by_guest(struct player *player, size_t *at)
{
	struct handover answer;
	int socket;

	alarms_set(&player->alarms, false);
	if (pass(player, *at))
		return play_badly(player, *at);
	if (!player->script->steps[*at].keeps)
		let_go(player);
	if (handover_receive(player->guests, &answer, &socket) != 1) {
		player_fail(player, "the guest has ended");
		return play_badly(player, *at);
	}
	let_go(player);
	if (socket < 0 && answer.result != PLAYED_WHOLE) {
		player_fail(player, "the guest has failed");
		return play_badly(player, *at);
	}
	if (socket < 0)
		return PLAYED_WHOLE;
	take_over(player, &answer, socket);
	*at = answer.step;
	alarms_set(&player->alarms, player->script->interrupted);
	return PLAYED_ELSEWHERE;
}

static enum played play_on(struct player *player, size_t at)
{
	while (at < player->script->count) {
		const struct step *step = &player->script->steps[at];

		if (step->verb == VERB_FORK)
			return play_by_child(player, at);
		if (step->verb == VERB_PASS && player->is_guest) {
			if (pass(player, at))
				return play_badly(player, at);
			let_go(player);
			return PLAYED_ELSEWHERE;
		}
		if (step->verb == VERB_PASS) {
			const enum played played = play_by_guest(player, &at);

			if (played != PLAYED_ELSEWHERE)
				return played;
			continue;
		}
		if (play_step(player, step))
			return play_badly(player, at);
		at++;
	}
	return PLAYED_WHOLE;
}

/* ---- a script ------------------------------------------------------------ */

static void begin(struct player *player, uint32_t number, const struct script *script,
		  const struct stream *incoming, const struct stream *outgoing)
{
	player->number = number;
	player->script = script;
	player->incoming = incoming;
	player->outgoing = outgoing;
}

int player_play(struct player *player, int socket, uint32_t number, const struct script *script,
		const struct stream *incoming, const struct stream *outgoing)
{
	/* with a timeout, the kernel does not restart an interrupted call */
	const struct timeval deadline = { .tv_sec = script->interrupted ? 0 : PLAYER_DEADLINE_S };
	const struct handover from_the_beginning = { 0 };
	enum played played;

	begin(player, number, script, incoming, outgoing);
	take_over(player, &from_the_beginning, socket);
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	alarms_set(&player->alarms, script->interrupted);
	played = play_on(player, 0);
	alarms_set(&player->alarms, false);
	return played == PLAYED_WHOLE ? 0 : -1;
}

int player_play_passed(struct player *player, const struct handover *passed, int socket,
		       const struct script *script, const struct stream *incoming,
		       const struct stream *outgoing)
{
	struct handover answer = { .number = passed->number };

	begin(player, passed->number, script, incoming, outgoing);
	take_over(player, passed, socket);
	player->is_guest = true;
	alarms_set(&player->alarms, script->interrupted);
	answer.result = play_on(player, passed->step);
	alarms_set(&player->alarms, false);
	if (answer.result == PLAYED_ELSEWHERE)
		return 0;
	if (handover_send(player->guests, &answer, -1))
		player_fail(player, "cannot answer the host");
	return answer.result == PLAYED_WHOLE ? 0 : -1;
}

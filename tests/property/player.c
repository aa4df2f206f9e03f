/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player.c - see player.h.
 */
#include "player.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int player_open(struct player *player, int tell, int await)
{
	int err;

	memset(player, 0, sizeof(*player));
	player->socket = -1;
	player->tell = tell;
	player->await = await;
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

static int fail(struct player *player, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(struct player *player, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(player->why, sizeof(player->why), format, arguments);
	va_end(arguments);
	return -1;
}

static double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* 0, or the step takes too long. */
static int in_time(struct player *player, const char *what)
{
	if (clock_s() - player->step_begun_s > PLAYER_DEADLINE_S)
		return fail(player, "%s: not within %d s", what, PLAYER_DEADLINE_S);
	return 0;
}

/* Waits for events on a descriptor; what zero-copy sends report is none. */
static int wait_for(struct player *player, int fd, short events, const char *what)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = events };
		int ready;

		if (in_time(player, what))
			return -1;
		ready = poll(&wait, 1, PLAYER_DEADLINE_S * 1000);
		if (ready < 0 && errno != EINTR)
			return fail(player, "%s: cannot poll: %s", what, strerror(errno));
		if (ready > 0 && ((wait.revents & ~POLLERR) || !mover_take_reports(fd)))
			return 0;
	}
}

/* A blocking socket says EAGAIN when its timeout is over, the other one at once. */
static int wait_again(struct player *player, ssize_t result, short events, const char *what)
{
	if (result == -EINTR)
		return in_time(player, what);
	if (result != -EAGAIN)
		return fail(player, "%s: %s", what,
			    result == 0 ? "end of the stream" : strerror(-result));
	return wait_for(player, player->socket, events, what);
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	const size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static int receive_step(struct player *player, const struct step *step)
{
	const size_t most = step->call == CALL_RECV_WHOLE ? MOVER_WHOLE_MAX : MOVER_SIZE_MAX;

	while (player->received < step->to) {
		const size_t left = step->to - player->received;
		const size_t size = step->greedy ? MOVER_SIZE_MAX
						 : smallest(left, step->size, most);
		const uint8_t *expected = player->incoming->bytes + player->received;
		const ssize_t result = mover_receive(&player->mover, player->socket, step->call,
						     step->parts, player->buffer, size);

		if (result <= 0) {
			if (wait_again(player, result, POLLIN, call_name(step->call)))
				return -1;
			continue;
		}
		if ((size_t)result > left)
			return fail(player, "%s: %zd bytes came, %zu were left",
				    call_name(step->call), result, left);
		if (step->call != CALL_RECV_TRUNC && memcmp(player->buffer, expected, result) != 0)
			return fail(player, "%s: other bytes than planned behind offset %zu",
				    call_name(step->call), player->received);
		player->received += result;
	}
	return 0;
}

static int send_step(struct player *player, const struct step *step)
{
	const size_t most = step->call == CALL_SEND_WHOLE ? SIZE_MAX : MOVER_SIZE_MAX;

	while (player->sent < step->to) {
		const size_t size = smallest(step->to - player->sent, step->size, most);
		const ssize_t result = mover_send(&player->mover, player->socket, step->call,
						  step->parts,
						  player->outgoing->bytes + player->sent, size);

		if (result <= 0) {
			if (wait_again(player, result, POLLOUT, call_name(step->call)))
				return -1;
			continue;
		}
		player->sent += result;
	}
	return 0;
}

static int tell_step(struct player *player)
{
	if (write(player->tell, &player->number, sizeof(player->number)) != sizeof(player->number))
		return fail(player, "cannot tell the other side: %s", strerror(errno));
	return 0;
}

static int await_step(struct player *player)
{
	uint32_t number;

	if (wait_for(player, player->await, POLLIN, "await"))
		return -1;
	if (read(player->await, &number, sizeof(number)) != sizeof(number) ||
	    number != player->number)
		return fail(player, "the other side is at another plan");
	return 0;
}

/* A reset is an end like the other: which of them comes is not ours to check. */
static int receive_end_step(struct player *player)
{
	for (;;) {
		const ssize_t result = mover_receive(&player->mover, player->socket, CALL_RECV, 1,
						     player->buffer, MOVER_SIZE_MAX);

		if (result == 0 || result == -ECONNRESET || result == -EPIPE)
			return 0;
		if (result > 0)
			return fail(player, "%zd bytes came instead of the end", result);
		if (wait_again(player, result, POLLIN, "end"))
			return -1;
	}
}

static int send_refused_step(struct player *player)
{
	const ssize_t result = send(player->socket, "HTTP", 4, MSG_NOSIGNAL);

	return result < 0 ? 0 : fail(player, "a send behind the reset was taken");
}

static int close_step(struct player *player, bool reset)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (reset)
		setsockopt(player->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(player->socket);
	player->socket = -1;
	return 0;
}

static int do_step(struct player *player, const struct step *step)
{
	player->step_begun_s = clock_s();
	switch (step->verb) {
	case VERB_RECEIVE:
		return receive_step(player, step);
	case VERB_SEND:
		return send_step(player, step);
	case VERB_SEND_REFUSED:
		return send_refused_step(player);
	case VERB_PAUSE:
		usleep(step->to);
		return 0;
	case VERB_TELL:
		return tell_step(player);
	case VERB_AWAIT:
		return await_step(player);
	case VERB_SEE_END:
		return wait_for(player, player->socket, POLLRDHUP, "see the end");
	case VERB_RECEIVE_END:
		return receive_end_step(player);
	case VERB_SHUT:
		shutdown(player->socket, SHUT_WR);
		return 0;
	case VERB_CLOSE:
	case VERB_RESET:
		return close_step(player, step->verb == VERB_RESET);
	default:
		return fail(player, "a step without a verb");
	}
}

static int step_by_duplicate(struct player *player, const struct step *step)
{
	const int own = player->socket;
	int result;

	player->socket = dup(own);
	if (player->socket < 0) {
		player->socket = own;
		return fail(player, "dup: %s", strerror(errno));
	}
	result = do_step(player, step);
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

	errand->result = do_step(errand->player, errand->step);
	return NULL;
}

static int step_by_thread(struct player *player, const struct step *step)
{
	struct errand errand = { player, step, -1 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_errand, &errand))
		return fail(player, "cannot make a thread");
	pthread_join(thread, NULL);
	return errand.result;
}

static int play_step(struct player *player, const struct step *step)
{
	switch (step->hand) {
	case HAND_DUP:
		return step_by_duplicate(player, step);
	case HAND_THREAD:
		return step_by_thread(player, step);
	default:
		return do_step(player, step);
	}
}

int player_play(struct player *player, int socket, uint32_t number, const struct script *script,
		const struct stream *incoming, const struct stream *outgoing)
{
	/* with a deadline, the kernel does not begin an interrupted call again */
	const struct timeval deadline = { .tv_sec = script->interrupted ? 0 : PLAYER_DEADLINE_S };
	size_t i;

	player->socket = socket;
	player->number = number;
	player->incoming = incoming;
	player->outgoing = outgoing;
	player->received = 0;
	player->sent = 0;
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	alarms_set(&player->alarms, script->interrupted);
	for (i = 0; i < script->count; i++) {
		char why[PLAYER_WHY_MAX];

		if (play_step(player, &script->steps[i]) == 0)
			continue;
		alarms_set(&player->alarms, false);
		snprintf(why, sizeof(why), "%s", player->why);
		return fail(player, "plan %u, step %zu (%s): %.180s", number, i,
			    verb_name(script->steps[i].verb), why);
	}
	alarms_set(&player->alarms, false);
	return 0;
}

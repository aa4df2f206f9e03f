/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player_step.c - see player_private.h: one step of a script.
 */
#include "player_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* After this time the call is usually waiting. */
#define KILL_AFTER_NS 200000

int player_fail(struct player *player, const char *format, ...)
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

/* 0; or -1 if the step takes too long. */
static int in_time(struct player *player, const char *what)
{
	if (clock_s() - player->step_begun_s > PLAYER_DEADLINE_S)
		return player_fail(player, "%s: not within %d s", what, PLAYER_DEADLINE_S);
	return 0;
}

/* Waits for events on a descriptor; reports about zero-copy sends do not count. */
static int wait_for(struct player *player, int fd, short events, const char *what)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = events };
		int ready;

		if (in_time(player, what))
			return -1;
		ready = poll(&wait, 1, PLAYER_DEADLINE_S * 1000);
		if (ready < 0 && errno != EINTR)
			return player_fail(player, "%s: cannot poll: %s", what, strerror(errno));
		if (ready > 0 && ((wait.revents & ~POLLERR) || !mover_take_reports(fd)))
			return 0;
	}
}

/* A blocking socket returns EAGAIN after its timeout, a non-blocking one at once. */
static int wait_again(struct player *player, ssize_t result, short events, const char *what)
{
	if (result == -EINTR)
		return in_time(player, what);
	if (result != -EAGAIN)
		return player_fail(player, "%s: %s", what,
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
			return player_fail(player, "%s: received %zd bytes, expected at most %zu",
					   call_name(step->call), result, left);
		if (step->call != CALL_RECV_TRUNC && memcmp(player->buffer, expected, result) != 0)
			return player_fail(player,
					   "%s: the bytes after offset %zu differ from the plan",
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
		return player_fail(player, "cannot write to the other side: %s", strerror(errno));
	return 0;
}

static int await_step(struct player *player)
{
	uint32_t number;

	if (wait_for(player, player->await, POLLIN, "await"))
		return -1;
	if (read(player->await, &number, sizeof(number)) != sizeof(number) ||
	    number != player->number)
		return player_fail(player, "the other side is at another plan");
	return 0;
}

/* The end can be a FIN or a reset: which one is not checked. */
static int receive_end_step(struct player *player)
{
	for (;;) {
		const ssize_t result = mover_receive(&player->mover, player->socket, CALL_RECV, 1,
						     player->buffer, MOVER_SIZE_MAX);

		if (result == 0 || result == -ECONNRESET || result == -EPIPE)
			return 0;
		if (result > 0)
			return player_fail(player, "received %zd bytes, expected the end", result);
		if (wait_again(player, result, POLLIN, "end"))
			return -1;
	}
}

static int send_refused_step(struct player *player)
{
	const ssize_t result = send(player->socket, "HTTP", 4, MSG_NOSIGNAL);

	return result < 0 ? 0 : player_fail(player, "a send after the reset has succeeded");
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

/* Only a child may end like this, because its parent waits for it. */
static int die_step(struct player *player, enum verb verb)
{
	if (!player->is_child)
		return player_fail(player, "not by a child");
	if (verb == VERB_EXIT)
		_exit(0);
	kill(getpid(), SIGKILL);
	return player_fail(player, "survived");
}

/* No bytes can arrive here: any result is correct, except bytes. */
static int die_waiting_step(struct player *player)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	const struct itimerspec soon = { .it_value = { .tv_nsec = KILL_AFTER_NS } };
	timer_t timer;

	if (!player->is_child)
		return player_fail(player, "not by a child");
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &soon, NULL))
		return player_fail(player, "no timer: %s", strerror(errno));
	return receive_end_step(player)
		       ? -1
		       : player_fail(player, "the stream has ended before the process was killed");
}

int player_step(struct player *player, const struct step *step)
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
	case VERB_KILLED:
	case VERB_EXIT:
		return die_step(player, step->verb);
	case VERB_KILLED_WAITING:
		return die_waiting_step(player);
	default:
		return player_fail(player, "a step without a verb");
	}
}

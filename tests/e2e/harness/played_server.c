/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * played_server.c - see played_server.h.
 */
#include "harness/played_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/harness.h"

uint64_t played_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void pause_ms(unsigned int ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

/* ---- in the child, which must not return into cmocka ------------------ */

static void child_assert(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "played server: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void child_receive(int fd, struct played_call *call)
{
	char head[4096];
	size_t length = 0;

	while (length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4) != 0) {
		const uint64_t before_ns = played_clock_ns();
		const ssize_t more = recv(fd, head + length, sizeof(head) - length, 0);

		child_assert(more > 0, "no request");
		if (length == 0)
			*call = (struct played_call){ before_ns, played_clock_ns() };
		length += more;
	}
}

static void child_answer(int fd, const struct play *play, struct played *played)
{
	const size_t room = play->body_bytes + 128;
	char *answer = calloc(1, room);
	size_t length, at = 0;

	child_assert(answer != NULL, "no memory");
	if (play->until_close)
		length = snprintf(answer, room, "HTTP/1.1 200 OK\r\n\r\n");
	else
		length = snprintf(answer, room, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
				  play->body_bytes);
	length += play->body_bytes;
	while (at < length) {
		const size_t piece = length - at < play->piece_bytes ? length - at
								     : play->piece_bytes;
		struct played_call call = { .before_ns = played_clock_ns() };

		/* a blocking send takes the whole piece */
		child_assert(send(fd, answer + at, piece, MSG_NOSIGNAL) == (ssize_t)piece,
			     "cannot send");
		call.after_ns = played_clock_ns();
		if (at == 0)
			played->first = call;
		played->last = call;
		at += piece;
	}
	free(answer);
}

static void child_play(int listener, const struct play *play, struct played *played)
{
	char byte;
	int fd;

	played->accepted.before_ns = played_clock_ns();
	fd = accept(listener, NULL, NULL);
	played->accepted.after_ns = played_clock_ns();
	child_assert(fd >= 0, "cannot accept");
	pause_ms(play->receive_after_ms);
	child_receive(fd, &played->received);
	pause_ms(play->answer_after_ms);
	child_answer(fd, play, played);
	while (!play->until_close && recv(fd, &byte, 1, 0) > 0)
		;
	close(fd);
}

static void child_run(int listener, const struct play *play, int control, int report)
{
	char byte;
	size_t i;

	child_assert(read(control, &byte, 1) == 1, "no command from the test");
	for (i = 0; i < play->connections; i++) {
		struct played played = { 0 };

		child_play(listener, play, &played);
		child_assert(write(report, &played, sizeof(played)) == sizeof(played),
			     "cannot report");
	}
	/* keeps running until the test is over */
	while (read(control, &byte, 1) > 0)
		;
	_exit(0);
}

/* ---- in the test ------------------------------------------------------ */

static int listener_open(const struct play *play, uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		inet_pton(AF_INET, play->host ? play->host : "127.0.0.1", &address.sin_addr), 1);
	/* accepted sockets inherit this */
	if (play->send_buffer)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &play->send_buffer,
					    sizeof(play->send_buffer)),
				 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void played_server_release(void *object)
{
	struct played_server *server = object;

	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->control);
	close(server->report);
	free(server);
}

struct played_server *played_server_start(const struct play *play)
{
	struct played_server *server = calloc(1, sizeof(*server));
	const int listener = listener_open(play, &server->port);
	int control[2], report[2];

	assert_non_null(server);
	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	fflush(NULL);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(control[1]);
		close(report[0]);
		child_run(listener, play, control[0], report[1]);
	}
	close(listener);
	close(control[0]);
	close(report[1]);
	server->control = control[1];
	server->report = report[0];
	harness_on_teardown(played_server_release, server);
	return server;
}

void played_server_go(struct played_server *server)
{
	assert_int_equal(write(server->control, "g", 1), 1);
}

struct played played_server_next(struct played_server *server)
{
	struct pollfd wait = { .fd = server->report, .events = POLLIN };
	struct played played = { 0 };

	if (poll(&wait, 1, DEADLINE_S * 1000) != 1 ||
	    read(server->report, &played, sizeof(played)) != sizeof(played))
		fail_msg("the scripted server has not finished");
	return played;
}

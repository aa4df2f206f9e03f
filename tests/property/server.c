/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * server.c - the scripted server: sends the responses of the plans, with the system calls
 * of the plans.
 *
 * Inputs: `server SEED FIRST COUNT DIRECTORY`; the plans' numbers are FIRST to
 * FIRST + COUNT - 1, DIRECTORY has the channels (lanes.h).  Outputs: a line "listening
 * HOST:PORT ..." with an entry for each lane; on failure messages on standard error and
 * exit status 1.  Lanes with an odd number are child processes, the others threads; each
 * has a guest, a process that continues with sockets that are passed to it.  It must not
 * know redtap.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lanes.h"
#include "plan.h"
#include "player.h"

/* redtap attaches before the first client connects, which is slow on a busy machine. */
#define ACCEPT_DEADLINE_S 300

struct lane {
	unsigned int index;
	int listener;
	int guests[2]; /* the channel: of the lane, of its guest */
	pid_t guest;
	int failed;
};

static uint64_t seed;
static uint32_t first, count;
static const char *directory;

static int stop(const char *what)
{
	fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
	return 1;
}

static int open_channel(unsigned int index, const char *way)
{
	char path[256];

	lane_channel(path, directory, index, way);
	/* Opened for reading and writing, so that open() does not wait for the other side. */
	return open(path, O_RDWR | O_CLOEXEC);
}

static int accept_one(const struct lane *lane, const struct plan *plan)
{
	const int on = 1;
	int fd;

	/* another thread may have a child that ends, and no time to hear of it */
	do {
		fd = accept4(lane->listener, NULL, NULL,
			     SOCK_CLOEXEC | (plan->server_waits_not ? SOCK_NONBLOCK : 0));
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (plan->server_buffer)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &plan->server_buffer,
			   sizeof(plan->server_buffer));
	if (plan->receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &plan->receive_buffer,
			   sizeof(plan->receive_buffer));
	return fd;
}

static int lane_play(struct lane *lane, struct player *player)
{
	struct plan plan;
	uint32_t number;
	int err = 0;

	plan_init(&plan);
	for (number = lane_first(first, lane->index); number - first < count && !err;
	     number += LANES) {
		int fd;

		plan_make(&plan, seed, number);
		fd = accept_one(lane, &plan);
		if (fd < 0) {
			err = stop("no connection");
			break;
		}
		if (player_play(player, fd, number, &plan.server, &plan.requests,
				&plan.responses)) {
			fprintf(stderr, "server: %s\n", player->why);
			err = 1;
		}
	}
	plan_release(&plan);
	return err;
}

/* Opens what a player needs; end: its end of the channel to the other process. */
static int lane_open(const struct lane *lane, struct player *player, int end)
{
	const int up = open_channel(lane->index, "up"), down = open_channel(lane->index, "down");

	if (up < 0 || down < 0 || player_open(player, down, up, lane->guests[end]))
		return stop("cannot open the channel");
	return 0;
}

static void lane_close(struct player *player)
{
	close(player->tell);
	close(player->await);
	player_close(player);
}

static int lane_run(struct lane *lane)
{
	struct player player;
	int err = lane_open(lane, &player, 0);

	if (err)
		return err;
	err = lane_play(lane, &player);
	lane_close(&player);
	/* so its guest ends */
	close(lane->guests[0]);
	return err;
}

/* The host reports what fails. */
static int guest_run(const struct lane *lane)
{
	struct handover passed;
	struct player player;
	struct plan plan;
	int socket;

	if (lane_open(lane, &player, 1))
		return 1;
	plan_init(&plan);
	while (handover_receive(lane->guests[1], &passed, &socket) == 1) {
		plan_make(&plan, seed, passed.number);
		if (player_play_passed(&player, &passed, socket, &plan.server, &plan.requests,
				       &plan.responses))
			fprintf(stderr, "server: guest: %s\n", player.why);
	}
	plan_release(&plan);
	lane_close(&player);
	return 0;
}

/* A worker stays for as long as its server, with or without work. */
static int child_run(struct lane *lane, int work)
{
	const int failed = lane_run(lane);
	char byte;

	while (read(work, &byte, 1) < 0 && errno == EINTR)
		;
	return failed;
}

static void *lane_thread(void *context)
{
	struct lane *lane = context;

	lane->failed = lane_run(lane);
	return NULL;
}

/* The second lane uses ::1, if there is IPv6. */
static int lane_listen(struct lane *lane)
{
	const struct timeval deadline = { .tv_sec = ACCEPT_DEADLINE_S };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(six);
	int fd = -1;

	if (lane->index == 1) {
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && bind(fd, (struct sockaddr *)&six, sizeof(six))) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&four, sizeof(four)))
			return -1;
	}
	if (listen(fd, 16) || getsockname(fd, (struct sockaddr *)&six, &length))
		return -1;
	/* also for accept(): do not wait forever for a client that has failed */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	lane->listener = fd;
	/* the port is at the same offset in both */
	printf(" %s:%u", six.sin6_family == AF_INET6 ? "::1" : "127.0.0.1", ntohs(six.sin6_port));
	return 0;
}

static int start_guest(struct lane *lane)
{
	int kept[] = { -1 };
	const int err = handover_channel(lane->guests);

	if (err)
		return err;
	kept[0] = lane->guests[1];
	lane->guest = handover_fork(kept, 1);
	if (lane->guest == 0)
		_exit(guest_run(lane));
	close(lane->guests[1]);
	return lane->guest < 0 ? -errno : 0;
}

static pid_t start_child(struct lane *lane, int work)
{
	int kept[] = { lane->listener, lane->guests[0], work };
	const pid_t child = handover_fork(kept, 3);

	if (child == 0)
		_exit(child_run(lane, work));
	close(lane->guests[0]);
	return child;
}

static int ended_well(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child && status == 0;
}

/* Runs the lanes that are threads; returns whether one failed. */
static int run_threads(struct lane lanes[LANES])
{
	pthread_t threads[LANES];
	int failed = 0;
	unsigned int i;

	for (i = 0; i < LANES; i += 2)
		if (pthread_create(&threads[i], NULL, lane_thread, &lanes[i]))
			return stop("cannot create a thread");
	for (i = 0; i < LANES; i += 2) {
		pthread_join(threads[i], NULL);
		failed |= lanes[i].failed;
	}
	return failed;
}

static int run(void)
{
	struct lane lanes[LANES];
	pid_t children[LANES];
	int work[2], failed;
	unsigned int i;

	printf("listening");
	for (i = 0; i < LANES; i++) {
		lanes[i] = (struct lane){ .index = i };
		if (lane_listen(&lanes[i]))
			return stop("cannot listen");
	}
	fflush(stdout);
	if (pipe2(work, O_CLOEXEC))
		return stop("cannot create a pipe");
	for (i = 0; i < LANES; i++)
		if (start_guest(&lanes[i]))
			return stop("cannot start a guest");
	for (i = 1; i < LANES; i += 2) {
		children[i] = start_child(&lanes[i], work[0]);
		if (children[i] < 0)
			return stop("cannot fork");
	}
	puts("");
	fflush(stdout);
	failed = run_threads(lanes);
	close(work[1]);
	for (i = 1; i < LANES; i += 2)
		failed |= !ended_well(children[i]);
	for (i = 0; i < LANES; i++)
		failed |= !ended_well(lanes[i].guest);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: server SEED FIRST COUNT DIRECTORY\n", stderr);
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	first = strtoul(argv[2], NULL, 0);
	count = strtoul(argv[3], NULL, 0);
	directory = argv[4];
	signal(SIGPIPE, SIG_IGN);
	return run();
}

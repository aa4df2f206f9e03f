/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * client.c - see client.h.
 */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/harness.h"
#include "plan.h"

struct lane {
	struct clients *clients;
	unsigned int index;
	pthread_t thread;
};

int clients_prepare(const struct clients *clients)
{
	static const char *const ways[] = { "up", "down" };
	char path[256];
	unsigned int i;

	for (i = 0; i < 2 * LANES; i++) {
		lane_channel(path, clients->directory, i / 2, ways[i % 2]);
		unlink(path);
		if (mkfifo(path, 0600))
			return -errno;
	}
	return 0;
}

bool clients_find(struct clients *clients, const char *line)
{
	unsigned int i;
	int used;

	line = strstr(line, "listening");
	if (!line)
		return false;
	line += strlen("listening");
	for (i = 0; i < LANES; i++) {
		/* "::1:80": the host is the text before the last colon */
		const char *end = line + 1 + strcspn(line + 1, " \n");
		const char *colon = memrchr(line, ':', end - line);
		unsigned int port;

		if (*line != ' ' || !colon || colon - line - 1 >= 16 ||
		    sscanf(colon, ":%u%n", &port, &used) != 1)
			return false;
		snprintf(clients->hosts[i], 16, "%.*s", (int)(colon - line - 1), line + 1);
		clients->ports[i] = port;
		line = end;
	}
	return true;
}

static int connect_one(const char *host, uint16_t port, int receive_buffer)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	const bool is_six = inet_pton(AF_INET6, host, &six.sin6_addr) == 1;
	const int on = 1;
	int fd;

	if (!is_six && inet_pton(AF_INET, host, &four.sin_addr) != 1)
		return -1;
	fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	if (connect(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four,
		    is_six ? sizeof(six) : sizeof(four))) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void lane_play(struct clients *clients, unsigned int index, struct player *player)
{
	char *why = clients->why[index];
	struct plan plan;
	uint32_t number;

	plan_init(&plan);
	for (number = lane_first(clients->first, index);
	     number - clients->first < clients->count && !*why; number += LANES) {
		int fd;

		plan_make(&plan, clients->seed, number);
		fd = connect_one(clients->hosts[index], clients->ports[index], plan.receive_buffer);
		if (fd < 0) {
			snprintf(why, PLAYER_WHY_MAX, "plan %u: cannot connect: %s", number,
				 strerror(errno));
			break;
		}
		if (player_play(player, fd, number, &plan.client, &plan.responses, &plan.requests))
			snprintf(why, PLAYER_WHY_MAX, "%s", player->why);
	}
	plan_release(&plan);
}

static int open_channel(const char *directory, unsigned int index, const char *way)
{
	char path[256];

	lane_channel(path, directory, index, way);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void *lane_thread(void *context)
{
	struct lane *lane = context;
	struct clients *clients = lane->clients;
	int up = open_channel(clients->directory, lane->index, "up");
	int down = open_channel(clients->directory, lane->index, "down");
	struct player player;

	if (up < 0 || down < 0 || player_open(&player, up, down, -1)) {
		snprintf(clients->why[lane->index], PLAYER_WHY_MAX, "cannot open the channel: %s",
			 strerror(errno));
		return NULL;
	}
	lane_play(clients, lane->index, &player);
	player_close(&player);
	close(up);
	close(down);
	return NULL;
}

/* Whether a line of /proc/net/tcp or tcp6 is a client's socket in LAST-ACK (RFC 9293). */
static bool is_last_ack(const struct clients *clients, const char *line)
{
	unsigned int port, state, i;

	if (sscanf(line, "%*u: %*[0-9A-F]:%*x %*[0-9A-F]:%x %x", &port, &state) != 2 ||
	    state != TCP_LAST_ACK)
		return false;
	for (i = 0; i < LANES; i++)
		if (port == clients->ports[i])
			return true;
	return false;
}

static bool all_closed(void *context)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	const struct clients *clients = context;
	bool closed = true;
	char line[512];
	size_t i;

	for (i = 0; i < 2; i++) {
		FILE *table = fopen(tables[i], "re");

		if (!table && i == 0)
			return false; /* tcp6 may be missing where there is no IPv6 */
		while (table && fgets(line, sizeof(line), table))
			closed = closed && !is_last_ack(clients, line);
		if (table)
			fclose(table);
	}
	return closed;
}

bool clients_wait_closed(const struct clients *clients, double seconds)
{
	return wait_until(all_closed, (void *)clients, seconds);
}

bool clients_play(struct clients *clients)
{
	struct lane lanes[LANES];
	unsigned int started, i;
	bool fine = true;

	for (started = 0; started < LANES; started++) {
		struct lane *lane = &lanes[started];

		*lane = (struct lane){ .clients = clients, .index = started };
		clients->why[started][0] = '\0';
		if (pthread_create(&lane->thread, NULL, lane_thread, lane)) {
			snprintf(clients->why[started], PLAYER_WHY_MAX, "cannot make a thread");
			fine = false;
			break;
		}
	}
	for (i = 0; i < started; i++) {
		pthread_join(lanes[i].thread, NULL);
		fine = fine && clients->why[i][0] == '\0';
	}
	return fine;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crowd_client.c - see crowd_client.h.
 */
#include "crowd_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "random.h"

/*
 * Requests that wait for a response.  One less than redtap's 16: the client can have a
 * response, and send the next request, before the call that sent the response returns.
 */
#define WINDOW 15
#define PATIENCE_MS 20000
#define MESSAGE_MAX (CROWD_HEAD_MAX + CROWD_BODY_MAX)

const struct crowd_kind crowd_kind_leaving = { "PATCH", "leaving", 299, 100, 2000 };
const struct crowd_kind crowd_kind_cut = { "LOCK", CROWD_CUT, 298, 50, 3000 };
const struct crowd_kind crowd_kind_gone = { "UNLINK", "gone", 297, 10, 500 };

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *fail(struct crowd_client *client, const char *what)
{
	snprintf(client->why, sizeof(client->why), "%s, %s client %u: %s", what, client->kind.word,
		 client->index, strerror(errno));
	return NULL;
}

static int connect_to(struct crowd_client *client, enum crowd_port port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(client->ports[port]),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	client->connections++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

static void reset(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* `copies` of a kind's request, one after the other; returns the bytes of one. */
static size_t requests_make(char **bytes, const struct crowd_kind *kind, size_t copies)
{
	char head[CROWD_HEAD_MAX];
	const size_t length = crowd_request(head, kind->method, kind->word, kind->status,
					    kind->response_bytes, kind->request_bytes);
	const size_t one = length + kind->request_bytes;
	size_t i;

	*bytes = malloc(copies * one);
	if (!*bytes)
		abort();
	for (i = 0; i < copies; i++) {
		memcpy(*bytes + i * one, head, length);
		memset(*bytes + i * one + length, 'r', kind->request_bytes);
	}
	return one;
}

static size_t response_make(char bytes[MESSAGE_MAX], const struct crowd_kind *kind)
{
	const size_t length = crowd_response(bytes, kind->status, kind->response_bytes);

	memset(bytes + length, 'b', kind->response_bytes);
	return length + kind->response_bytes;
}

/* ---- lasting ---------------------------------------------------------- */

/* A lasting connection: positions in the endless streams of requests and responses. */
struct lasting {
	int fd;
	char *requests;           /* WINDOW + 1 of them */
	size_t request, response; /* bytes of one */
	uint64_t sent, received;
	char expected[MESSAGE_MAX];
};

/* How far may be sent now; when the time is over, only to the end of the current request. */
static uint64_t send_limit(const struct lasting *lasting, bool over)
{
	if (over)
		return (lasting->sent + lasting->request - 1) / lasting->request * lasting->request;
	return (lasting->received / lasting->response + WINDOW) * lasting->request;
}

static bool lasting_receive(struct lasting *lasting)
{
	char bytes[MESSAGE_MAX];
	const size_t at = lasting->received % lasting->response;
	ssize_t received = recv(lasting->fd, bytes, lasting->response - at, 0);

	if (received < 0)
		return errno == EAGAIN;
	if (received == 0 || memcmp(bytes, lasting->expected + at, received) != 0) {
		errno = EBADMSG;
		return false;
	}
	lasting->received += received;
	return true;
}

static bool lasting_send(struct lasting *lasting, struct random *random, uint64_t limit)
{
	const size_t at = lasting->sent % lasting->request;
	const size_t left = limit - lasting->sent;
	const size_t size = random_chance(random, 500) ? left : random_range(random, 1, left);
	ssize_t sent = send(lasting->fd, lasting->requests + at, size, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN;
	lasting->sent += sent;
	return true;
}

static bool lasting_play(struct lasting *lasting, struct random *random, double until)
{
	for (;;) {
		const bool over = now_s() >= until;
		const uint64_t limit = send_limit(lasting, over);
		struct pollfd wait = { .fd = lasting->fd,
				       .events = POLLIN | (limit > lasting->sent ? POLLOUT : 0) };

		if (over && limit == lasting->sent &&
		    lasting->received / lasting->response == lasting->sent / lasting->request)
			return true;
		if (poll(&wait, 1, PATIENCE_MS) != 1) {
			errno = ETIMEDOUT;
			return false;
		}
		if ((wait.revents & POLLOUT) && !lasting_send(lasting, random, limit))
			return false;
		if ((wait.revents & ~POLLOUT) && !lasting_receive(lasting))
			return false;
	}
}

void *crowd_lasting(void *context)
{
	struct crowd_client *client = context;
	struct lasting lasting = { 0 };
	struct random random;
	bool fine;

	random_init(&random, client->seed, client->index);
	lasting.fd = connect_to(client, client->index % 2 ? CROWD_PAIR : CROWD_POOL);
	if (lasting.fd < 0)
		return fail(client, "cannot connect");
	fcntl(lasting.fd, F_SETFL, fcntl(lasting.fd, F_GETFL) | O_NONBLOCK);
	lasting.request = requests_make(&lasting.requests, &client->kind, WINDOW + 1);
	lasting.response = response_make(lasting.expected, &client->kind);
	fine = lasting_play(&lasting, &random, client->until);
	client->answered = lasting.received / lasting.response;
	if (!fine)
		fail(client, "a lasting connection broke");
	close(lasting.fd);
	free(lasting.requests);
	return NULL;
}

/* ---- interrupted ------------------------------------------------------ */

void *crowd_leaving(void *context)
{
	struct crowd_client *client = context;
	char bytes[MESSAGE_MAX], *requests;
	struct random random;
	size_t one;

	client->kind = crowd_kind_leaving;
	random_init(&random, client->seed, client->index);
	one = requests_make(&requests, &client->kind, WINDOW);
	while (now_s() < client->until) {
		const size_t size =
			random_range(&random, 1, random_range(&random, 1, WINDOW) * one);
		const int fd =
			connect_to(client, random_below(&random, 2) ? CROWD_PAIR : CROWD_POOL);

		if (fd < 0) {
			fail(client, "cannot connect");
			break;
		}
		client->begun += (size + one - 1) / one;
		if (send(fd, requests, size, MSG_NOSIGNAL) != (ssize_t)size)
			fail(client, "cannot send");
		/* it closes at once, or in the middle of a response */
		if (size >= one && random_chance(&random, 700))
			recv(fd, bytes, random_range(&random, 1, sizeof(bytes)), 0);
		if (random_chance(&random, 500))
			reset(fd);
		else
			close(fd);
	}
	free(requests);
	return NULL;
}

void *crowd_cut(void *context)
{
	struct crowd_client *client = context;
	char bytes[MESSAGE_MAX], *requests;
	struct random random;
	size_t one;

	client->kind = crowd_kind_cut;
	random_init(&random, client->seed, client->index);
	one = requests_make(&requests, &client->kind, WINDOW);
	while (now_s() < client->until) {
		const size_t size = one + random_below(&random, 5 * one);
		const int fd =
			connect_to(client, random_below(&random, 2) ? CROWD_PAIR : CROWD_POOL);
		ssize_t received;

		if (fd < 0) {
			fail(client, "cannot connect");
			break;
		}
		client->begun += (size + one - 1) / one;
		if (send(fd, requests, size, MSG_NOSIGNAL) < (ssize_t)one)
			fail(client, "cannot send");
		while ((received = recv(fd, bytes, sizeof(bytes), 0)) > 0)
			;
		if (received < 0 && errno == EAGAIN)
			fail(client, "no end of a connection");
		close(fd);
	}
	free(requests);
	return NULL;
}

/* ---- short ------------------------------------------------------------ */

static bool short_one(int fd, const char *request, size_t length, const char *expected,
		      size_t expected_length)
{
	char bytes[MESSAGE_MAX];
	size_t used = 0;

	if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		return false;
	for (;;) {
		const ssize_t received = recv(fd, bytes + used, sizeof(bytes) - used, 0);

		if (received < 0)
			return false;
		if (received == 0)
			break;
		used += received;
	}
	errno = EBADMSG;
	return used == expected_length && memcmp(bytes, expected, used) == 0;
}

void *crowd_short(void *context)
{
	struct crowd_client *client = context;
	char expected[MESSAGE_MAX], *request;
	const size_t one = requests_make(&request, &client->kind, 1);
	const size_t expected_length = response_make(expected, &client->kind);

	while (now_s() < client->until && !client->why[0]) {
		const int fd = connect_to(client, CROWD_SHORT);

		if (fd < 0) {
			fail(client, "cannot connect");
			break;
		}
		if (short_one(fd, request, one, expected, expected_length))
			client->answered++;
		else
			fail(client, "a short connection broke");
		close(fd);
	}
	free(request);
	return NULL;
}

void *crowd_gone(void *context)
{
	struct crowd_client *client = context;
	char *request;
	size_t one;

	client->kind = crowd_kind_gone;
	one = requests_make(&request, &client->kind, 1);
	while (now_s() < client->until) {
		const int fd = connect_to(client, CROWD_SHORT);

		if (fd < 0) {
			fail(client, "cannot connect");
			break;
		}
		client->begun++;
		if (send(fd, request, one, MSG_NOSIGNAL) != (ssize_t)one)
			fail(client, "cannot send");
		reset(fd);
	}
	free(request);
	return NULL;
}

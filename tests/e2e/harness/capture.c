/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * capture.c - see capture.h.
 */
#include "harness/capture.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/harness.h"

#define DATAGRAM_MAX 65536
/* Buffer for all flushes of a test: on a busy machine the receiving thread may run late. */
#define RECEIVE_BUFFER (64 << 20)

struct capture {
	int fd;
	uint16_t port;
	uint16_t forward_port;
	atomic_int forward_fd; /* a connected Unix datagram socket; -1: none */
	bool finished;
	pthread_t thread;
	pthread_mutex_t lock; /* protects the fields below until the thread has ended */
	char *bytes;
	size_t length;
	size_t room;
	size_t datagrams;
	size_t longest;
};

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static bool keep(struct capture *capture, const char *datagram, size_t length)
{
	bool kept = true;

	pthread_mutex_lock(&capture->lock);
	if (capture->length + length + 2 > capture->room) {
		const size_t room = (capture->room + length) * 2;
		char *bytes = realloc(capture->bytes, room);

		kept = bytes != NULL;
		capture->bytes = kept ? bytes : capture->bytes;
		capture->room = kept ? room : capture->room;
	}
	if (kept) {
		memcpy(capture->bytes + capture->length, datagram, length);
		capture->length += length;
		capture->bytes[capture->length++] = '\n';
		capture->bytes[capture->length] = '\0';
		capture->datagrams++;
		if (length > capture->longest)
			capture->longest = length;
	}
	pthread_mutex_unlock(&capture->lock);
	return kept;
}

/* Ends at the empty datagram that capture_finish() sends: all earlier ones have been read then. */
static void *receive(void *argument)
{
	struct capture *capture = argument;
	const struct sockaddr_in forward = loopback(capture->forward_port);
	static __thread char datagram[DATAGRAM_MAX];

	for (;;) {
		ssize_t length = recv(capture->fd, datagram, sizeof(datagram), 0);

		/* Errors come from forwarding to a port on which nothing listens. */
		if (length < 0)
			continue;
		if (length == 0 || !keep(capture, datagram, length))
			return NULL;
		if (atomic_load(&capture->forward_fd) >= 0)
			send(atomic_load(&capture->forward_fd), datagram, length, MSG_NOSIGNAL);
		else if (capture->forward_port)
			sendto(capture->fd, datagram, length, 0, (const struct sockaddr *)&forward,
			       sizeof(forward));
	}
}

static void end_thread(struct capture *capture)
{
	const struct sockaddr_in self = loopback(capture->port);

	if (capture->finished)
		return;
	sendto(capture->fd, "", 0, 0, (const struct sockaddr *)&self, sizeof(self));
	pthread_join(capture->thread, NULL);
	capture->finished = true;
}

static void capture_release(void *object)
{
	struct capture *capture = object;

	end_thread(capture);
	close(capture->fd);
	if (atomic_load(&capture->forward_fd) >= 0)
		close(atomic_load(&capture->forward_fd));
	pthread_mutex_destroy(&capture->lock);
	free(capture->bytes);
	free(capture);
}

struct capture *capture_open(uint16_t forward_port)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	const int buffer = RECEIVE_BUFFER;

	assert_non_null(capture);
	capture->forward_port = forward_port;
	atomic_init(&capture->forward_fd, -1);
	capture->room = 1 << 20;
	capture->bytes = calloc(1, capture->room);
	assert_non_null(capture->bytes);
	capture->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(capture->fd >= 0);
	/* Root may exceed the system's limit; other users get at most the limit. */
	if (setsockopt(capture->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		setsockopt(capture->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	assert_int_equal(bind(capture->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(capture->fd, (struct sockaddr *)&address, &length), 0);
	capture->port = ntohs(address.sin_port);
	pthread_mutex_init(&capture->lock, NULL);
	assert_int_equal(pthread_create(&capture->thread, NULL, receive, capture), 0);
	harness_on_teardown(capture_release, capture);
	return capture;
}

void capture_forward(struct capture *capture, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	atomic_store(&capture->forward_fd, fd);
}

uint16_t capture_port(const struct capture *capture)
{
	return capture->port;
}

size_t capture_datagrams(struct capture *capture)
{
	size_t datagrams;

	pthread_mutex_lock(&capture->lock);
	datagrams = capture->datagrams;
	pthread_mutex_unlock(&capture->lock);
	return datagrams;
}

void capture_finish(struct capture *capture)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t length = sizeof(memory);

	end_thread(capture);
	assert_int_equal(getsockopt(capture->fd, SOL_SOCKET, SO_MEMINFO, memory, &length), 0);
	if (memory[SK_MEMINFO_DROPS])
		fail_msg("the kernel dropped %u datagrams of the capture",
			 memory[SK_MEMINFO_DROPS]);
}

const char *capture_bytes(const struct capture *capture, size_t *length)
{
	assert_true(capture->finished);
	*length = capture->length;
	return capture->bytes;
}

size_t capture_longest(const struct capture *capture)
{
	assert_true(capture->finished);
	return capture->longest;
}

void capture_metrics(const struct capture *capture, struct metrics *metrics)
{
	const char *line, *end;

	assert_true(capture->finished);
	for (line = capture->bytes; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (!metrics_add_statsd(metrics, line, end - line))
			fail_msg("malformed StatsD line: '%.*s'", (int)(end - line), line);
	}
}

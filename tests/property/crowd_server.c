/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crowd_server.c - a server in which every call on a connection may be made by
 * another thread, and both directions of it are busy at the same time.
 *
 * Inputs: requests of crowd.h, on the port of each kind.  Outputs: a line "listening PORT
 * PORT PORT"; the responses in pieces, each piece perhaps by another thread.  Ends by a
 * signal.  It must not know redtap.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "crowd.h"

#define READERS 4
#define WRITERS 4
#define SHORT_WORKERS 4
/* Requests of one connection that wait for a response. */
#define WAITING_MAX 32
#define BUFFER_SIZE (CROWD_HEAD_MAX + CROWD_BODY_MAX)

struct answer {
	unsigned int status, bytes;
	bool cut;
};

/* The last holder frees it. */
struct link {
	int fd;
	pthread_mutex_t lock; /* protects all below except the buffer */
	unsigned int holders; /* the receiving side, and the writers' queue */
	bool queued;          /* in the writers' queue, or in use by a writer */
	bool broken;          /* nothing more can be sent */
	struct answer waiting[WAITING_MAX];
	unsigned int put, taken; /* free running */
	unsigned int piece;      /* of the current response: the next one to send */
	struct link *next;       /* in the writers' queue */
	/* The receiving side's: one thread at a time. */
	char buffer[BUFFER_SIZE];
	size_t used;
	unsigned int turns;
};

static int listeners[CROWD_PORTS];
static int poller;
static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static struct link *queue_head, **queue_tail = &queue_head;
static char body[CROWD_BODY_MAX];

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	exit(1);
}

static void start(void *(*run)(void *), void *context, unsigned int count)
{
	pthread_t thread;

	while (count-- > 0) {
		must(pthread_create(&thread, NULL, run, context) == 0, "thread");
		pthread_detach(thread);
	}
}

/* ---- links ------------------------------------------------------------ */

static struct link *link_make(int fd)
{
	struct link *link = calloc(1, sizeof(*link));
	const int on = 1;

	must(link != NULL, "memory");
	link->fd = fd;
	link->holders = 1;
	pthread_mutex_init(&link->lock, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return link;
}

/* Removes a holder, and unlocks; the caller holds the lock. */
static void link_leave(struct link *link)
{
	const bool last = --link->holders == 0;

	pthread_mutex_unlock(&link->lock);
	if (!last)
		return;
	close(link->fd);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

static void queue_put(struct link *link)
{
	link->next = NULL;
	pthread_mutex_lock(&queue_lock);
	*queue_tail = link;
	queue_tail = &link->next;
	pthread_cond_signal(&queue_filled);
	pthread_mutex_unlock(&queue_lock);
}

static struct link *queue_take(void)
{
	struct link *link;

	pthread_mutex_lock(&queue_lock);
	while (!queue_head)
		pthread_cond_wait(&queue_filled, &queue_lock);
	link = queue_head;
	queue_head = link->next;
	if (!queue_head)
		queue_tail = &queue_head;
	pthread_mutex_unlock(&queue_lock);
	return link;
}

/* ---- receiving -------------------------------------------------------- */

static void link_answer(struct link *link, const struct answer *answer)
{
	bool idle;

	pthread_mutex_lock(&link->lock);
	must(link->put - link->taken < WAITING_MAX, "a client that sends too much");
	link->waiting[link->put++ % WAITING_MAX] = *answer;
	idle = !link->queued;
	if (idle) {
		link->queued = true;
		link->holders++;
	}
	pthread_mutex_unlock(&link->lock);
	if (idle)
		queue_put(link);
}

/* The first request in a buffer; 0: not complete.  Returns its bytes. */
static size_t request_parse(const char *buffer, size_t used, struct answer *answer)
{
	const char *end = memmem(buffer, used, "\r\n\r\n", 4);
	char head[CROWD_HEAD_MAX], word[32];
	unsigned int bytes;
	size_t length;

	if (!end)
		return 0;
	length = end + 4 - buffer;
	must(length < sizeof(head), "a head that is too long");
	memcpy(head, buffer, length);
	head[length] = '\0';
	if (sscanf(head, "%*s /%31[^/]/%u/%u HTTP/1.1\r\nHost: h\r\nContent-Length: %u", word,
		   &answer->status, &answer->bytes, &bytes) != 4)
		must(false, "a request that no client has sent");
	answer->cut = strcmp(word, CROWD_CUT) == 0;
	return used < length + bytes ? 0 : length + bytes;
}

static void link_parse(struct link *link)
{
	struct answer answer;
	size_t at = 0, length;

	while ((length = request_parse(link->buffer + at, link->used - at, &answer)) > 0) {
		link_answer(link, &answer);
		at += length;
	}
	memmove(link->buffer, link->buffer + at, link->used - at);
	link->used -= at;
}

/* One receive call, of a varying size.  False at the end. */
static bool link_receive(struct link *link)
{
	static const size_t sizes[] = { 1, 7, 40, 300, BUFFER_SIZE, BUFFER_SIZE };
	const size_t size = sizes[link->turns++ % 6], room = BUFFER_SIZE - link->used;
	struct iovec parts[2] = {
		{ .iov_base = link->buffer + link->used, .iov_len = size < room ? size : room },
	};
	ssize_t received;

	if (link->turns % 3 == 0) {
		parts[1].iov_len = parts[0].iov_len / 2;
		parts[0].iov_len -= parts[1].iov_len;
		parts[1].iov_base = link->buffer + link->used + parts[0].iov_len;
		received = readv(link->fd, parts, 2);
	} else {
		received = recv(link->fd, parts[0].iov_base, parts[0].iov_len, 0);
	}
	if (received <= 0)
		return false;
	link->used += received;
	link_parse(link);
	return true;
}

static void link_watch(struct link *link, int operation)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
				     .data.ptr = link };

	must(epoll_ctl(poller, operation, link->fd, &event) == 0, "epoll_ctl");
}

static _Noreturn void *pool_reader(void *context)
{
	(void)context;
	for (;;) {
		struct epoll_event event;
		struct link *link;

		if (epoll_wait(poller, &event, 1, -1) != 1)
			continue;
		link = event.data.ptr;
		if (link_receive(link)) {
			link_watch(link, EPOLL_CTL_MOD);
		} else {
			pthread_mutex_lock(&link->lock);
			link_leave(link);
		}
	}
}

static void *pair_reader(void *context)
{
	struct link *link = context;

	while (link_receive(link))
		;
	pthread_mutex_lock(&link->lock);
	link_leave(link);
	return NULL;
}

/* ---- sending ---------------------------------------------------------- */

static bool send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		length -= sent;
	}
	return true;
}

/* Sends a piece of a response: its head and some of the body, or the rest.  True: the last. */
static bool answer_piece(struct link *link, const struct answer *answer, unsigned int piece)
{
	const unsigned int half = answer->bytes / 2;
	char head[CROWD_HEAD_MAX];
	struct iovec parts[2] = {
		{ .iov_base = head,
		  .iov_len = crowd_response(head, answer->status, answer->bytes) },
		{ .iov_base = body, .iov_len = half },
	};

	if (piece == 0) {
		/* a blocking call sends all, or the connection has ended */
		link->broken = writev(link->fd, parts, 2) != (ssize_t)(parts[0].iov_len + half);
		return link->broken;
	}
	if (answer->cut)
		shutdown(link->fd, SHUT_RDWR);
	link->broken = answer->cut || !send_all(link->fd, body, answer->bytes - half);
	return true;
}

static _Noreturn void *writer(void *context)
{
	(void)context;
	for (;;) {
		struct link *link = queue_take();
		const struct answer *answer;
		bool done;

		/* the slot belongs to the writer until `taken` is larger */
		pthread_mutex_lock(&link->lock);
		answer = &link->waiting[link->taken % WAITING_MAX];
		pthread_mutex_unlock(&link->lock);
		done = link->broken || answer_piece(link, answer, link->piece++);
		pthread_mutex_lock(&link->lock);
		if (done) {
			link->piece = 0;
			link->taken++;
		}
		if (link->taken == link->put) {
			link->queued = false;
			link_leave(link);
			continue;
		}
		pthread_mutex_unlock(&link->lock);
		queue_put(link);
	}
}

/* ---- short connections ------------------------------------------------ */

static void serve_short(int fd)
{
	char buffer[BUFFER_SIZE], reply[CROWD_HEAD_MAX + CROWD_BODY_MAX];
	struct answer answer;
	size_t used = 0, length;

	for (;;) {
		const ssize_t received = recv(fd, buffer + used, sizeof(buffer) - used, 0);

		if (received <= 0)
			return;
		used += received;
		if (request_parse(buffer, used, &answer) > 0)
			break;
	}
	length = crowd_response(reply, answer.status, answer.bytes);
	memcpy(reply + length, body, answer.bytes);
	send_all(fd, reply, length + answer.bytes);
}

static _Noreturn void *short_worker(void *context)
{
	(void)context;
	for (;;) {
		const int fd = accept4(listeners[CROWD_SHORT], NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		serve_short(fd);
		close(fd);
	}
}

/* ---- beginning -------------------------------------------------------- */

static _Noreturn void *acceptor(void *context)
{
	const bool pair = context != NULL;

	for (;;) {
		const int fd = accept4(listeners[pair ? CROWD_PAIR : CROWD_POOL], NULL, NULL,
				       SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		if (pair)
			start(pair_reader, link_make(fd), 1);
		else
			link_watch(link_make(fd), EPOLL_CTL_ADD);
	}
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int i;

	signal(SIGPIPE, SIG_IGN);
	memset(body, 'b', sizeof(body));
	poller = epoll_create1(EPOLL_CLOEXEC);
	must(poller >= 0, "epoll");
	printf("listening");
	for (i = 0; i < CROWD_PORTS; i++) {
		listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		address.sin_port = 0;
		must(listeners[i] >= 0 &&
			     bind(listeners[i], (struct sockaddr *)&address, sizeof(address)) ==
				     0 &&
			     listen(listeners[i], 1024) == 0 &&
			     getsockname(listeners[i], (struct sockaddr *)&address, &length) == 0,
		     "listen");
		printf(" %u", ntohs(address.sin_port));
	}
	start(acceptor, NULL, 1);
	start(acceptor, &poller, 1);
	start(pool_reader, NULL, READERS);
	start(writer, NULL, WRITERS);
	start(short_worker, NULL, SHORT_WORKERS);
	puts("");
	fflush(stdout);
	for (;;)
		pause();
}

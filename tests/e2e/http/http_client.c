/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_client.c - see http_client.h: connections and sending.  Responses are
 * read by http_response.c.
 */
#include "http/http_client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/http_response.h"

#define TIMEOUT_S 30

/* An outstanding request. */
struct outstanding {
	const struct http_request *request;
	uint64_t start_ns;
	uint64_t body_bytes; /* bytes after its header section */
};

struct http_connection {
	int fd;
	char host[80]; /* the Host field */
	/* Ring, oldest at `first`. */
	struct outstanding outstanding[HTTP_OUTSTANDING_MAX];
	unsigned int first;
	unsigned int count;
	/* The bytes to send next; grows. */
	char *output;
	size_t output_bytes;
	size_t output_room;
	struct http_reader reader;
};

uint64_t http_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint32_t http_hash(uint32_t hash, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	while (count-- > 0)
		hash = (hash ^ *at++) * 16777619U;
	return hash;
}

/* A connected socket, or -errno. */
static int open_socket(const struct addrinfo *address)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	const int on = 1;
	int fd, err;

	fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0 ||
	    connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		/* A connect that exceeds SO_SNDTIMEO fails with EINPROGRESS. */
		err = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
		close(fd);
		return err;
	}
	return fd;
}

int http_open(struct http_connection **connection, const char *host, uint16_t port)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	struct http_connection *opened;
	struct addrinfo *address;
	char port_text[8];
	int fd;

	if (!host)
		host = "127.0.0.1";
	snprintf(port_text, sizeof(port_text), "%u", port);
	if (getaddrinfo(host, port_text, &hints, &address) != 0)
		return -EINVAL;
	fd = open_socket(address);
	freeaddrinfo(address);
	if (fd < 0)
		return fd;
	opened = calloc(1, sizeof(*opened));
	if (!opened) {
		close(fd);
		return -ENOMEM;
	}
	opened->fd = fd;
	snprintf(opened->host, sizeof(opened->host), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
		 port);
	*connection = opened;
	return 0;
}

void http_close(struct http_connection *connection)
{
	if (!connection)
		return;
	close(connection->fd);
	free(connection->output);
	free(connection);
}

void http_reset(struct http_connection *connection)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	http_close(connection);
}

int http_fd(const struct http_connection *connection)
{
	return connection->fd;
}

bool http_is_open(const struct http_connection *connection)
{
	char byte;

	return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

unsigned int http_outstanding(const struct http_connection *connection)
{
	return connection->count;
}

static int reserve_output(struct http_connection *connection, size_t bytes)
{
	const size_t needed = connection->output_bytes + bytes;
	char *grown;

	if (needed <= connection->output_room)
		return 0;
	grown = realloc(connection->output, needed * 2);
	if (!grown)
		return -ENOMEM;
	connection->output = grown;
	connection->output_room = needed * 2;
	return 0;
}

static int append(struct http_connection *connection, const void *bytes, size_t count)
{
	int err = reserve_output(connection, count);

	if (err || count == 0)
		return err;
	memcpy(connection->output + connection->output_bytes, bytes, count);
	connection->output_bytes += count;
	return 0;
}

static int append_head(struct http_connection *connection, const struct http_request *request)
{
	const char *version = request->version ? request->version : "HTTP/1.1";
	const char *headers = request->headers ? request->headers : "";
	char framing[64] = "";
	char *head;
	int length, err;

	if (request->body && request->chunk_bytes > 0)
		snprintf(framing, sizeof(framing), "Transfer-Encoding: chunked\r\n");
	else if (request->body)
		snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n", request->body_bytes);
	length = asprintf(&head, "%s %s %s\r\nHost: %s\r\n%s%s\r\n", request->method,
			  request->target, version, connection->host, headers, framing);
	if (length < 0)
		return -ENOMEM;
	err = append(connection, head, (size_t)length);
	free(head);
	return err;
}

static int append_chunks(struct http_connection *connection, const struct http_request *request)
{
	size_t sent, size;
	char line[24];
	int err = 0;

	for (sent = 0; sent < request->body_bytes && !err; sent += size) {
		size = request->body_bytes - sent;
		if (size > request->chunk_bytes)
			size = request->chunk_bytes;
		snprintf(line, sizeof(line), "%zx\r\n", size);
		err = append(connection, line, strlen(line));
		if (!err)
			err = append(connection, (const char *)request->body + sent, size);
		if (!err)
			err = append(connection, "\r\n", 2);
	}
	return err ? err : append(connection, "0\r\n\r\n", 5);
}

/* Appends the request to output and to the ring, without a start time. */
static int enqueue(struct http_connection *connection, const struct http_request *request)
{
	struct outstanding *slot;
	size_t head_end;
	int err;

	if (connection->count == HTTP_OUTSTANDING_MAX)
		return -EBUSY;
	err = append_head(connection, request);
	head_end = connection->output_bytes;
	if (!err && request->body)
		err = request->chunk_bytes > 0
			      ? append_chunks(connection, request)
			      : append(connection, request->body, request->body_bytes);
	if (err)
		return err;
	slot = &connection->outstanding[(connection->first + connection->count) %
					HTTP_OUTSTANDING_MAX];
	slot->request = request;
	slot->body_bytes = connection->output_bytes - head_end;
	connection->count++;
	return 0;
}

static int write_all(int fd, const char *bytes, size_t count)
{
	ssize_t written;

	while (count > 0) {
		written = send(fd, bytes, count, MSG_NOSIGNAL);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

/* Writes output in the parts given by request (NULL: one part). */
static int write_output(struct http_connection *connection, const struct http_request *request)
{
	size_t part, end, begin = 0;
	int err;

	for (part = 0; request && part < request->split_count; part++) {
		end = request->splits[part];
		if (end <= begin || end >= connection->output_bytes)
			continue;
		err = write_all(connection->fd, connection->output + begin, end - begin);
		if (err)
			return err;
		if (request->split_pause_us > 0)
			usleep(request->split_pause_us);
		begin = end;
	}
	return write_all(connection->fd, connection->output + begin,
			 connection->output_bytes - begin);
}

int http_send_batch(struct http_connection *connection, const struct http_request *const *requests,
		    unsigned int count)
{
	const unsigned int before = connection->count;
	uint64_t now;
	unsigned int i;
	int err = 0;

	connection->output_bytes = 0;
	for (i = 0; i < count && !err; i++)
		err = enqueue(connection, requests[i]);
	if (err) {
		connection->count = before;
		return err;
	}
	now = http_clock_ns();
	for (i = before; i < connection->count; i++)
		connection->outstanding[(connection->first + i) % HTTP_OUTSTANDING_MAX].start_ns =
			now;
	return write_output(connection, count == 1 ? requests[0] : NULL);
}

int http_send(struct http_connection *connection, const struct http_request *request)
{
	return http_send_batch(connection, &request, 1);
}

int http_receive_ready(struct http_connection *connection, struct http_response *response)
{
	const struct outstanding *oldest = &connection->outstanding[connection->first];
	int err;

	if (connection->count == 0)
		return -ENOENT;
	err = http_reader_advance(&connection->reader, connection->fd, oldest->request->method,
				  response);
	if (err)
		return err;
	response->request = oldest->request;
	response->request_bytes = oldest->body_bytes;
	response->latency_ns = connection->reader.received_ns - oldest->start_ns;
	connection->first = (connection->first + 1) % HTTP_OUTSTANDING_MAX;
	connection->count--;
	return 0;
}

int http_receive(struct http_connection *connection, struct http_response *response)
{
	struct pollfd input = { .fd = connection->fd, .events = POLLIN };
	int err, ready;

	for (;;) {
		err = http_receive_ready(connection, response);
		if (err != -EAGAIN)
			return err;
		ready = poll(&input, 1, TIMEOUT_S * 1000);
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

int http_exchange(struct http_connection *connection, const struct http_request *request,
		  struct http_response *response)
{
	int err = http_send(connection, request);

	return err ? err : http_receive(connection, response);
}

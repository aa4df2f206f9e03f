/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * connection.c - see connection.h.
 */
#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "output.h"
#include "routes.h"

/* Longest request head; the input buffer is twice as large, for body bytes received with it. */
#define HEAD_MAX 16384
/* Responses sent in a row before other connections get their turn. */
#define TURN_RESPONSES 32
/* Bytes that are read and discarded after the last response. */
#define LINGER_MAX (64ULL << 20)
/* A body buffer larger than this is not kept for the next request. */
#define BODY_KEPT 65536

enum connection_state {
	STATE_HEAD = 0, /* a request head is being read */
	STATE_CONTINUE, /* "100 Continue" is being written */
	STATE_BODY,     /* the request's body is being read */
	STATE_RESPONSE, /* the response is being written */
	STATE_LINGER,   /* closed on our side; see linger() */
	STATE_CLOSED,
};

struct connection {
	int fd;
	enum connection_state state;
	enum connection_receive receive;
	bool close;  /* after the current response */
	bool linger; /* and unread input may be left */
	uint64_t lingered;
	size_t body_at; /* in input: start of the body bytes not decoded yet */
	size_t end;     /* of input */
	struct http_request request;
	struct http_body decoder;
	char *body;
	size_t body_bytes;
	size_t body_room;
	struct response response;
	struct output output;
	char input[2 * HEAD_MAX];
};

struct connection *connection_open(int fd, enum connection_receive receive)
{
	/* Not zeroed as a whole: most of it is buffers. */
	struct connection *connection = malloc(sizeof(*connection));
	const int on = 1;

	if (!connection) {
		close(fd);
		return NULL;
	}
	/* Without it, the second of two small writes waits for the client's delayed ACK. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->fd = fd;
	connection->state = STATE_HEAD;
	connection->receive = receive;
	connection->close = connection->linger = false;
	connection->lingered = 0;
	connection->body_at = connection->end = 0;
	connection->body = NULL;
	connection->body_bytes = connection->body_room = 0;
	return connection;
}

void connection_close(struct connection *connection)
{
	close(connection->fd);
	free(connection->body);
	free(connection);
}

int connection_fd(const struct connection *connection)
{
	return connection->fd;
}

/* Reads more input to `end`: the number of bytes, 0 at end of stream, or -errno. */
static ssize_t receive_input(struct connection *connection)
{
	char *place = connection->input + connection->end;
	const size_t room = sizeof(connection->input) - connection->end;
	ssize_t received;

	do {
		received = connection->receive == RECEIVE_RECV
				   ? recv(connection->fd, place, room, 0)
				   : read(connection->fd, place, room);
	} while (received < 0 && errno == EINTR);
	if (received < 0)
		return -errno;
	connection->end += (size_t)received;
	return received;
}

/* Called after receive_input() has returned 0 or an error. */
static enum connection_need input_ended(struct connection *connection, ssize_t result)
{
	if (result == -EAGAIN)
		return NEED_INPUT;
	connection->state = STATE_CLOSED;
	return NEED_NONE;
}

static void begin_response(struct connection *connection)
{
	const struct http_request *request = &connection->request;
	struct output_form form = {
		.minor_version = request->minor_version,
		.head_only = request->method_bytes == 4 && memcmp(request->method, "HEAD", 4) == 0,
		.keep_alive = request->minor_version == 0,
	};

	connection->close =
		connection->close || !request->keep_alive ||
		(request->minor_version == 0 && connection->response.way == WAY_CHUNKED);
	form.close = connection->close;
	output_begin(&connection->output, &connection->response, &form);
	connection->state = STATE_RESPONSE;
}

/* Sends an error response to a malformed or too large request; reads no further request. */
static void refuse(struct connection *connection, int status)
{
	route_status(status, &connection->response);
	connection->close = true;
	connection->linger = true;
	/* The method of a malformed head is unknown. */
	if (connection->request.status != 0)
		connection->request = (struct http_request){ .minor_version = 1 };
	begin_response(connection);
}

static void answer(struct connection *connection)
{
	route_request(&connection->request, connection->body, connection->body_bytes,
		      &connection->response);
	if (connection->response.way == WAY_NONE)
		connection->state = STATE_CLOSED;
	else
		begin_response(connection);
}

/* The head is complete: decides what comes next. */
static void begin_request(struct connection *connection)
{
	const struct http_request *request = &connection->request;

	connection->body_at = request->head_bytes;
	connection->body_bytes = 0;
	http_body_init(&connection->decoder, request);
	if (request->content_length > ROUTE_BODY_MAX) {
		refuse(connection, 413);
	} else if (connection->decoder.state == BODY_NONE) {
		answer(connection);
	} else if (request->expect_continue && request->minor_version == 1 &&
		   connection->end == connection->body_at) {
		output_begin_continue(&connection->output);
		connection->state = STATE_CONTINUE;
	} else {
		connection->state = STATE_BODY;
	}
}

static enum connection_need read_head(struct connection *connection)
{
	enum http_result result = HTTP_PARTIAL;
	ssize_t received;

	if (connection->end > 0)
		result = http_parse_request(&connection->request, connection->input,
					    connection->end);
	if (result == HTTP_BAD) {
		refuse(connection, connection->request.status);
	} else if (result == HTTP_OK ? connection->request.head_bytes > HEAD_MAX
				     : connection->end >= HEAD_MAX) {
		connection->request.status = 431;
		refuse(connection, 431);
	} else if (result == HTTP_OK) {
		begin_request(connection);
	} else {
		received = receive_input(connection);
		if (received <= 0)
			return input_ended(connection, received);
	}
	return NEED_NONE;
}

static bool keep_content(struct connection *connection, const char *content, size_t bytes)
{
	const size_t needed = connection->body_bytes + bytes;
	char *grown;

	if (needed > connection->body_room) {
		grown = realloc(connection->body, 2 * needed);
		if (!grown)
			return false;
		connection->body = grown;
		connection->body_room = 2 * needed;
	}
	memcpy(connection->body + connection->body_bytes, content, bytes);
	connection->body_bytes = needed;
	return true;
}

/* Decodes the body bytes received so far. */
static enum http_result decode_body(struct connection *connection)
{
	enum http_result result;
	const char *content;
	size_t used, bytes;

	do {
		result = http_body_decode(&connection->decoder,
					  connection->input + connection->body_at,
					  connection->end - connection->body_at, &used, &content,
					  &bytes);
		connection->body_at += used;
		if (bytes > 0 && result != HTTP_BAD && connection->body_bytes <= ROUTE_BODY_MAX &&
		    !keep_content(connection, content, bytes))
			return HTTP_BAD;
	} while (result == HTTP_PARTIAL && connection->body_at < connection->end);
	return result;
}

static enum connection_need read_body(struct connection *connection)
{
	const enum http_result result = decode_body(connection);
	ssize_t received;

	if (connection->body_bytes > ROUTE_BODY_MAX) {
		refuse(connection, 413);
	} else if (result == HTTP_BAD) {
		refuse(connection, 400);
	} else if (result == HTTP_OK) {
		answer(connection);
	} else {
		/* All input is decoded; keep the head, because the request points into it. */
		connection->body_at = connection->end = connection->request.head_bytes;
		received = receive_input(connection);
		if (received <= 0)
			return input_ended(connection, received);
	}
	return NEED_NONE;
}

/* The response is written: go to the next request, which may have arrived already. */
static void end_response(struct connection *connection)
{
	if (connection->close && !connection->linger) {
		connection->state = STATE_CLOSED;
		return;
	}
	if (connection->close) {
		shutdown(connection->fd, SHUT_WR);
		connection->state = STATE_LINGER;
		return;
	}
	connection->end -= connection->body_at;
	memmove(connection->input, connection->input + connection->body_at, connection->end);
	if (connection->body_room > BODY_KEPT) {
		free(connection->body);
		connection->body = NULL;
		connection->body_room = 0;
	}
	connection->body_bytes = 0;
	connection->state = STATE_HEAD;
}

static enum connection_need write_output(struct connection *connection)
{
	const int err = output_advance(&connection->output, connection->fd);

	if (err == -EAGAIN)
		return NEED_OUTPUT;
	if (err)
		connection->state = STATE_CLOSED;
	else if (connection->state == STATE_CONTINUE)
		connection->state = STATE_BODY;
	else
		end_response(connection);
	return NEED_NONE;
}

/*
 * Reads and discards what the client still sends.  Closing with unread input
 * would send a reset, and the client could lose the response.
 */
static enum connection_need linger(struct connection *connection)
{
	ssize_t received;

	connection->end = 0;
	received = receive_input(connection);
	if (received <= 0)
		return input_ended(connection, received);
	connection->lingered += (uint64_t)received;
	if (connection->lingered > LINGER_MAX)
		connection->state = STATE_CLOSED;
	return NEED_NONE;
}

enum connection_need connection_run(struct connection *connection)
{
	enum connection_need need = NEED_NONE;
	unsigned int responses = 0;

	while (need == NEED_NONE) {
		switch (connection->state) {
		case STATE_HEAD:
			/*
			 * The socket is writable, so a caller that polls for output comes back at
			 * once.
			 */
			need = responses >= TURN_RESPONSES ? NEED_OUTPUT : read_head(connection);
			break;
		case STATE_BODY:
			need = read_body(connection);
			break;
		case STATE_CONTINUE:
			need = write_output(connection);
			break;
		case STATE_RESPONSE:
			need = write_output(connection);
			responses++;
			break;
		case STATE_LINGER:
			need = linger(connection);
			break;
		case STATE_CLOSED:
			need = NEED_CLOSE;
			break;
		}
	}
	return need;
}

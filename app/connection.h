/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * connection.h - one client's connection, from the first byte to the last.
 *
 * Inputs: a connected socket, blocking or not.  Outputs: responses on it, in the
 * order of the requests.  It must not know how the caller polls, nor other
 * connections.
 */
#ifndef WEBAPP_CONNECTION_H
#define WEBAPP_CONNECTION_H

enum connection_need {
	NEED_NONE = 0,
	NEED_INPUT,  /* run again when the socket is readable */
	NEED_OUTPUT, /* run again when it is writable */
	NEED_CLOSE,  /* finished: close it */
};

/* The call that reads from the socket. */
enum connection_receive {
	RECEIVE_READ = 0, /* read() */
	RECEIVE_RECV,     /* recv() */
};

struct connection; /* owned by the caller of connection_open() */

/* Takes ownership of fd; returns NULL, with fd closed, when out of memory. */
struct connection *connection_open(int fd, enum connection_receive receive);

/* Closes the socket and frees. */
void connection_close(struct connection *connection);

int connection_fd(const struct connection *connection);

/*
 * Works until the socket would block, or until its turn is over.  On a blocking
 * socket it returns NEED_OUTPUT (just call it again) or NEED_CLOSE.
 */
enum connection_need connection_run(struct connection *connection);

#endif

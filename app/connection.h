/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * connection.h - one client's connection, from the first byte to the last.
 *
 * Inputs: a connected socket, blocking or not.  Outputs: responses on it, in
 * the order of the requests.  It must not know who waits for the socket, nor
 * other connections.
 */
#ifndef WEBAPP_CONNECTION_H
#define WEBAPP_CONNECTION_H

enum connection_need {
	NEED_NONE = 0,
	NEED_INPUT,  /* run again when the socket is readable */
	NEED_OUTPUT, /* run again when it is writable */
	NEED_CLOSE,  /* all is over: close it */
};

/* How the bytes are taken from the socket. */
enum connection_receive {
	RECEIVE_READ = 0, /* read() */
	RECEIVE_RECV,     /* recv() */
};

struct connection; /* owned by the caller of connection_open() */

/* Takes fd over; NULL (and fd is closed) without memory. */
struct connection *connection_open(int fd, enum connection_receive receive);

/* Closes the socket and frees. */
void connection_close(struct connection *connection);

int connection_fd(const struct connection *connection);

/*
 * Goes on as far as the socket lets it, or for a turn's length.  On a blocking
 * socket that means: until NEED_OUTPUT (simply run again) or NEED_CLOSE.
 */
enum connection_need connection_run(struct connection *connection);

#endif

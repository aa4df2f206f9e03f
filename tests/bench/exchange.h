/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * exchange.h - fixed HTTP exchanges (a request and its response) between this process and
 * a server of its own, on loopback, by read() and write(): always the same system calls.
 *
 * Inputs: a row of the table.  Outputs: how long rounds of exchanges took.  It must not
 * know what is attached to the kernel.
 */
#ifndef REDTAP_BENCH_EXCHANGE_H
#define REDTAP_BENCH_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of one request or response, at most. */
#define MESSAGE_MAX 1024

/* One kind of exchange. */
struct exchange_row {
	const char *name;
	const char *method;          /* one that begins like TLS is ignored: nothing is counted */
	size_t request_head;         /* bytes, the blank line included */
	size_t response_head;        /* likewise; a body of BODY_BYTES follows */
	const char *request_fields;  /* header fields; filled up to the size above */
	const char *response_fields; /* likewise */
	unsigned int routes;         /* different paths, in turn */
	bool close_each;             /* a connection for each; the server closes it */
	unsigned int exchanges;      /* of one round */
};

extern const struct exchange_row exchange_rows[];
extern const size_t exchange_row_count;

struct exchange_server {
	pid_t pid;
	uint16_t port;
	unsigned int *row; /* shared with the server: index of the row of its responses */
};

/* How many requests one round of the row sends. */
unsigned int exchange_requests(const struct exchange_row *row);

/* Starts the server's process.  Exits after a message if it cannot. */
void exchange_server_start(struct exchange_server *server);
void exchange_server_stop(struct exchange_server *server);

/* A client's end of a row. */
struct exchange_client {
	const struct exchange_row *row;
	uint16_t port;
	int fd; /* the open connection; -1: none */
	size_t request_length;
	size_t response_length;
	char (*requests)[MESSAGE_MAX]; /* one for each route */
};

void exchange_client_open(struct exchange_client *client, struct exchange_server *server,
			  unsigned int row);
void exchange_client_close(struct exchange_client *client);

/*
 * One round of row->exchanges exchanges.  Returns the nanoseconds that it took.
 * Exits after a message when an exchange did not go by the script.
 */
uint64_t exchange_round(struct exchange_client *client);

#endif

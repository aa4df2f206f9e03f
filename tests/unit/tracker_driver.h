/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * tracker_driver.h - drives the tracker of one connection as the hooks do, in
 * user space.
 *
 * Inputs: what arrives, is received and is sent, and how calls are cut.
 * Outputs: finished transactions and a ledger, whose balance is asserted at
 * each event.  It must not know what HTTP means or what a test expects.
 */
#ifndef REDTAP_TRACKER_DRIVER_H
#define REDTAP_TRACKER_DRIVER_H

#include "tracker/tracker.h"

/* Most transactions of one connection; more fail the test. */
#define DRIVER_TRANSACTIONS 128

/* How the calls of one direction are cut, in bytes since the connection began. */
enum driver_cut {
	CUT_NONE = 0,
	CUT_CALL,  /* the call that crosses `at` becomes two calls */
	CUT_PIECE, /* the call that crosses `at` has two pieces (struct iovec) */
	CUT_BYTES, /* each byte is a call of its own */
};

/* One direction's stream of bytes. */
struct driver_stream {
	enum driver_cut cut;
	size_t at;         /* CUT_CALL, CUT_PIECE: where */
	size_t moved;      /* bytes so far */
	uint32_t sequence; /* of the next byte: copied_seq, write_seq */
};

/* The ledger as the kernel side keeps it. */
struct driver_ledger {
	uint64_t seen;
	uint64_t counted;
	int64_t in_flight; /* below 0: a fault */
	uint64_t lost[LOSS_COUNT];
	uint64_t ignored[IGNORE_COUNT];
};

struct driver {
	const char *comment; /* of the test, for messages */
	uint64_t now_ns;     /* the clock; the caller moves it */
	uint32_t arrived;    /* rcv_nxt */
	struct driver_stream receive;
	struct driver_stream send;
	bool bytewise;  /* without the fast path of http_scan.h */
	bool leaves;    /* skip a connection that is over, as in call_enter() */
	uint8_t poison; /* contents of memory before it is written */
	size_t windows; /* filled so far */
	struct driver_ledger ledger;
	size_t finished;
	struct transaction transactions[DRIVER_TRANSACTIONS];
	struct tracker_job job;
	struct connection connection;
};

/*
 * late: the connection was open before it was first seen.  The first sequence numbers
 * are `receive_at` and `send_at`.
 */
void driver_init(struct driver *driver, const char *comment, bool late, uint32_t receive_at,
		 uint32_t send_at);

/* The kernel queues length bytes on the socket. */
void driver_arrive(struct driver *driver, size_t length);

/*
 * The application receives or sends length bytes in one call (or as `cut`
 * says).  bytes NULL: they are in memory that cannot be read.
 */
void driver_receive(struct driver *driver, const char *bytes, size_t length);
void driver_send(struct driver *driver, const char *bytes, size_t length);

/* Bytes are received or sent, and no hook sees it (splice). */
void driver_receive_missed(struct driver *driver, size_t length);
void driver_send_missed(struct driver *driver, size_t length);
/* Bytes are sent while another call is being parsed. */
void driver_send_contended(struct driver *driver, size_t length);

/* The client sends FIN: the server's side stays open. */
void driver_peer_close(struct driver *driver);

/* The connection ends.  how: END_LOCAL or END_RESET. */
void driver_end(struct driver *driver, enum connection_end how);

/* A sweep: ends responses of unknown end without bytes since before_ns. */
void driver_sweep(struct driver *driver, uint64_t before_ns);

#endif

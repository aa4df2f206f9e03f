/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * state.h - what is known of one connection, and the work of one call on it.
 *
 * Inputs: none.  Outputs: structures, and how their parts are handed over between
 * writers.  Pure; compiled for BPF and the unit tests.  It must not know what becomes
 * of them: tracker/tracker.h says what the parts are.
 */
#ifndef REDTAP_TRACKER_STATE_H
#define REDTAP_TRACKER_STATE_H

#include "tracker/delivery.h"
#include "http/http_scan.h"

REDTAP_STATIC_ASSERT((ARRIVALS_MAX & (ARRIVALS_MAX - 1)) == 0, "stamps are masked");

/* "Bytes from sequence number `begin` to before `end` arrived at `time_ns`." */
struct arrival_stamp {
	__u64 time_ns;
	__u32 begin;
	__u32 end;
};

struct arrival_part {
	__u32 written; /* free running; stamps[written % ARRIVALS_MAX] is next */
	__u32 end;     /* of what has arrived, be its stamp kept or not */
	struct arrival_stamp stamps[ARRIVALS_MAX];
};

/*
 * An answer can reach the client, and its next request the server, before the hook
 * of the call that has sent the answer: so there is room for some more than may wait.
 */
#define PIPELINE_SLOTS (PIPELINE_MAX + 4)

/* A request that finds the ring full is read into this one, and forgotten. */
#define SLOT_SPARE PIPELINE_SLOTS

enum slot_flag {
	SLOT_ROUTE = 1,     /* path is complete */
	SLOT_MALFORMED = 2, /* the rest of the request line was not HTTP/1 */
};

/* A request that waits for its answer; written by receive, read by send. */
struct request_slot {
	__u64 arrived_ns;     /* t1 */
	__u64 received_ns;    /* t2 */
	__u64 body_bytes;     /* so far */
	__u32 dropped_before; /* value of receive.dropped when it was pushed */
	__u8 method;          /* enum http_method */
	__u8 flags;           /* enum slot_flag */
	__u8 path_length;
	__u8 approximate; /* enum approximate_reason */
	char path[PATH_MAX_BYTES];
};

struct receive_part {
	__u32 claim;    /* the caller's; 0: free */
	__u32 sequence; /* of the next byte that the application receives */
	__u32 pushed;   /* requests put into slots, free running */
	__u32 dropped;  /* requests seen but not kept, free running */
	__u32 stamp;    /* next arrival stamp to look at, free running */
	__u8 reading;   /* slot of the request being read; SLOT_SPARE: it has none */
	__u8 next;      /* slot of the next request that is kept */
	__u8 padding[2];
	__u64 begun_ns;      /* t2 of a request whose method is not complete yet */
	__u64 dropped_heads; /* bit n % 64: the n-th of `dropped` is known to be a HEAD */
	struct http_parser parser;
	struct http_request_line line;
};

/* Whom the response at hand answers. */
enum response_owner {
	OWNER_NONE = 0,
	OWNER_SLOT,        /* the oldest request in the ring */
	OWNER_DROPPED,     /* a request that was not kept */
	OWNER_UNSOLICITED, /* nobody */
};

/* Requests that had been seen when answers went by unseen: these may have been answered. */
struct doubt {
	__u32 pushed;  /* value of receive.pushed then */
	__u32 dropped; /* likewise, of receive.dropped */
};

struct send_part {
	__u32 claim;            /* the caller's; 0: free */
	__u32 sequence;         /* of the next byte that the application sends */
	__u32 answered;         /* requests taken out of slots, free running */
	__u32 dropped_answered; /* requests not kept that were answered, free running */
	__u8 owner;             /* enum response_owner, from the final head on */
	__u8 approximate;       /* enum approximate_reason of the response at hand */
	__u8 unsure;            /* nobody knows how many answers went by unseen */
	__u8 oldest;            /* slot of the request that waits longest */
	struct doubt doubt;
	struct doubt contended; /* by calls that found the part claimed, and were not looked at */
	__u32 contention;       /* 1: there were some since the last call that was */
	__u64 first_ns;         /* t3 */
	__u64 last_ns;          /* t4 so far */
	__u64 body_bytes;
	struct http_parser parser;
};

/* How the end of a connection looks from here. */
enum connection_end {
	END_NONE = 0,
	END_PEER_CLOSED = 1, /* the peer, of a server its client, sent FIN */
	END_LOCAL = 2,       /* the target closed or shut down its side */
	END_RESET = 4,       /* the peer reset it, or is gone */
};

struct connection {
	__u64 sock;           /* address of the socket; 0: not set up, or gone */
	__u64 inode;          /* of the socket, 0: not accepted yet */
	__u64 established_ns; /* t0, while its accept is waited for; else 0 */
	__u32 end;            /* enum connection_end, or-ed; set under the socket's lock */
	__u32 closing;        /* the owner's of connections: what is to be done at release */
	__u16 service;
	__u8 watched; /* a target has received on it */
	__u8 late;    /* was open when first noticed */
	__u8 ignored; /* enum ignore_reason */
	__u8 tunnel;  /* 101, or 2xx to CONNECT: no longer HTTP */
	__u8 peer;    /* of a client: whom it asks, see series_key; 0: a server's */
	__u8 padding;
	struct arrival_part arrival;
	struct receive_part receive;
	struct send_part send;
	struct delivery_part delivery;
	struct request_slot slots[PIPELINE_SLOTS + 1];
};

/* A finished request; key.service is the connection's. */
struct transaction {
	struct series_key key;
	__u64 duration_ns; /* t1 to t4, or to the end without an answer */
	__u64 queue_ns;    /* t1 to t2 */
	__u64 service_ns;  /* t2 to t3; with an answer the three add up to the duration, */
	__u64 send_ns;     /* t3 to t4; without one these two mean nothing */
	__u64 request_bytes;
	__u64 response_bytes;
	__u32 approximate; /* enum approximate_reason, the first that applied */
	__u32 queue_known; /* 0: t2 stands in for t1 */
	__u64 end_ns;      /* t4 */
};

enum tracker_event {
	EVENT_NONE = 0,
	EVENT_SEEN,     /* a request was seen and now waits for its answer */
	EVENT_DROPPED,  /* a request was seen, and is lost: job->reason */
	EVENT_FINISHED, /* a request that waited is done: job->transaction */
	EVENT_LOST,     /* a request that waited is lost: job->reason */
	EVENT_IGNORED,  /* a connection or an answer: job->reason */
};

/* One call's worth of work; the caller's scratch memory. */
struct tracker_job {
	__u64 now_ns;
	__u64 length;   /* bytes that this call moved */
	__u64 offset;   /* of these, bytes consumed */
	__u32 sequence; /* of the first byte of this call */
	__u32 reason;
	__u8 fresh;     /* the request being read began in this call */
	__u8 unsettled; /* of a receive: a send may have answered more than is known */
	__u8 padding[6];
	struct transaction transaction;
	struct http_feed feed; /* the part's parser while the call is worked on */
};

#endif

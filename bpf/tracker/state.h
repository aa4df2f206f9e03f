/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * state.h - the state of one connection, and of one call that works on it.
 *
 * Inputs: none.  Outputs: structures and their enumerations; tracker/tracker.h explains
 * the parts.  Pure; compiled for BPF and the unit tests.  It must not know the code that
 * uses them.
 */
#ifndef REDTAP_TRACKER_STATE_H
#define REDTAP_TRACKER_STATE_H

#include "tracker/delivery.h"
#include "http/http_scan.h"

REDTAP_STATIC_ASSERT((ARRIVALS_MAX & (ARRIVALS_MAX - 1)) == 0, "must be a power of two");

/* The bytes from sequence number `begin` to before `end` arrived at time_ns. */
struct arrival_stamp {
	__u64 time_ns;
	__u32 begin;
	__u32 end;
};

struct arrival_part {
	__u32 written; /* free running; stamps[written % ARRIVALS_MAX] is next */
	__u32 end;     /* of all arrived bytes, with or without a stamp */
	struct arrival_stamp stamps[ARRIVALS_MAX];
};

/*
 * A response can reach the client, and its next request the server, before the hook of
 * the call that sent the response: so there are some slots more than PIPELINE_MAX.
 */
#define PIPELINE_SLOTS (PIPELINE_MAX + 4)

/* A request that finds the ring full is read into this slot and not kept. */
#define SLOT_SPARE PIPELINE_SLOTS

enum slot_flag {
	SLOT_ROUTE = 1,     /* path is complete */
	SLOT_MALFORMED = 2, /* no HTTP/1 request line: may be another protocol */
};

/* A request that waits for its response; written by receive, read by send. */
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
	__u32 claim;         /* held by the caller; 0: free */
	__u32 sequence;      /* of the next byte that the application receives */
	__u32 pushed;        /* requests put into slots, free running */
	__u32 dropped;       /* requests seen but not kept, free running */
	__u32 stamp;         /* next arrival stamp to check, free running */
	__u8 reading;        /* slot of the request being read; SLOT_SPARE: not kept */
	__u8 next;           /* slot of the next request that is kept */
	__u8 suspect;        /* enum ignore_reason of bytes that do not look like HTTP/1 */
	__u8 resumes;        /* 1: the next call begins with a request, if all are answered */
	__u64 begun_ns;      /* t2 of a request whose method is not complete yet */
	__u64 dropped_heads; /* bit n % 64: the n-th of `dropped` is known to be a HEAD */
	struct http_parser parser;
	struct http_request_line line;
};

/* Which request the current response answers. */
enum response_owner {
	OWNER_NONE = 0,
	OWNER_SLOT,        /* the oldest request in the ring */
	OWNER_DROPPED,     /* a request that was not kept */
	OWNER_UNSOLICITED, /* none */
};

/* The requests seen when responses were missed: they may have been answered. */
struct doubt {
	__u32 pushed;  /* value of receive.pushed then */
	__u32 dropped; /* likewise, of receive.dropped */
};

struct send_part {
	__u32 claim;            /* held by the caller; 0: free */
	__u32 sequence;         /* of the next byte that the application sends */
	__u32 answered;         /* requests taken out of slots, free running */
	__u32 dropped_answered; /* requests not kept that were answered, free running */
	__u8 owner;             /* enum response_owner, from the final head on */
	__u8 approximate;       /* enum approximate_reason of the current response */
	__u8 unsure;            /* 1: an unknown number of responses was missed */
	__u8 oldest;            /* slot of the oldest waiting request */
	struct doubt doubt;
	struct doubt
		contended; /* the same, for calls that found the part claimed and were not parsed */
	__u8 contention;   /* 1: there were such calls since the last parsed one */
	__u8 speaks_http;  /* 1: a status line was sent; other bytes later do not change it */
	__u8 resync;       /* 1: a request came where a body was expected; receive clears it */
	__u8 foreign;      /* a request was lost because it was another protocol's */
	__u64 first_ns;    /* t3 */
	__u64 last_ns;     /* t4 so far */
	__u64 body_bytes;
	struct http_parser parser;
};

/* How a connection ended, as seen by the target. */
enum connection_end {
	END_NONE = 0,
	END_PEER_CLOSED = 1, /* the peer (of a server: its client) sent FIN */
	END_LOCAL = 2,       /* the target closed or shut down its side */
	END_RESET = 4,       /* the peer reset it, or is gone */
};

struct connection {
	__u64 sock;           /* address of the socket; 0: not set up, or gone */
	__u64 inode;          /* of the socket, 0: not accepted yet */
	__u64 established_ns; /* t0, until accept() returns; then 0 */
	__u32 end;            /* enum connection_end, or-ed; set under the socket's lock */
	__u32 closing;        /* for the owner of connections: what to do at release */
	__u16 service;
	__u8 watched; /* a target has received on it */
	__u8 late;    /* was open when first noticed */
	__u8 ignored; /* enum ignore_reason */
	__u8 tunnel;  /* 101: no longer HTTP */
	__u8 peer;    /* of a client: its server, see series_key; 0: of a server */
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
	__u64 duration_ns; /* t1 to t4, or to the connection's end without a response */
	__u64 queue_ns;    /* t1 to t2 */
	__u64 service_ns;  /* t2 to t3; with a response the three add up to the duration, */
	__u64 send_ns;     /* t3 to t4; without one these two are meaningless */
	__u64 request_bytes;
	__u64 response_bytes;
	__u32 approximate; /* enum approximate_reason, the first that applied */
	__u32 queue_known; /* 0: t2 is used for t1 */
	__u64 end_ns;      /* t4 */
};

enum tracker_event {
	EVENT_NONE = 0,
	EVENT_SEEN,     /* a request was seen and now waits for its response */
	EVENT_DROPPED,  /* a request was seen, and is lost: job->reason */
	EVENT_FINISHED, /* a request that waited is done: job->transaction */
	EVENT_LOST,     /* a request that waited is lost: job->reason */
	EVENT_IGNORED,  /* a connection or a response: job->reason */
};

/* The work of one call; owned by the caller (scratch memory). */
struct tracker_job {
	__u64 now_ns;
	__u64 length;   /* bytes that this call moved */
	__u64 offset;   /* of these, bytes consumed */
	__u32 sequence; /* of the first byte of this call */
	__u32 reason;
	__u8 fresh;     /* the request being read began in this call */
	__u8 looked;    /* 1: where a body is expected, this call does not begin with a request */
	__u8 unsettled; /* of a receive: a send may have answered more requests than counted */
	__u8 padding[5];
	struct transaction transaction;
	struct http_feed feed; /* holds the part's parser during the call */
};

#endif

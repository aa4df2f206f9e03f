/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * abi.h - everything that crosses the boundary between kernel and user space:
 * map keys and values, limits, settings, names of enumerators.
 *
 * Only this file may describe bytes that both sides read.  Every struct has explicit
 * padding and an asserted size: if the two compilers disagree on a layout, the build
 * fails.
 */
#ifndef REDTAP_ABI_H
#define REDTAP_ABI_H

#include "abi/portable.h"

/* Longest request path that is kept (bytes, without query); longer ones: `other`. */
#define PATH_MAX_BYTES 128
/* Requests of one connection that may wait for their response (pipelining). */
#define PIPELINE_MAX 16
/* Arrival stamps that one connection remembers. */
#define ARRIVALS_MAX 32
/* Processes watched at the same time. */
#define TARGETS_MAX 16384
/* Distinct addresses of servers that targets talk to (--client). */
#define PEERS_MAX 254
/* All further servers; exported as `other`. */
#define PEER_OTHER 255
/*
 * A series that has counted nothing for so long retires, seconds; where places are
 * scarce, one that has counted little does so earlier: after so long for each request.
 */
#define SERIES_IDLE_S 3600
#define SERIES_IDLE_EACH_S 120
/* A run exports at most so many times as many series as there are places. */
#define SERIES_NAMES 2
/* Answers of one connection that may wait for their acknowledgement. */
#define DELIVERIES_MAX 16
/*
 * Distinct service names (-p PID=NAME, --service, process names).  Where they are all in
 * use, further processes share one.
 */
#define SERVICES_MAX 256

/*
 * Registered request methods: the IANA HTTP Method Registry (RFC 9110,
 * section 16.1.1), without `PRI` (the HTTP/2 preface) and `*` (not a method).
 * A token that is not in the table is METHOD_OTHER and exported as `_OTHER`
 * (OpenTelemetry HTTP conventions).  X(enumerator, token)
 */
#define HTTP_METHODS(X)                                                                            \
	X(GET, "GET")                                                                              \
	X(POST, "POST")                                                                            \
	X(HEAD, "HEAD")                                                                            \
	X(PUT, "PUT")                                                                              \
	X(DELETE, "DELETE")                                                                        \
	X(PATCH, "PATCH")                                                                          \
	X(OPTIONS, "OPTIONS")                                                                      \
	X(CONNECT, "CONNECT")                                                                      \
	X(TRACE, "TRACE")                                                                          \
	X(ACL, "ACL")                                                                              \
	X(BASELINE_CONTROL, "BASELINE-CONTROL")                                                    \
	X(BIND, "BIND")                                                                            \
	X(CHECKIN, "CHECKIN")                                                                      \
	X(CHECKOUT, "CHECKOUT")                                                                    \
	X(COPY, "COPY")                                                                            \
	X(LABEL, "LABEL")                                                                          \
	X(LINK, "LINK")                                                                            \
	X(LOCK, "LOCK")                                                                            \
	X(MERGE, "MERGE")                                                                          \
	X(MKACTIVITY, "MKACTIVITY")                                                                \
	X(MKCALENDAR, "MKCALENDAR")                                                                \
	X(MKCOL, "MKCOL")                                                                          \
	X(MKREDIRECTREF, "MKREDIRECTREF")                                                          \
	X(MKWORKSPACE, "MKWORKSPACE")                                                              \
	X(MOVE, "MOVE")                                                                            \
	X(ORDERPATCH, "ORDERPATCH")                                                                \
	X(PROPFIND, "PROPFIND")                                                                    \
	X(PROPPATCH, "PROPPATCH")                                                                  \
	X(QUERY, "QUERY")                                                                          \
	X(REBIND, "REBIND")                                                                        \
	X(REPORT, "REPORT")                                                                        \
	X(SEARCH, "SEARCH")                                                                        \
	X(UNBIND, "UNBIND")                                                                        \
	X(UNCHECKOUT, "UNCHECKOUT")                                                                \
	X(UNLINK, "UNLINK")                                                                        \
	X(UNLOCK, "UNLOCK")                                                                        \
	X(UPDATE, "UPDATE")                                                                        \
	X(UPDATEREDIRECTREF, "UPDATEREDIRECTREF")                                                  \
	X(VERSION_CONTROL, "VERSION-CONTROL")

enum http_method {
	METHOD_NONE = 0,
#define METHOD_ENUMERATOR(name, token) METHOD_##name,
	HTTP_METHODS(METHOD_ENUMERATOR)
#undef METHOD_ENUMERATOR
		METHOD_OTHER, /* exported as `_OTHER` */
	METHOD_COUNT,
};

/*
 * How a transaction failed, beside its status.  X(enumerator, exported name)
 */
#define TRANSACTION_ERRORS(X)                                                                      \
	X(CLIENT_ABORT, "client_abort") /* the client gave up before the end of the response */    \
	X(NO_RESPONSE, "no_response")   /* the server closed without a response */                 \
	X(BAD_RESPONSE, "bad_response") /* the response has no valid status */

enum transaction_error {
	ERROR_NONE = 0,
#define ERROR_ENUMERATOR(name, text) ERROR_##name,
	TRANSACTION_ERRORS(ERROR_ENUMERATOR)
#undef ERROR_ENUMERATOR
		ERROR_COUNT,
};

/*
 * Why a request was seen but could not be counted.  X(enumerator, exported name)
 */
#define LOSS_REASONS(X)                                                                            \
	X(SERIES_FULL, "series_full")     /* no free series, not even for `other` */               \
	X(PIPELINE_FULL, "pipeline_full") /* more than PIPELINE_MAX outstanding */                 \
	X(UNREADABLE, "unreadable")       /* the head is in memory that cannot be read */          \
	X(FRAMING, "framing")             /* the end of a message could not be found */            \
	X(MALFORMED, "malformed")         /* not HTTP/1 */                                         \
	X(HOOK_MISSED, "hook_missed")     /* no hook saw the bytes of a request */

enum loss_reason {
	LOSS_NONE = 0,
#define LOSS_ENUMERATOR(name, text) LOSS_##name,
	LOSS_REASONS(LOSS_ENUMERATOR)
#undef LOSS_ENUMERATOR
		LOSS_COUNT,
};

/*
 * Why a counted request may have inexact values.  X(enumerator, exported name)
 */
#define APPROXIMATE_REASONS(X)                                                                     \
	X(ATTACHED_LATE, "attached_late")     /* arrived before attach: t2 is used for t1 */       \
	X(NO_ARRIVAL, "no_arrival")           /* no stamp for the first byte: t2 is used for t1 */ \
	X(HEAD_TOO_LONG, "head_too_long")     /* framing is beyond the parsed bytes */             \
	X(CHUNKS_TOO_MANY, "chunks_too_many") /* more chunks in a call than are parsed */          \
	X(BODY_UNREADABLE, "body_unreadable") /* chunk framing in memory that cannot be read */    \
	X(CONTENTION, "contention")           /* two calls in one direction at the same time */    \
	X(ORDER_UNKNOWN, "order_unknown")     /* responses missed: may be another request's */     \
	X(TRUNCATED, "truncated")       /* the server closed in the middle of its response */      \
	X(ROUTE_OTHER, "route_other")   /* series table full: counted under the route `other` */   \
	X(DELIVER_FULL, "deliver_full") /* too many unacknowledged responses: not in deliver */

enum approximate_reason {
	APPROXIMATE_NONE = 0,
#define APPROXIMATE_ENUMERATOR(name, text) APPROXIMATE_##name,
	APPROXIMATE_REASONS(APPROXIMATE_ENUMERATOR)
#undef APPROXIMATE_ENUMERATOR
		APPROXIMATE_COUNT,
};

/*
 * Why a connection, or a response on it, is not counted.  X(enumerator, exported name)
 */
#define IGNORE_REASONS(X)                                                                          \
	X(TLS, "tls")             /* first byte is that of a TLS handshake record */               \
	X(HTTP2, "http2")         /* HTTP/2 connection preface (RFC 9113, section 3.4) */          \
	X(NOT_HTTP, "not_http")   /* anything else that is not a request line */                   \
	X(MALFORMED, "malformed") /* a method, but no HTTP/1 request line */                       \
	X(CONNECTIONS_FULL, "connections_full") /* connection table full */                        \
	X(UNSOLICITED, "unsolicited")           /* an answer without a request */                  \
	X(REQUEST_TIMEOUT, "request_timeout")   /* likewise, a 408: no request came in time */

enum ignore_reason {
	IGNORE_NONE = 0,
#define IGNORE_ENUMERATOR(name, text) IGNORE_##name,
	IGNORE_REASONS(IGNORE_ENUMERATOR)
#undef IGNORE_ENUMERATOR
		IGNORE_COUNT,
};

/*
 * Parts of the time of a request, or of a connection before its first request.
 * X(enumerator, exported name)
 */
#define REQUEST_PHASES(X)                                                                          \
	X(QUEUE, "queue")     /* arrival of the first byte to the receive call that read it */     \
	X(SERVICE, "service") /* from there to the first byte of the final response */             \
	X(SEND, "send")       /* from there to the last byte handed to the kernel */               \
	X(DELIVER, "deliver") /* from there to the client's acknowledgement of it */               \
	X(ACCEPT, "accept")   /* connection established to accept() returned; has no route */

enum request_phase {
	REQUEST_PHASE_NONE = 0,
#define REQUEST_PHASE_ENUMERATOR(name, text) REQUEST_PHASE_##name,
	REQUEST_PHASES(REQUEST_PHASE_ENUMERATOR)
#undef REQUEST_PHASE_ENUMERATOR
		REQUEST_PHASE_COUNT,
};

/*
 * Duration histogram: decimal log-linear, two significant digits, 1 us to
 * 100 s.  Bin 0 holds everything up to 1 us, bin 1 + 90 d + (m - 11) holds
 * (m - 1, m] tenths of 10^d us for d = 0..7 and m = 11..100, the last bin
 * everything above 100 s.  histogram.h has the arithmetic.
 */
#define HISTOGRAM_DECADES 8
#define HISTOGRAM_BINS_PER_DECADE 90
#define HISTOGRAM_BINS (2 + HISTOGRAM_DECADES * HISTOGRAM_BINS_PER_DECADE)

/*
 * What one series has counted since it was created.  Values of the mmap-able
 * array `series_values`, indexed by series id; the kernel adds with atomic
 * instructions, user space only reads.  Bins are 32 bits wide and wrap: the
 * collector adds up differences, so no flush interval may see more than
 * 2^32 - 1 requests in one bin.
 */
struct series_value {
	__u64 count;          /* requests; never wraps */
	__u64 sum_ns;         /* sum of durations, nanoseconds */
	__u64 request_bytes;  /* after the header section, chunk framing included */
	__u64 response_bytes; /* likewise */
	__u32 bins[HISTOGRAM_BINS];
};
REDTAP_STATIC_ASSERT(sizeof(struct series_value) == 32 + 4 * HISTOGRAM_BINS, "series_value layout");

/*
 * What one phase of one series has counted since it was created.  Values of the
 * mmap-able array `phase_values`: the phases of a series are adjacent, in the order of
 * settings.phase_places.  Bins as above; their sum is the count.
 */
struct phase_value {
	__u64 sum_ns;
	__u32 bins[HISTOGRAM_BINS];
};
REDTAP_STATIC_ASSERT(sizeof(struct phase_value) == 8 + 4 * HISTOGRAM_BINS, "phase_value layout");

/* What identifies a series. */
struct series_key {
	__u16 service; /* index into the loader's table of service names */
	__u16 status;  /* 100..999, 0: no response */
	__u8 method;   /* enum http_method */
	__u8 error;    /* enum transaction_error */
	__u8 path_length;
	__u8 peer; /* 0: the service is the server; else it is the client of this server */
	char path[PATH_MAX_BYTES]; /* folded route, zero padded, not terminated */
};
REDTAP_STATIC_ASSERT(sizeof(struct series_key) == 8 + PATH_MAX_BYTES, "series_key layout");

/*
 * The key of a series, and where its id is stored: values of the mmap-able array
 * `series_entries`, indexed by series id.  Valid while live is 1; the loader has it
 * cleared.
 */
struct series_entry {
	struct series_key key;
	__u64 place; /* key of the hash map `series_ids`, see series_key.h; its value is the id */
	__u32 live;
	__u32 padding;
};
REDTAP_STATIC_ASSERT(sizeof(struct series_entry) == sizeof(struct series_key) + 16,
		     "series_entry layout");

/* Key of the hash map `targets` is a __u32 process id; this is its value. */
struct target_value {
	__u16 service;
	__u8 follow; /* children are targets too */
	__u8 padding;
};
REDTAP_STATIC_ASSERT(sizeof(struct target_value) == 4, "target_value layout");

/* Key of the hash map `listeners`: a port on which a target accepts. */
struct listener_key {
	__u32 netns; /* inode number of the network namespace */
	__u16 port;  /* host byte order */
	__u16 padding;
};
REDTAP_STATIC_ASSERT(sizeof(struct listener_key) == 8, "listener_key layout");

/*
 * Key of the hash map `peers`: the address of a server that a target talks to, IPv4 as
 * an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2), network byte order.  The
 * value is a __u32, 1 to PEERS_MAX.
 */
struct peer_key {
	__u32 address[4];
};
REDTAP_STATIC_ASSERT(sizeof(struct peer_key) == 16, "peer_key layout");

/* Per-service gauges; the kernel adds and subtracts, so never negative at rest. */
struct service_gauges {
	__u64 active_requests;
	__u64 open_connections;
	__u64 client_requests; /* sent by the service, without a complete response yet */
};

/*
 * The loss ledger.  All fields only grow, except `series` and the gauges.
 * At rest: seen = counted + sum(active_requests + client_requests) + sum(lost).
 */
struct ledger {
	__u64 seen;
	__u64 counted;
	__u64 lost[LOSS_COUNT];
	__u64 approximate[APPROXIMATE_COUNT];
	__u64 ignored[IGNORE_COUNT];
	__u64 series; /* series ids in use: handed out, and not given back since */
	__u64 made;   /* series ids handed out so far */
	__u64 peers;  /* entries of `peers` handed out so far */
	struct service_gauges services[SERVICES_MAX];
};

/*
 * Orders of the loader to the program `control`: the first argument, and (in the comments)
 * the arguments after it.  While programs are attached, the loader changes and looks up
 * tables only in this way, see control.bpf.h.
 */
enum control_order {
	CONTROL_NONE = 0,
	CONTROL_TARGET_ADD,      /* pid, service, whether to follow; see target_enter() */
	CONTROL_TARGET_FOLLOW,   /* pid, child's pid; gives 1: the child is new */
	CONTROL_TARGET_FIND,     /* pid; gives 1 + its service, 0: it is not there */
	CONTROL_TARGET_REMOVE,   /* pid */
	CONTROL_LISTEN,          /* inode number of the network namespace, port */
	CONTROL_SERIES_FORGET,   /* id: its key is removed from the table */
	CONTROL_SERIES_GIVE_BACK /* first id, number of ids: free for other series */
};

/* Most ids that are given back at once. */
#define GIVE_BACK_MAX 256

/* Set by the loader between open and load; constant afterwards. */
struct settings {
	__u32 pid_namespace; /* inode of the loader's pid namespace, 0: the initial one */
	__u32 max_series;
	__u32 phase_count; /* values that a series has in phase_values */
	/* by enum request_phase: 1 + place among these; 0: not asked for */
	__u8 phase_places[8];
	__u8 client; /* requests that targets send are observed too */
	__u8 padding[3];
	__u64 series_seed; /* of series_key_hash() */
};
REDTAP_STATIC_ASSERT(sizeof(struct settings) == 32, "settings layout");
REDTAP_STATIC_ASSERT(REQUEST_PHASE_COUNT <= 8, "every phase has its place");

#endif

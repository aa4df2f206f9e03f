/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_tracker.h - the transaction machine of one connection.
 *
 * Inputs: what arrives, is received and is sent on the connection (sequence
 * numbers, windows of bytes, the time).  Outputs: one event at a time, and with
 * EVENT_FINISHED a transaction.  Pure: no maps, no clock, no helpers; compiled
 * for BPF and for the unit tests.  It must not know how the bytes were tapped
 * nor what becomes of a transaction.
 *
 * A connection has three parts with one writer each: arrival (softirq, under
 * the socket's lock), receive and send (claimed by the caller).  Requests pass
 * from receive to send through a ring with one producer and one consumer.
 *
 * The words are those of a server.  On a connection of a client (connection.peer)
 * requests are sent and answers received, so the caller feeds what is sent to the
 * receive part and what is received to the send part; nothing arrives there, and t1 is
 * the moment in which the first byte of a request was handed to the kernel.
 */
#ifndef REDTAP_HTTP_TRACKER_H
#define REDTAP_HTTP_TRACKER_H

#include "delivery.h"
#include "http_scan.h"

/*
 * Steps that the walk over one call may take: a step parses (at most one window,
 * up to the next verdict), skips, or goes on to the next piece of a vector.  A
 * window in the middle of a head takes two: 256 KiB of heads; bodies are skipped.
 */
#define TRACKER_WALK_STEPS 512

REDTAP_STATIC_ASSERT((PIPELINE_MAX & (PIPELINE_MAX - 1)) == 0, "slots are masked");
REDTAP_STATIC_ASSERT((ARRIVALS_MAX & (ARRIVALS_MAX - 1)) == 0, "stamps are masked");

/*
 * Hands a value from one part's writer to another's reader: everything written
 * before it is seen by whoever sees it.  x86 orders stores by itself; BPF has
 * no release store before kernel 6.15.
 */
#define TRACKER_PUBLISH(place, value)                                                              \
	do {                                                                                       \
		COMPILER_BARRIER();                                                                \
		*(volatile __typeof__(place) *)&(place) = (value);                                 \
	} while (0)
#define TRACKER_OBSERVE(place) (*(volatile __typeof__(place) *)&(place))

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

/* A request that finds the ring full is read into this one, and forgotten. */
#define SLOT_SPARE PIPELINE_MAX

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
	__u8 padding[3];
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

struct send_part {
	__u32 claim;            /* the caller's; 0: free */
	__u32 sequence;         /* of the next byte that the application sends */
	__u32 answered;         /* requests taken out of slots, free running */
	__u32 dropped_answered; /* requests not kept that were answered, free running */
	__u8 owner;             /* enum response_owner, from the final head on */
	__u8 approximate;       /* enum approximate_reason of the response at hand */
	__u8 unsure;            /* nobody knows how many answers went by unseen */
	__u8 padding;
	__u32 doubtful; /* value of receive.pushed then: these may have been among them */
	__u64 first_ns; /* t3 */
	__u64 last_ns;  /* t4 so far */
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
	struct request_slot slots[PIPELINE_MAX + 1];
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
	__u8 fresh; /* the request being read began in this call */
	__u8 padding[7];
	struct transaction transaction;
	struct http_feed feed; /* the part's parser while the call is worked on */
};

/* ---- arrival ---------------------------------------------------------- */

/*
 * Data has been queued on the socket.  end: its rcv_nxt.  A ring that is full
 * of stamps nobody has used keeps the old ones: they are the ones that waiting
 * requests need.
 */
static __always_inline void tracker_arrival(struct connection *connection, __u32 end, __u64 now_ns)
{
	struct arrival_part *arrival = &connection->arrival;
	__u32 written = arrival->written;
	__u32 begin = arrival->end;
	struct arrival_stamp *stamp = &arrival->stamps[written & (ARRIVALS_MAX - 1)];

	if (end == arrival->end)
		return;
	arrival->end = end;
	if (written - TRACKER_OBSERVE(connection->receive.stamp) >= ARRIVALS_MAX)
		return;
	stamp->time_ns = now_ns;
	stamp->begin = begin;
	stamp->end = end;
	TRACKER_PUBLISH(arrival->written, written + 1);
}

/*
 * The time at which the byte with this sequence number arrived, 0: not known.
 * Stamps that end at or before it are let go.
 */
static __always_inline __u64 tracker_arrival_find(struct connection *connection, __u32 sequence)
{
	__u32 written = TRACKER_OBSERVE(connection->arrival.written);
	__u32 at = connection->receive.stamp;
	__u64 time_ns = 0;
	__u32 i;

	for (i = 0; i < ARRIVALS_MAX; i++) {
		const struct arrival_stamp *stamp;

		if (at == written)
			break;
		stamp = &connection->arrival.stamps[at & (ARRIVALS_MAX - 1)];
		if ((__s32)(stamp->end - sequence) > 0) {
			if ((__s32)(sequence - stamp->begin) >= 0)
				time_ns = stamp->time_ns;
			break;
		}
		at++;
	}
	TRACKER_PUBLISH(connection->receive.stamp, at);
	return time_ns;
}

/*
 * Lets go the stamps of what has been received, when they begin to fill the
 * ring: a long body would keep out the stamp of the request behind it.
 */
static __always_inline void tracker_arrival_trim(struct connection *connection)
{
	if (TRACKER_OBSERVE(connection->arrival.written) - connection->receive.stamp >
	    ARRIVALS_MAX / 2)
		tracker_arrival_find(connection, connection->receive.sequence);
}

/* ---- transactions ----------------------------------------------------- */

static __always_inline struct request_slot *tracker_slot(struct connection *connection,
							 __u32 number)
{
	return &connection->slots[number & (PIPELINE_MAX - 1)];
}

/* The slot of the request that is being read. */
static __always_inline struct request_slot *tracker_reading(struct connection *connection)
{
	__u32 at = connection->receive.reading;

	return &connection->slots[at < SLOT_SPARE ? at : SLOT_SPARE];
}

/* Requests in the ring that have no complete answer. */
static __always_inline __u32 tracker_outstanding(struct connection *connection)
{
	return TRACKER_OBSERVE(connection->receive.pushed) -
	       TRACKER_OBSERVE(connection->send.answered);
}

/* Counts a request that is not kept; its answer will come all the same. */
static __always_inline void tracker_drop(struct connection *connection, __u32 method)
{
	struct receive_part *receive = &connection->receive;
	__u64 bit = 1ULL << (receive->dropped & 63);

	receive->dropped_heads &= ~bit;
	if (method == METHOD_HEAD)
		receive->dropped_heads |= bit;
	TRACKER_PUBLISH(receive->dropped, receive->dropped + 1);
}

static __always_inline bool tracker_idle(struct connection *connection)
{
	return tracker_outstanding(connection) == 0 &&
	       TRACKER_OBSERVE(connection->receive.dropped) ==
		       TRACKER_OBSERVE(connection->send.dropped_answered);
}

static __always_inline void tracker_route_other(struct series_key *key)
{
	__builtin_memset(key->path, 0, sizeof(key->path));
	key->path[0] = 'o';
	key->path[1] = 't';
	key->path[2] = 'h';
	key->path[3] = 'e';
	key->path[4] = 'r';
	key->path_length = 5;
}

static __always_inline void tracker_path_copy(char *to, const char *from)
{
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++)
		word_store(to + i * 8, word_load(from + i * 8));
}

/* The first bytes of a word (in memory order, little endian), the rest zero. */
static __always_inline __u64 tracker_word_cut(__u64 word, __u32 bytes)
{
	if (bytes >= 8)
		return word;
	return word & ((1ULL << (bytes * 8 & 63)) - 1);
}

static __always_inline void tracker_route_copy(struct series_key *key,
					       const struct request_slot *slot)
{
	__u32 i;

	for (i = 0; i < PATH_MAX_BYTES / 8; i++) {
		__u32 length;
		__u64 word = 0;

		/* The length is read anew so that no branch is remembered: the verifier
		 * would follow each combination. */
		COMPILER_BARRIER();
		length = TRACKER_OBSERVE(slot->path_length);
		if (length > i * 8)
			word = tracker_word_cut(word_load(slot->path + i * 8), length - i * 8);
		word_store(key->path + i * 8, word);
	}
	key->path_length = slot->path_length;
}

/* Takes the oldest request out of the ring, as lost. */
static __always_inline __u32 tracker_lose(struct connection *connection, struct tracker_job *job,
					  __u32 reason)
{
	struct send_part *send = &connection->send;

	if (tracker_slot(connection, send->answered)->flags & SLOT_MALFORMED)
		reason = LOSS_MALFORMED;
	job->reason = reason;
	send->owner = OWNER_NONE;
	TRACKER_PUBLISH(send->answered, send->answered + 1);
	return EVENT_LOST;
}

/*
 * Where the time between t1 and the end went.  The points may have been taken on
 * several CPUs, a response may begin before its request was read: whatever they
 * are, the parts add up to the whole.
 */
static __always_inline void tracker_split(struct transaction *transaction,
					  const struct request_slot *slot, __u64 first_ns,
					  __u64 end_ns)
{
	__u64 duration = end_ns > slot->arrived_ns ? end_ns - slot->arrived_ns : 0;
	__u64 queue = slot->received_ns - slot->arrived_ns;
	__u64 service = first_ns > slot->received_ns ? first_ns - slot->received_ns : 0;

	if (queue > duration)
		queue = duration;
	if (service > duration - queue)
		service = duration - queue;
	transaction->duration_ns = duration;
	transaction->queue_ns = queue;
	transaction->service_ns = service;
	transaction->send_ns = duration - queue - service;
	transaction->queue_known = slot->approximate != APPROXIMATE_ATTACHED_LATE &&
				   slot->approximate != APPROXIMATE_NO_ARRIVAL;
}

/* Takes the oldest request out of the ring into job->transaction. */
static __always_inline __u32 tracker_finish(struct connection *connection, struct tracker_job *job,
					    __u32 status, __u32 error, __u64 end_ns)
{
	struct send_part *send = &connection->send;
	struct request_slot *slot = tracker_slot(connection, send->answered);
	struct transaction *transaction = &job->transaction;

	transaction->key.service = connection->service;
	transaction->key.status = status;
	transaction->key.method = slot->method;
	transaction->key.error = error;
	transaction->key.peer = connection->peer;
	if (slot->flags & SLOT_ROUTE)
		tracker_route_copy(&transaction->key, slot);
	else
		tracker_route_other(&transaction->key);
	tracker_split(transaction, slot, send->first_ns, end_ns);
	transaction->end_ns = end_ns;
	transaction->request_bytes = slot->body_bytes;
	transaction->response_bytes = send->body_bytes;
	transaction->approximate = send->approximate ? send->approximate : slot->approximate;
	if (send->unsure && !transaction->approximate)
		transaction->approximate = APPROXIMATE_ORDER_UNKNOWN;
	send->owner = OWNER_NONE;
	send->approximate = APPROXIMATE_NONE;
	send->body_bytes = 0;
	TRACKER_PUBLISH(send->answered, send->answered + 1);
	return EVENT_FINISHED;
}

/* ---- receive ---------------------------------------------------------- */

/* The request's framing is lost: the next call may begin with a new one. */
static __always_inline void tracker_receive_lose(struct connection *connection,
						 struct tracker_job *job, __u32 reason)
{
	struct request_slot *slot = tracker_reading(connection);
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase > PHASE_METHOD && parser->phase != PHASE_LOST && !slot->approximate)
		slot->approximate = reason;
	parser->phase = PHASE_LOST;
}

/*
 * Bytes that went by without being looked at, in whatever phase.  Returns an
 * event: where a request was due, at least one began in them and its answer
 * will come.
 */
static __always_inline __u32 tracker_receive_pass(struct connection *connection,
						  struct tracker_job *job, __u64 bytes,
						  __u32 reason)
{
	struct http_parser *parser = &job->feed.parser;
	__u8 phase = parser->phase;

	if (phase == PHASE_IGNORE || phase == PHASE_LOST)
		return EVENT_NONE;
	if ((phase == PHASE_BODY || phase == PHASE_CHUNK_DATA) && bytes <= parser->remaining) {
		tracker_reading(connection)->body_bytes += bytes;
		parser->remaining -= bytes;
		if (parser->remaining > 0)
			return EVENT_NONE;
		if (phase == PHASE_CHUNK_DATA)
			parser->phase = PHASE_CHUNK_CRLF;
		else
			http_parser_init(parser, PHASE_REQUEST);
		return EVENT_NONE;
	}
	tracker_receive_lose(connection, job, reason);
	if (phase != PHASE_REQUEST && phase != PHASE_METHOD)
		return EVENT_NONE;
	tracker_drop(connection, METHOD_NONE);
	job->reason = job->offset ? LOSS_UNREADABLE : LOSS_HOOK_MISSED;
	return EVENT_DROPPED;
}

/* Takes the receive part's parser into the job. */
static __always_inline void tracker_receive_load(struct connection *connection,
						 struct tracker_job *job)
{
	struct receive_part *receive = &connection->receive;
	__u8 phase = receive->parser.phase;

	job->offset = 0;
	job->fresh = phase != PHASE_METHOD;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
	job->feed.parser = receive->parser;
	if (phase == PHASE_METHOD || http_phase_is_target(phase))
		job->feed.line = receive->line;
	if (http_phase_is_target(phase))
		tracker_path_copy(job->feed.path, tracker_reading(connection)->path);
}

/* Puts it back at the end of the call. */
static __always_inline void tracker_receive_store(struct connection *connection,
						  struct tracker_job *job)
{
	struct receive_part *receive = &connection->receive;
	__u8 phase = job->feed.parser.phase;

	receive->parser = job->feed.parser;
	if (phase == PHASE_METHOD || http_phase_is_target(phase))
		receive->line = job->feed.line;
	if (phase == PHASE_METHOD && job->fresh)
		receive->begun_ns = job->now_ns;
	if (http_phase_is_target(phase))
		tracker_path_copy(tracker_reading(connection)->path, job->feed.path);
	if (phase != PHASE_METHOD) /* its first byte's stamp is still to be looked up */
		tracker_arrival_trim(connection);
}

/*
 * Begins a receive call of job->length bytes.  end: copied_seq behind it.
 * Bytes between the last call and this one that no hook showed (splice,
 * zero-copy receive) are passed over.  Returns an event.
 */
static __always_inline __u32 tracker_receive_begin(struct connection *connection,
						   struct tracker_job *job, __u32 end)
{
	struct receive_part *receive = &connection->receive;
	__s32 gap;

	tracker_receive_load(connection, job);
	job->sequence = end - (__u32)job->length;
	gap = (__s32)(job->sequence - receive->sequence);
	receive->sequence = end;
	if (connection->tunnel)
		job->feed.parser.phase = PHASE_IGNORE;
	if (gap > 0)
		return tracker_receive_pass(connection, job, gap, APPROXIMATE_BODY_UNREADABLE);
	if (gap < 0 && job->feed.parser.phase != PHASE_IGNORE)
		tracker_receive_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	return EVENT_NONE;
}

/* Consumes what needs no look; returns how many bytes, 0: show me the next. */
static __always_inline __u64 tracker_receive_skip(struct connection *connection,
						  struct tracker_job *job)
{
	__u64 left = job->length - job->offset;
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase == PHASE_IGNORE)
		return left;
	if (parser->phase == PHASE_LOST)
		return job->offset == 0 && tracker_idle(connection) ? 0 : left;
	if (parser->phase != PHASE_BODY && parser->phase != PHASE_CHUNK_DATA)
		return 0;
	if (left > parser->remaining)
		left = parser->remaining;
	tracker_receive_pass(connection, job, left, APPROXIMATE_NONE);
	return left;
}

/*
 * Whether a window begins with a registered method, a space and a target that
 * has the form of one: where framing was lost, less would take body text for a
 * request.
 */
static __always_inline bool tracker_begins_request(const struct http_window *window)
{
	__u64 word0 = 0, word1 = 0, word2 = 0;
	__u32 i;

	for (i = 0; i < HTTP_METHOD_MAX; i++) {
		__u8 byte = window->bytes[i];

		if (i >= window->fill)
			return false;
		if (byte == ' ') {
			byte = window->bytes[i + 1];
			if (i + 1 >= window->fill ||
			    (byte != '/' && byte != '*' && (byte | 0x20) != 'h'))
				return false;
			return http_method_lookup(word0, word1, word2) != METHOD_OTHER;
		}
		if (!(http_class(byte) & CLASS_METHOD))
			return false;
		if (i < 8)
			word0 |= (__u64)byte << (i * 8 & 63);
		else if (i < 16)
			word1 |= (__u64)byte << (i * 8 & 63);
		else
			word2 |= (__u64)byte << (i * 8 & 63);
	}
	return false;
}

/* What kind of connection begins with this byte. */
static __always_inline __u32 tracker_classify(__u8 first)
{
	return first == 0x16 ? IGNORE_TLS : IGNORE_NOT_HTTP;
}

/*
 * A method and its space: the request exists from here on.  sequence: of the
 * method's first byte.
 */
static __always_inline __u32 tracker_receive_seen(struct connection *connection,
						  struct tracker_job *job, __u32 sequence)
{
	struct receive_part *receive = &connection->receive;
	struct http_request_line *line = &job->feed.line;
	struct request_slot *slot = tracker_slot(connection, receive->pushed);
	__u64 arrived_ns;
	__u32 method;

	if (line->method[0] == HTTP_TOKEN_WORD("PRI", 0)) {
		job->feed.parser.phase = PHASE_IGNORE;
		connection->ignored = IGNORE_HTTP2;
		job->reason = IGNORE_HTTP2;
		return EVENT_IGNORED;
	}
	method = http_method_lookup(line->method[0], line->method[1], line->method[2]);
	if (tracker_outstanding(connection) >= PIPELINE_MAX) {
		receive->reading = SLOT_SPARE;
		tracker_drop(connection, method);
		job->reason = LOSS_PIPELINE_FULL;
		return EVENT_DROPPED;
	}
	slot->received_ns = job->fresh ? job->now_ns : receive->begun_ns;
	job->fresh = 1;
	slot->approximate = APPROXIMATE_NONE;
	arrived_ns = connection->peer ? slot->received_ns
				      : tracker_arrival_find(connection, sequence);
	/* a stamp from later on: the one of these bytes was missed */
	if (arrived_ns == 0 || arrived_ns > slot->received_ns) {
		arrived_ns = slot->received_ns;
		slot->approximate = connection->late ? APPROXIMATE_ATTACHED_LATE
						     : APPROXIMATE_NO_ARRIVAL;
	}
	slot->arrived_ns = arrived_ns;
	slot->body_bytes = 0;
	slot->dropped_before = receive->dropped;
	slot->method = method;
	slot->flags = 0;
	slot->path_length = 0;
	receive->reading = receive->pushed & (PIPELINE_MAX - 1);
	TRACKER_PUBLISH(receive->pushed, receive->pushed + 1);
	return EVENT_SEEN;
}

/* End of a request's header section: what follows it (RFC 9112, section 6.3). */
static __always_inline void tracker_receive_head(struct connection *connection,
						 struct tracker_job *job)
{
	struct http_parser *parser = &job->feed.parser;
	__u8 flags = parser->flags;

	if (flags & HTTP_CHUNKED) {
		parser->phase = PHASE_CHUNK_SIZE;
		parser->number = 0;
		parser->flags = flags & ~HTTP_LINE_FLAGS;
	} else if (flags & (HTTP_HAS_CODING | HTTP_LENGTH_BAD)) {
		/* the server must refuse it and close */
		tracker_receive_lose(connection, job, APPROXIMATE_NONE);
	} else if (parser->length > 0) {
		parser->phase = PHASE_BODY;
		parser->remaining = parser->length;
	} else {
		http_parser_init(parser, PHASE_REQUEST);
	}
}

/* The route of the request being read is complete. */
static __always_inline void tracker_receive_route(struct connection *connection,
						  struct tracker_job *job)
{
	struct request_slot *slot = tracker_reading(connection);

	if (job->feed.line.other || slot->method == METHOD_CONNECT)
		return;
	tracker_path_copy(slot->path, job->feed.path);
	slot->path_length = job->feed.line.path_length;
	TRACKER_PUBLISH(slot->flags, slot->flags | SLOT_ROUTE);
}

/* What follows is not HTTP/1. */
static __always_inline __u32 tracker_receive_ignore(struct connection *connection,
						    struct tracker_job *job)
{
	struct http_feed *feed = &job->feed;
	__u32 last = index_mask(feed->window.position - 1, HTTP_WINDOW - 1);

	if (http_phase_is_chunk(feed->parser.phase)) {
		tracker_receive_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
		job->offset = job->length;
		return EVENT_NONE;
	}
	if (feed->parser.phase > PHASE_METHOD) {
		tracker_reading(connection)->flags |= SLOT_MALFORMED;
		job->reason = IGNORE_MALFORMED;
	} else if (feed->parser.phase == PHASE_REQUEST) {
		job->reason = tracker_classify(feed->window.bytes[last]);
	} else {
		job->reason = IGNORE_NOT_HTTP;
	}
	feed->parser.phase = PHASE_IGNORE;
	connection->ignored = job->reason;
	return EVENT_IGNORED;
}

/*
 * The window is filled; a call that begins while framing is lost may begin a
 * request.  Returns false if there is nothing to parse in it.
 */
static __always_inline bool tracker_receive_ready(struct tracker_job *job)
{
	struct http_feed *feed = &job->feed;

	if (feed->parser.phase != PHASE_LOST)
		return true;
	if (!tracker_begins_request(&feed->window)) {
		job->offset = job->length;
		return false;
	}
	http_parser_init(&feed->parser, PHASE_REQUEST);
	return true;
}

/*
 * The window was fed from position `before` on by the function of the parser's
 * phase, with this verdict; job->offset moves on.  Returns an event.
 */
static __always_inline __u32 tracker_receive_fed(struct connection *connection,
						 struct tracker_job *job, __u32 before,
						 __u32 verdict)
{
	struct http_feed *feed = &job->feed;

	job->offset += feed->window.position - before;
	if (http_phase_is_chunk(feed->parser.phase) || feed->parser.phase == PHASE_CHUNK_DATA)
		tracker_reading(connection)->body_bytes += feed->window.position - before;
	switch (verdict) {
	case HTTP_METHOD: /* its bytes and the space are contiguous */
		return tracker_receive_seen(connection, job,
					    job->sequence + (__u32)job->offset - 1 -
						    feed->line.method_length);
	case HTTP_TARGET:
		tracker_receive_route(connection, job);
		return EVENT_NONE;
	case HTTP_HEAD:
		tracker_receive_head(connection, job);
		return EVENT_NONE;
	case HTTP_END:
		http_parser_init(&feed->parser, PHASE_REQUEST);
		return EVENT_NONE;
	case HTTP_BAD:
		return tracker_receive_ignore(connection, job);
	default:
		return EVENT_NONE;
	}
}

/*
 * Likewise, by the scan of a request's first line and, if the verdict is
 * HTTP_HEAD, of its whole head.
 */
static __always_inline __u32 tracker_receive_scanned(struct connection *connection,
						     struct tracker_job *job, __u32 before,
						     __u32 verdict)
{
	__u32 event = tracker_receive_seen(connection, job, job->sequence + (__u32)job->offset);

	job->offset += job->feed.window.position - before;
	tracker_receive_route(connection, job);
	if (verdict == HTTP_HEAD)
		tracker_receive_head(connection, job);
	return event;
}

/*
 * The rest of this call cannot be looked at (reason: unreadable memory) or will
 * not be (the walk's bound).  Returns an event.
 */
static __always_inline __u32 tracker_receive_rest(struct connection *connection,
						  struct tracker_job *job, __u32 reason)
{
	__u64 left = job->length - job->offset;

	job->offset = job->length;
	return tracker_receive_pass(connection, job, left, reason);
}

/* ---- send ------------------------------------------------------------- */

/* Whom the final response whose head is complete answers. */
static __always_inline __u8 tracker_send_owner(struct connection *connection)
{
	struct send_part *send = &connection->send;
	__u32 dropped = TRACKER_OBSERVE(connection->receive.dropped);

	if (tracker_outstanding(connection) > 0 &&
	    tracker_slot(connection, send->answered)->dropped_before == send->dropped_answered)
		return OWNER_SLOT;
	return dropped != send->dropped_answered ? OWNER_DROPPED : OWNER_UNSOLICITED;
}

/* The response's framing is lost; what is open stays open until the sweep. */
static __always_inline __u32 tracker_send_lose(struct connection *connection,
					       struct tracker_job *job, __u32 reason)
{
	struct send_part *send = &connection->send;
	__u8 phase = job->feed.parser.phase;

	/* a head that is known up to its status is enough to be counted */
	if (send->owner == OWNER_NONE && http_phase_is_header(phase) &&
	    job->feed.parser.status >= 200)
		send->owner = tracker_send_owner(connection);
	job->feed.parser.phase = PHASE_LOST;
	if (send->owner == OWNER_SLOT) {
		if (!send->approximate)
			send->approximate = reason;
		return EVENT_NONE;
	}
	/* a response was due: whose it was can still be told */
	if (send->owner == OWNER_NONE && phase != PHASE_LOST && phase != PHASE_IGNORE) {
		send->owner = tracker_send_owner(connection);
		send->unsure = 1;
		if (send->owner == OWNER_SLOT)
			return tracker_lose(connection, job,
					    reason == APPROXIMATE_BODY_UNREADABLE ? LOSS_UNREADABLE
										  : LOSS_FRAMING);
	}
	if (send->owner == OWNER_DROPPED)
		send->dropped_answered++;
	send->owner = OWNER_NONE;
	return EVENT_NONE;
}

/* The response at hand is complete. */
static __always_inline __u32 tracker_send_complete(struct connection *connection,
						   struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	__u16 status = job->feed.parser.status;
	__u8 owner = send->owner;

	http_parser_init(&job->feed.parser, connection->tunnel ? PHASE_IGNORE : PHASE_RESPONSE);
	if (owner == OWNER_SLOT)
		return tracker_finish(connection, job, status, ERROR_NONE, send->last_ns);
	if (owner == OWNER_DROPPED)
		send->dropped_answered++;
	send->owner = OWNER_NONE;
	send->body_bytes = 0;
	return EVENT_NONE;
}

/* Bytes that went by without being looked at, in whatever phase. */
static __always_inline __u32 tracker_send_pass(struct connection *connection,
					       struct tracker_job *job, __u64 bytes, __u32 reason)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;

	if (parser->phase == PHASE_IGNORE)
		return EVENT_NONE;
	if (parser->phase == PHASE_LOST || parser->phase == PHASE_CLOSE) {
		if (send->owner != OWNER_NONE)
			send->body_bytes += bytes;
		return EVENT_NONE;
	}
	if ((parser->phase == PHASE_BODY || parser->phase == PHASE_CHUNK_DATA) &&
	    bytes <= parser->remaining) {
		send->body_bytes += bytes;
		parser->remaining -= bytes;
		if (parser->remaining > 0)
			return EVENT_NONE;
		if (parser->phase == PHASE_BODY)
			return tracker_send_complete(connection, job);
		parser->phase = PHASE_CHUNK_CRLF;
		return EVENT_NONE;
	}
	send->body_bytes += bytes;
	return tracker_send_lose(connection, job, reason);
}

/* Takes the send part's parser into the job. */
static __always_inline void tracker_send_load(struct connection *connection,
					      struct tracker_job *job)
{
	job->offset = 0;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
	job->feed.parser = connection->send.parser;
	job->sequence = connection->send.sequence;
}

/* Puts it back at the end of the call. */
static __always_inline void tracker_send_store(struct connection *connection,
					       struct tracker_job *job)
{
	connection->send.parser = job->feed.parser;
	if (connection->send.unsure)
		connection->send.doubtful = TRACKER_OBSERVE(connection->receive.pushed);
}

/* Requests that wait, and whose answer may have gone by unseen. */
static __always_inline bool tracker_send_doubts(struct connection *connection)
{
	return connection->send.unsure &&
	       (__s32)(connection->send.doubtful - connection->send.answered) > 0;
}

/*
 * Where it is not known how many answers went by: a client asks anew when it has
 * been answered, so new requests end the doubt, and what waited before is lost.
 * To be called, before a send call begins, until it returns EVENT_NONE (at most
 * PIPELINE_MAX times).
 */
static __always_inline __u32 tracker_send_resync(struct connection *connection,
						 struct tracker_job *job)
{
	struct send_part *send = &connection->send;

	if (send->owner == OWNER_SLOT) /* in the middle of its answer */
		return EVENT_NONE;
	if (tracker_outstanding(connection) == 0 ||
	    (!tracker_send_doubts(connection) &&
	     TRACKER_OBSERVE(connection->receive.pushed) != send->doubtful)) {
		send->unsure = 0;
		return EVENT_NONE;
	}
	if (!tracker_send_doubts(connection) ||
	    TRACKER_OBSERVE(connection->receive.pushed) == send->doubtful)
		return EVENT_NONE;
	return tracker_lose(connection, job, LOSS_FRAMING);
}

/*
 * Begins a send call of job->length bytes.  end: write_seq behind it.  Returns
 * an event (bytes that no hook showed may have completed a response).
 */
static __always_inline __u32 tracker_send_begin(struct connection *connection,
						struct tracker_job *job, __u32 end)
{
	struct send_part *send = &connection->send;
	__u32 event;
	__s32 gap;

	tracker_send_load(connection, job);
	job->sequence = end - (__u32)job->length;
	gap = (__s32)(job->sequence - send->sequence);
	send->sequence = end;
	if (gap == 0 || job->feed.parser.phase == PHASE_IGNORE)
		return EVENT_NONE;
	if (gap > 0)
		event = tracker_send_pass(connection, job, gap, APPROXIMATE_BODY_UNREADABLE);
	else
		event = tracker_send_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	if (job->feed.parser.phase == PHASE_LOST)
		send->unsure = 1;
	return event;
}

/*
 * Consumes what needs no look: returns how many bytes, 0: show me the next.
 * *event: what that completed.
 */
static __always_inline __u64 tracker_send_skip(struct connection *connection,
					       struct tracker_job *job, __u32 *event)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u64 left = job->length - job->offset;

	*event = EVENT_NONE;
	if (parser->phase == PHASE_LOST && job->offset == 0)
		return 0;
	if (parser->phase != PHASE_BODY && parser->phase != PHASE_CHUNK_DATA &&
	    parser->phase != PHASE_CLOSE && parser->phase != PHASE_LOST &&
	    parser->phase != PHASE_IGNORE)
		return 0;
	send->last_ns = job->now_ns;
	if ((parser->phase == PHASE_BODY || parser->phase == PHASE_CHUNK_DATA) &&
	    left > parser->remaining)
		left = parser->remaining;
	*event = tracker_send_pass(connection, job, left, APPROXIMATE_NONE);
	return left;
}

/* End of a response's header section: what follows it (RFC 9112, section 6.3). */
static __always_inline __u32 tracker_send_head(struct connection *connection,
					       struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u8 flags = parser->flags;
	__u16 status = parser->status;
	__u8 method = METHOD_NONE;
	__u32 event = EVENT_NONE;
	bool unsolicited;

	if (status < 200 && status != 101) {
		http_parser_init(parser, PHASE_RESPONSE);
		return EVENT_NONE;
	}
	send->owner = tracker_send_owner(connection);
	if (send->owner == OWNER_SLOT)
		method = tracker_slot(connection, send->answered)->method;
	else if (send->owner == OWNER_DROPPED &&
		 connection->receive.dropped_heads >> (send->dropped_answered & 63) & 1)
		method = METHOD_HEAD;
	send->body_bytes = 0;
	send->approximate = APPROXIMATE_NONE;
	unsolicited = send->owner == OWNER_UNSOLICITED;
	if (status == 101 || (method == METHOD_CONNECT && status < 300))
		connection->tunnel = 1;
	if (connection->tunnel || method == METHOD_HEAD || status == 204 || status == 304) {
		event = tracker_send_complete(connection, job);
	} else if (flags & HTTP_CHUNKED) {
		parser->phase = PHASE_CHUNK_SIZE;
		parser->number = 0;
		parser->flags = flags & ~HTTP_LINE_FLAGS;
	} else if ((flags & HTTP_HAS_CODING) || !(flags & HTTP_HAS_LENGTH)) {
		parser->phase = PHASE_CLOSE;
	} else if (flags & HTTP_LENGTH_BAD) {
		event = tracker_send_lose(connection, job, APPROXIMATE_BODY_UNREADABLE);
	} else if (parser->length == 0) {
		event = tracker_send_complete(connection, job);
	} else {
		parser->phase = PHASE_BODY;
		parser->remaining = parser->length;
	}
	if (unsolicited) {
		job->reason = IGNORE_UNSOLICITED;
		return EVENT_IGNORED;
	}
	return event;
}

/* Whether a window begins with the version of a status line. */
static __always_inline bool tracker_begins_response(const struct http_window *window)
{
	return window->fill >= 8 &&
	       (word_load(window->bytes) & WORD_BYTES(7)) == HTTP_TOKEN_WORD("HTTP/1.", 0);
}

/* A response begins with this call's next byte. */
static __always_inline void tracker_send_starts(struct connection *connection,
						struct tracker_job *job)
{
	connection->send.first_ns = job->now_ns;
	connection->send.last_ns = job->now_ns;
}

/*
 * The window is filled.  If the call begins while framing is lost, and with a
 * response, the one that is open ends with what was sent before: *event.
 * Returns false if there is nothing to parse in it.
 */
static __always_inline bool tracker_send_ready(struct connection *connection,
					       struct tracker_job *job, __u32 *event)
{
	struct send_part *send = &connection->send;

	*event = EVENT_NONE;
	if (job->feed.parser.phase != PHASE_LOST) {
		/* not again where the status line goes on in another call */
		if (http_response_begins(&job->feed.parser))
			send->first_ns = job->now_ns;
		send->last_ns = job->now_ns;
		return true;
	}
	if (tracker_begins_response(&job->feed.window) &&
	    (send->owner != OWNER_SLOT || tracker_outstanding(connection) > 1)) {
		*event = tracker_send_complete(connection, job);
		send->first_ns = job->now_ns;
		send->last_ns = job->now_ns;
		return true;
	}
	if (send->owner != OWNER_NONE) {
		send->body_bytes += job->length - job->offset;
		send->last_ns = job->now_ns;
	}
	job->offset = job->length;
	return false;
}

/*
 * The window was fed from position `before` on by the function of the parser's
 * phase, with this verdict; job->offset moves on.  Returns an event.
 */
static __always_inline __u32 tracker_send_fed(struct connection *connection,
					      struct tracker_job *job, __u32 before, __u32 verdict)
{
	struct send_part *send = &connection->send;
	__u8 phase = job->feed.parser.phase;

	job->offset += job->feed.window.position - before;
	if (http_phase_is_chunk(phase) || phase == PHASE_CHUNK_DATA)
		send->body_bytes += job->feed.window.position - before;
	switch (verdict) {
	case HTTP_HEAD:
		return tracker_send_head(connection, job);
	case HTTP_END:
		return tracker_send_complete(connection, job);
	case HTTP_BAD:
		send->body_bytes += job->length - job->offset;
		job->offset = job->length;
		/* with its status known, it is counted */
		return tracker_send_lose(connection, job,
					 job->feed.parser.status >= 200
						 ? APPROXIMATE_BODY_UNREADABLE
						 : APPROXIMATE_NONE);
	default:
		return EVENT_NONE;
	}
}

/*
 * The rest of this call cannot be looked at, or will not be.  Returns an event.
 */
static __always_inline __u32 tracker_send_rest(struct connection *connection,
					       struct tracker_job *job, __u32 reason)
{
	__u64 left = job->length - job->offset;

	job->offset = job->length;
	connection->send.last_ns = job->now_ns;
	return tracker_send_pass(connection, job, left, reason);
}

/* ---- end -------------------------------------------------------------- */

/*
 * The target's side of the connection is over: ends one request that is still
 * open.  To be called until it returns EVENT_NONE (at most PIPELINE_MAX times).
 */
static __always_inline __u32 tracker_end(struct connection *connection, struct tracker_job *job)
{
	struct send_part *send = &connection->send;
	struct http_parser *parser = &job->feed.parser;
	__u8 phase = parser->phase;
	__u16 status = parser->status >= 200 ? parser->status : 0;
	bool reset = connection->end & END_RESET;
	bool peer_first = reset || (connection->end & END_PEER_CLOSED);
	bool client_first = connection->peer ? !peer_first : peer_first;
	__u32 error = ERROR_NONE;

	if (tracker_outstanding(connection) == 0)
		return EVENT_NONE;
	if (send->owner != OWNER_SLOT &&
	    tracker_slot(connection, send->answered)->flags & SLOT_MALFORMED)
		return tracker_lose(connection, job, LOSS_MALFORMED);
	if (send->owner != OWNER_SLOT && tracker_send_doubts(connection))
		return tracker_lose(connection, job, LOSS_FRAMING);
	if (phase == PHASE_LOST && send->owner == OWNER_SLOT)
		return tracker_send_complete(connection, job);
	if (send->owner == OWNER_NONE && http_phase_is_header(phase))
		send->owner = tracker_send_owner(connection);
	http_parser_init(parser, phase == PHASE_LOST ? PHASE_LOST : PHASE_RESPONSE);
	/* what was being sent may have been an answer to somebody else */
	if (status == 0 || send->owner != OWNER_SLOT) {
		send->body_bytes = 0;
		return tracker_finish(connection, job, 0,
				      client_first ? ERROR_CLIENT_ABORT : ERROR_NO_RESPONSE,
				      job->now_ns);
	}
	/* in the middle of an answer */
	if (client_first && (connection->peer || reset || phase != PHASE_CLOSE))
		error = ERROR_CLIENT_ABORT;
	else if (reset || phase != PHASE_CLOSE)
		send->approximate = APPROXIMATE_TRUNCATED;
	return tracker_finish(connection, job, status, error, send->last_ns);
}

/*
 * Ends a response whose end is unknown if nothing was sent since before_ns.
 * Returns an event.
 */
static __always_inline __u32 tracker_sweep(struct connection *connection, struct tracker_job *job,
					   __u64 before_ns)
{
	struct send_part *send = &connection->send;

	if (job->feed.parser.phase != PHASE_LOST || send->owner != OWNER_SLOT ||
	    send->last_ns > before_ns)
		return EVENT_NONE;
	tracker_send_complete(connection, job);
	job->feed.parser.phase = PHASE_LOST;
	return EVENT_FINISHED;
}

/* ---- begin ------------------------------------------------------------ */

/*
 * A connection just established: both directions at the start of a message.
 * received: copied_seq, sent: write_seq.
 */
static __always_inline void tracker_begin(struct connection *connection, __u32 received, __u32 sent)
{
	connection->receive.sequence = received;
	connection->receive.reading = SLOT_SPARE;
	connection->arrival.end = received;
	connection->send.sequence = sent;
	connection->delivery.acked = sent;
	http_parser_init(&connection->receive.parser, PHASE_REQUEST);
	http_parser_init(&connection->send.parser, PHASE_RESPONSE);
}

/* A connection that was open before it was noticed. */
static __always_inline void tracker_begin_late(struct connection *connection, __u32 received,
					       __u32 sent)
{
	tracker_begin(connection, received, sent);
	connection->late = 1;
	connection->receive.parser.phase = PHASE_LOST;
	connection->send.parser.phase = PHASE_LOST;
}

#endif

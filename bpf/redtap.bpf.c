// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * redtap.bpf.c - the programs: one SEC() per hook, which unpacks the hook's
 * arguments and calls one function.
 *
 * Inputs: socket, process and state tracepoints.  Outputs: none of its own; the
 * included headers keep the maps.  How the kernel is tapped is known here alone.
 */
#include "accept.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum walk {
	WALK_ON = 0,
	WALK_DONE,
};

/* The parser's loops; functions of their own, so that the verifier checks each once. */
#define FEED_PROGRAM(name, feed_function)                                                          \
	__noinline int name(__u32 owner)                                                           \
	{                                                                                          \
		struct scratch *scratch = scratch_get(owner);                                      \
                                                                                                   \
		return scratch ? feed_function(&scratch->job.feed) : HTTP_MORE;                    \
	}

FEED_PROGRAM(feed_method, http_method_feed)
FEED_PROGRAM(feed_target, http_target_feed)
FEED_PROGRAM(feed_status, http_status_feed)
FEED_PROGRAM(feed_header, http_header_feed)
FEED_PROGRAM(feed_chunk, http_chunk_feed)
FEED_PROGRAM(scan_lines, http_lines_scan)
FEED_PROGRAM(scan_request, http_request_scan)
FEED_PROGRAM(scan_response, http_response_scan)

/* Goes on with a header section. */
static __always_inline __u32 head_parse(struct tracker_job *job, __u32 owner)
{
	__u32 position = job->feed.window.position, verdict = HTTP_MORE;

	if (http_phase_is_line(job->feed.parser.phase))
		verdict = scan_lines(owner);
	if (job->feed.window.position == position)
		verdict = feed_header(owner);
	return verdict;
}

/* Whether a position in a byte stream has been worked on. */
static __always_inline bool sequence_reached(__u32 end, __u32 worked)
{
	return (__s32)(end - worked) <= 0;
}

/* ---- pairs of programs ------------------------------------------------ */

/* Whether receive and send have a second program each, see HOOK(); set by the loader. */
const volatile bool calls_repeated = false;

/* The first of a pair has done what was to be done for the call that ended here. */
static __always_inline void call_done(__u32 hook, __u64 address, __u32 position)
{
	struct last_done *last = bpf_map_lookup_elem(&last_dones, &hook);

	if (last) {
		last->sock = address;
		last->position = position;
	}
}

/*
 * Asked by the second: if it was on this CPU, and nothing else since.  A position
 * comes once on a socket, so that what was left long ago is not taken for it.
 */
static __always_inline bool call_is_done(__u32 hook, __u64 address, __u32 position)
{
	const struct last_done *last = bpf_map_lookup_elem(&last_dones, &hook);

	return last && last->sock == address && last->position == position;
}

/* ---- requests --------------------------------------------------------- */

static __always_inline __u32 receive_parse(struct tracker_job *job, __u32 owner)
{
	__u8 phase = job->feed.parser.phase;

	if (http_phase_is_method(phase))
		return feed_method(owner);
	if (http_phase_is_target(phase))
		return feed_target(owner);
	if (http_phase_is_header(phase))
		return head_parse(job, owner);
	return feed_chunk(owner);
}

/* Fills the window if it is used up. */
static __always_inline __u32 window_fill(struct tracker_job *job, struct byte_source *source)
{
	if (job->feed.window.position < job->feed.window.fill)
		return SOURCE_READY;
	return byte_source_fetch(source, &job->feed.window, job->length - job->offset);
}

/* Bytes were stepped over: what the window holds is not what comes next. */
static __always_inline void walk_skip(struct tracker_job *job, struct byte_source *source,
				      __u64 bytes)
{
	job->offset += bytes;
	source->behind += bytes;
	job->feed.window.fill = 0;
	job->feed.window.position = 0;
}

/*
 * Takes the head of a request that begins here, if the window holds it in one of
 * the forms that nearly all have.  Returns false if nothing was taken.
 */
static __always_inline bool receive_scan(struct connection *connection, struct scratch *scratch,
					 __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 position = job->feed.window.position, verdict;
	__u64 before = job->offset;

	if (job->feed.parser.phase != PHASE_REQUEST)
		return false;
	if (!scan_request(owner))
		return false;
	verdict = scan_lines(owner) == HTTP_HEAD ? HTTP_HEAD : HTTP_TARGET;
	event_enter(owner, connection, job,
		    tracker_receive_scanned(connection, job, position, verdict));
	scratch->source.behind += job->offset - before;
	return true;
}

/*
 * One step over the bytes of a receive call.  A function of its own for the
 * verifier, which checks it once instead of at each turn of the loop.
 */
__noinline int receive_step(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	struct tracker_job *job;
	__u32 position, result;
	__u64 before, skip;

	if (!connection || !scratch)
		return WALK_DONE;
	job = &scratch->job;
	before = job->offset;
	if (before >= job->length)
		return WALK_DONE;
	skip = tracker_receive_skip(connection, job);
	if (skip) {
		walk_skip(job, &scratch->source, skip);
		return WALK_ON;
	}
	result = window_fill(job, &scratch->source);
	if (result != SOURCE_READY)
		return result == SOURCE_AGAIN ? WALK_ON : WALK_DONE;
	if (!tracker_receive_ready(job))
		return WALK_DONE;
	if (receive_scan(connection, scratch, owner))
		return WALK_ON;
	position = job->feed.window.position;
	event_enter(owner, connection, job,
		    tracker_receive_fed(connection, job, position, receive_parse(job, owner)));
	scratch->source.behind += job->offset - before;
	return WALK_ON;
}

/*
 * Walks the bytes of one receive call; the receive part is claimed.  A request
 * that begins with the call and lies in its first window takes no step.
 */
static __always_inline void receive_walk(struct connection *connection, struct scratch *scratch,
					 __u64 address, __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 i;

	if (job->feed.parser.phase == PHASE_REQUEST &&
	    window_fill(job, &scratch->source) == SOURCE_READY)
		receive_scan(connection, scratch, owner);
	if (job->offset >= job->length)
		return;
	for (i = 0; i < TRACKER_WALK_STEPS; i++)
		if (receive_step(address, owner) != WALK_ON)
			break;
	if (job->offset < job->length)
		event_enter(owner, connection, job,
			    tracker_receive_rest(connection, job,
						 i < TRACKER_WALK_STEPS
							 ? APPROXIMATE_BODY_UNREADABLE
							 : APPROXIMATE_HEAD_TOO_LONG));
}

/* include/linux/socket.h */
enum message_flag {
	MESSAGE_OOB = 1,
	MESSAGE_PEEK = 2,
	MESSAGE_TRUNC = 0x20,
	MESSAGE_ERRQUEUE = 0x2000,
};

/* Of these calls, the bytes are taken later, or are none of the stream's. */
#define MESSAGE_NOT_TAKEN (MESSAGE_OOB | MESSAGE_PEEK | MESSAGE_ERRQUEUE)

/* A call that is complete. */
struct call {
	struct sock *sock;
	__u64 address; /* of sock */
	__u64 inode;   /* likewise */
	__u64 length;  /* bytes that it moved */
	__u32 flags;   /* enum message_flag, as far as they matter */
	__u32 owner;   /* of its scratch */
};

/* Requests are received by a server and sent by a client; position behind them. */
static __always_inline __u32 requests_end(struct connection *connection, struct sock *sock)
{
	return is_client(connection) ? sock_sent(sock) : sock_received(sock);
}

static __always_inline void call_source(const struct call *call, struct byte_source *source)
{
	if (call->flags & MESSAGE_TRUNC) /* taken, and put nowhere */
		byte_source_none(source);
	else
		byte_source_init(source, call->length);
}

/* A call that moved bytes of requests. */
static __always_inline void on_requests(struct scratch *scratch, struct connection *connection,
					const struct call *call)
{
	struct tracker_job *job = &scratch->job;
	struct sock *sock = call->sock;
	__u64 address = call->address;
	__u32 owner = call->owner;
	__u32 end;

	if (!part_claim(&connection->receive.claim)) {
		if (connection->sock == address && connection->watched)
			ledger_add(&ledger.approximate[APPROXIMATE_CONTENTION], 1);
		return;
	}
	end = requests_end(connection, sock);
	if (!connection_check(connection, call->inode, address)) {
		/* not a target's call: what comes next is the middle of something */
		if (connection->sock == address && !connection->watched) {
			connection->late = 1;
			connection->receive.sequence = end;
			connection->receive.parser.phase = PHASE_LOST;
		}
		connection_release(connection, &connection->receive.claim, address, owner);
		return;
	}
	job->now_ns = bpf_ktime_get_ns();
	job->length = call->length;
	event_enter(owner, connection, job, tracker_receive_begin(connection, job, end));
	if (job->feed.parser.phase != PHASE_IGNORE) {
		call_source(call, &scratch->source);
		receive_walk(connection, scratch, address, owner);
	}
	tracker_receive_store(connection, job);
	if (calls_repeated && owner < SCRATCH_AGAIN)
		call_done(owner, address, end);
	connection_release(connection, &connection->receive.claim, address, owner);
}

/* Set by the loader when it begins to detach: receives go unseen from now on. */
__u32 detaching = 0;

/*
 * What is about to be answered may have been received past every hook (splice,
 * zero-copy receive): then its bytes are entered before the answer is.  Only where
 * no other call can be in the middle of receiving what is answered: nothing is
 * known to wait, or what waits is the one being read.
 */
__noinline int receive_catch_up(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct scratch *scratch = scratch_get(owner);
	struct tracker_job *job;

	if (!connection || !scratch || !part_claim(&connection->receive.claim))
		return 0;
	job = &scratch->job;
	job->now_ns = bpf_ktime_get_ns();
	job->length = 0;
	event_enter(owner, connection, job,
		    tracker_receive_begin(connection, job, sock_received(sock)));
	tracker_receive_store(connection, job);
	part_release(&connection->receive.claim);
	return 0;
}

static __always_inline bool receive_is_behind(struct connection *connection, struct sock *sock)
{
	__u8 phase = TRACKER_OBSERVE(connection->receive.parser.phase);
	__u32 outstanding = tracker_outstanding(connection);

	/* what its end has ended waits no more, and may be received still */
	if (TRACKER_OBSERVE(detaching) || TRACKER_OBSERVE(connection->closing) ||
	    phase == PHASE_LOST || phase == PHASE_IGNORE)
		return false;
	if (outstanding > 1 || (outstanding == 1 && phase <= PHASE_METHOD))
		return false;
	return TRACKER_OBSERVE(connection->receive.sequence) != sock_received(sock);
}

/* ---- responses -------------------------------------------------------- */

/* Keeps the list of responses whose end is not known. */
static __always_inline void open_ended_note(struct connection *connection, __u64 address)
{
	__u8 one = 1;

	if (connection->send.parser.phase == PHASE_LOST && connection->send.owner == OWNER_SLOT)
		bpf_map_update_elem(&open_ended, &address, &one, BPF_ANY);
}

static __always_inline __u32 send_parse(struct tracker_job *job, __u32 owner)
{
	__u8 phase = job->feed.parser.phase;

	if (http_phase_is_status(phase))
		return feed_status(owner);
	if (http_phase_is_header(phase))
		return head_parse(job, owner);
	return feed_chunk(owner);
}

/* Consumes what needs no look.  Returns false if something does. */
static __always_inline bool send_skip(struct connection *connection, struct scratch *scratch,
				      __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 event;
	__u64 skip = tracker_send_skip(connection, job, &event);

	if (skip == 0)
		return false;
	walk_skip(job, &scratch->source, skip);
	event_enter(owner, connection, job, event);
	return true;
}

/* As receive_scan(), of a response. */
static __always_inline bool send_scan(struct connection *connection, struct scratch *scratch,
				      __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 position = job->feed.window.position, verdict;
	__u64 before = job->offset;

	if (!http_response_begins(&job->feed.parser))
		return false;
	if (!scan_response(owner))
		return false;
	verdict = scan_lines(owner);
	event_enter(owner, connection, job, tracker_send_fed(connection, job, position, verdict));
	scratch->source.behind += job->offset - before;
	return true;
}

/* One step over the bytes of a send call; likewise. */
__noinline int send_step(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	struct tracker_job *job;
	__u32 event, position, result;
	__u64 before;

	if (!connection || !scratch)
		return WALK_DONE;
	job = &scratch->job;
	before = job->offset;
	if (before >= job->length)
		return WALK_DONE;
	if (send_skip(connection, scratch, owner))
		return WALK_ON;
	result = window_fill(job, &scratch->source);
	if (result != SOURCE_READY)
		return result == SOURCE_AGAIN ? WALK_ON : WALK_DONE;
	if (!tracker_send_ready(connection, job, &event))
		return WALK_DONE;
	event_enter(owner, connection, job, event);
	if (send_scan(connection, scratch, owner))
		return WALK_ON;
	position = job->feed.window.position;
	event_enter(owner, connection, job,
		    tracker_send_fed(connection, job, position, send_parse(job, owner)));
	scratch->source.behind += job->offset - before;
	return WALK_ON;
}

/*
 * Walks the bytes of one send call; the send part is claimed.  Neither a response
 * that begins with the call and has its head in the first window nor what goes
 * on with a body takes a step.
 */
static __always_inline void send_walk(struct connection *connection, struct scratch *scratch,
				      __u64 address, __u32 owner)
{
	struct tracker_job *job = &scratch->job;
	__u32 i;

	if (http_response_begins(&job->feed.parser) &&
	    window_fill(job, &scratch->source) == SOURCE_READY) {
		tracker_send_starts(connection, job);
		send_scan(connection, scratch, owner);
	}
	if (job->offset < job->length)
		send_skip(connection, scratch, owner);
	if (job->offset >= job->length)
		return;
	for (i = 0; i < TRACKER_WALK_STEPS; i++)
		if (send_step(address, owner) != WALK_ON)
			break;
	if (job->offset < job->length)
		event_enter(owner, connection, job,
			    tracker_send_rest(connection, job,
					      i < TRACKER_WALK_STEPS
						      ? APPROXIMATE_BODY_UNREADABLE
						      : APPROXIMATE_CHUNKS_TOO_MANY));
}

/* Finds out again whose turn it is.  A function of its own for the verifier. */
__noinline int send_resync(__u64 address, __u32 owner)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(owner);
	__u32 i, event;

	if (!connection || !scratch)
		return 0;
	for (i = 0; i < PIPELINE_MAX; i++) {
		event = tracker_send_resync(connection, &scratch->job);
		if (event == EVENT_NONE)
			break;
		event_enter(owner, connection, &scratch->job, event);
	}
	return 0;
}

/* Responses are sent by a server and received by a client; position behind them. */
static __always_inline __u32 responses_end(struct connection *connection, struct sock *sock)
{
	return is_client(connection) ? sock_received(sock) : sock_sent(sock);
}

/* A call that moved bytes of responses. */
static __always_inline void on_responses(struct scratch *scratch, struct connection *connection,
					 const struct call *call)
{
	struct tracker_job *job = &scratch->job;
	struct sock *sock = call->sock;
	__u64 address = call->address;
	__u32 owner = call->owner;
	__u32 end;

	if (!part_claim(&connection->send.claim)) {
		if (connection->sock == address && connection->watched)
			ledger_add(&ledger.approximate[APPROXIMATE_CONTENTION], 1);
		return;
	}
	end = responses_end(connection, sock);
	if (!connection_check(connection, call->inode, address)) {
		if (connection->sock == address && !connection->watched) {
			connection->send.sequence = end;
			connection->send.parser.phase = PHASE_LOST;
		}
		connection_release(connection, &connection->send.claim, address, owner);
		return;
	}
	if (!is_client(connection) && receive_is_behind(connection, sock))
		receive_catch_up(address, owner);
	if (connection->send.unsure)
		send_resync(address, owner);
	job->now_ns = bpf_ktime_get_ns();
	job->length = call->length;
	event_enter(owner, connection, job, tracker_send_begin(connection, job, end));
	if (!connection->ignored || !tracker_idle(connection)) {
		call_source(call, &scratch->source);
		send_walk(connection, scratch, address, owner);
	}
	tracker_send_store(connection, job);
	open_ended_note(connection, address);
	if (calls_repeated && owner < SCRATCH_AGAIN)
		call_done(owner, address, end);
	connection_release(connection, &connection->send.claim, address, owner);
}

/* ---- calls ------------------------------------------------------------ */

static __always_inline void on_receive(__u64 address, __u64 length, __u32 flags, __u32 again)
{
	struct call call = {
		.sock = KERNEL_POINTER(struct sock, address),
		.address = address,
		.length = length,
		.flags = flags,
		.owner = SCRATCH_RECEIVE + again,
	};
	struct connection *connection;
	struct scratch *scratch;
	__u32 worked;

	if (!sock_is_of_interest(call.sock) ||
	    (again && call_is_done(SCRATCH_RECEIVE, address, sock_received(call.sock))))
		return;
	scratch = scratch_get(call.owner);
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!scratch)
		return;
	call.inode = sock_inode(call.sock);
	if (connection && connection_is_stale(connection, call.inode)) {
		connection_expel(connection, address, call.owner);
		connection = 0;
	}
	if (again) {
		if (!connection)
			return;
		worked = is_client(connection) ? connection->send.sequence
					       : connection->receive.sequence;
		if (sequence_reached(sock_received(call.sock), worked))
			return;
	}
	if (!connection)
		connection = connection_adopt(scratch, call.owner, call.sock, address,
					      sock_received(call.sock) - (__u32)length,
					      sock_sent(call.sock));
	if (!connection)
		return;
	if (is_client(connection))
		on_responses(scratch, connection, &call);
	else
		on_requests(scratch, connection, &call);
}

static __always_inline void on_send(__u64 address, __u64 length, __u32 again)
{
	struct call call = {
		.sock = KERNEL_POINTER(struct sock, address),
		.address = address,
		.length = length,
		.owner = SCRATCH_SEND + again,
	};
	struct connection *connection;
	struct scratch *scratch;
	__u32 worked;

	if (!sock_is_of_interest(call.sock) ||
	    (again && call_is_done(SCRATCH_SEND, address, sock_sent(call.sock))))
		return;
	scratch = scratch_get(call.owner);
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!scratch)
		return;
	if (!connection && !again)
		connection = connection_adopt_client(scratch, call.sock, address,
						     sock_sent(call.sock) - (__u32)length);
	if (!connection)
		return;
	if (again) {
		worked = is_client(connection) ? connection->receive.sequence
					       : connection->send.sequence;
		if (sequence_reached(sock_sent(call.sock), worked))
			return;
	}
	call.inode = sock_inode(call.sock);
	if (is_client(connection))
		on_requests(scratch, connection, &call);
	else
		on_responses(scratch, connection, &call);
}

/* ---- arrival ---------------------------------------------------------- */

static __always_inline void on_data_ready(__u64 address, __u32 again)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct connection *connection;
	__u32 end;

	if (!sock_is_of_interest(sock))
		return;
	end = sock_arrived(sock);
	if (again && call_is_done(SCRATCH_ARRIVAL, address, end))
		return;
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!connection) {
		struct scratch *scratch = scratch_get(SCRATCH_ARRIVAL + again);

		/* open before attach, perhaps: the first reader will tell whose it is */
		if (!scratch || sock_state(sock) != STATE_ESTABLISHED || !sock_is_tcp(sock) ||
		    !sock_is_listened(sock))
			return;
		connection = connection_make(scratch, address, true, 0, sock_received(sock),
					     sock_sent(sock));
		if (!connection)
			return;
	}
	if (!is_client(connection))
		tracker_arrival(connection, end, bpf_ktime_get_ns());
	if (!again)
		call_done(SCRATCH_ARRIVAL, address, end);
}

/* ---- state ------------------------------------------------------------ */

/* A listening socket of a target: its port is watched from now on. */
static __always_inline void on_listen(__u64 address)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct listener_key key = {};
	__u16 service;

	if (!process_is_target(&service) || !sock_is_tcp(sock))
		return;
	key.port = sock_local_port(sock);
	key.netns = sock_netns(sock);
	if (key.port)
		listener_enter(&key);
	else
		unbound_note(address);
}

/* ESTABLISHED always begins anew: what the address held before is stale. */
static __always_inline void on_established(__u64 address, __u32 owner)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct scratch *scratch = scratch_get(owner);
	struct connection *stale = bpf_map_lookup_elem(&connections, &address);

	if (!scratch)
		return;
	/* TCP Fast Open: accepted, and in use, before the handshake was complete */
	if (stale && stale->inode && stale->inode == sock_inode(sock))
		return;
	if (stale && owner >= SCRATCH_AGAIN && stale->inode == 0 && stale->arrival.written == 0 &&
	    stale->receive.sequence == sock_received(sock))
		return; /* made a moment ago, for this very event */
	if (stale) {
		closing_set(stale, CLOSING_END | CLOSING_DELETE);
		connection_settle(address, owner);
	}
	if (!sock_is_tcp(sock) || !sock_is_listened(sock))
		return;
	scratch->blank.established_ns = phase_is_wanted(REQUEST_PHASE_ACCEPT) ? bpf_ktime_get_ns()
									      : 0;
	/* here alone, so once a connection: each later call tries to enter it again */
	if (!connection_make(scratch, address, false, 0, sock_received(sock), sock_sent(sock)) &&
	    owner < SCRATCH_AGAIN)
		ledger_add(&ledger.ignored[IGNORE_CONNECTIONS_FULL], 1);
}

/* A target connects: an entry for the client's connection that this may become. */
static __always_inline void on_connect(__u64 address, __u32 owner)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct scratch *scratch = scratch_get(owner);
	struct connection *stale = bpf_map_lookup_elem(&connections, &address);
	__u16 service;

	if (!scratch || !sock_is_tcp(sock) || !process_is_target(&service))
		return;
	if (stale && owner >= SCRATCH_AGAIN && is_client(stale) && stale->inode == 0)
		return; /* made a moment ago, for this very event */
	if (stale)
		connection_expel(stale, address, owner);
	if (!connection_make(scratch, address, false, peer_number(sock), 0, 0) &&
	    owner < SCRATCH_AGAIN)
		ledger_add(&ledger.ignored[IGNORE_CONNECTIONS_FULL], 1);
}

/* The server has accepted: both directions begin here. */
static __always_inline void on_connected(__u64 address)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);

	if (connection && is_client(connection) && connection->inode == 0)
		tracker_begin(connection, sock_sent(sock), sock_received(sock));
}

/*
 * The end of a client's connection.  It may read an answer after it has shut down
 * sending, and after the server is gone: only its own close() is the end, or that of
 * the socket.
 */
static __always_inline __u32 client_state(struct connection *connection, struct sock *sock,
					  int from, int to)
{
	switch (to) {
	case STATE_CLOSE_WAIT:
		connection->end |= END_PEER_CLOSED;
		return 0;
	case STATE_FIN_WAIT1:
		return sock_given_up(sock) ? CLOSING_END : 0;
	case STATE_CLOSE:
		if (sock_inode(sock) == 0)
			return CLOSING_END | CLOSING_DELETE;
		connection->end |= from == STATE_FIN_WAIT2 ? END_PEER_CLOSED : END_RESET;
		return 0;
	default:
		return 0;
	}
}

static __always_inline void on_state(__u64 address, int from, int to, __u32 again)
{
	struct sock *sock = KERNEL_POINTER(struct sock, address);
	struct connection *connection;
	__u32 owner = SCRATCH_STATE + again;
	__u32 end = END_NONE, closing;

	if (to == STATE_LISTEN) {
		on_listen(address);
		return;
	}
	if (from == STATE_LISTEN)
		unbound_forget(address);
	if (!sock_is_of_interest(sock))
		return;
	if (to == STATE_ESTABLISHED) {
		if (from == STATE_SYN_RECV)
			on_established(address, owner);
		else if (settings.client)
			on_connected(address);
		return;
	}
	if (to == STATE_SYN_SENT) {
		if (settings.client)
			on_connect(address, owner);
		return;
	}
	connection = bpf_map_lookup_elem(&connections, &address);
	if (!connection)
		return;
	if (is_client(connection)) {
		closing = client_state(connection, sock, from, to);
		if (closing) {
			closing_set(connection, closing);
			connection_settle(address, owner);
		}
		return;
	}
	/* tcp_probe shows acknowledgements to established connections alone */
	if (phase_is_wanted(REQUEST_PHASE_DELIVER) && (to == STATE_FIN_WAIT2 || to == STATE_CLOSE))
		deliver_acknowledged(connection, address, sock_acknowledged(sock));
	switch (to) {
	case STATE_CLOSE_WAIT:
		connection->end |= END_PEER_CLOSED;
		return;
	case STATE_FIN_WAIT1:
	case STATE_LAST_ACK:
		end = END_LOCAL;
		break;
	case STATE_CLOSE:
		if (!sock_shut_down(sock)) {
			/* The application still has it: it may read what came before the
			 * reset, and a send that waits for room is not complete. */
			connection->end |= END_RESET;
			return;
		}
		end = END_LOCAL;
		break;
	default:
		return;
	}
	connection->end |= end;
	closing_set(connection, to == STATE_CLOSE ? CLOSING_END | CLOSING_DELETE : CLOSING_END);
	connection_settle(address, owner);
}

/* Nobody has the socket any more: a connection that the client reset ends here. */
static __always_inline void on_destroy(__u64 address, __u32 again)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);

	if (connection)
		connection_expel(connection, address, SCRATCH_DESTROY + again);
}

/* ---- processes -------------------------------------------------------- */

static __always_inline void on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 from = process_id(parent), to = process_id(child);
	struct target_value *target, copy;

	if (!to || from == to) /* a thread */
		return;
	target = bpf_map_lookup_elem(&targets, &from);
	if (!target || !target->follow)
		return;
	copy = *target;
	bpf_map_update_elem(&targets, &to, &copy, BPF_NOEXIST);
}

static __always_inline void on_exit(struct task_struct *task)
{
	__u32 pid;

	if (!process_ends(task))
		return;
	pid = process_id(task);
	bpf_map_delete_elem(&targets, &pid);
}

/* ---- sweep ------------------------------------------------------------ */

/* Ends the open-ended response of one connection if it has been silent. */
static __always_inline void on_sweep(__u64 address, __u64 before_ns)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct scratch *scratch = scratch_get(SCRATCH_SWEEP);
	__u32 event;

	if (!connection || !scratch) {
		bpf_map_delete_elem(&open_ended, &address);
		return;
	}
	if (!part_claim(&connection->send.claim))
		return;
	if (connection->sock == address) {
		scratch->job.now_ns = bpf_ktime_get_ns();
		tracker_send_load(connection, &scratch->job);
		event = tracker_sweep(connection, &scratch->job, before_ns);
		tracker_send_store(connection, &scratch->job);
		event_enter(SCRATCH_SWEEP, connection, &scratch->job, event);
		if (connection->send.owner != OWNER_SLOT)
			bpf_map_delete_elem(&open_ended, &address);
	}
	connection_release(connection, &connection->send.claim, address, SCRATCH_SWEEP);
}

/* ---- entry points ----------------------------------------------------- */

/*
 * From Linux 7.0 on, tracepoints do not disable preemption.  If a task is
 * preempted inside a program, the kernel skips this program for the tasks that
 * come next on that CPU.  There the loader attaches each program a second time,
 * behind the first, as again_*: it does what the first was skipped for, and
 * finds nothing to do otherwise.
 */
#define HOOK(tracepoint, handler)                                                                  \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int raw_tp_##tracepoint(struct bpf_raw_tracepoint_args *ctx)                               \
	{                                                                                          \
		handler(ctx, 0);                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("raw_tp/" #tracepoint)                                                                 \
	int again_##tracepoint(struct bpf_raw_tracepoint_args *ctx)                                \
	{                                                                                          \
		handler(ctx, SCRATCH_AGAIN);                                                       \
		return 0;                                                                          \
	}

/* sock_recv_length(sk, ret, flags), kernel 6.3: a receive call is complete. */
static __always_inline void handle_receive(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	int length = (int)ctx->args[1], flags = (int)ctx->args[2];

	if (length > 0 && !(flags & MESSAGE_NOT_TAKEN))
		on_receive(ctx->args[0], length, flags, again);
}
HOOK(sock_recv_length, handle_receive)

/* sock_send_length(sk, ret, flags), kernel 6.3: a send call is complete. */
static __always_inline void handle_send(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	int length = (int)ctx->args[1];

	if (length > 0)
		on_send(ctx->args[0], length, again);
}
HOOK(sock_send_length, handle_send)

/* sk_data_ready(sk), kernel 6.3: data was queued; under the socket's lock. */
static __always_inline void handle_data_ready(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_data_ready(ctx->args[0], again);
}
HOOK(sk_data_ready, handle_data_ready)

/* inet_sock_set_state(sk, oldstate, newstate), kernel 4.16; under the lock. */
static __always_inline void handle_state(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_state(ctx->args[0], (int)ctx->args[1], (int)ctx->args[2], again);
}
HOOK(inet_sock_set_state, handle_state)

/* tcp_destroy_sock(sk), kernel 4.16; the last of a socket. */
static __always_inline void handle_destroy(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	on_destroy(ctx->args[0], again);
}
HOOK(tcp_destroy_sock, handle_destroy)

/* tcp_probe(sk, skb), kernel 4.16; under the lock, before the segment is processed. */
static __always_inline void handle_segment(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again; /* the second finds nothing that is left */
	deliver_segment(ctx->args[0], ctx->args[1]);
}
HOOK(tcp_probe, handle_segment)

/* sys_exit(regs, ret): a system call returns. */
static __always_inline void handle_exit_call(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again; /* a connection is accepted once */
	if ((long)ctx->args[1] >= 0 && call_is_accept(KERNEL_POINTER(struct pt_regs, ctx->args[0])))
		on_accepted(ctx->args[1]);
}
HOOK(sys_exit, handle_exit_call)

/* sched_process_fork(parent, child) */
static __always_inline void handle_fork(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again; /* the same twice is the same */
	on_fork(KERNEL_POINTER(struct task_struct, ctx->args[0]),
		KERNEL_POINTER(struct task_struct, ctx->args[1]));
}
HOOK(sched_process_fork, handle_fork)

/* sched_process_exit(task): once for each thread. */
static __always_inline void handle_exit(struct bpf_raw_tracepoint_args *ctx, __u32 again)
{
	(void)again;
	on_exit(KERNEL_POINTER(struct task_struct, ctx->args[0]));
}
HOOK(sched_process_exit, handle_exit)

/* Never attached: run by the loader for one entry of open_ended. */
SEC("raw_tp")
int sweep(struct bpf_raw_tracepoint_args *ctx)
{
	on_sweep(ctx->args[0], ctx->args[1]);
	return 0;
}

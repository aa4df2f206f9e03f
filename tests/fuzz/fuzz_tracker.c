/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz_tracker.c - fuzzes the tracker: everything that can happen on one
 * connection, in any order.
 *
 * Input: three bytes of settings, then operations, which are readable (see below), so that
 * seeds can be written by hand.  Asserted after each of them: the ledger balances (the
 * driver checks it), times ascend, no more requests wait than the limit allows, every
 * transaction is possible and has a valid key; and the contents of uninitialized memory
 * change nothing.
 */
#include "fuzz.h"
#include "abi/series_key.h"
#include "tracker_driver.h"

/*
 * Operations: a letter; some take a character that stands for a number, some take bytes
 * up to a `~`.
 */
#define OPERATIONS "AURPrHMSQhmFCXWTOo"
#define BEGIN_NS 1000000000ULL
/* Bytes that can wait on one connection. */
#define QUEUE_MAX 65536

struct run {
	struct driver *driver;
	char queue[QUEUE_MAX]; /* bytes that have arrived */
	size_t queued, taken;
	uint64_t request_bytes, response_bytes; /* of all transactions */
	size_t finished;
	bool closed;    /* by the server: it still receives, but does not send */
	bool overtaken; /* bytes of calls in the wrong order count twice */
	uint64_t hash;  /* of all transactions */
};

/* A character as a number of bytes: small numbers, and some near limits. */
static size_t take_size(struct fuzz_input *input)
{
	static const uint32_t large[] = { 127,  128,  255,   256,    257,
					  1000, 4096, 65536, 140000, 1 << 20 };
	const uint8_t byte = fuzz_byte(input);

	if (byte >= 'A' && byte < 'A' + sizeof(large) / sizeof(large[0]))
		return large[byte - 'A'];
	return byte % 48 + 1; /* '0': 1, '1': 2, ... */
}

/* ---- what must hold --------------------------------------------------- */

static void check_path(const struct series_key *key)
{
	static const char other[] = "other";
	size_t i;

	FUZZ_ASSERT(key->path_length >= 1 && key->path_length <= PATH_MAX_BYTES, "a path of %u",
		    key->path_length);
	for (i = 0; i < (key->path_length + 7U) / 8 * 8; i++) {
		if (i >= key->path_length)
			FUZZ_ASSERT(key->path[i] == 0, "byte %zu after the path is not 0", i);
		else
			FUZZ_ASSERT(!memchr(" ?#;\r\n", key->path[i], 7), "0x%02x in a path",
				    (unsigned char)key->path[i]);
	}
	FUZZ_ASSERT(key->path[0] == '/' || (key->path[0] == '*' && key->path_length == 1) ||
			    memcmp(key->path, other, sizeof(other)) == 0,
		    "the path '%.*s'", key->path_length, key->path);
}

static void check_transaction(struct run *run, const struct transaction *transaction)
{
	const struct driver *driver = run->driver;
	const struct series_key *key = &transaction->key;

	check_path(key);
	FUZZ_ASSERT(key->method > METHOD_NONE && key->method < METHOD_COUNT, "method %u",
		    key->method);
	FUZZ_ASSERT(key->error < ERROR_COUNT && key->peer == driver->connection.peer,
		    "error %u, peer %u", key->error, key->peer);
	FUZZ_ASSERT(!key->status || transaction->queue_ns + transaction->service_ns +
						    transaction->send_ns ==
					    transaction->duration_ns,
		    "parts that do not add up to %llu ns", transaction->duration_ns);
	FUZZ_ASSERT(key->status == 0 || key->status == 101 ||
			    (key->status >= 200 && key->status <= 999),
		    "status %u", key->status);
	FUZZ_ASSERT(key->status || key->error, "neither a status nor an error");
	FUZZ_ASSERT(key->error != ERROR_NO_RESPONSE || key->status == 0,
		    "no_response with status %u", key->status);
	FUZZ_ASSERT(key->status || transaction->response_bytes == 0, "no response, but %llu bytes",
		    transaction->response_bytes);
	FUZZ_ASSERT(transaction->approximate < APPROXIMATE_COUNT, "approximate %u",
		    transaction->approximate);
	FUZZ_ASSERT(transaction->duration_ns <= driver->now_ns - BEGIN_NS,
		    "%llu ns, longer than the connection", transaction->duration_ns);
	run->request_bytes += transaction->request_bytes;
	run->response_bytes += transaction->response_bytes;
	FUZZ_ASSERT(run->overtaken || run->request_bytes <= driver->receive.moved,
		    "%llu bytes of requests", (unsigned long long)run->request_bytes);
	FUZZ_ASSERT(run->overtaken || run->response_bytes <= driver->send.moved,
		    "%llu bytes of responses", (unsigned long long)run->response_bytes);
}

/* The requests that wait for a response. */
static void check_waiting(struct run *run)
{
	struct connection *connection = &run->driver->connection;
	const uint32_t outstanding = tracker_outstanding(connection);
	uint32_t i;

	FUZZ_ASSERT(outstanding <= PIPELINE_SLOTS, "%u outstanding", outstanding);
	FUZZ_ASSERT(connection->receive.dropped - connection->send.dropped_answered < 1u << 31,
		    "more responses than dropped requests");
	FUZZ_ASSERT((connection->send.oldest + outstanding) % PIPELINE_SLOTS ==
			    connection->receive.next,
		    "%u outstanding from slot %u to %u", outstanding, connection->send.oldest,
		    connection->receive.next);
	for (i = 0; i < outstanding; i++) {
		const struct request_slot *slot =
			&connection->slots[(connection->send.oldest + i) % PIPELINE_SLOTS];

		FUZZ_ASSERT(slot->arrived_ns >= BEGIN_NS, "arrived before the connection");
		FUZZ_ASSERT(slot->arrived_ns <= slot->received_ns, "received before it arrived");
		FUZZ_ASSERT(slot->received_ns <= run->driver->now_ns, "received in the future");
		FUZZ_ASSERT(slot->path_length <= PATH_MAX_BYTES, "a path of %u", slot->path_length);
		FUZZ_ASSERT(run->overtaken || slot->body_bytes <= run->driver->receive.moved,
			    "a body of %llu", slot->body_bytes);
	}
	if (connection->send.owner == OWNER_SLOT) {
		FUZZ_ASSERT(outstanding > 0, "a response without a request");
		FUZZ_ASSERT(connection->send.first_ns <= connection->send.last_ns &&
				    connection->send.last_ns <= run->driver->now_ns,
			    "sent first at %llu, last at %llu", connection->send.first_ns,
			    connection->send.last_ns);
	}
}

static void check(struct run *run)
{
	struct driver *driver = run->driver;
	size_t i, at;

	for (i = 0; i < driver->finished; i++) {
		struct transaction transaction = driver->transactions[i];

		check_transaction(run, &transaction);
		/* the bytes after the path are undefined */
		series_key_copy(&transaction.key, &driver->transactions[i].key);
		for (at = 0; at < sizeof(transaction); at++)
			run->hash = (run->hash ^ ((uint8_t *)&transaction)[at]) * 1099511628211u;
	}
	run->finished += driver->finished;
	driver->finished = 0;
	check_waiting(run);
}

/* ---- operations ------------------------------------------------------- */

/* Bytes arrive: from the input, or so many meaningless ones. */
static void arrive(struct run *run, const char *bytes, size_t length, bool seen)
{
	length = length < QUEUE_MAX - run->queued ? length : QUEUE_MAX - run->queued;
	if (length == 0)
		return;
	memcpy(run->queue + run->queued, bytes, length);
	run->queued += length;
	if (seen)
		driver_arrive(run->driver, length);
	else
		run->driver->arrived += length;
}

/* The application receives at most so many bytes from the queue. */
static void receive(struct run *run, size_t most, bool readable)
{
	const size_t left = run->queued - run->taken, length = most < left ? most : left;
	char *bytes;

	if (length == 0)
		return;
	bytes = fuzz_copy(run->queue + run->taken, length);
	run->taken += length;
	driver_receive(run->driver, readable ? bytes : NULL, length);
	free(bytes);
}

/* The next call has a vector of two pieces. */
static void cut_next(struct driver_stream *stream, size_t at)
{
	stream->cut = CUT_PIECE;
	stream->at = stream->moved + at;
}

static void send_bytes(struct run *run, const char *bytes, size_t length)
{
	char *copy = fuzz_copy(bytes, length);

	if (length)
		driver_send(run->driver, copy, length);
	free(copy);
}

/*
 * Two receive calls that reach the hook in the wrong order: the second is seen first, and
 * both are seen with the position after the second.
 */
static void receive_overtaken(struct run *run, size_t first)
{
	struct driver_stream *stream = &run->driver->receive;
	const size_t taken = run->taken, left = run->queued - taken;

	if (first >= left)
		return;
	run->overtaken = true;
	stream->sequence += first;
	run->taken += first;
	receive(run, left - first, true);
	stream->sequence -= first;
	driver_receive(run->driver, run->queue + taken, first);
}

/* Likewise with two send calls. */
static void send_overtaken(struct run *run, size_t first, const char *bytes, size_t length)
{
	struct driver_stream *stream = &run->driver->send;

	if (first >= length)
		return;
	run->overtaken = true;
	stream->sequence += first;
	send_bytes(run, bytes + first, length - first);
	stream->sequence -= first;
	send_bytes(run, bytes, first);
}

/* Large calls on memory that cannot be read: their bytes need not exist. */
static void receive_unread(struct run *run, size_t length, bool shown)
{
	driver_arrive(run->driver, length);
	if (shown)
		driver_receive(run->driver, NULL, length);
	else
		driver_receive_missed(run->driver, length);
}

static void operation_bytes(struct run *run, char operation, struct fuzz_input *input)
{
	const size_t piece = strchr("PQo", operation) ? take_size(input) : 0;
	const char *bytes;
	const size_t length = fuzz_until(input, '~', &bytes);

	switch (operation) {
	case 'A': /* arrive */
	case 'U': /* arrive, but no hook shows it */
		arrive(run, bytes, length, operation == 'A');
		return;
	case 'P': /* arrive, and receive all in two pieces of a vector */
		cut_next(&run->driver->receive, piece);
		/* fallthrough */
	case 'R': /* arrive, and receive all at once */
		arrive(run, bytes, length, true);
		receive(run, QUEUE_MAX, true);
		run->driver->receive.cut = CUT_NONE;
		return;
	case 'o': /* send in two calls, seen in the wrong order */
		send_overtaken(run, piece, bytes, length);
		return;
	case 'Q': /* send in two pieces of a vector */
		cut_next(&run->driver->send, piece);
		/* fallthrough */
	default: /* S: send */
		send_bytes(run, bytes, length);
		run->driver->send.cut = CUT_NONE;
	}
}

static void operation_number(struct run *run, char operation, size_t number)
{
	struct driver *driver = run->driver;

	switch (operation) {
	case 'r': /* receive so many bytes */
		receive(run, number, true);
		return;
	case 'O': /* receive all in two calls, seen in the wrong order */
		receive_overtaken(run, number);
		return;
	case 'H': /* receive into memory that cannot be read */
		receive(run, number, false);
		receive_unread(run, number, true);
		return;
	case 'M': /* receive, but no hook shows it */
		receive_unread(run, number, false);
		return;
	case 'h': /* send from memory that cannot be read */
		driver_send(driver, NULL, number);
		return;
	case 'm': /* send, but no hook shows it */
		driver_send_missed(driver, number);
		return;
	case 'W': /* a sweep */
		driver_sweep(driver, driver->now_ns - number * 1000);
		return;
	default: /* T: time passes */
		driver->now_ns += number * 1000;
	}
}

static void operation_run(struct run *run, struct fuzz_input *input)
{
	const uint8_t byte = fuzz_byte(input);
	const char *known = memchr(OPERATIONS, byte, sizeof(OPERATIONS) - 1);
	const char operation = known ? *known : OPERATIONS[byte % (sizeof(OPERATIONS) - 1)];

	run->driver->now_ns += 7;
	if (run->closed && strchr("SQhmo", operation))
		return;
	if (strchr("AURPSQo", operation)) {
		operation_bytes(run, operation, input);
	} else if (operation == 'F') { /* the client sends FIN */
		driver_peer_close(run->driver);
	} else if (operation == 'C') { /* the server shuts down its side */
		driver_end(run->driver, END_LOCAL);
		run->closed = true;
	} else if (operation == 'X') { /* reset: nothing follows */
		driver_end(run->driver, END_RESET);
		input->left = 0;
	} else {
		operation_number(run, operation, take_size(input));
	}
	check(run);
}

/* Runs the input; returns a hash of all results. */
static uint64_t run_input(struct fuzz_input input, uint8_t poison)
{
	struct run *run = calloc(1, sizeof(*run));
	/* '0' to '3', bits: open before redtap attached, connection of a client */
	const uint8_t kind = fuzz_byte(&input);
	/* '0': sequence numbers begin at 0; else they wrap around */
	const uint32_t receive_at = -(uint32_t)(fuzz_byte(&input) - '0');
	const uint32_t send_at = -(uint32_t)(fuzz_byte(&input) - '0');
	uint64_t hash;

	FUZZ_ASSERT(run, "out of memory");
	run->driver = malloc(sizeof(*run->driver));
	FUZZ_ASSERT(run->driver, "out of memory");
	driver_init(run->driver, "fuzz", kind & 1, receive_at, send_at);
	run->driver->connection.peer = kind & 2 ? PEER_OTHER : 0;
	run->driver->poison = poison;
	run->driver->leaves = !poison; /* must make no difference, either */
	run->driver->now_ns = BEGIN_NS;
	while (input.left > 0)
		operation_run(run, &input);
	driver_end(run->driver, END_LOCAL);
	check(run);
	FUZZ_ASSERT(run->finished == run->driver->ledger.counted, "%zu transactions",
		    run->finished);
	hash = run->hash ^ run->driver->ledger.seen << 32;
	free(run->driver);
	free(run);
	return hash;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* a failed assertion of the driver is a crash, not a failed test */
	return setenv("CMOCKA_TEST_ABORT", "1", 1);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	const struct fuzz_input input = { data, size };
	const uint64_t hash = run_input(input, 0xa5);

	FUZZ_ASSERT(run_input(input, 0) == hash, "the result depends on uninitialized memory");
}

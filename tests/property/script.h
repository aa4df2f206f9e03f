/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * script.h - what one side of a connection does, step by step.
 *
 * Inputs: random numbers, ranges of a stream.  Outputs: steps, each with the
 * system call that moves its bytes.  It must not know HTTP or sockets.
 */
#ifndef REDTAP_PROPERTY_SCRIPT_H
#define REDTAP_PROPERTY_SCRIPT_H

#include "stream.h"

enum verb {
	VERB_NONE = 0,
	VERB_RECEIVE,      /* to offset `to` of the incoming stream */
	VERB_SEND,         /* to offset `to` of the outgoing stream */
	VERB_SEND_REFUSED, /* a send that must fail, because the peer has reset the connection */
	VERB_PAUSE,        /* `to` microseconds */
	VERB_TELL,         /* sends a message to the other side ... */
	VERB_AWAIT,        /* ... which waits for it */
	VERB_SEE_END,      /* waits until the peer has closed; receives nothing */
	VERB_RECEIVE_END,  /* receives until the end of the stream; a reset is one */
	VERB_SHUT,         /* sends no more */
	VERB_CLOSE,
	VERB_RESET, /* closes by a reset */
	/* Another process does the next steps: */
	VERB_FORK, /* a child; its parent waits for it */
	VERB_PASS, /* a process that gets the socket by SCM_RIGHTS */
	/* Done by a child: its process ends, and so does the connection. */
	VERB_KILLED,
	VERB_KILLED_WAITING, /* in a call that waits for bytes */
	VERB_EXIT,
};

/* Whose script it is. */
enum side {
	SIDE_SERVER = 0,
	SIDE_CLIENT,
	SIDES,
};

/* What a call may move; a mask.  From the kinds in stream.h, for one side. */
enum bytes {
	BYTES_TEXT = 1,
	BYTES_DATA = 2,
	BYTES_ANY = BYTES_TEXT | BYTES_DATA,
	BYTES_HIDDEN = 4, /* in memory that redtap cannot read */
	BYTES_MISSED = 8, /* so that no hook shows it */
	BYTES_NONE = 0,   /* not chosen at random, only if a step asks for it */
};

/*
 * How bytes are moved.  X(enumerator, name, which bytes, only if more body data
 * follows): after a splice redtap finds a gap at the next call; after MSG_MORE the next
 * call sends.
 */
/* clang-format off */
#define RECEIVE_CALLS(X)                                                                           \
	X(READ, "read", BYTES_ANY, 0)                                                              \
	X(READ_NOTHING, "read after reads of nothing", BYTES_ANY, 0)                              \
	X(RECV, "recv", BYTES_ANY, 0)                                                              \
	X(RECV_PEEK, "recv after a peek", BYTES_ANY, 0)                                            \
	X(RECV_WAITALL, "recv MSG_WAITALL", BYTES_ANY, 0)                                          \
	X(RECV_WHOLE, "one recv", BYTES_NONE, 0)                                                   \
	X(READV, "readv", BYTES_ANY, 0)                                                            \
	X(PREADV2, "preadv2", BYTES_ANY, 0)                                                        \
	X(RECVMSG, "recvmsg", BYTES_ANY, 0)                                                        \
	X(RECVMMSG, "recvmmsg", BYTES_DATA, 0)                                                     \
	X(RECVMMSG_EMPTY, "recvmmsg, one empty", BYTES_DATA | BYTES_HIDDEN, 0)                     \
	X(RECV_TRUNC, "recv MSG_TRUNC", BYTES_DATA | BYTES_HIDDEN, 0)                              \
	X(SPLICE_FROM, "splice from", BYTES_DATA | BYTES_MISSED, 1)
#define SEND_CALLS(X)                                                                              \
	X(WRITE, "write", BYTES_ANY, 0)                                                            \
	X(SEND, "send", BYTES_ANY, 0)                                                              \
	X(SEND_MORE, "send MSG_MORE", BYTES_ANY, 1)                                                \
	X(SEND_ZEROCOPY, "send MSG_ZEROCOPY", BYTES_ANY, 0)                                        \
	X(SEND_WHOLE, "one send", BYTES_NONE, 0)                                                   \
	X(WRITEV, "writev", BYTES_ANY, 0)                                                          \
	X(PWRITEV2, "pwritev2", BYTES_ANY, 0)                                                      \
	X(SENDMSG, "sendmsg", BYTES_ANY, 0)                                                        \
	X(SENDMMSG, "sendmmsg", BYTES_DATA, 0)                                                     \
	X(SENDMMSG_EMPTY, "sendmmsg, one empty", BYTES_DATA | BYTES_HIDDEN, 0)                     \
	X(SENDFILE, "sendfile", BYTES_DATA | BYTES_HIDDEN, 0)                                      \
	X(SPLICE_TO, "splice to", BYTES_DATA | BYTES_HIDDEN, 0)

enum call {
	CALL_NONE = 0,
#define CALL_ENUMERATOR(name, text, bytes, inside) CALL_##name,
	RECEIVE_CALLS(CALL_ENUMERATOR)
	SEND_CALLS(CALL_ENUMERATOR)
#undef CALL_ENUMERATOR
};
/* clang-format on */

/* Who does a step, and how. */
enum hand {
	HAND_OWN = 0,
	HAND_DUP,    /* over a duplicate of the descriptor */
	HAND_THREAD, /* by another thread, which is waited for */
	HAND_CHILD,  /* likewise, by a child */
};

struct step {
	uint8_t verb;   /* enum verb */
	uint8_t hand;   /* enum hand */
	uint8_t call;   /* enum call */
	uint8_t parts;  /* of a vector; 1 and more */
	uint8_t greedy; /* asks for more than can come */
	uint8_t keeps;  /* of VERB_FORK, VERB_PASS: keeps the socket open, too, until the end */
	uint32_t size;  /* bytes for one call, at most */
	size_t to;
};

struct script {
	enum side side;
	bool interrupted; /* signals interrupt its calls */
	struct step *steps;
	size_t count;
	size_t room;
};

void script_release(struct script *script);

/* A step that is only a verb. */
void script_verb(struct script *script, enum verb verb);
/* With a probability of so many per thousand, a pause of at most 1.5 ms. */
void script_pause(struct script *script, struct random *random, unsigned int of_thousand);
/*
 * Moves bytes [at, to) of a stream (VERB_SEND or VERB_RECEIVE) in pieces, each by a random
 * kind of call.
 */
void script_move(struct script *script, struct random *random, const struct stream *stream,
		 enum verb verb, size_t at, size_t to);
/*
 * Moves all up to `to` by one call, which waits as long as necessary.  Not in scripts with
 * signals.
 */
void script_move_whole(struct script *script, enum verb verb, size_t to);
/* The last receiving step from `first` on asks for more bytes than will come, if it can. */
void script_make_greedy(struct script *script, size_t first, size_t end);

/* Inserts a step before the one at `at`. */
void script_insert(struct script *script, size_t at, const struct step *step);

/* Names for messages. */
const char *verb_name(enum verb verb);
const char *call_name(enum call call);
const char *hand_name(enum hand hand);

#endif

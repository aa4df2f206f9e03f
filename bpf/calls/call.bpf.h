/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * call.bpf.h - one completed receive or send call.
 *
 * Inputs: the hook's arguments.  Outputs: the location of its bytes.  It must not know what the
 * bytes mean.
 */
#ifndef REDTAP_CALL_H
#define REDTAP_CALL_H

#include "calls/connection.bpf.h"

/* include/linux/socket.h */
enum message_flag {
	MESSAGE_OOB = 1,
	MESSAGE_PEEK = 2,
	MESSAGE_TRUNC = 0x20,
	MESSAGE_ERRQUEUE = 0x2000,
};

/* These calls leave the bytes in the socket, or move none of the stream. */
#define MESSAGE_NOT_TAKEN (MESSAGE_OOB | MESSAGE_PEEK | MESSAGE_ERRQUEUE)

/* A completed call. */
struct call {
	struct sock *sock;
	__u64 address; /* of sock, as a map key */
	__u64 inode;   /* inode number of the socket */
	__u64 length;  /* bytes moved */
	__u32 flags;   /* enum message_flag: only the flags that matter here */
	__u32 owner;   /* index of its scratch */
	bool second;   /* seen by the second program of a pair, see tables/pair.bpf.h */
};

static __always_inline void call_source(const struct call *call, struct byte_source *source)
{
	if (call->flags & MESSAGE_TRUNC) /* the bytes are discarded */
		byte_source_none(source);
	else
		byte_source_init(source, call->length);
}

/* Whether everything before position `end` of a byte stream has been processed. */
static __always_inline bool sequence_reached(__u32 end, __u32 worked)
{
	return (__s32)(end - worked) <= 0;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * user_bytes.bpf.h - finds the bytes that a socket system call moved, in the
 * caller's memory.
 *
 * Inputs: the current task's saved registers: when a socket tracepoint fires
 * they still hold the system call's number and arguments.  Outputs: windows of
 * bytes.  It must not know connections or HTTP.
 */
#ifndef REDTAP_USER_BYTES_H
#define REDTAP_USER_BYTES_H

#include "abi/window.h"
#include "kernel/system_call.bpf.h"

/* struct iovec and the head of struct user_msghdr, 64-bit. */
struct user_vector {
	__u64 base;
	__u64 length;
};

struct user_message {
	__u64 name;
	__u64 name_length;
	__u64 vector;
	__u64 vectors;
};

/* Where the bytes of one call lie; zero vectors and zero left: nowhere. */
struct byte_source {
	__u64 base;    /* user address of the next byte */
	__u64 left;    /* bytes behind it in this piece */
	__u64 vector;  /* user address of the next struct iovec */
	__u64 vectors; /* how many of these */
	__u64 offset;  /* of the next byte, within the call */
};

/* Goes to the next piece of a vector; false: there is none. */
static __always_inline bool byte_source_next(struct byte_source *source)
{
	struct user_vector vector;

	if (source->vectors == 0 ||
	    bpf_probe_read_user(&vector, sizeof(vector), (void *)source->vector))
		return false;
	source->base = vector.base;
	source->left = vector.length;
	source->vector += sizeof(vector);
	source->vectors--;
	return true;
}

/* Of a call whose bytes are in no memory that can be read. */
static __always_inline void byte_source_none(struct byte_source *source)
{
	source->base = 0;
	source->left = 0;
	source->vector = 0;
	source->vectors = 0;
	source->offset = 0;
}

/* Points the source at the vector of a struct msghdr, at a user address. */
static __always_inline void byte_source_message(struct byte_source *source, __u64 address)
{
	struct user_message message;

	if (bpf_probe_read_user(&message, sizeof(message), (void *)address))
		return;
	source->vector = message.vector;
	source->vectors = message.vectors;
}

/* Points the source at the bytes of the system call that is under way. */
static __always_inline void byte_source_init(struct byte_source *source, __u64 length)
{
	__u64 second = 0, third = 0;

	byte_source_none(source);
	switch (call_arguments(&second, &third)) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_RECVFROM:
	case CALL_SENDTO:
		source->base = second;
		source->left = length;
		break;
	case CALL_READV:
	case CALL_WRITEV:
	case CALL_PREADV2:
	case CALL_PWRITEV2:
		source->vector = second;
		source->vectors = third;
		break;
	case CALL_RECVMSG:
	case CALL_SENDMSG:
		byte_source_message(source, second);
		break;
	case CALL_RECVMMSG:
	case CALL_SENDMMSG:
		/* of several messages, it is unknown which one this is */
		if (third == 1)
			byte_source_message(source, second);
		break;
	default: /* sendfile, splice, io_uring, ...: the bytes cannot be read */
		break;
	}
	if (source->vectors)
		byte_source_next(source);
}

/*
 * Steps over what was consumed and fills the window from `offset` of a call of
 * `length` bytes on.  One piece of the vector at a time, so that the caller's loop is
 * the only one.  Returns enum window_result.
 */
static __always_inline __u32 byte_source_fetch(struct byte_source *source,
					       struct http_window *window, __u64 offset,
					       __u64 length)
{
	__u64 step = offset - source->offset, limit = length - offset;
	__u32 fill;

	if (step > source->left)
		step = source->left;
	source->base += step;
	source->left -= step;
	source->offset += step;
	if (source->left == 0)
		return byte_source_next(source) ? WINDOW_AGAIN : WINDOW_NONE;
	if (limit > source->left)
		limit = source->left;
	if (limit > HTTP_WINDOW)
		limit = HTTP_WINDOW;
	fill = limit;
	if (fill == 0 || fill > HTTP_WINDOW ||
	    bpf_probe_read_user(window->bytes, fill, (void *)source->base))
		return WINDOW_NONE;
	window->fill = fill;
	window->position = 0;
	return WINDOW_READY;
}

#endif

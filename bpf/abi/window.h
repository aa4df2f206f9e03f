/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * window.h - the part of a byte stream that is parsed at once: kernel/ fills it, http/
 * parses it.
 *
 * Inputs: none.  Outputs: a structure, its limits, and the results of filling it.  Pure;
 * compiled for BPF and user space.  It must not know where the bytes come from.
 */
#ifndef REDTAP_WINDOW_H
#define REDTAP_WINDOW_H

#include "abi/portable.h"

/* Size in bytes; a power of two. */
#define HTTP_WINDOW 1024
/* Bytes after the window that may be loaded, with any contents: see http_scan.h. */
#define HTTP_WINDOW_BEHIND 64
REDTAP_STATIC_ASSERT((HTTP_WINDOW & (HTTP_WINDOW - 1)) == 0, "must be a power of two");

/* Words are also loaded at its end, hence the bytes after it. */
struct http_window {
	__u32 fill;     /* valid bytes */
	__u32 position; /* next byte to consume */
	__u8 bytes[HTTP_WINDOW + HTTP_WINDOW_BEHIND];
};

enum window_result {
	WINDOW_NONE = 0, /* the bytes cannot be read */
	WINDOW_AGAIN,    /* moved to the next element of the vector: call again */
	WINDOW_READY,    /* the window holds bytes */
};

#endif

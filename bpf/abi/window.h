/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * window.h - the piece of a byte stream that is looked at in one go: kernel/ fills it,
 * http/ reads it.
 *
 * Inputs: none.  Outputs: a structure and its limits, and what filling it can come to.
 * Pure; compiled for BPF and user space.
 */
#ifndef REDTAP_WINDOW_H
#define REDTAP_WINDOW_H

#include "abi/portable.h"

/* Bytes that are looked at in one go; a power of two. */
#define HTTP_WINDOW 1024
/* Bytes after it that may be loaded, whatever they are: see http_scan.h. */
#define HTTP_WINDOW_BEHIND 64
REDTAP_STATIC_ASSERT((HTTP_WINDOW & (HTTP_WINDOW - 1)) == 0, "the window is masked");

/* Words are loaded at its end too. */
struct http_window {
	__u32 fill;     /* valid bytes */
	__u32 position; /* next byte to consume */
	__u8 bytes[HTTP_WINDOW + HTTP_WINDOW_BEHIND];
};

enum window_result {
	WINDOW_NONE = 0, /* the bytes cannot be read */
	WINDOW_AGAIN,    /* one piece of the vector further, ask again */
	WINDOW_READY,    /* the window holds bytes */
};

#endif

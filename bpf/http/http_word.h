/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_word.h - eight bytes at a time: which of them are what.
 *
 * Inputs: words of a window.  Outputs: marks, one bit a byte, and positions.  Pure;
 * compiled for BPF and user space.  It must not know HTTP's grammar.
 */
#ifndef REDTAP_HTTP_WORD_H
#define REDTAP_HTTP_WORD_H

#include "http/http_state.h"

#define WORD_OF(byte) (0x0101010101010101ULL * (byte))
#define WORD_HIGH_BITS WORD_OF(0x80)

/* 0x80 in the lowest byte that is zero; bytes below it are clear, those above not sure. */
static __always_inline __u64 word_zero(__u64 word)
{
	return (word - WORD_OF(1)) & ~word & WORD_HIGH_BITS;
}

/* Likewise the lowest byte up to `byte`, which is below 0x80. */
static __always_inline __u64 word_at_most(__u64 word, __u8 byte)
{
	return (word - WORD_OF(byte + 1)) & ~word & WORD_HIGH_BITS;
}

/* 0x80 in each byte from `low` to `high`, and perhaps in bytes from 0x80 on. */
static __always_inline __u64 word_between(__u64 word, __u8 low, __u8 high)
{
	__u64 ascii = word & ~WORD_HIGH_BITS;

	return (ascii + WORD_OF(0x80 - low)) & ~(ascii + WORD_OF(0x7f - high)) & WORD_HIGH_BITS;
}

/* Bytes up to and with the lowest that is marked by 0x80. */
static __always_inline __u32 word_marked_end(__u64 marks)
{
	return (((marks - 1) & WORD_OF(1)) * WORD_OF(1)) >> 56;
}

static __always_inline __u64 window_word(const struct http_window *window, __u32 at)
{
	return word_load(&window->bytes[index_mask(at, HTTP_WINDOW - 1)]);
}

/* The two bytes of a line's end. */
#define WORD_CRLF 0x0a0dULL
/* A byte with this bit set is a lower-case letter if it was a letter. */
#define WORD_LETTERS(count) (WORD_OF(0x20) >> (64 - 8 * (count)))
/* The first bytes of a word, as a mask. */
#define WORD_BYTES(count) (~0ULL >> (64 - 8 * (count)))

/* Instead of a position: what is there has another form. */
#define SCAN_NONE 0xffffffffU

#endif

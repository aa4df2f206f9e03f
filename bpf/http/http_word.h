/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_word.h - compares the eight bytes of a word at once.
 *
 * Inputs: words of a window.  Outputs: marks (0x80 in each byte that matches) and
 * positions.  Pure; compiled for BPF and user space.  It must not know HTTP's grammar.
 */
#ifndef REDTAP_HTTP_WORD_H
#define REDTAP_HTTP_WORD_H

#include "http/http_state.h"

#define WORD_OF(byte) (0x0101010101010101ULL * (byte))
#define WORD_HIGH_BITS WORD_OF(0x80)

/* Marks the lowest byte that is zero; lower bytes are clear, higher ones may be wrong. */
static __always_inline __u64 word_zero(__u64 word)
{
	return (word - WORD_OF(1)) & ~word & WORD_HIGH_BITS;
}

/* Marks the lowest byte that is at most `byte` (below 0x80); higher ones may be wrong. */
static __always_inline __u64 word_at_most(__u64 word, __u8 byte)
{
	return (word - WORD_OF(byte + 1)) & ~word & WORD_HIGH_BITS;
}

/* Marks each byte from `low` to `high`; bytes from 0x80 on may be marked too. */
static __always_inline __u64 word_between(__u64 word, __u8 low, __u8 high)
{
	__u64 ascii = word & ~WORD_HIGH_BITS;

	return (ascii + WORD_OF(0x80 - low)) & ~(ascii + WORD_OF(0x7f - high)) & WORD_HIGH_BITS;
}

/* Number of bytes up to the lowest marked byte, this one included. */
static __always_inline __u32 word_marked_end(__u64 marks)
{
	return (((marks - 1) & WORD_OF(1)) * WORD_OF(1)) >> 56;
}

static __always_inline __u64 window_word(const struct http_window *window, __u32 at)
{
	return word_load(&window->bytes[index_mask(at, HTTP_WINDOW - 1)]);
}

/* CR LF, as the two lowest bytes of a word. */
#define WORD_CRLF 0x0a0dULL
/* Or-ed to a word, makes the letters in its first bytes lower case. */
#define WORD_LETTERS(count) (WORD_OF(0x20) >> (64 - 8 * (count)))
/* Mask of the first bytes of a word. */
#define WORD_BYTES(count) (~0ULL >> (64 - 8 * (count)))

/* Returned instead of a position: the line has an unusual form. */
#define SCAN_NONE 0xffffffffU

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * number.h - reads numbers that users write.
 *
 * Input: text.  Output: the number.  It must not know what the number stands for.
 *
 * Numbers are read digit by digit: the C library's functions accept signs, blanks,
 * hexadecimal, "nan" and the locale's comma, which are mistakes here.
 */
#ifndef REDTAP_NUMBER_H
#define REDTAP_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number; one that is too large becomes UINT32_MAX.  False: not only digits. */
bool number_whole(const char *text, uint32_t *number);

/* A decimal number: whole + fraction_e9 / 10^9. */
struct number_decimal {
	uint64_t whole;       /* at most 10^12, which stands for all larger ones */
	uint64_t fraction_e9; /* digits after the ninth are dropped */
	bool dropped;         /* one of these was not 0 */
};

/* Digits, or digits, a point and digits.  Returns what follows, NULL if there is no number. */
const char *number_decimal(const char *text, struct number_decimal *decimal);

#endif

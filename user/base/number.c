/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * number.c - see base/number.h.
 */
#include "base/number.h"

#include <ctype.h>
#include <stddef.h>

#define WHOLE_MAX 1000000000000ULL

/* The digits at the beginning, cut to WHOLE_MAX.  Returns what follows, NULL if there is none. */
static const char *read_digits(const char *text, uint64_t *whole)
{
	if (!isdigit((unsigned char)*text))
		return NULL;
	for (*whole = 0; isdigit((unsigned char)*text); text++) {
		*whole = *whole * 10 + (*text - '0');
		if (*whole > WHOLE_MAX)
			*whole = WHOLE_MAX;
	}
	return text;
}

bool number_whole(const char *text, uint32_t *number)
{
	uint64_t whole;

	text = read_digits(text, &whole);
	if (!text || *text != '\0')
		return false;
	*number = whole < UINT32_MAX ? (uint32_t)whole : UINT32_MAX;
	return true;
}

const char *number_decimal(const char *text, struct number_decimal *decimal)
{
	uint64_t place = 100000000;

	*decimal = (struct number_decimal){ 0 };
	text = read_digits(text, &decimal->whole);
	if (!text || *text != '.')
		return text;
	if (!isdigit((unsigned char)*++text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++, place /= 10) {
		decimal->fraction_e9 += (*text - '0') * place;
		if (place == 0 && *text != '0')
			decimal->dropped = true;
	}
	return text;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fold.c - see fold.h.
 *
 * When in doubt, a segment stays: one that should have been folded costs some series, and redtap
 * suggests a pattern (similar.h); a word that is folded hides a route.
 */
#include "collect/fold.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define EXTENSION_MAX 5
#define NUMBER_MIN 5
#define NUMBER_MIN_PADDED 4
#define TOKEN_MIN 8
#define TOKEN_MIN_LONG 16

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_small(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool is_capital(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool is_word(char byte)
{
	return is_digit(byte) || is_small(byte) || is_capital(byte);
}

size_t fold_stem(const char *segment, size_t length)
{
	const char *dot = memrchr(segment, '.', length);
	size_t at = dot ? (size_t)(dot - segment) : 0, i;

	if (at == 0 || length - at - 1 > EXTENSION_MAX || at + 1 == length || !is_small(dot[1]))
		return length;
	for (i = at + 2; i < length; i++)
		if (!is_small(segment[i]) && !is_digit(segment[i]))
			return length;
	return at;
}

/* ---- dates ------------------------------------------------------------- */

/* Digits from a place on, and their number; nothing if more or fewer than wanted. */
static int number_at(const char *text, size_t length, size_t at, size_t digits)
{
	int number = 0;
	size_t i;

	if (at + digits > length || (at + digits < length && is_digit(text[at + digits])))
		return -1;
	for (i = at; i < at + digits; i++) {
		if (!is_digit(text[i]))
			return -1;
		number = 10 * number + text[i] - '0';
	}
	return number;
}

static bool is_year(int number)
{
	return number >= 1900 && number < 2100;
}

static bool is_month(int number)
{
	return number >= 1 && number <= 12;
}

static bool is_day(int number)
{
	return number >= 1 && number <= 31;
}

/* 2024-05-01 or 01-05-2024 from a place on, or 2024-05 as the whole text; with - . or _ */
static bool date_at(const char *text, size_t length, size_t at)
{
	const char separator = at + 4 < length ? text[at + (is_digit(text[at + 2]) ? 4 : 2)] : '\0';
	const int year = number_at(text, length, at, 4), month = number_at(text, length, at + 5, 2);

	if (separator != '-' && separator != '.' && separator != '_')
		return false;
	if (is_year(year) && is_month(month)) {
		if (at == 0 && length == 7)
			return separator == '-';
		return at + 7 < length && text[at + 7] == separator &&
		       is_day(number_at(text, length, at + 8, 2));
	}
	return is_day(number_at(text, length, at, 2)) &&
	       is_day(number_at(text, length, at + 3, 2)) && at + 5 < length &&
	       text[at + 5] == separator && is_year(number_at(text, length, at + 6, 4));
}

/* ---- numbers and tokens ------------------------------------------------ */

/* Letters and digits without anything else between. */
struct word {
	const char *text;
	size_t length;
	size_t numbers;  /* runs of digits */
	size_t longest;  /* digits of the longest one */
	bool padded;     /* one begins with 0 and has enough digits for a number */
	bool hex;        /* one case only */
	size_t switches; /* between small, capital and digit; not Capital to small */
};

static void read_numbers(struct word *word)
{
	size_t at = 0, digits;

	for (; at < word->length; at += digits ? digits : 1) {
		for (digits = 0; at + digits < word->length && is_digit(word->text[at + digits]);)
			digits++;
		word->numbers += digits > 0;
		word->longest = digits > word->longest ? digits : word->longest;
		word->padded |= digits >= NUMBER_MIN_PADDED && word->text[at] == '0';
	}
}

static void read_switches(struct word *word)
{
	size_t i;

	for (i = 1; i < word->length; i++) {
		const char before = word->text[i - 1], byte = word->text[i];

		word->switches += is_digit(before) != is_digit(byte) ||
				  (is_small(before) && is_capital(byte));
	}
}

static struct word word_at(const char *text, size_t length)
{
	struct word word = { .text = text };
	bool small = false, capital = false;

	word.hex = true;
	for (; word.length < length && is_word(text[word.length]); word.length++) {
		small |= is_small(text[word.length]);
		capital |= is_capital(text[word.length]);
		word.hex &= isxdigit((unsigned char)text[word.length]) != 0;
	}
	word.hex &= small != capital;
	read_numbers(&word);
	read_switches(&word);
	return word;
}

static bool word_is_id(const struct word *word)
{
	if (word->longest >= NUMBER_MIN || word->padded)
		return true;
	if (word->length < TOKEN_MIN || word->numbers < 2)
		return false;
	return word->hex || 2 * word->switches > word->length ||
	       (word->length >= TOKEN_MIN_LONG && 3 * word->switches > word->length);
}

/* ---- segments ---------------------------------------------------------- */

static bool segment_is_id(const char *segment, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const struct word word = word_at(segment + at, length - at);

		if (word_is_id(&word) || date_at(segment, length, at))
			return true;
		at += word.length;
		/* %E2 is no part of a word */
		at += at < length && segment[at] == '%' ? 3 : 1;
	}
	return false;
}

void fold_path(char *path)
{
	const char *from = path;
	char *to = path;

	if (*path != '/') /* `*`, `other` */
		return;
	while (*from) {
		const size_t length = strcspn(++from, "/"), stem = fold_stem(from, length);
		const bool is_id = segment_is_id(from, stem);

		*to++ = '/';
		if (is_id)
			to = mempcpy(to, "{id}", 4);
		memmove(to, from + (is_id ? stem : 0), length - (is_id ? stem : 0));
		to += length - (is_id ? stem : 0);
		from += length;
	}
	*to = '\0';
}

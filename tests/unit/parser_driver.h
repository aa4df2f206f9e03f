/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * parser_driver.h - feeds the HTTP/1 parser by itself, window after window.
 *
 * Inputs: a phase to begin with and a message.  Outputs: what the parser said and
 * kept.  Each input is fed whole, cut in two at each byte, and in small windows,
 * with hostile bytes behind the window's end, with the scan by words and without:
 * the test fails unless all come to the same.  It must not know what is right.
 */
#ifndef REDTAP_PARSER_DRIVER_H
#define REDTAP_PARSER_DRIVER_H

#include "http/http_scan.h"

/* A string literal that may hold NUL. */
#define TEXT(literal) literal, sizeof(literal) - 1
#define LONG16 "abcdefgh-ijklmno"
#define REPEAT8(text) text text text text text text text text

#define VERDICTS_MAX 16

/* Everything that feeding comes to. */
struct outcome {
	char verdicts[VERDICTS_MAX]; /* a letter each, see verdict_letters */
	size_t verdict_count;
	size_t length; /* of the input */
	size_t left;   /* input behind the last verdict */
	uint64_t data; /* bytes of chunk data */
	char path[PATH_MAX_BYTES + 1];
	uint32_t method;
	struct http_feed feed;
};

/* The outcome of an input, which is the same however it is fed. */
struct outcome parser_outcome(const char *comment, uint8_t phase, const char *input, size_t length);

/* Likewise; the input is the text between two others. */
struct outcome parser_outcome_between(const char *comment, uint8_t phase, const char *before,
				      const char *text, size_t length, const char *behind);

/* One step in a window, by words where that is asked for.  Returns its verdict. */
uint32_t parser_step(struct http_feed *feed, bool scans);

/*
 * A whole first line by words.  Returns HTTP_TARGET for a request line, HTTP_STATUS
 * for a status line, and HTTP_MORE if nothing was taken.
 */
uint32_t parser_first_line(struct http_feed *feed);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * parser_driver.h - feeds the HTTP/1 parser alone, window after window.
 *
 * Inputs: a first phase and a message.  Outputs: the parser's verdicts and state.  Each
 * input is fed whole, cut in two at each byte, and in small windows, with hostile bytes
 * after the window's end, with the fast path and without: the test fails if the results
 * differ.  It must not know the expected results.
 */
#ifndef REDTAP_PARSER_DRIVER_H
#define REDTAP_PARSER_DRIVER_H

#include "http/http_scan.h"

/* A string literal, which may contain NUL, and its length. */
#define TEXT(literal) literal, sizeof(literal) - 1
#define LONG16 "abcdefgh-ijklmno"
#define REPEAT8(text) text text text text text text text text

#define VERDICTS_MAX 16

/* The result of feeding one input. */
struct outcome {
	char verdicts[VERDICTS_MAX]; /* one letter each, see verdict_letters */
	size_t verdict_count;
	size_t length; /* of the input */
	size_t left;   /* input after the last verdict */
	uint64_t data; /* bytes of chunk data */
	char path[PATH_MAX_BYTES + 1];
	uint32_t method;
	struct http_feed feed;
};

/* The outcome of an input, which is the same however it is fed. */
struct outcome parser_outcome(const char *comment, uint8_t phase, const char *input, size_t length);

/* The same; the input is `before`, `text` and `behind` together. */
struct outcome parser_outcome_between(const char *comment, uint8_t phase, const char *before,
				      const char *text, size_t length, const char *behind);

/* One step in a window; scans: try the fast path first.  Returns its verdict. */
uint32_t parser_step(struct http_feed *feed, bool scans);

/*
 * Parses a first line by the fast path.  Returns HTTP_TARGET for a request line,
 * HTTP_STATUS for a status line, and HTTP_MORE if nothing was parsed.
 */
uint32_t parser_first_line(struct http_feed *feed);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * text.h - escapes bytes from outside (paths, process names, service names), one function
 * for each format.
 *
 * Every function writes a NUL-terminated result of at most size bytes into
 * buffer (size >= 1), cuts only between whole escapes or whole UTF-8
 * sequences, and returns buffer.
 */
#ifndef REDTAP_TEXT_H
#define REDTAP_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Buffer size that holds any input of n bytes, whichever escape is used. */
#define TEXT_ESCAPED_SIZE(n) (6 * (n) + 1)

/* The code point text_decode() sets for a byte that is not UTF-8. */
#define TEXT_INVALID UINT32_MAX

/*
 * Decodes the first character.  Returns its length in bytes: 1 to 4; 1 with TEXT_INVALID
 * for a byte that is not UTF-8 (nor are overlong forms, surrogates and code points above
 * U+10FFFF); 0 at the end of the text.
 */
size_t text_decode(const char *text, uint32_t *codepoint);

/*
 * For a StatsD tag value (DogStatsD form): percent-encodes `,` `|` `%`, control
 * bytes (0x00-0x1f, 0x7f) and bytes that are not valid UTF-8; an empty text
 * becomes `-`, since an empty value would drop the tag.
 */
char *text_escape_statsd(char *buffer, size_t size, const char *text);

/* For the inside of a JSON string (RFC 8259): invalid UTF-8 becomes U+FFFD. */
char *text_escape_json(char *buffer, size_t size, const char *text);

/*
 * For a terminal or a log line: C0 and C1 controls, DEL, invalid UTF-8, and the
 * bidirectional and zero-width format characters become \xNN of their bytes.
 */
char *text_escape_terminal(char *buffer, size_t size, const char *text);

#endif

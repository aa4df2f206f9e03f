/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * width.h - how wide texts are on a terminal.
 *
 * Input: UTF-8 text without control characters.  Output: columns, shorter texts.  It must not
 * know what the text says.
 */
#ifndef REDTAP_REPORT_WIDTH_H
#define REDTAP_REPORT_WIDTH_H

#include <stddef.h>

size_t width_columns(const char *text);

/* How many bytes of text fit into columns. */
size_t width_fitting_bytes(const char *text, size_t columns);

/*
 * Copies text; if it is wider than columns, with mark in place of its middle: the beginning and
 * the end of a path tell more.  Returns buffer.
 */
char *width_cut_middle(char *buffer, size_t size, const char *text, size_t columns,
		       const char *mark);

/* Replaces each other character: where there is no UTF-8, its bytes may even be controls. */
void width_to_ascii(char *text);

#endif

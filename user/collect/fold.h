/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fold.h - segments that are identifiers, beyond what the kernel folds.
 *
 * Input: a path as the kernel has folded it (digits, hex of 16 bytes, 32 bytes).  Output: the
 * path with {id} for further identifiers.  It must not know patterns or series.
 *
 * Folded are segments with a date (2024-05-01), a number of five digits or, with a leading 0,
 * of four (ORD-2024-0042, SKU00123), or a random token: eight hex digits with digits in two
 * places, or eight letters and digits that change between small, capital and digit so often as
 * no word does.  A file's extension stays: /assets/{id}.js.
 */
#ifndef REDTAP_FOLD_H
#define REDTAP_FOLD_H

#include <stddef.h>

/* In place; the path never grows. */
void fold_path(char *path);

/*
 * Bytes of a segment before its extension (".js": a dot, a small letter, at most four more small
 * letters or digits); all of them if it has none.
 */
size_t fold_stem(const char *segment, size_t length);

#endif

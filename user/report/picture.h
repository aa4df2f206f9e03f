/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * picture.h - a distribution as a small picture: the higher a cell, the more durations.
 *
 * Input: a distribution.  Output: a short text.  It must not know where it is shown.
 */
#ifndef REDTAP_REPORT_PICTURE_H
#define REDTAP_REPORT_PICTURE_H

#include "flush/flush.h"

/* Two for each decade from 1 us to 100 s. */
#define PICTURE_CELLS (2 * HISTOGRAM_DECADES)
/* Bytes: at most three a cell, and the NUL. */
#define PICTURE_SIZE (3 * PICTURE_CELLS + 1)

/* PICTURE_CELLS characters; utf8: block characters, else ASCII.  Returns text. */
const char *format_picture(char text[PICTURE_SIZE], const struct measure *measure, bool utf8);

#endif

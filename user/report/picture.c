/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * picture.c - see report/picture.h.
 */
#include "report/picture.h"

#include <string.h>

/* Half a decade: 1.1 .. 3.2 and 3.3 .. 10 times its lower edge (10^0.5 is 3.16). */
#define HALF_DECADE_BINS 22
#define LEVELS 8

/* Durations outside the range are drawn at its ends. */
static unsigned int picture_cell(uint32_t bin)
{
	if (bin == 0)
		return 0;
	if (bin == HISTOGRAM_BINS - 1)
		return PICTURE_CELLS - 1;
	return 2 * ((bin - 1) / HISTOGRAM_BINS_PER_DECADE) +
	       ((bin - 1) % HISTOGRAM_BINS_PER_DECADE >= HALF_DECADE_BINS);
}

const char *format_picture(char text[PICTURE_SIZE], const struct measure *measure, bool utf8)
{
	static const char *const blocks[LEVELS + 1] = { " ",
							"\xe2\x96\x81",
							"\xe2\x96\x82",
							"\xe2\x96\x83",
							"\xe2\x96\x84",
							"\xe2\x96\x85",
							"\xe2\x96\x86",
							"\xe2\x96\x87",
							"\xe2\x96\x88" };
	static const char *const plain[LEVELS + 1] = { " ", ".", ":", "-", "=", "+", "*", "#", "@" };
	uint64_t counts[PICTURE_CELLS] = { 0 }, largest = 0;
	char *at = text;
	uint32_t bin;
	size_t i;

	bins_for_each(bin, &measure->bins)
		counts[picture_cell(bin)] += bins_get(&measure->bins, bin);
	for (i = 0; i < PICTURE_CELLS; i++)
		largest = counts[i] > largest ? counts[i] : largest;
	for (i = 0; i < PICTURE_CELLS; i++) {
		/* Rounded up, so that a single request is visible. */
		const double share = largest ? (double)counts[i] / largest * LEVELS : 0;
		const unsigned int level = (unsigned int)share + ((unsigned int)share < share);

		at = stpcpy(at, (utf8 ? blocks : plain)[level]);
	}
	return text;
}

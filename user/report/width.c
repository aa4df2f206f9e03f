/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * width.c - see report/width.h.
 */
#include "report/width.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"

struct width_range {
	uint32_t first, last;
};

static bool in_ranges(const struct width_range *ranges, size_t count, uint32_t codepoint)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (codepoint >= ranges[i].first && codepoint <= ranges[i].last)
			return true;
	return false;
}

/* Terminal columns of a character: common blocks only, not all of Unicode. */
static unsigned int codepoint_columns(uint32_t codepoint)
{
	static const struct width_range combining[] = {
		{ 0x300, 0x36f },   { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
		{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	};
	static const struct width_range wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0x303e },   { 0x3041, 0x4dbf },   { 0x4e00, 0xa4cf },
		{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
	};

	if (in_ranges(combining, sizeof(combining) / sizeof(combining[0]), codepoint))
		return 0;
	return 1 + in_ranges(wide, sizeof(wide) / sizeof(wide[0]), codepoint);
}

size_t width_columns(const char *text)
{
	uint32_t codepoint;
	size_t columns = 0, length;

	for (; (length = text_decode(text, &codepoint)) > 0; text += length)
		columns += codepoint_columns(codepoint);
	return columns;
}

size_t width_fitting_bytes(const char *text, size_t columns)
{
	const char *at = text;
	uint32_t codepoint;
	size_t length;

	while ((length = text_decode(at, &codepoint)) > 0) {
		if (codepoint_columns(codepoint) > columns)
			break;
		columns -= codepoint_columns(codepoint);
		at += length;
	}
	return at - text;
}

char *width_cut_middle(char *buffer, size_t size, const char *text, size_t columns,
		       const char *mark)
{
	const size_t mark_columns = width_columns(mark);
	const size_t kept = columns > mark_columns ? columns - mark_columns : 0;
	const char *tail = text;
	uint32_t codepoint;

	if (width_columns(text) <= columns) {
		snprintf(buffer, size, "%s", text);
		return buffer;
	}
	while (width_columns(tail) > kept / 2)
		tail += text_decode(tail, &codepoint);
	snprintf(buffer, size, "%.*s%s%s", (int)width_fitting_bytes(text, kept - kept / 2), text,
		 mark, tail);
	return buffer;
}

void width_to_ascii(char *text)
{
	char *to = text;
	uint32_t codepoint;
	size_t length;

	for (; (length = text_decode(text, &codepoint)) > 0; text += length)
		*to++ = codepoint < 0x80 ? *text : '?';
	*to = '\0';
}

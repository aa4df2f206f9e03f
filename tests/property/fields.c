/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fields.c - see fields.h.
 */
#include "fields.h"

/* The field of a giant head: longer than 512 pieces of 1 KiB. */
#define GIANT_MIN (600 * 1024)
#define GIANT_MAX (1000 * 1024)

/* Forms of one field; %s is the value. */
static const char *const length_lines[] = {
	"Content-Length: %zu",   "content-length:%zu",     "CONTENT-LENGTH: \t %zu",
	"Content-Length: %zu  ", "cOnTeNt-LeNgTh: 000%zu",
};
static const char *const coding_lines[] = {
	"Transfer-Encoding: chunked",
	"transfer-encoding:chunked",
	"TRANSFER-ENCODING: Chunked ",
	"Transfer-Encoding: gzip, chunked",
	"Transfer-Encoding: gzip,\tdeflate ,chunked",
};
/* Fields that must not be taken for framing. */
static const char *const other_lines[] = {
	"Host: h",
	"User-Agent: test/1.0 (a; b)",
	"Accept: */*",
	"Content-Type: text/plain",
	"Content-Lengthy: 12",
	"X-Content-Length: 99",
	"Content: 5",
	"Content-Languag: 1",
	"Transfer-Encodin: chunked",
	"Transfer-Encodings: chunked",
	"TE: trailers",
	"T: t",
	"C: c",
	"Trailer: X-Sum",
	"X-Note: Content-Length: 77",
	"Empty:",
	"Connection: keep-alive",
	"Cookie: Transfer-Encoding: chunked",
	"X-Odd:\"quoted \\\" : text\"",
};

size_t body_size(struct random *random, size_t max)
{
	static const size_t limits[] = { 0, 1, 16, 100, 1000, 1000, 9000, 70000, SIZE_MAX };
	const size_t limit = RANDOM_ROW(random, limits);

	return random_below(random, (limit < max ? limit : max) + 1);
}

void fields_put_others(struct stream *stream, struct random *random, const struct style *style)
{
	size_t count = random_below(random, style->small ? 3 : 8);

	while (count-- > 0)
		stream_print(stream, "%s%s", RANDOM_ROW(random, other_lines), style->line_end);
	/* as browsers send them, and longer than one window of the parser */
	if (!style->small && random_chance(random, 150)) {
		stream_print(stream, "Cookie: ");
		stream_fill(stream, 'c',
			    random_range(random, 1, random_chance(random, 100) ? 70000 : 900));
		stream_print(stream, "%s", style->line_end);
	}
}

void fields_put_length(struct stream *stream, struct random *random, const struct style *style,
		       size_t length)
{
	size_t times = random_chance(random, 30) ? 2 : 1; /* the same value twice is allowed */

	while (times-- > 0) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		stream_print(stream, RANDOM_ROW(random, length_lines), length);
#pragma GCC diagnostic pop
		stream_print(stream, "%s", style->line_end);
		fields_put_others(stream, random,
				  &(struct style){ .line_end = style->line_end, .small = true });
	}
}

void fields_put_coding(struct stream *stream, struct random *random, const struct style *style)
{
	if (random_chance(random, 50)) /* Transfer-Encoding has priority */
		fields_put_length(stream, random, style, random_below(random, 1000));
	if (random_chance(random, 50)) {
		stream_print(stream, "Transfer-Encoding: gzip%s", style->line_end);
		stream_print(stream, "Transfer-Encoding: chunked%s", style->line_end);
	} else {
		stream_print(stream, "%s%s", RANDOM_ROW(random, coding_lines), style->line_end);
	}
	fields_put_others(stream, random,
			  &(struct style){ .line_end = style->line_end, .small = true });
}

/* "1a", "1A", "001a", with or without an extension. */
static void put_chunk_size(struct stream *stream, struct random *random, const struct style *style,
			   size_t size)
{
	static const char *const extensions[] = {
		"", "", "", "", ";x", ";name=value", " ; a=\"b;c\"", ";5", "  "
	};
	const char *extension = RANDOM_ROW(random, extensions);
	const int digits = random_chance(random, 50) ? 6 : 1;

	stream_print(stream, random_chance(random, 500) ? "%0*zx%s%s" : "%0*zX%s%s", digits, size,
		     extension, style->line_end);
}

void fields_put_chunks(struct stream *stream, struct random *random, const struct style *style,
		       size_t length)
{
	size_t chunks = style->chunks ? style->chunks : random_range(random, 1, style->chunks_max);
	size_t trailers = random_chance(random, 200) ? random_range(random, 1, 3) : 0;

	while (length > 0) {
		const size_t even = length / chunks;
		const size_t size = chunks == 1     ? length
				    : style->chunks ? even
						    : random_range(random, 1, 1 + 2 * even);
		const size_t taken = size < length ? size : length;

		put_chunk_size(stream, random, style, taken);
		stream_body(stream, random, taken);
		stream_print(stream, "%s", style->line_end);
		length -= taken;
		chunks -= chunks > 1;
	}
	put_chunk_size(stream, random, style, 0);
	while (trailers-- > 0)
		stream_print(stream, "%s%s", RANDOM_ROW(random, other_lines), style->line_end);
	stream_print(stream, "%s", style->line_end);
}

void fields_put_giant(struct stream *stream, struct random *random, const struct style *style)
{
	stream_print(stream, "Cookie: ");
	stream_fill(stream, 'c', random_range(random, GIANT_MIN, GIANT_MAX));
	stream_print(stream, "%s", style->line_end);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz.h - what all fuzzers need: functions that take numbers and texts from an input, and
 * assertions that are in every build.
 *
 * Inputs: the bytes that libFuzzer generates.  Outputs: numbers and texts; abort() if an
 * invariant does not hold.  It must not know what is fuzzed.
 */
#ifndef REDTAP_FUZZ_H
#define REDTAP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer has main() and calls this, which calls fuzz_one() and limits its time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What each fuzzer does with an input. */
void fuzz_one(const uint8_t *data, size_t size);

/*
 * How long it may take, in seconds that the CPU worked for it: libFuzzer's own limit goes by the
 * clock, and on a busy machine ends what only had to wait.
 */
extern unsigned int fuzz_limit_s;

/* Ends the run, so that libFuzzer keeps the input; the format tells what was found. */
#define FUZZ_ASSERT(condition, ...)                                                                \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not true: %s: ", __FILE__, __LINE__, #condition);  \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The rest of the input. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next byte; 0 at the end, as for the functions below. */
static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* An integer of 1 to 8 bytes, little endian. */
static inline uint64_t fuzz_number(struct fuzz_input *input, unsigned int bytes)
{
	uint64_t number = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		number |= (uint64_t)fuzz_byte(input) << (8 * i);
	return number;
}

/* Takes the bytes up to a separator or the end, and the separator. */
static inline size_t fuzz_until(struct fuzz_input *input, uint8_t separator, const char **bytes)
{
	const uint8_t *end = memchr(input->at, separator, input->left);
	const size_t length = end ? (size_t)(end - input->at) : input->left;

	*bytes = (const char *)input->at;
	input->at += length + (end != NULL);
	input->left -= length + (end != NULL);
	return length;
}

/*
 * A copy in memory of exactly its length, so that the address sanitizer finds a
 * byte too far.  The caller frees it.
 */
static inline char *fuzz_copy(const char *bytes, size_t length)
{
	char *copy = malloc(length ? length : 1);

	FUZZ_ASSERT(copy, "out of memory");
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

/* Likewise, with a NUL after it. */
static inline char *fuzz_string(const char *bytes, size_t length)
{
	char *copy = malloc(length + 1);

	FUZZ_ASSERT(copy, "out of memory");
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

/* Whether bytes are valid UTF-8 (RFC 3629, section 4: its table, row by row). */
bool fuzz_is_utf8(const char *bytes, size_t length);

#endif

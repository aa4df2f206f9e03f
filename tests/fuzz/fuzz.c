/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * fuzz.c - see fuzz.h.
 */
#include "fuzz.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

unsigned int fuzz_limit_s = 10;

static volatile sig_atomic_t seconds; /* that fuzz_one() has worked */

static void count_second(int signal)
{
	static const char text[] = "an input takes too long\n";

	(void)signal;
	if ((unsigned int)++seconds <= fuzz_limit_s)
		return;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct itimerval each_second = { { 1, 0 }, { 1, 0 } };
	static bool started;

	if (!started) {
		signal(SIGVTALRM, count_second);
		setitimer(ITIMER_VIRTUAL, &each_second, NULL);
		started = true;
	}
	seconds = 0;
	fuzz_one(data, size);
	return 0;
}

/* Written from the grammar, and not like text_decode(), which it is to check. */
bool fuzz_is_utf8(const char *text, size_t length)
{
	/* First byte from..to, second byte from..to, number of bytes. */
	static const uint8_t rows[][5] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const uint8_t *bytes = (const uint8_t *)text;
	size_t at = 0, row, i;

	while (at < length) {
		if (bytes[at] < 0x80) {
			at++;
			continue;
		}
		for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
			if (bytes[at] >= rows[row][0] && bytes[at] <= rows[row][1])
				break;
		if (row == sizeof(rows) / sizeof(rows[0]) || at + rows[row][4] > length)
			return false;
		if (bytes[at + 1] < rows[row][2] || bytes[at + 1] > rows[row][3])
			return false;
		for (i = 2; i < rows[row][4]; i++)
			if ((bytes[at + i] & 0xc0) != 0x80)
				return false;
		at += rows[row][4];
	}
	return true;
}

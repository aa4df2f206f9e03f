/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * unit.c - see unit.h.
 */
#include "unit.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int saved_stderr = -1;
static int captured = -1;

struct guard guard_init(const void *bytes, size_t length)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t readable = (length + page) / page * page;
	struct guard guard = { .length = length, .mapping_size = readable + page };

	guard.mapping = mmap(NULL, guard.mapping_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(guard.mapping != MAP_FAILED);
	assert_int_equal(mprotect((char *)guard.mapping + readable, page, PROT_NONE), 0);
	guard.bytes = (char *)guard.mapping + readable - length;
	if (bytes)
		memcpy(guard.bytes, bytes, length);
	return guard;
}

void guard_release(struct guard *guard)
{
	assert_int_equal(munmap(guard->mapping, guard->mapping_size), 0);
	guard->mapping = NULL;
}

void capture_begin(void)
{
	captured = memfd_create("stderr", MFD_CLOEXEC);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(captured >= 0 && saved_stderr >= 0);
	assert_int_equal(dup2(captured, STDERR_FILENO), STDERR_FILENO);
}

char *capture_end(void)
{
	struct stat stat;
	char *text;

	assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
	close(saved_stderr);
	assert_int_equal(fstat(captured, &stat), 0);
	text = calloc(1, stat.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(captured, text, stat.st_size, 0), stat.st_size);
	close(captured);
	return text;
}

void assert_contains(const char *comment, const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s: no '%s' in: %s", comment, part, text);
}

void capture_end_with(const char *part, ...)
{
	char *messages = capture_end();
	va_list parts;

	if (!part)
		assert_string_equal(messages, "");
	va_start(parts, part);
	for (; part; part = va_arg(parts, const char *))
		assert_contains("messages", messages, part);
	va_end(parts);
	free(messages);
}

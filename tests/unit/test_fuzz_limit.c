/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_fuzz_limit.c - a fuzzer's time limit counts the CPU's time: an input that only waits, as
 * on a busy machine, is none that takes too long.
 */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define WAIT 'w'
#define WORK 's'

void fuzz_one(const uint8_t *data, size_t size)
{
	const time_t begin = time(NULL);

	assert_int_equal(size, 1);
	while (time(NULL) < begin + (*data == WAIT ? 4 : 60))
		if (*data == WAIT)
			sleep(1);
}

/* Runs one input in a process of its own; returns how that ended. */
static int run_input(uint8_t input)
{
	const pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		fuzz_limit_s = 1;
		_exit(LLVMFuzzerTestOneInput(&input, 1));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_limit(void **state)
{
	int status;

	(void)state;
	assert_int_equal(run_input(WAIT), 0);
	status = run_input(WORK);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("fuzz_limit", tests, NULL, NULL);
}

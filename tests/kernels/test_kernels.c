/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_kernels.c - one test for each kernel: boots it in a virtual machine, loads every BPF
 * program, and, where the socket tracepoints exist (kernel 6.3), counts requests
 * (test_guest.c).
 *
 * Inputs: argv[1], the path of boot.sh; the kernels that fetch.sh has put into the build
 * directory; REDTAP_BUILD, or the directory above this program's.
 * Outputs: the machines' output, each line with the kernel's name first; cmocka's closing
 * lines.  It must not know what the programs in the machine do, only how they report
 * success.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * Seconds for a machine: two need one minute on two idle CPUs, and more while other suites
 * run (tests/suites/suites.mk).
 */
#define BOOT_SECONDS "1500"
/* In case that boot.sh does not stop by itself. */
#define DEADLINE_S 1560
/* Factor for the deadlines of its programs (harness.h). */
#define PATIENCE "4"
/* Machines at the same time; each has two CPUs. */
#define MACHINES_AT_ONCE 2
#define CONSOLE_BYTES (1024 * 1024)

struct kernel {
	const char *name;    /* directory below BUILD/kernels */
	const char *release; /* the beginning of uname -r */
	const char *object;  /* the BPF object for it */
	bool counts;         /* has the socket tracepoints */
};

/* In the order in which they start: the slowest first. */
static const struct kernel kernels[] = {
	{ "newest", "", "redtap.bpf.o", true },
	{ "6.12", "6.12.", "redtap.bpf.o", true },
	{ "5.10", "5.10.", "redtap_legacy.bpf.o", false },
	{ "6.1", "6.1.", "redtap_legacy.bpf.o", false },
};

#define KERNEL_COUNT (sizeof(kernels) / sizeof(kernels[0]))

/* A run of boot.sh. */
struct machine {
	pid_t pid;  /* 0: not started, or ended */
	int output; /* read end of its console */
	int status; /* as from waitpid(), valid after `ended` */
	bool started;
	bool ended;
	time_t begun; /* monotonic seconds */
	size_t length;
	size_t shown;  /* whole lines printed so far, bytes */
	char *console; /* CONSOLE_BYTES; more is shown, but not kept */
};

static struct machine machines[KERNEL_COUNT];
static const char *boot_script;
static char build[PATH_MAX];

static time_t clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* In the child: becomes boot.sh. */
static void machine_exec(const struct kernel *kernel)
{
	static const char *const tools[] = { "kernels/verify", "kernels/test_guest", "redtap",
					     "webapp" };
	char files[1 + sizeof(tools) / sizeof(tools[0])][PATH_MAX + 64];
	char command[512];
	const char *argv[32] = { boot_script, "-t", BOOT_SECONDS };
	size_t count = 3, i;

	for (i = 0; i <= sizeof(tools) / sizeof(tools[0]); i++) {
		snprintf(files[i], sizeof(files[i]), "%s/%s", build,
			 i ? tools[i - 1] : kernel->object);
		if (i > 1 && !kernel->counts)
			continue;
		argv[count++] = "-f";
		argv[count++] = files[i];
	}
	/* Count also if the verifier refuses a program. */
	snprintf(command, sizeof(command),
		 "echo \"kernel: $(uname -r)\"; export REDTAP_PATIENCE=" PATIENCE "; status=0; "
		 "/build/kernels/verify /build/%s || status=1; %s exit $status",
		 kernel->object, kernel->counts ? "/build/kernels/test_guest || status=1;" : "");
	argv[count++] = kernel->name;
	argv[count++] = "sh";
	argv[count++] = "-c";
	argv[count++] = command;
	execv(boot_script, (char *const *)argv);
	fprintf(stderr, "cannot run '%s': %s\n", boot_script, strerror(errno));
	_exit(127);
}

static void machine_start(size_t index)
{
	struct machine *machine = &machines[index];
	const pid_t parent = getpid();
	int ends[2];

	machine->console = malloc(CONSOLE_BYTES);
	assert_non_null(machine->console);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	machine->pid = fork();
	assert_true(machine->pid >= 0);
	if (machine->pid == 0) {
		/* The machine never outlives the test. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(127);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		machine_exec(&kernels[index]);
	}
	close(ends[1]);
	machine->output = ends[0];
	machine->started = true;
	machine->begun = clock_s();
}

/* Starts as many as may run at the same time, in the order of the table. */
static void machines_start(void)
{
	size_t running = 0, i;

	for (i = 0; i < KERNEL_COUNT; i++)
		running += machines[i].started && !machines[i].ended;
	for (i = 0; i < KERNEL_COUNT && running < MACHINES_AT_ONCE; i++) {
		if (!machines[i].started) {
			machine_start(i);
			running++;
		}
	}
}

/* Prints complete lines; at the end also the rest. */
static void machine_show(size_t index)
{
	struct machine *machine = &machines[index];

	while (machine->shown < machine->length) {
		const char *line = machine->console + machine->shown;
		const size_t left = machine->length - machine->shown;
		const char *end = memchr(line, '\n', left);

		if (!end && !machine->ended)
			break;
		printf("%6s| %.*s\n", kernels[index].name, (int)(end ? end - line : (long)left),
		       line);
		machine->shown += end ? (size_t)(end - line) + 1 : left;
	}
	fflush(stdout);
}

static void machine_read(size_t index)
{
	struct machine *machine = &machines[index];
	const size_t room = CONSOLE_BYTES - 1 - machine->length;
	char spare[4096];
	ssize_t taken;

	/* Read on when the buffer is full, so that the machine can end. */
	taken = read(machine->output, room ? machine->console + machine->length : spare,
		     room ? room : sizeof(spare));
	if (taken < 0 && errno == EINTR)
		return;
	if (taken > 0) {
		machine->length += room ? taken : 0;
	} else {
		close(machine->output);
		waitpid(machine->pid, &machine->status, 0);
		machine->pid = 0;
		machine->ended = true;
	}
	machine_show(index);
}

/* Kills machines that are too slow; this ends their consoles. */
static void machine_check_time(struct machine *machine)
{
	if (machine->pid && clock_s() - machine->begun > DEADLINE_S)
		kill(machine->pid, SIGTERM);
}

static void machine_wait(size_t index)
{
	while (!machines[index].ended) {
		struct pollfd waits[KERNEL_COUNT];
		size_t i;

		machines_start();
		for (i = 0; i < KERNEL_COUNT; i++) {
			waits[i] = (struct pollfd){ .fd = machines[i].pid ? machines[i].output : -1,
						    .events = POLLIN };
			machine_check_time(&machines[i]);
		}
		poll(waits, KERNEL_COUNT, 1000);
		for (i = 0; i < KERNEL_COUNT; i++)
			if (waits[i].revents)
				machine_read(i);
	}
	machines[index].console[machines[index].length] = '\0';
}

/* The number between two texts in one line of the console; -1: no such line. */
static int console_number(const char *console, const char *before, const char *after)
{
	const char *at = console;

	while ((at = strstr(at, before))) {
		char *end;
		const long number = strtol(at + strlen(before), &end, 10);

		if (end != at + strlen(before) && strncmp(end, after, strlen(after)) == 0)
			return (int)number;
		at += strlen(before);
	}
	return -1;
}

static void test_kernel(void **state)
{
	const struct kernel *kernel = *state;
	const size_t index = kernel - kernels;
	char release[64];
	const char *console;
	int passed;

	machine_wait(index);
	console = machines[index].console;
	/* The status alone is not enough: no output is not success. */
	snprintf(release, sizeof(release), "kernel: %s", kernel->release);
	if (!strstr(console, release))
		fail_msg("kernel %s: the machine runs another kernel", kernel->name);
	if (console_number(console, "verify: ", " loaded, 0 failed") <= 0)
		fail_msg("kernel %s: not every program was loaded", kernel->name);
	if (kernel->counts) {
		passed = console_number(console, "[  PASSED  ] ", " test(s).");
		if (passed <= 0 || strstr(console, "[  FAILED  ]"))
			fail_msg("kernel %s: the counts are wrong", kernel->name);
	}
	if (!WIFEXITED(machines[index].status) || WEXITSTATUS(machines[index].status) != 0)
		fail_msg("kernel %s: the machine ended with wait status %#x", kernel->name,
			 machines[index].status);
}

/* Ends machines that no test has waited for. */
static int group_teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < KERNEL_COUNT; i++) {
		if (machines[i].pid) {
			kill(machines[i].pid, SIGTERM);
			waitpid(machines[i].pid, NULL, 0);
		}
		free(machines[i].console);
	}
	return 0;
}

/* The build directory: REDTAP_BUILD, or the one two levels above this program. */
static bool build_find(void)
{
	const char *given = getenv("REDTAP_BUILD");
	int levels = given ? 0 : 2;

	if (!realpath(given ? given : "/proc/self/exe", build))
		return false;
	for (; levels > 0; levels--) {
		char *slash = strrchr(build, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	return setenv("REDTAP_BUILD", build, 1) == 0;
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[KERNEL_COUNT];
	size_t i;

	if (argc != 2 || !build_find()) {
		fprintf(stderr, "usage: test_kernels PATH/boot.sh\n");
		return 2;
	}
	boot_script = argv[1];
	for (i = 0; i < KERNEL_COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = kernels[i].name,
						.test_func = test_kernel,
						.initial_state = (void *)&kernels[i] };
	return cmocka_run_group_tests_name("kernels", tests, NULL, group_teardown);
}

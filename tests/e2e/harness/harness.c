/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * harness.c - see harness.h.
 */
#include "harness/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING 64
/* Longer than any test may take, several deadlines in a row included. */
#define WATCHDOG_S 120
#define CLEANUPS_MAX 64

struct cleanup {
	void (*release)(void *object);
	void *object;
};

static char scratch[64];
static struct cleanup cleanups[CLEANUPS_MAX];
static size_t cleanup_count;
static size_t kept_count; /* the first ones are kept across tests */

double harness_patience(void)
{
	const char *given = getenv("REDTAP_PATIENCE");
	const double factor = given ? atof(given) : 1;

	return factor >= 1 ? factor : 1;
}

/* Before main(), because cmocka counts the tests of a group before its setup. */
__attribute__((constructor)) static void choose_tests(void)
{
	const char *pattern = getenv("REDTAP_TESTS");

	if (pattern && *pattern)
		cmocka_set_test_filter(pattern);
}

static char *ring_next(void)
{
	static char ring[RING][HARNESS_PATH_MAX];
	static unsigned int next;

	return ring[next++ % RING];
}

const char *text_format(const char *format, ...)
{
	char *buffer = ring_next();
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(buffer, HARNESS_PATH_MAX, format, arguments);
	va_end(arguments);
	if (length < 0 || length >= HARNESS_PATH_MAX)
		fail_msg("text from '%s' is too long", format);
	return buffer;
}

/* The directory that holds the test program, without its last component. */
static const char *build_directory(void)
{
	static char directory[PATH_MAX];
	const char *given = getenv("REDTAP_BUILD");
	ssize_t length;
	int levels;

	if (given)
		return given;
	length = readlink("/proc/self/exe", directory, sizeof(directory) - 1);
	assert_true(length > 0);
	directory[length] = '\0';
	for (levels = 0; levels < 2; levels++) {
		char *slash = strrchr(directory, '/');

		assert_non_null(slash);
		*slash = '\0';
	}
	return directory;
}

const char *path_build(const char *name)
{
	return text_format("%s/%s", build_directory(), name);
}

const char *path_source(const char *name)
{
	const char *given = getenv("REDTAP_SOURCE");

	if (given)
		return text_format("%s/%s", given, name);
	return text_format("%s/../%s", build_directory(), name);
}

const char *path_scratch(const char *name)
{
	return text_format("%s/%s", scratch, name);
}

void file_write(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "w");
	bool written;

	if (!file)
		fail_msg("cannot create '%s': %s", path, strerror(errno));
	written = fwrite(bytes, 1, length, file) == length;
	if (fclose(file) != 0 || !written)
		fail_msg("cannot write '%s': %s", path, strerror(errno));
}

char *file_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	size_t used = 0, room = 65536;
	char *bytes = malloc(room);

	if (!file)
		fail_msg("cannot open '%s': %s", path, strerror(errno));
	assert_non_null(bytes);
	for (;;) {
		size_t taken = fread(bytes + used, 1, room - used - 1, file);

		used += taken;
		if (taken == 0)
			break;
		if (room - used < 2) {
			room *= 2;
			bytes = realloc(bytes, room);
			assert_non_null(bytes);
		}
	}
	assert_false(ferror(file));
	fclose(file);
	bytes[used] = '\0';
	if (length)
		*length = used;
	return bytes;
}

bool bytes_contain(const void *haystack, size_t haystack_length, const char *needle)
{
	return memmem(haystack, haystack_length, needle, strlen(needle)) != NULL;
}

int kernel_major(void)
{
	struct utsname kernel;

	assert_int_equal(uname(&kernel), 0);
	return atoi(kernel.release);
}

double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void pause_briefly(void)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

bool wait_until(bool (*condition)(void *context), void *context, double seconds)
{
	const double end = clock_s() + seconds;

	for (;;) {
		/* Read first, so that the condition is checked once more after the deadline. */
		const bool last = clock_s() >= end;

		if (condition(context))
			return true;
		if (last)
			return false;
		pause_briefly();
	}
}

/* In a child: keeps a CPU busy whenever it would be idle. */
static void stay_awake(int cpu, pid_t parent)
{
	const struct sched_param parameter = { .sched_priority = 0 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || sched_setaffinity(0, sizeof(set), &set) ||
	    sched_setscheduler(0, SCHED_IDLE, &parameter))
		_exit(0);
	for (;;)
		continue;
}

/* Starts one child for each CPU that we may use; off: ends them. */
static void awake_set(bool on)
{
	static pid_t children[CPU_SETSIZE];
	const pid_t parent = getpid();
	cpu_set_t set;
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (children[cpu] > 0) {
			kill(children[cpu], SIGKILL);
			waitpid(children[cpu], NULL, 0);
		}
		children[cpu] = 0;
	}
	if (!on || sched_getaffinity(0, sizeof(set), &set))
		return;
	fflush(NULL);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		children[cpu] = fork();
		if (children[cpu] == 0)
			stay_awake(cpu, parent);
	}
}

void realtime_set(bool on)
{
	const struct sched_param parameter = { .sched_priority = on ? 1 : 0 };

	awake_set(on);
	if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &parameter))
		print_message("no real-time priority for the client: %s\n", strerror(errno));
}

uint16_t port_free(int socket_type)
{
	static unsigned int next;
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		/* Below the ephemeral ports, so that no outgoing connection takes it first. */
		const uint16_t port = 10000 + (getpid() * 7919u + next++ * 101) % 20000;
		const struct sockaddr_in address = {
			.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		int fd = socket(AF_INET, socket_type | SOCK_CLOEXEC, 0);
		bool bound;

		assert_true(fd >= 0);
		bound = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
		close(fd);
		if (bound)
			return port;
	}
	fail_msg("no free port between 10000 and 29999");
	return 0;
}

static void on_watchdog(int signal_number)
{
	static const char text[] =
		"a test hangs: not finished within the watchdog's time, giving up\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	(void)signal_number;
	/* Children get their parent-death signal. */
	_exit(1);
}

int harness_group_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_watchdog);
	strcpy(scratch, "/tmp/redtap-e2e-XXXXXX");
	if (!mkdtemp(scratch))
		return -1;
	/* Servers drop privileges and must still be able to read this directory. */
	return chmod(scratch, 0755);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

int harness_group_teardown(void **state)
{
	(void)state;
	if (getenv("REDTAP_KEEP")) {
		fprintf(stderr, "kept: %s\n", scratch);
		return 0;
	}
	return nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int harness_setup(void **state)
{
	(void)state;
	alarm((unsigned int)(WATCHDOG_S * harness_patience()));
	return 0;
}

void harness_release_newest(void)
{
	const struct cleanup *newest;

	assert_true(cleanup_count > 0);
	newest = &cleanups[--cleanup_count];
	newest->release(newest->object);
}

int harness_teardown(void **state)
{
	(void)state;
	while (cleanup_count > kept_count)
		harness_release_newest();
	alarm(0);
	return 0;
}

void harness_on_teardown(void (*release)(void *object), void *object)
{
	if (cleanup_count == CLEANUPS_MAX)
		fail_msg("more than %d objects in one test", CLEANUPS_MAX);
	cleanups[cleanup_count++] = (struct cleanup){ .release = release, .object = object };
}

void harness_keep(void)
{
	kept_count = cleanup_count;
}

void harness_release_kept(void)
{
	kept_count = 0;
	while (cleanup_count > 0)
		harness_release_newest();
}

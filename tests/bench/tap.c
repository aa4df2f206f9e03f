// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * tap.c - see tap.h.
 */
#include "tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#define REDTAP "/build/redtap"
#define EMPTY_OBJECT "/build/bench/empty.bpf.o"

/* The verifier is slow on an emulated CPU. */
#define ATTACH_DEADLINE_MS (300 * 1000)
#define END_DEADLINE_MS (60 * 1000)

const char *const tap_state_names[TAP_STATES] = { "nothing", "empty", "unwatched", "watched" };

/* ---- empty programs --------------------------------------------------- */

static void empty_start(struct tap *tap)
{
	struct bpf_program *program;
	size_t count = 0;

	tap->object = bpf_object__open_file(EMPTY_OBJECT, NULL);
	if (!tap->object || bpf_object__load(tap->object))
		err(1, "cannot load '%s'", EMPTY_OBJECT);
	bpf_object__for_each_program(program, tap->object) {
		if (count == TAP_LINKS_MAX)
			errx(1, "too many programs in '%s'", EMPTY_OBJECT);
		tap->links[count] = bpf_program__attach(program);
		if (!tap->links[count++])
			err(1, "cannot attach '%s'", bpf_program__name(program));
	}
}

static void empty_stop(struct tap *tap)
{
	size_t i;

	for (i = 0; i < TAP_LINKS_MAX; i++)
		bpf_link__destroy(tap->links[i]);
	bpf_object__close(tap->object);
}

/* ---- redtap ----------------------------------------------------------- */

static pid_t idle_start(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		err(1, "fork()");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/*
 * The next JSON object of this type that redtap prints.  The stream is unbuffered, so that
 * poll() returns for every line.
 */
static json_t *redtap_wait(struct tap *tap, const char *type, int deadline_ms)
{
	struct pollfd wait = { .fd = fileno(tap->output), .events = POLLIN };
	char *line = NULL;
	size_t size = 0;
	json_t *object = NULL;

	for (;;) {
		const char *found;

		if (poll(&wait, 1, deadline_ms) <= 0)
			errx(1, "redtap has printed no '%s' in %d s", type, deadline_ms / 1000);
		if (getline(&line, &size, tap->output) < 0)
			errx(1, "redtap has ended without '%s'", type);
		object = json_loads(line, 0, NULL);
		found = json_string_value(json_object_get(object, "type"));
		if (found && strcmp(found, type) == 0)
			break;
		json_decref(object);
	}
	free(line);
	return object;
}

static void redtap_start(struct tap *tap, pid_t target)
{
	char pid[16];
	int ends[2];

	snprintf(pid, sizeof(pid), "%d", (int)target);
	if (pipe(ends))
		err(1, "pipe()");
	fflush(NULL);
	tap->redtap = fork();
	if (tap->redtap < 0)
		err(1, "fork()");
	if (tap->redtap == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		/* no flush while exchanges are measured */
		execl(REDTAP, "redtap", "attach", "--pid", pid, "--statsd", "none", "--output",
		      "json", "--interval", "1h", (char *)NULL);
		err(127, "cannot run '%s'", REDTAP);
	}
	close(ends[1]);
	tap->output = fdopen(ends[0], "r");
	if (!tap->output)
		err(1, "fdopen()");
	setvbuf(tap->output, NULL, _IONBF, 0);
	json_decref(redtap_wait(tap, "attached", ATTACH_DEADLINE_MS));
}

static void redtap_stop(struct tap *tap, uint64_t requests)
{
	uint64_t expected = tap->state == TAP_WATCHED ? requests : 0, seen, counted;
	json_t *total;
	int status;

	kill(tap->redtap, SIGINT);
	total = redtap_wait(tap, "total", END_DEADLINE_MS);
	seen = json_integer_value(json_object_get(total, "seen"));
	counted = json_integer_value(json_object_get(total, "counted"));
	json_decref(total);
	fclose(tap->output);
	if (waitpid(tap->redtap, &status, 0) != tap->redtap || status != 0)
		errx(1, "redtap ended with wait status %#x", status);
	if (seen != expected || counted != expected)
		errx(1, "redtap (%s) has seen %llu and counted %llu of %llu requests",
		     tap_state_names[tap->state], (unsigned long long)seen,
		     (unsigned long long)counted, (unsigned long long)expected);
}

/* ---- states ----------------------------------------------------------- */

void tap_start(struct tap *tap, enum tap_state state, pid_t server)
{
	memset(tap, 0, sizeof(*tap));
	tap->state = state;
	switch (state) {
	case TAP_EMPTY:
		empty_start(tap);
		break;
	case TAP_UNWATCHED:
		tap->idle = idle_start();
		redtap_start(tap, tap->idle);
		break;
	case TAP_WATCHED:
		redtap_start(tap, server);
		break;
	default:
		break;
	}
}

void tap_stop(struct tap *tap, uint64_t requests)
{
	if (tap->object)
		empty_stop(tap);
	if (tap->redtap)
		redtap_stop(tap, requests);
	if (tap->idle) {
		kill(tap->idle, SIGKILL);
		waitpid(tap->idle, NULL, 0);
	}
}

/* ---- runs ------------------------------------------------------------- */

/* Runs of all loaded programs, each since it was loaded. */
static uint64_t runs_total(void)
{
	uint64_t runs = 0;
	__u32 id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			err(1, "cannot read the info of BPF program %u", id);
		runs += info.run_cnt;
		close(fd);
	}
	return runs;
}

static uint64_t runs_before;

int tap_runs_start(void)
{
	int counting = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (counting < 0)
		err(1, "cannot make the kernel count the runs of BPF programs");
	runs_before = runs_total();
	return counting;
}

uint64_t tap_runs_stop(int counting)
{
	uint64_t runs = runs_total() - runs_before;

	close(counting);
	return runs;
}

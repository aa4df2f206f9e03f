// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * bench_guest.c [-p] [-r ROWS] [-s STATES] - measures the instructions of an exchange in
 * each state of the kernel's hooks.  It runs inside a virtual machine whose clock counts
 * instructions, so that a nanosecond is an instruction.
 *
 * Inputs: rows of exchange.c and states of tap.c by name, separated by spaces
 * (default: all); redtap and empty.bpf.o below /build.  Outputs: JSON objects, one a
 * line, after "bench: ":
 *   {"release": R}                      the kernel
 *   {"row": N, "state": S, "instructions": I, "spread": D, "programs": P}
 *       instructions of an exchange: mean of the middle half of the rounds, the
 *       width of that half, and how many BPF programs run in an exchange
 *   {"row": N, "drift": D}              the first state, measured again at the end
 *   {"complete": true}
 * With -p, it prints the lines of symbols.h and {"profile": true}, then runs the first row
 * in the first state without end.
 * Exit status 0 only if redtap has counted every request.  It must not know how many
 * instructions are allowed.
 */
#include <err.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "exchange.h"
#include "symbols.h"
#include "tap.h"

/* Rounds until caches, congestion window and series do not change any more. */
#define WARM_ROUNDS 3
#define ROUNDS 16
/*
 * After boot the kernel is busy for a while (it calibrates its clock, checks its tables):
 * so many rounds in a row must differ by less than this share.
 */
#define STEADY_ROUNDS 8
#define STEADY_SHARE 0.004
#define BOOT_ROUNDS_MAX 500
/* Microseconds between two measurements, in which all other tasks may run. */
#define OTHERS_US 200000

struct measure {
	double instructions;
	double spread;
	double programs;
};

/* The guest's server, and how many responses it has sent. */
static struct exchange_server server;
static uint64_t requests;

static int compare_rounds(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static uint64_t round_run(struct exchange_client *client)
{
	requests += exchange_requests(client->row);
	return exchange_round(client);
}

/*
 * Only this process and the server run, in turns: both have the same real-time priority, so
 * neither is preempted in the middle of an exchange.
 */
static void priority_set(void)
{
	const struct sched_param first = { .sched_priority = 1 };
	FILE *limit = fopen("/proc/sys/kernel/sched_rt_runtime_us", "w");

	if (!limit || fputs("-1", limit) < 0 || fclose(limit))
		err(1, "cannot lift the limit of real-time processes");
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) ||
	    sched_setscheduler(server.pid, SCHED_FIFO, &first))
		err(1, "sched_setscheduler()");
}

/* Lets all other tasks run; idle time is not counted. */
static void others_run(void)
{
	usleep(OTHERS_US);
}

static struct measure row_measure(unsigned int row, bool attached)
{
	const double exchanges = exchange_rows[row].exchanges;
	struct exchange_client client;
	struct measure measure = { 0 };
	uint64_t rounds[ROUNDS];
	unsigned int i;

	others_run();
	exchange_client_open(&client, &server, row);
	for (i = 0; i < WARM_ROUNDS; i++)
		round_run(&client);
	for (i = 0; i < ROUNDS; i++)
		rounds[i] = round_run(&client);
	if (attached) {
		const int counting = tap_runs_start();

		round_run(&client);
		measure.programs = tap_runs_stop(counting) / exchanges;
	}
	exchange_client_close(&client);
	qsort(rounds, ROUNDS, sizeof(rounds[0]), compare_rounds);
	for (i = ROUNDS / 4; i < ROUNDS * 3 / 4; i++)
		measure.instructions += rounds[i] / exchanges / (ROUNDS / 2);
	measure.spread = (rounds[ROUNDS * 3 / 4 - 1] - rounds[ROUNDS / 4]) / exchanges;
	return measure;
}

/* Whether a list (words separated by spaces) has this word; NULL: yes. */
static bool list_has(const char *list, const char *word)
{
	const size_t length = strlen(word);
	const char *at = list;

	if (!list)
		return true;
	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
		at++;
	}
	return false;
}

/*
 * Runs exchanges until the machine is steady, then each row once, so that tables and
 * caches are full.  Exits after a message if the machine does not become steady.
 */
static void boot_settle(const char *rows)
{
	struct exchange_client client;
	unsigned int i, steady = 0;
	uint64_t low = 0, high = 0;

	others_run();
	exchange_client_open(&client, &server, 0);
	for (i = 0; steady < STEADY_ROUNDS; i++) {
		const uint64_t round = exchange_round(&client);

		if (i == BOOT_ROUNDS_MAX)
			errx(1, "the machine is not steady after %u rounds", i);
		if (steady == 0 || round > low * (1 + STEADY_SHARE) ||
		    round < high * (1 - STEADY_SHARE)) {
			steady = 0;
			low = round;
			high = round;
		}
		low = round < low ? round : low;
		high = round > high ? round : high;
		steady++;
	}
	exchange_client_close(&client);
	for (i = 0; i < exchange_row_count; i++)
		if (list_has(rows, exchange_rows[i].name))
			row_measure(i, false);
}

static void state_measure(enum tap_state state, const char *rows, double *first)
{
	struct tap tap;
	unsigned int row;

	requests = 0;
	tap_start(&tap, state, server.pid);
	for (row = 0; row < exchange_row_count; row++) {
		struct measure measure;

		if (!list_has(rows, exchange_rows[row].name))
			continue;
		measure = row_measure(row, state != TAP_NOTHING);
		if (first[row] == 0)
			first[row] = measure.instructions;
		printf("bench: {\"row\":\"%s\",\"state\":\"%s\",\"instructions\":%.1f,\"spread\":%.1f,\"programs\":%.2f}\n",
		       exchange_rows[row].name, tap_state_names[state], measure.instructions,
		       measure.spread, measure.programs);
		fflush(stdout);
	}
	tap_stop(&tap, requests);
}

/* Exchanges without end, for a profile; profile.sh ends the machine. */
static void profile_run(const char *rows, const char *states)
{
	struct exchange_client client;
	unsigned int row = 0;
	struct tap tap;
	int state = 0;

	while (row + 1 < exchange_row_count && !list_has(rows, exchange_rows[row].name))
		row++;
	while (state + 1 < TAP_STATES && !list_has(states, tap_state_names[state]))
		state++;
	tap_start(&tap, state, server.pid);
	row_measure(row, false);
	symbols_print();
	exchange_client_open(&client, &server, row);
	round_run(&client);
	printf("bench: {\"profile\":true}\n");
	fflush(stdout);
	for (;;)
		round_run(&client);
}

/* Every word must be a name: else a mistyped one would be left out silently. */
static void list_check(const char *list, const char *const *names, size_t count)
{
	char *copy = strdup(list), *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		size_t i = 0;

		while (i < count && strcmp(names[i], word) != 0)
			i++;
		if (*word && i == count)
			errx(2, "'%s' is unknown", word);
	}
	free(copy);
}

static void rows_check(const char *rows)
{
	const char *names[exchange_row_count];
	size_t i;

	for (i = 0; i < exchange_row_count; i++)
		names[i] = exchange_rows[i].name;
	list_check(rows, names, exchange_row_count);
}

int main(int argc, char **argv)
{
	const char *rows = NULL, *states = NULL;
	double first[exchange_row_count];
	struct utsname kernel;
	unsigned int i, row;
	bool profile = false;
	int option;

	while ((option = getopt(argc, argv, "pr:s:")) != -1) {
		if (option == 'p')
			profile = true;
		else if (option == 'r')
			rows = optarg;
		else if (option == 's')
			states = optarg;
		else
			return 2;
	}
	if (rows)
		rows_check(rows);
	if (states)
		list_check(states, tap_state_names, TAP_STATES);
	if (uname(&kernel))
		err(1, "uname()");
	printf("bench: {\"release\":\"%s\"}\n", kernel.release);
	memset(first, 0, sizeof(first));
	exchange_server_start(&server);
	priority_set();
	boot_settle(rows);
	if (profile)
		profile_run(rows, states);
	for (i = 0; i < TAP_STATES; i++)
		if (list_has(states, tap_state_names[i]))
			state_measure(i, rows, first);
	if (list_has(states, tap_state_names[TAP_NOTHING]))
		for (row = 0; row < exchange_row_count; row++)
			if (list_has(rows, exchange_rows[row].name))
				printf("bench: {\"row\":\"%s\",\"drift\":%.1f}\n",
				       exchange_rows[row].name,
				       row_measure(row, false).instructions - first[row]);
	exchange_server_stop(&server);
	printf("bench: {\"complete\":true}\n");
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_concurrency.c - many threads on the same connections, both directions busy at the
 * same time, connections cut in the middle, and socket addresses that are used again at
 * once: nothing is mixed up, nothing is lost, the ledger balances.
 *
 * Input: environment: SECONDS of load for each test (default: 3, and 8 for the test of
 * addresses used again, which depends most on chance).
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crowd_client.h"
#include "harness/harness.h"
#include "harness/redtap_run.h"

#define SECONDS_DEFAULT 3
#define SECONDS_SHORT 8
#define LASTING 64
#define SHORT 4
#define CLIENTS_MAX 80

struct crowd {
	struct crowd_client clients[CLIENTS_MAX];
	size_t count;
	struct counts expected;
	struct process *server;
	struct redtap *redtap;
	uint16_t ports[CROWD_PORTS];
};

/*
 * The possible results of requests whose client does not wait.  How many there are of each
 * depends on timing; but there must be no other results, and not too many in all.
 */
static const struct loose_row {
	const struct crowd_kind *kind;
	const char *route;
	int status;
	const char *error;
} loose_rows[] = {
	{ &crowd_kind_leaving, "/leaving/{id}/{id}", 299, "" },
	{ &crowd_kind_leaving, "/leaving/{id}/{id}", 299, "client_abort" },
	{ &crowd_kind_leaving, "/leaving/{id}/{id}", 0, "client_abort" },
	{ &crowd_kind_leaving, "other", 0, "client_abort" },
	{ &crowd_kind_cut, "/cut/{id}/{id}", 298, "" },
	{ &crowd_kind_cut, "/cut/{id}/{id}", 0, "no_response" },
	{ &crowd_kind_cut, "/cut/{id}/{id}", 0, "client_abort" },
	{ &crowd_kind_cut, "other", 0, "no_response" },
	{ &crowd_kind_cut, "other", 0, "client_abort" },
	{ &crowd_kind_gone, "/gone/{id}/{id}", 297, "" },
	{ &crowd_kind_gone, "/gone/{id}/{id}", 297, "client_abort" },
	{ &crowd_kind_gone, "/gone/{id}/{id}", 0, "client_abort" },
};

static double seconds_or(double fallback)
{
	const char *text = getenv("SECONDS");

	return text && atof(text) > 0 ? atof(text) : fallback;
}

static void crowd_begin(struct crowd *crowd)
{
	const char *argv[] = { path_build("property/crowd_server"), NULL };
	unsigned int ports[CROWD_PORTS];
	char *line;
	int i;

	memset(crowd, 0, sizeof(*crowd));
	counts_init(&crowd->expected);
	crowd->server = process_start(&(struct process_options){ .name = "crowd", .argv = argv });
	process_wait_out(crowd->server, "\n", DEADLINE_S);
	line = process_out(crowd->server);
	assert_int_equal(sscanf(line, "listening %u %u %u", &ports[0], &ports[1], &ports[2]),
			 CROWD_PORTS);
	for (i = 0; i < CROWD_PORTS; i++)
		crowd->ports[i] = ports[i];
	free(line);
	crowd->redtap = redtap_attach(
		&(struct redtap_options){ .pid = crowd->server->pid, .interval = "1s" });
}

static struct crowd_client *crowd_add(struct crowd *crowd, void *(*play)(void *))
{
	struct crowd_client *client = &crowd->clients[crowd->count];

	assert_true(crowd->count < CLIENTS_MAX);
	client->play = play;
	client->index = crowd->count++;
	client->seed = 1;
	memcpy(client->ports, crowd->ports, sizeof(client->ports));
	return client;
}

/* A client that waits for all responses; number: its own, below 100. */
static void crowd_add_exact(struct crowd *crowd, void *(*play)(void *), unsigned int number)
{
	static const char *const methods[] = { "GET",     "POST",   "PUT",    "DELETE",
					       "OPTIONS", "SEARCH", "REPORT", "PROPFIND" };
	struct crowd_client *client = crowd_add(crowd, play);

	client->kind = (struct crowd_kind){ .method = methods[number % ROWS(methods)],
					    .status = 410 + number,
					    .request_bytes = 13 * number,
					    .response_bytes = 37 * number };
	snprintf(client->kind.word, sizeof(client->kind.word), "w%u", number);
}

static void crowd_play(struct crowd *crowd, double seconds)
{
	const double until = clock_s() + seconds;
	pthread_t threads[CLIENTS_MAX];
	size_t i;

	alarm(120 + 3 * (unsigned int)seconds);
	for (i = 0; i < crowd->count; i++) {
		crowd->clients[i].until = until;
		assert_int_equal(pthread_create(&threads[i], NULL, crowd->clients[i].play,
						&crowd->clients[i]),
				 0);
	}
	for (i = 0; i < crowd->count; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < crowd->count; i++) {
		const struct crowd_client *client = &crowd->clients[i];
		const struct crowd_kind *kind = &client->kind;
		char route[64];

		if (client->why[0])
			fail_msg("%s", client->why);
		snprintf(route, sizeof(route), "/%s/{id}/{id}", kind->word);
		if (client->answered)
			counts_add(&crowd->expected, kind->method, route, kind->status, "",
				   client->answered, client->answered * kind->request_bytes,
				   client->answered * kind->response_bytes);
	}
}

static const struct loose_row *loose_find(const struct count_row *row)
{
	size_t i;

	for (i = 0; i < ROWS(loose_rows); i++) {
		const struct loose_row *loose = &loose_rows[i];

		if (strcmp(row->method, loose->kind->method) == 0 &&
		    strcmp(row->route, loose->route) == 0 && row->status == loose->status &&
		    strcmp(row->error, loose->error) == 0)
			return loose;
	}
	return NULL;
}

/* The largest number of requests that clients of this kind have begun. */
static uint64_t begun_by(const struct crowd *crowd, const struct crowd_kind *kind)
{
	uint64_t begun = 0;
	size_t i;

	for (i = 0; i < crowd->count; i++)
		if (strcmp(crowd->clients[i].kind.word, kind->word) == 0)
			begun += crowd->clients[i].begun;
	return begun;
}

/* Checks the rows of requests without a waiting client; copies all others to exact. */
static void check_loose(const struct crowd *crowd, const struct counts *all, struct counts *exact)
{
	static const struct crowd_kind *const kinds[] = { &crowd_kind_leaving, &crowd_kind_cut,
							  &crowd_kind_gone };
	uint64_t sums[ROWS(kinds)] = { 0 };
	size_t i, k;

	for (i = 0; i < all->count; i++) {
		const struct count_row *row = &all->rows[i];
		const struct loose_row *loose = loose_find(row);

		if (!loose) {
			counts_add(exact, row->method, row->route, row->status, row->error,
				   row->count, row->request_bytes, row->response_bytes);
			continue;
		}
		for (k = 0; k < ROWS(kinds); k++)
			sums[k] += kinds[k] == loose->kind ? row->count : 0;
		assert_true(row->request_bytes <= row->count * loose->kind->request_bytes);
		assert_true(row->response_bytes <= row->count * loose->kind->response_bytes);
		if (row->status == 0)
			assert_int_equal(row->response_bytes, 0);
		fprintf(stderr, "  %s %s %d %s: %llu\n", row->method, row->route, row->status,
			row->error, (unsigned long long)row->count);
	}
	for (k = 0; k < ROWS(kinds); k++)
		assert_in_range(sums[k], 0, begun_by(crowd, kinds[k]));
}

/* On each connection that the server shuts down, one response is cut in the middle. */
static void check_cut(const struct crowd *crowd, const struct counts *all)
{
	const struct crowd_kind *kind = &crowd_kind_cut;
	const struct count_row *row =
		counts_find(all, kind->method, "/cut/{id}/{id}", kind->status, "");
	uint64_t cut = 0;
	size_t i;

	for (i = 0; i < crowd->count; i++)
		if (crowd->clients[i].play == crowd_cut)
			cut += crowd->clients[i].connections;
	assert_int_equal(row ? row->count : 0, cut);
	if (row) {
		assert_int_equal(row->request_bytes, cut * kind->request_bytes);
		assert_int_equal(row->response_bytes, cut * (kind->response_bytes / 2));
	}
}

/* The server still runs, but is idle: all connections have ended. */
static bool at_rest(void *context)
{
	struct crowd *crowd = context;
	json_t *lines = redtap_lines(crowd->redtap);
	json_t *last = json_array_get(lines, json_array_size(lines) - 1);

	return strcmp(json_string_value(json_object_get(last, "type")), "flush") == 0 &&
	       redtap_count(last, "seen") == 0 && redtap_count(last, "in_flight") == 0 &&
	       redtap_count(last, "connections") == 0;
}

static void crowd_check(struct crowd *crowd)
{
	struct counts all, exact;
	uint64_t sent = 0;
	json_t *total;
	size_t i;

	if (!wait_until(at_rest, crowd, DEADLINE_S))
		fprintf(stderr, "redtap still counts or has requests in flight\n");
	total = redtap_finish(crowd->redtap, SIGINT);
	process_end(crowd->server, SIGTERM);
	for (i = 0; i < crowd->count; i++)
		sent += crowd->clients[i].answered;
	fprintf(stderr, "  %llu requests that must be counted, %lld seen\n",
		(unsigned long long)sent, (long long)redtap_count(total, "seen"));
	fprintf(stderr, "  approximate %s\n  ignored %s\n",
		json_dumps(json_object_get(total, "approximate"), 0),
		json_dumps(json_object_get(total, "ignored"), 0));
	counts_init(&all);
	counts_init(&exact);
	counts_from_json(&all, json_object_get(total, "series"), NULL);
	check_cut(crowd, &all);
	check_loose(crowd, &all, &exact);
	counts_assert_equal(&crowd->expected, &exact, true, "the JSON total");
	redtap_assert_nothing_lost(total);
	assert_int_equal(redtap_count(total, "in_flight"), 0);
	assert_int_equal(redtap_count(total, "connections"), 0);
	assert_true(sent > 0);
	counts_release(&all);
	counts_release(&exact);
	counts_release(&crowd->expected);
}

/* 64 connections; any free thread makes the next call on them. */
static void threads_share_connections(void **state)
{
	struct crowd crowd;
	unsigned int i;

	(void)state;
	crowd_begin(&crowd);
	for (i = 0; i < LASTING; i++)
		crowd_add_exact(&crowd, crowd_lasting, i);
	crowd_play(&crowd, seconds_or(SECONDS_DEFAULT));
	crowd_check(&crowd);
}

/* Some connections last, while either side ends others early. */
static void connections_break_off(void **state)
{
	struct crowd crowd;
	unsigned int i;

	(void)state;
	crowd_begin(&crowd);
	for (i = 0; i < 8; i++)
		crowd_add_exact(&crowd, crowd_lasting, i);
	for (i = 0; i < 4; i++) {
		crowd_add(&crowd, crowd_leaving);
		crowd_add(&crowd, crowd_cut);
	}
	crowd_play(&crowd, seconds_or(SECONDS_DEFAULT));
	crowd_check(&crowd);
}

/* Short connections, as fast as possible: the kernel uses the same socket memory again. */
static void addresses_used_again(void **state)
{
	struct crowd crowd;
	unsigned int i;

	(void)state;
	crowd_begin(&crowd);
	for (i = 0; i < SHORT; i++)
		crowd_add_exact(&crowd, crowd_short, i);
	crowd_add(&crowd, crowd_gone);
	crowd_play(&crowd, seconds_or(SECONDS_SHORT));
	crowd_check(&crowd);
}

static void file_put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("cannot write '%s': %s", path, strerror(errno));
	close(fd);
}

/* A network namespace of its own, in which any CPU processes packets. */
static void network_open(void)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	const char *directory = path_scratch("sys");
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(mount("sysfs", directory, "sysfs", 0, NULL), 0);
	file_put(path_scratch("sys/class/net/lo/queues/rx-0/rps_cpus"),
		 text_format("%x", cpus < 32 ? (1U << cpus) - 1 : ~0U));
	assert_int_equal(umount(directory), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &loopback), 0);
	close(fd);
}

/* The same while softirqs interrupt programs.  The last test: it cannot leave the namespace. */
static void packets_on_any_cpu(void **state)
{
	struct crowd crowd;
	unsigned int i;

	(void)state;
	network_open();
	crowd_begin(&crowd);
	for (i = 0; i < SHORT; i++)
		crowd_add_exact(&crowd, crowd_short, i);
	crowd_add(&crowd, crowd_gone);
	for (i = SHORT; i < SHORT + 8; i++)
		crowd_add_exact(&crowd, crowd_lasting, i);
	crowd_play(&crowd, seconds_or(SECONDS_DEFAULT));
	crowd_check(&crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(threads_share_connections),
		E2E_TEST(connections_break_off),
		E2E_TEST(addresses_used_again),
		E2E_TEST(packets_on_any_cpu),
	};

	return cmocka_run_group_tests_name("concurrency", tests, harness_group_setup,
					   harness_group_teardown);
}

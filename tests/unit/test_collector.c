/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_collector.c - differences, sums over routes and phases, on a kernel that
 * this test plays: it stands in for the loader.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "collect/collector.h"
#include "abi/histogram.h"

#define SERIES_MAX 8
#define MS 1000000ULL

/* What the kernel holds. */
static struct {
	struct ledger ledger;
	uint64_t missed;
	struct series_key keys[SERIES_MAX];
	struct series_value series[SERIES_MAX];
	struct phase_value phases[SERIES_MAX][REQUEST_PHASE_COUNT];
	struct phase_value accepts[SERVICES_MAX];
	uint32_t asked_for;
	struct peer_key peers[3]; /* numbered from 1 */
	uint32_t peer_count;
	uint32_t made;               /* ids that have ever been in use: those below */
	bool found[SERIES_MAX];      /* it is found by its name */
	bool given_back[SERIES_MAX]; /* nobody's */
	unsigned int waits;          /* for programs to end */
	bool waiting, busy;          /* it is waited; they do not end */
	int wait_err;
} kernel;

/* ---- loader.h, as far as the collector asks --------------------------- */

bool loader_series_entry(const struct loader *loader, uint32_t id, struct series_entry *entry)
{
	(void)loader;
	assert_true(id < SERIES_MAX);
	if (id >= kernel.made || !kernel.found[id])
		return false;
	*entry = (struct series_entry){ .key = kernel.keys[id], .live = 1 };
	return true;
}

const struct peer_key *loader_peer(const struct loader *loader, uint8_t number)
{
	(void)loader;
	assert_in_range(number, 1, kernel.peer_count);
	return &kernel.peers[number - 1];
}

int loader_series_forget(const struct loader *loader, uint32_t id)
{
	(void)loader;
	if (id >= kernel.made || !kernel.found[id])
		return -ENOENT;
	kernel.found[id] = false;
	return 0;
}

void loader_quiet_begin(struct loader *loader)
{
	(void)loader;
	assert_false(kernel.waiting);
	kernel.waiting = true;
	kernel.waits++;
}

int loader_is_quiet(struct loader *loader)
{
	(void)loader;
	if (kernel.waiting && kernel.busy)
		return 0;
	kernel.waiting = false;
	return kernel.wait_err ? kernel.wait_err : 1;
}

int loader_series_give_back(struct loader *loader, uint32_t id)
{
	(void)loader;
	assert_false(kernel.found[id] || kernel.given_back[id]);
	kernel.given_back[id] = true;
	kernel.ledger.series--;
	return 0;
}

const volatile struct ledger *loader_ledger(const struct loader *loader)
{
	(void)loader;
	return &kernel.ledger;
}

uint64_t loader_missed(const struct loader *loader)
{
	(void)loader;
	return kernel.missed;
}

const volatile struct series_value *loader_series(const struct loader *loader, uint32_t id)
{
	(void)loader;
	return &kernel.series[id];
}

const volatile struct phase_value *loader_phase(const struct loader *loader, uint32_t id,
						enum request_phase phase)
{
	(void)loader;
	return kernel.asked_for & (1U << phase) ? &kernel.phases[id][phase] : NULL;
}

const volatile struct phase_value *loader_accept(const struct loader *loader, uint32_t service)
{
	(void)loader;
	return &kernel.accepts[service];
}

/* ---- the kernel's part ------------------------------------------------ */

static uint32_t kernel_series(const char *path, uint16_t status)
{
	struct series_key *key;
	uint32_t id = 0;

	while (id < kernel.made && !kernel.given_back[id])
		id++;
	assert_true(id < SERIES_MAX);
	if (id == kernel.made)
		kernel.made++;
	key = &kernel.keys[id];
	*key = (struct series_key){ .status = status,
				    .method = METHOD_GET,
				    .error = status ? ERROR_NONE : ERROR_NO_RESPONSE,
				    .path_length = strlen(path) };
	memcpy(key->path, path, strlen(path));
	kernel.found[id] = true;
	kernel.given_back[id] = false;
	kernel.ledger.series++;
	return id;
}

static void kernel_phase(uint32_t id, enum request_phase phase, uint64_t ns)
{
	kernel.phases[id][phase].bins[histogram_bin(ns)]++;
	kernel.phases[id][phase].sum_ns += ns;
}

/* A request of a series, in the order in which the kernel counts. */
static void kernel_request(uint32_t id, uint64_t queue_ns, uint64_t service_ns, uint64_t send_ns)
{
	const uint64_t duration_ns = queue_ns + service_ns + send_ns;

	kernel_phase(id, REQUEST_PHASE_QUEUE, queue_ns);
	if (kernel.keys[id].status) {
		kernel_phase(id, REQUEST_PHASE_SERVICE, service_ns);
		kernel_phase(id, REQUEST_PHASE_SEND, send_ns);
	}
	kernel.series[id].bins[histogram_bin(duration_ns)]++;
	kernel.series[id].sum_ns += duration_ns;
	kernel.series[id].count++;
	kernel.ledger.seen++;
	kernel.ledger.counted++;
}

static struct collector *collector_make(uint32_t phases, const struct routes *routes)
{
	const struct loader_settings settings = { .max_series = SERIES_MAX, .phases = phases };
	struct collector *collector;

	memset(&kernel, 0, sizeof(kernel));
	kernel.asked_for = phases;
	assert_int_equal(collector_open(&collector, NULL, &settings, routes), 0);
	assert_int_equal(collector_service(collector, "web"), 0);
	return collector;
}

static const struct flush *take(struct collector *collector)
{
	const struct flush *flush;

	assert_int_equal(collector_take(collector, 1, false, &flush), 0);
	assert_int_equal(collector_retire(collector), 0);
	return flush;
}

static const struct phase_series *phase_find(const struct flush *flush, const char *route,
					     enum request_phase phase)
{
	const struct phase_series *found = NULL;
	size_t i;

	for (i = 0; i < flush->phase_count; i++) {
		const struct phase_series *one = flush->phases[i];

		if (one->phase != phase || !one->route || strcmp(one->route, route) != 0)
			continue;
		assert_null(found); /* once */
		found = one;
	}
	assert_non_null(found);
	return found;
}

#define DEFAULT (1U << REQUEST_PHASE_QUEUE | 1U << REQUEST_PHASE_SERVICE | 1U << REQUEST_PHASE_SEND)

/* Two statuses of a route are one in its phases; what was read is not read again. */
static void test_differences(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct phase_series *queue, *service, *send;
	const struct flush *flush;
	uint32_t ok, bad;

	(void)state;
	ok = kernel_series("/a", 200);
	bad = kernel_series("/a", 500);
	kernel_request(ok, 2 * MS, 10 * MS, 1);
	kernel_request(ok, 4 * MS, 30 * MS, 0);
	kernel_request(bad, 6 * MS, 1 * MS, 5);
	flush = take(collector);
	assert_int_equal(flush->series_count, 2);
	assert_int_equal(flush->phase_count, 3);
	queue = phase_find(flush, "/a", REQUEST_PHASE_QUEUE);
	service = phase_find(flush, "/a", REQUEST_PHASE_SERVICE);
	send = phase_find(flush, "/a", REQUEST_PHASE_SEND);
	assert_true(queue->born && service->born && send->born);
	assert_int_equal(queue->now.count, 3);
	assert_int_equal(queue->now.sum_ns, 12 * MS);
	assert_int_equal(bins_get(&queue->now.bins, histogram_bin(4 * MS)), 1);
	assert_int_equal(service->now.sum_ns, 41 * MS);
	assert_int_equal(send->now.sum_ns, 6);
	assert_int_equal(flush->series[0]->now.phases[REQUEST_PHASE_QUEUE].count, 2);
	assert_int_equal(flush->series[0]->now.phases[REQUEST_PHASE_QUEUE].sum_ns, 6 * MS);
	assert_int_equal(flush->series[1]->now.phases[REQUEST_PHASE_SEND].sum_ns, 5);

	kernel_request(bad, 1 * MS, 1 * MS, 1 * MS);
	take(collector);
	assert_false(queue->born);
	assert_int_equal(queue->now.count, 1);
	assert_int_equal(queue->now.sum_ns, 1 * MS);
	assert_int_equal(queue->total.count, 4);
	assert_int_equal(queue->total.sum_ns + service->total.sum_ns + send->total.sum_ns,
			 flush->series[0]->total.sum_ns + flush->series[1]->total.sum_ns);
	take(collector);
	assert_int_equal(queue->now.count + service->now.count + send->now.count, 0);
	assert_int_equal(flush->series[1]->now.phases[REQUEST_PHASE_QUEUE].count, 0);
	assert_int_equal(flush->series[1]->total.phases[REQUEST_PHASE_QUEUE].count, 2);
	collector_close(collector);
}

/* Bins have 32 bits; sums have 64, and wrap too. */
static void test_wrapping(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct phase_series *queue;
	uint32_t id;

	(void)state;
	id = kernel_series("/a", 200);
	kernel_request(id, 2 * MS, 0, 0);
	take(collector);
	/* as if there had been so many before */
	kernel.phases[id][REQUEST_PHASE_QUEUE].bins[histogram_bin(2 * MS)] = UINT32_MAX;
	kernel.phases[id][REQUEST_PHASE_QUEUE].sum_ns = UINT64_MAX - 1;
	kernel_request(id, MS, 0, 0);
	take(collector);
	kernel_request(id, 2 * MS, 0, 0);
	queue = phase_find(take(collector), "/a", REQUEST_PHASE_QUEUE);
	assert_int_equal(kernel.phases[id][REQUEST_PHASE_QUEUE].bins[histogram_bin(2 * MS)], 0);
	assert_int_equal(queue->now.count, 1);
	assert_int_equal(bins_get(&queue->now.bins, histogram_bin(2 * MS)), 1);
	assert_int_equal(queue->now.sum_ns, 2 * MS);
	collector_close(collector);
}

static void test_some_phases(void **state)
{
	static const uint32_t rows[] = { 0, 1U << REQUEST_PHASE_QUEUE, 1U << REQUEST_PHASE_SEND,
					 DEFAULT };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct collector *collector = collector_make(rows[i], NULL);
		const struct flush *flush;
		size_t j;

		kernel_request(kernel_series("/a", 200), MS, 2 * MS, 3 * MS);
		flush = take(collector);
		assert_int_equal(flush->phase_count, __builtin_popcount(rows[i]));
		for (j = 0; j < flush->phase_count; j++)
			assert_true(rows[i] & (1U << flush->phases[j]->phase));
		assert_int_equal(flush->series[0]->now.sum_ns, 6 * MS);
		collector_close(collector);
	}
}

static void test_no_answer(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;

	(void)state;
	kernel_request(kernel_series("/a", 0), 3 * MS, 50 * MS, 0);
	flush = take(collector);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_QUEUE)->now.sum_ns, 3 * MS);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_SERVICE)->now.count, 0);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_SEND)->now.count, 0);
	collector_close(collector);
}

/* The user's pattern joins routes of the kernel: their phases too. */
static void test_routes_join(void **state)
{
	struct routes *routes = routes_open();
	struct collector *collector;
	const struct flush *flush;

	(void)state;
	assert_non_null(routes);
	assert_null(routes_add(routes, "/shop/{item}"));
	collector = collector_make(DEFAULT, routes);
	kernel_request(kernel_series("/shop/tea", 200), MS, 2 * MS, 3 * MS);
	kernel_request(kernel_series("/shop/milk", 200), MS, 4 * MS, 5 * MS);
	kernel_request(kernel_series("/", 200), 7 * MS, 0, 0);
	flush = take(collector);
	assert_int_equal(flush->series_count, 2);
	assert_int_equal(flush->phase_count, 6);
	assert_int_equal(phase_find(flush, "/shop/{item}", REQUEST_PHASE_QUEUE)->now.count, 2);
	assert_int_equal(phase_find(flush, "/shop/{item}", REQUEST_PHASE_SERVICE)->now.sum_ns,
			 6 * MS);
	assert_int_equal(phase_find(flush, "/", REQUEST_PHASE_QUEUE)->now.sum_ns, 7 * MS);
	collector_close(collector);
	routes_close(routes);
}

/* What the kernel skipped, in all and since the last flush. */
static void test_hooks_missed(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;

	(void)state;
	kernel.missed = 4;
	assert_int_equal(take(collector)->now.hooks_missed, 4);
	kernel.missed = 9;
	flush = take(collector);
	assert_int_equal(flush->now.hooks_missed, 5);
	assert_int_equal(flush->total.hooks_missed, 9);
	collector_close(collector);
}

/* The same path, answered and asked for, of two servers and one too many. */
static void test_peers(void **state)
{
	static const struct peer_key addresses[] = {
		{ { 0, 0, 0xffff0000, 0x0100007f } }, /* little endian: 127.0.0.1 */
		{ { 0xb80d0120, 0, 0, 0x01000000 } }, /* 2001:db8::1 */
	};
	static const uint8_t peers[] = { 0, 2, 1, 1, PEER_OTHER };
	static const char *const expected[] = { NULL, "2001:db8::1", "127.0.0.1", "127.0.0.1",
						"other" };
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	size_t i;

	(void)state;
	memcpy(kernel.peers, addresses, sizeof(addresses));
	kernel.peer_count = ROWS(addresses);
	for (i = 0; i < ROWS(peers); i++) {
		/* the third and fourth differ in their status alone */
		kernel.keys[kernel_series("/a", 200 + (i == 3))].peer = peers[i];
		kernel.series[i].count = kernel.series[i].bins[100] = 1;
	}
	flush = take(collector);
	assert_int_equal(flush->series_count, ROWS(peers));
	for (i = 0; i < flush->series_count; i++) {
		const char *address = flush->series[i]->server_address;

		assert_true(!address == !expected[i]);
		if (address)
			assert_string_equal(address, expected[i]);
	}
	assert_ptr_equal(flush->series[2]->server_address, flush->series[3]->server_address);
	/* of what was asked, there is a duration and nothing else */
	assert_int_equal(flush->phase_count, 3);
	collector_close(collector);
}

/* An acknowledgement comes when nothing else happens. */
static void test_deliver(void **state)
{
	struct collector *collector = collector_make(DEFAULT | 1U << REQUEST_PHASE_DELIVER, NULL);
	const struct phase_series *deliver;
	const struct flush *flush;
	uint32_t id;

	(void)state;
	id = kernel_series("/a", 200);
	kernel_request(id, MS, MS, MS);
	flush = take(collector);
	assert_int_equal(flush->phase_count, 4);
	deliver = phase_find(flush, "/a", REQUEST_PHASE_DELIVER);
	assert_int_equal(deliver->now.count, 0);
	kernel_phase(id, REQUEST_PHASE_DELIVER, 40 * MS);
	flush = take(collector);
	assert_int_equal(deliver->now.count, 1);
	assert_int_equal(deliver->now.sum_ns, 40 * MS);
	assert_int_equal(flush->series[0]->now.count, 0);
	assert_int_equal(flush->series[0]->now.phases[REQUEST_PHASE_DELIVER].sum_ns, 40 * MS);
	assert_int_equal(flush->series[0]->total.phases[REQUEST_PHASE_DELIVER].count, 1);
	take(collector);
	assert_int_equal(deliver->now.count, 0);
	assert_int_equal(deliver->total.count, 1);
	collector_close(collector);
}

/* Of a service, known before anybody connects; one that comes later, later. */
static void test_accept(void **state)
{
	struct collector *collector = collector_make(1U << REQUEST_PHASE_ACCEPT, NULL);
	const struct flush *flush;

	(void)state;
	flush = take(collector);
	assert_int_equal(flush->phase_count, 1);
	assert_null(flush->phases[0]->route);
	assert_string_equal(flush->phases[0]->service, "web");
	assert_int_equal(flush->phases[0]->phase, REQUEST_PHASE_ACCEPT);
	assert_int_equal(flush->phases[0]->now.count, 0);
	assert_int_equal(collector_service(collector, "shop"), 1);
	kernel.accepts[1].bins[histogram_bin(200 * MS)] = 2;
	kernel.accepts[1].sum_ns = 400 * MS;
	flush = take(collector);
	assert_int_equal(flush->phase_count, 2);
	assert_false(flush->phases[0]->born);
	assert_true(flush->phases[1]->born);
	assert_string_equal(flush->phases[1]->service, "shop");
	assert_int_equal(flush->phases[1]->now.count, 2);
	assert_int_equal(flush->phases[1]->now.sum_ns, 400 * MS);
	take(collector);
	assert_int_equal(flush->phases[1]->now.count, 0);
	assert_int_equal(flush->phases[1]->total.count, 2);
	collector_close(collector);
}

static const struct flush *take_at(struct collector *collector, double now)
{
	const struct flush *flush;

	assert_int_equal(collector_take_at(collector, now, 1, false, &flush), 0);
	assert_int_equal(collector_retire(collector), 0);
	return flush;
}

/* An hour without a request, and a second more. */
#define IDLE (SERIES_IDLE_S + 1)

/*
 * Idle for an hour: it is found no more, then the id goes.  A request that was being counted in
 * between is there, the busy neighbour stays, and the next owner of the id begins
 * where the values stand.
 */
static void test_retirement(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	uint32_t idle, busy, next;

	(void)state;
	idle = kernel_series("/idle", 200);
	busy = kernel_series("/busy", 200);
	kernel_request(idle, MS, MS, MS);
	kernel_request(busy, MS, MS, MS);
	take_at(collector, 10);
	kernel_request(busy, MS, MS, MS);
	flush = take_at(collector, 10 + SERIES_IDLE_S - 1);
	assert_true(kernel.found[idle]);
	assert_int_equal(flush->series_in_use, 2);

	flush = take_at(collector, 10 + IDLE);
	assert_false(kernel.found[idle]);
	assert_false(kernel.given_back[idle]);
	assert_true(kernel.found[busy]);
	assert_int_equal(kernel.waits, 1);
	kernel_request(idle, MS, MS, MS); /* had found it before */
	flush = take_at(collector, 15 + IDLE);
	assert_true(kernel.given_back[idle]);
	assert_int_equal(kernel.waits, 1);
	assert_int_equal(flush->series_count, 2);
	assert_int_equal(flush->series[0]->now.count, 1);
	assert_int_equal(flush->series[0]->total.count, 2);

	next = kernel_series("/next", 200);
	assert_int_equal(next, idle);
	kernel_request(next, 2 * MS, 2 * MS, 2 * MS);
	flush = take_at(collector, 20 + IDLE);
	assert_int_equal(flush->series_in_use, 2);
	assert_int_equal(flush->series_count, 3);
	assert_string_equal(flush->series[2]->route, "/next");
	assert_int_equal(flush->series[2]->total.count, 1);
	assert_int_equal(flush->series[2]->total.sum_ns, 6 * MS);
	assert_int_equal(flush->series[0]->total.count, 2);
	assert_int_equal(flush->series[0]->now.count, 0);
	assert_int_equal(phase_find(flush, "/next", REQUEST_PHASE_QUEUE)->total.sum_ns, 2 * MS);
	assert_int_equal(phase_find(flush, "/idle", REQUEST_PHASE_QUEUE)->total.sum_ns, 2 * MS);
	collector_close(collector);
}

/* Flushes go on while programs do not end; what these add is read before the id goes. */
static void test_slow_retirement(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	uint32_t first, second;

	(void)state;
	first = kernel_series("/first", 200);
	kernel_request(first, MS, MS, MS);
	take_at(collector, 10);
	second = kernel_series("/second", 200);
	kernel_request(second, MS, MS, MS);
	take_at(collector, 20);
	kernel.busy = true;
	take_at(collector, 10 + IDLE);
	assert_false(kernel.found[first]);
	kernel_request(first, MS, MS, MS);
	/* idle as well, but its turn comes later */
	flush = take_at(collector, 20 + IDLE);
	assert_int_equal(flush->series[0]->total.count, 2);
	assert_true(kernel.found[second]);
	assert_false(kernel.given_back[first]);
	kernel_request(first, MS, MS, MS);
	/* the programs end behind the beginning of a flush: it may not have read all */
	assert_int_equal(collector_take_at(collector, 30 + IDLE, 1, false, &flush), 0);
	kernel_request(first, MS, MS, MS);
	kernel.busy = false;
	assert_int_equal(collector_retire(collector), 0);
	assert_false(kernel.given_back[first]);
	assert_true(kernel.found[second]);
	assert_int_equal(kernel.waits, 1);

	flush = take_at(collector, 40 + IDLE);
	assert_int_equal(flush->series[0]->total.count, 4);
	assert_true(kernel.given_back[first]);
	assert_false(kernel.found[second]);
	assert_int_equal(kernel.waits, 2);
	take_at(collector, 50 + IDLE);
	assert_true(kernel.given_back[second]);

	kernel.wait_err = -EPERM;
	assert_int_equal(collector_take_at(collector, 60 + IDLE, 1, false, &flush), 0);
	assert_int_equal(collector_retire(collector), -EPERM);
	collector_close(collector);
}

/* A name that comes back goes on in its series: with another id, even before the old one is free. */
static void test_return(void **state)
{
	struct collector *collector = collector_make(DEFAULT, NULL);
	const struct flush *flush;
	uint32_t before, after;

	(void)state;
	before = kernel_series("/a", 200);
	kernel_request(before, MS, MS, MS);
	take_at(collector, 10);
	take_at(collector, 10 + IDLE);
	assert_false(kernel.found[before]);
	after = kernel_series("/a", 200);
	assert_int_not_equal(after, before);
	kernel_request(before, MS, 0, 0);
	kernel_request(after, MS, 0, 0);
	flush = take_at(collector, 15 + IDLE);
	assert_int_equal(flush->series_count, 1);
	assert_false(flush->series[0]->born);
	assert_int_equal(flush->series[0]->now.count, 2);
	assert_int_equal(flush->series[0]->total.count, 3);
	assert_true(kernel.given_back[before] && kernel.found[after]);

	take_at(collector, 20 + 2 * IDLE);
	take_at(collector, 25 + 2 * IDLE);
	assert_true(kernel.given_back[after]);
	after = kernel_series("/a", 200);
	kernel_request(after, MS, 0, 0);
	flush = take_at(collector, 30 + 2 * IDLE);
	assert_int_equal(flush->series_count, 1);
	assert_int_equal(flush->series[0]->total.count, 4);
	assert_int_equal(phase_find(flush, "/a", REQUEST_PHASE_QUEUE)->total.count, 4);
	collector_close(collector);
}

/* Generations of names: what a run exports is bounded, and what is bound to be noise first. */
static void test_names_are_bounded(void **state)
{
	static const struct {
		uint16_t status;
		size_t names;
	} rows[] = { { 404, SERIES_MAX + SERIES_MAX / 2 }, { 200, 2 * SERIES_MAX } };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct collector *collector = collector_make(DEFAULT, NULL);
		const struct flush *flush = NULL;
		unsigned int serial = 0, round;
		uint64_t sent = 0, counted = 0;
		size_t j;

		for (round = 0; round < 6; round++) {
			const double now = round * 2 * IDLE;

			while (kernel.ledger.series < SERIES_MAX) {
				char path[16];

				snprintf(path, sizeof(path), "/%u", serial++);
				kernel_request(kernel_series(path, rows[i].status), MS, MS, MS);
				sent++;
			}
			take_at(collector, now);
			take_at(collector, now + IDLE);
			flush = take_at(collector, now + IDLE + 1);
		}
		assert_int_equal(flush->series_count, rows[i].names);
		for (j = 0; j < flush->series_count; j++)
			counted += flush->series[j]->total.count;
		assert_int_equal(counted, sent);
		collector_close(collector);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences),  cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_some_phases),  cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_routes_join),  cmocka_unit_test(test_peers),
		cmocka_unit_test(test_deliver),      cmocka_unit_test(test_accept),
		cmocka_unit_test(test_retirement),   cmocka_unit_test(test_slow_retirement),
		cmocka_unit_test(test_return),       cmocka_unit_test(test_names_are_bounded),
		cmocka_unit_test(test_hooks_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

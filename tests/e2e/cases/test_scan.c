/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_scan.c - a scanner asks for paths that nobody has heard of, and the server answers
 * as login pages, redirects and single-page applications do.  Ordinary traffic beside it
 * keeps its rows, new routes get theirs, and an outage shows: every count of ordinary
 * traffic is exact by route, method and status.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/harness.h"
#include "kernel/loader.h"
#include "harness/redtap_run.h"
#include "harness/traffic.h"

#define SCAN_STATUSES 200, 301, 401, 403, 404
/* What is asked for in a row, less what has room: the scan goes on while routes come. */
#define SCAN_MORE 2000

/* ---- a server that answers with the status that the query names ---------- */

static void serve(int fd)
{
	char request[4096], response[128];
	ssize_t length;

	while ((length = recv(fd, request, sizeof(request) - 1, 0)) > 0) {
		const char *status;

		request[length] = '\0';
		status = strstr(request, "?s=");
		length = snprintf(response, sizeof(response),
				  "HTTP/1.1 %.3s Status\r\nContent-Length: 0\r\n\r\n",
				  status ? status + 3 : "400");
		if (send(fd, response, length, MSG_NOSIGNAL) != length)
			break;
	}
	close(fd);
}

static int run_server(void *context)
{
	const int listener = *(const int *)context;

	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		serve(fd);
	return 1;
}

static pid_t start_server(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct process *process;

	assert_int_equal(bind(listener, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	process = process_start(&(struct process_options){
		.name = "server", .run = run_server, .context = &listener });
	close(listener);
	return process->pid;
}

/* ---- requests ------------------------------------------------------------ */

struct scene {
	struct redtap *redtap;
	struct line *line;
	struct counts ordinary; /* what has to have rows of its own */
	struct counts all;      /* under no route: by method and status */
	unsigned int serial;
};

static void scene_begin(struct scene *scene, const char *max_series)
{
	const char *const more[] = { "--max-series", max_series, NULL };
	uint16_t port;
	const pid_t pid = start_server(&port);

	memset(scene, 0, sizeof(*scene));
	counts_init(&scene->ordinary);
	counts_init(&scene->all);
	scene->redtap = redtap_attach(&(struct redtap_options){ .pid = pid, .more = more });
	scene->line = line_open(port);
	alarm(300);
}

/* counts: NULL: the scanner's. */
static void ask(struct scene *scene, const char *method, const char *route, int status,
		struct counts *counts)
{
	const char *target = text_format("%s?s=%d", route, status);
	const struct request_kind kind = { .method = method, .target = target, .route = route };

	assert_int_equal(line_exchange(scene->line, &kind, counts), status);
	counts_add(&scene->all, method, "all", status, NULL, 1, 0, 0);
}

static void ask_ordinary(struct scene *scene, const char *method, const char *route, int status)
{
	ask(scene, method, route, status, &scene->ordinary);
}

static void ask_once(struct scene *scene, const char *method, int status)
{
	char route[64];

	/* letters: nothing that is folded */
	snprintf(route, sizeof(route), "/scan-%uxyz", scene->serial++);
	ask(scene, method, route, status, NULL);
}

static void scan(struct scene *scene, unsigned int requests)
{
	static const int statuses[] = { SCAN_STATUSES };
	unsigned int i;

	for (i = 0; i < requests; i++)
		ask_once(scene, "GET", statuses[i % ROWS(statuses)]);
}

/* ---- what redtap says ---------------------------------------------------- */

/* By method and status, whatever the route. */
static void add_up(struct counts *all, const struct counts *counts)
{
	size_t i;

	for (i = 0; i < counts->count; i++)
		counts_add(all, counts->rows[i].method, "all", counts->rows[i].status, NULL,
			   counts->rows[i].count, 0, 0);
}

/* Nothing is lost, methods and statuses are right, and ordinary traffic has its rows. */
static void scene_end(struct scene *scene, struct counts *actual, bool methods)
{
	struct counts all;
	json_t *total;
	size_t i;

	redtap_wait_counted(scene->redtap, counts_total(&scene->all));
	total = redtap_finish(scene->redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	counts_init(actual);
	counts_init(&all);
	counts_from_json(actual, json_object_get(total, "series"), NULL);
	add_up(&all, actual);
	for (i = 0; i < scene->ordinary.count; i++) {
		const struct count_row *wanted = &scene->ordinary.rows[i];
		const struct count_row *row =
			counts_find(actual, wanted->method, wanted->route, wanted->status, NULL);

		if (!row || row->count != wanted->count)
			fail_msg("%s %s %d: %zu counted, not %zu", wanted->method, wanted->route,
				 wanted->status, row ? (size_t)row->count : 0,
				 (size_t)wanted->count);
	}
	assert_int_equal(counts_total(&all), counts_total(&scene->all));
	if (methods)
		counts_assert_equal(&scene->all, &all, false, "the JSON total");
	counts_release(&all);
	counts_release(&scene->all);
	counts_release(&scene->ordinary);
}

/* ---- tests --------------------------------------------------------------- */

static const char *const known[] = { "/",         "/shop",       "/shop/cart",
				     "/shop/pay", "/api/orders", "/login" };
static const char *const later[] = { "/new", "/new/page", "/api/refunds" };

static void use_all(struct scene *scene, const char *const *routes, size_t count,
		    const char *method, int status)
{
	while (count-- > 0)
		ask_ordinary(scene, method, routes[count], status);
}

/* A deployment, then an outage, while the scan goes on. */
static void ordinary_traffic_and_an_outage(void **state)
{
	static const int down[] = { 500, 502, 503 };
	struct counts actual;
	struct scene scene;
	size_t i;

	(void)state;
	scene_begin(&scene, "256");
	use_all(&scene, known, ROWS(known), "GET", 200);
	scan(&scene, SCAN_MORE);
	for (i = 0; i < 100; i++) {
		use_all(&scene, known, ROWS(known), "GET", i % 10 ? 200 : 404);
		use_all(&scene, known, ROWS(known), i % 2 ? "POST" : "HEAD", 201);
		scan(&scene, 20);
	}
	/* new ones earn their places: the second request has its row */
	for (i = 0; i < ROWS(later); i++) {
		ask(&scene, "GET", later[i], 200, NULL);
		scan(&scene, 3);
		ask_ordinary(&scene, "GET", later[i], 200);
	}
	for (i = 0; i < 100; i++) {
		use_all(&scene, later, ROWS(later), "GET", 200);
		scan(&scene, 20);
	}
	for (i = 0; i < ROWS(down); i++) {
		use_all(&scene, known, ROWS(known), "GET", down[i]);
		use_all(&scene, later, ROWS(later), "GET", down[i]);
		ask_once(&scene, "GET", down[i]);
	}
	scene_end(&scene, &actual, true);
	/* it shows in what has no row, too */
	for (i = 0; i < ROWS(down); i++)
		assert_int_equal(counts_find(&actual, "GET", "other", down[i], NULL)->count, 1);
	counts_release(&actual);
}

/* All methods but CONNECT, in the order of the registry; those of RFC 9110 come first. */
static const char *const methods[] = {
#define METHOD_TOKEN(name, token) token,
	HTTP_METHODS(METHOD_TOKEN)
#undef METHOD_TOKEN
};
static const int many_statuses[] = { 200, 201, 204, 206, 301, 302, 304, 400, 401,
				     403, 404, 405, 429, 500, 502, 503, 504 };

static void ask_all(struct scene *scene, bool known_route)
{
	size_t i, j;

	for (i = 0; i < ROWS(methods); i++)
		for (j = 0; j < ROWS(many_statuses) && strcmp(methods[i], "CONNECT") != 0; j++)
			if (known_route)
				ask_ordinary(scene, methods[i], "/", many_statuses[j]);
			else
				ask_once(scene, methods[i], many_statuses[j]);
}

/*
 * On a route that is known each has its row; under `other`, those with a method of RFC
 * 9110, and of the others the status is kept.
 */
static void all_methods_and_statuses(void **state)
{
	struct counts actual;
	struct scene scene;
	size_t i, j;

	(void)state;
	assert_int_equal(ROWS(many_statuses), 17);
	scene_begin(&scene, "2048");
	ask_ordinary(&scene, "GET", "/", 200);
	scan(&scene, SCAN_MORE);
	ask_all(&scene, true);
	ask_all(&scene, false);
	scene_end(&scene, &actual, false);
	for (i = 0; i < ROWS(many_statuses); i++) {
		uint64_t found = 0;

		for (j = 0; j < actual.count; j++)
			if (actual.rows[j].status == many_statuses[i] &&
			    strcmp(actual.rows[j].route, "other") == 0)
				found += actual.rows[j].count;
		assert_true(found >= ROWS(methods) - 1);
		for (j = METHOD_GET; j <= METHOD_TRACE; j++)
			if (j != METHOD_CONNECT)
				assert_non_null(counts_find(&actual, methods[j - METHOD_GET],
							    "other", many_statuses[i], NULL));
	}
	counts_release(&actual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(ordinary_traffic_and_an_outage),
		E2E_TEST(all_methods_and_statuses),
	};

	return cmocka_run_group_tests_name("scan", tests, harness_group_setup,
					   harness_group_teardown);
}

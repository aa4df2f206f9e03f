/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_deliver.c - the phase `deliver`, for clients behind a link with 60 ms delay in each
 * direction: bytes handed to the kernel need one delay to arrive, and their acknowledgement
 * another one to return.
 */
#include <signal.h>
#include <stdio.h>

#include "harness/harness.h"
#include "harness/phases.h"
#include "harness/played_server.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"
#include "harness/wire.h"

#define DELAY_MS 60
#define WAY_AND_BACK_S (2 * DELAY_MS / 1e3)
/* A delayed acknowledgement, and delays on a busy machine. */
#define SLACK_S 0.060

/* What wait_delivered() waits for. */
struct delivered {
	struct redtap *redtap;
	uint64_t count;
};

static bool delivered_reached(void *context)
{
	struct delivered *goal = context;
	json_t *lines = redtap_lines(goal->redtap), *line;
	uint64_t count = 0;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		json_t *phase = phase_find(line, "/", "deliver");

		if (phase && strcmp(json_string_value(json_object_get(line, "type")), "flush") == 0)
			count += redtap_count(phase, "count");
	}
	return count >= goal->count;
}

/* Waits until redtap's flushes report this many acknowledged responses of "/". */
static void wait_delivered(struct redtap *redtap, uint64_t count)
{
	struct delivered goal = { .redtap = redtap, .count = count };

	if (!wait_until(delivered_reached, &goal, DEADLINE_S))
		fail_msg("fewer than %llu responses were acknowledged within %.0f s",
			 (unsigned long long)count, DEADLINE_S);
}

static struct redtap *attach(pid_t pid)
{
	static const char *const more[] = { "--phases", "queue,service,send,deliver", NULL };

	return redtap_attach(&(struct redtap_options){ .pid = pid, .more = more });
}

static void ask(struct wire *wire, uint16_t port, uint64_t requests, bool close_each)
{
	const struct request_kind kind = { .method = "GET", .target = "/", .route = "/" };

	wire_enter(wire, WIRE_CLIENT);
	traffic_run(&(struct traffic){ .host = WIRE_SERVER_ADDRESS,
				       .port = port,
				       .kinds = &kind,
				       .kind_count = 1,
				       .requests = requests,
				       .connections = 1,
				       .close_each = close_each },
		    NULL, NULL);
	wire_leave(wire);
}

/* Ends the run: each of this many responses must take between one round trip and most_s. */
static json_t *finish(struct redtap *redtap, uint64_t count, double most_s)
{
	double mean_s;
	json_t *total;

	redtap_wait_counted(redtap, count);
	wait_delivered(redtap, count);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	phases_assert_balance(total);
	mean_s = phase_sum(total, "/", "deliver", count) / count;
	print_message("deliver: %.3f ms\n", mean_s * 1e3);
	if (mean_s < WAY_AND_BACK_S || mean_s > most_s)
		fail_msg("deliver: %.3f ms is not between %.3f and %.3f", mean_s * 1e3,
			 WAY_AND_BACK_S * 1e3, most_s * 1e3);
	return total;
}

static void takes_the_way_there_and_back(void **state)
{
	struct wire *wire = wire_open(DELAY_MS);
	const size_t count = 5;
	struct server server;
	struct redtap *redtap;
	json_t *total;
	size_t i;

	(void)state;
	wire_enter(wire, WIRE_SERVER);
	server = server_start_webapp("epoll", 1, WIRE_SERVER_ADDRESS);
	wire_leave(wire);
	redtap = attach(server.pid);
	for (i = 0; i < count; i++)
		ask(wire, server.port, 1, i % 2);
	total = finish(redtap, count, WAY_AND_BACK_S + SLACK_S);
	/* the duration must not include this time */
	assert_true(redtap_seconds(redtap_series(total, NULL, "GET", "/", 200), "mean_s") <=
		    DELAY_MS / 1e3);
}

/*
 * The server closes after the response: its acknowledgement then arrives in a state in which
 * tcp_probe is not called.
 */
static void behind_a_close(void **state)
{
	static const struct play play = { .host = WIRE_SERVER_ADDRESS,
					  .connections = 3,
					  .body_bytes = 20000,
					  .piece_bytes = 30000,
					  .until_close = true };
	struct wire *wire = wire_open(DELAY_MS);
	struct played_server *server;
	struct redtap *redtap;

	(void)state;
	wire_enter(wire, WIRE_SERVER);
	server = played_server_start(&play);
	wire_leave(wire);
	redtap = attach(server->pid);
	played_server_go(server);
	ask(wire, server->port, play.connections, true);
	/* 20,000 bytes exceed the initial window: one more round trip */
	finish(redtap, play.connections, 2 * WAY_AND_BACK_S + SLACK_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(takes_the_way_there_and_back),
		E2E_TEST(behind_a_close),
	};

	return cmocka_run_group_tests_name("deliver", tests, harness_group_setup,
					   harness_group_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * traffic.c - see traffic.h.
 */
#include "harness/traffic.h"

#include <pthread.h>
#include <stdio.h>

#include "harness/harness.h"
#include "http/http_load.h"

const struct request_kind traffic_user = { .method = "GET",
					   .target = "/users/12",
					   .route = "/users/{id}" };
const struct request_kind traffic_bytes = { .method = "GET",
					    .target = "/bytes/3000",
					    .route = "/bytes/{id}" };

#define KINDS_MAX 32

/* A load with the memory that it points to. */
struct plan {
	struct http_load load;
	struct http_load_kind kinds[KINDS_MAX];
};

struct background {
	struct plan plan;
	struct http_load_control control;
	struct http_tally tally;
	pthread_t thread;
	bool stopped;
	int error; /* result of http_load_run() */
};

struct line {
	struct http_connection *connection;
	struct http_request request; /* the request that waits for its response */
};

static struct http_request make_request(const struct request_kind *kind)
{
	return (struct http_request){
		.method = kind->method,
		.target = kind->target,
		.route = kind->route,
		.headers = kind->headers,
		.body = kind->body,
		.body_bytes = kind->body ? strlen(kind->body) : 0,
	};
}

static void make_plan(struct plan *plan, const struct traffic *traffic)
{
	size_t i;

	assert_in_range(traffic->kind_count, 1, KINDS_MAX);
	memset(plan, 0, sizeof(*plan));
	for (i = 0; i < traffic->kind_count; i++)
		plan->kinds[i].request = make_request(&traffic->kinds[i]);
	plan->load = (struct http_load){
		.host = traffic->host,
		.port = traffic->port,
		.kinds = plan->kinds,
		.kind_count = traffic->kind_count,
		.connections = traffic->connections,
		.pipeline = traffic->pipeline,
		.connection_each = traffic->close_each,
		.requests = traffic->requests,
		.requests_per_second = traffic->per_second,
	};
}

static void add_tally(struct counts *counts, const struct http_tally *tally)
{
	size_t i;

	for (i = 0; i < tally->count; i++) {
		const struct http_tally_row *row = &tally->rows[i];

		if (row->status)
			counts_add(counts, row->method, row->route, row->status, NULL, row->count,
				   row->request_bytes, row->response_bytes);
	}
}

static struct latencies latencies_of(const struct http_tally *tally)
{
	return (struct latencies){
		.count = http_tally_count(tally, NULL, NULL),
		.mean = http_tally_mean_ns(tally, NULL, NULL) / 1e9,
		.p50 = http_tally_quantile_ns(tally, NULL, NULL, 0.5) / 1e9,
		.p99 = http_tally_quantile_ns(tally, NULL, NULL, 0.99) / 1e9,
		.max = http_tally_quantile_ns(tally, NULL, NULL, 1) / 1e9,
	};
}

void traffic_run(const struct traffic *traffic, struct counts *counts, struct latencies *latencies)
{
	struct http_tally tally;
	struct plan plan;
	int error;

	make_plan(&plan, traffic);
	http_tally_init(&tally);
	error = http_load_run(&plan.load, &tally, NULL);
	if (error || tally.unanswered || tally.answered != traffic->requests)
		fail_msg("%llu of %llu requests got a response, %llu not (%s)",
			 (unsigned long long)tally.answered, (unsigned long long)traffic->requests,
			 (unsigned long long)tally.unanswered, error ? strerror(-error) : "ended");
	if (counts)
		add_tally(counts, &tally);
	if (latencies)
		*latencies = latencies_of(&tally);
	http_tally_release(&tally);
}

void traffic_send(uint16_t port, const struct request_kind *kind, uint64_t n, struct counts *counts)
{
	traffic_run(&(struct traffic){ .port = port,
				       .kinds = kind,
				       .kind_count = 1,
				       .requests = n,
				       .connections = 4 },
		    counts, NULL);
}

static void *run_background(void *argument)
{
	struct background *background = argument;

	background->error =
		http_load_run(&background->plan.load, &background->tally, &background->control);
	return NULL;
}

static void end_thread(struct background *background)
{
	if (background->stopped)
		return;
	atomic_store(&background->control.stop, true);
	pthread_join(background->thread, NULL);
	background->stopped = true;
}

static void background_release(void *object)
{
	struct background *background = object;

	end_thread(background);
	http_tally_release(&background->tally);
	free(background);
}

struct background *background_start(const struct traffic *traffic)
{
	struct background *background = calloc(1, sizeof(*background));

	assert_non_null(background);
	make_plan(&background->plan, traffic);
	background->plan.load.requests = 0;
	http_tally_init(&background->tally);
	assert_int_equal(pthread_create(&background->thread, NULL, run_background, background), 0);
	harness_on_teardown(background_release, background);
	return background;
}

uint64_t background_answered(struct background *background)
{
	return atomic_load(&background->control.answered);
}

struct answer_goal {
	struct background *background;
	uint64_t answered;
};

static bool goal_reached(void *context)
{
	const struct answer_goal *goal = context;

	return background_answered(goal->background) >= goal->answered;
}

void background_wait_more(struct background *background, uint64_t n)
{
	struct answer_goal goal = { .background = background,
				    .answered = background_answered(background) + n };

	if (!wait_until(goal_reached, &goal, DEADLINE_S))
		fail_msg("the server is stuck: not %llu more responses within %.0f s",
			 (unsigned long long)n, DEADLINE_S);
}

uint64_t background_stop(struct background *background, struct counts *counts,
			 struct latencies *latencies)
{
	end_thread(background);
	if (counts)
		add_tally(counts, &background->tally);
	if (latencies)
		*latencies = latencies_of(&background->tally);
	return background->tally.unanswered;
}

static void line_release(void *object)
{
	struct line *line = object;

	http_close(line->connection);
	free(line);
}

struct line *line_open(uint16_t port)
{
	struct line *line = calloc(1, sizeof(*line));
	int error;

	assert_non_null(line);
	error = http_open(&line->connection, NULL, port);
	if (error)
		fail_msg("cannot connect to port %u: %s", port, strerror(-error));
	harness_on_teardown(line_release, line);
	return line;
}

void line_send(struct line *line, const struct request_kind *kind)
{
	int error;

	line->request = make_request(kind);
	error = http_send(line->connection, &line->request);
	if (error)
		fail_msg("cannot send %s %s: %s", kind->method, kind->target, strerror(-error));
}

int line_receive(struct line *line, struct counts *counts)
{
	struct http_response response;
	const int error = http_receive(line->connection, &response);

	if (error)
		fail_msg("no response to %s %s: %s", line->request.method, line->request.target,
			 strerror(-error));
	if (counts)
		counts_add(counts, line->request.method, line->request.route, response.status, NULL,
			   1, response.request_bytes, response.response_bytes);
	return response.status;
}

int line_exchange(struct line *line, const struct request_kind *kind, struct counts *counts)
{
	line_send(line, kind);
	return line_receive(line, counts);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * http_load.c - see http_load.h.
 */
#include "http/http_load.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000ULL
/* A connection without any progress for this time has failed. */
#define STALL_NS (30 * SECOND_NS)
/* Longest delay until a stop by control is noticed. */
#define WAIT_NS (20 * 1000000ULL)
/* Longest target that may contain HTTP_LOAD_RANDOM. */
#define TARGET_MAX 256

/* State shared by all threads of a load. */
struct run {
	const struct http_load *load;
	struct http_load_control *control;
	struct http_load_control no_control;  /* used if the caller gave none */
	const struct http_request **schedule; /* one round: each kind by its weight */
	size_t schedule_count;
	unsigned int connections;
	unsigned int threads;
	unsigned int pipeline;
	uint64_t start_ns;
	uint64_t end_ns;    /* 0: no limit */
	uint64_t period_ns; /* from one request of a connection to its next; 0: no pause */
	atomic_uint_fast64_t tickets; /* requests begun */
	atomic_int err;
};

/* One connection and its outstanding requests. */
struct slot {
	struct http_connection *connection; /* NULL: to be opened */
	unsigned int sent;
	unsigned int answered;
	uint64_t due_ns;      /* earliest time of the next request */
	uint64_t progress_ns; /* time of the last progress */
	struct http_response response;
	struct http_request requests[HTTP_OUTSTANDING_MAX];
	char targets[HTTP_OUTSTANDING_MAX][TARGET_MAX];
};

struct worker {
	struct run *run;
	pthread_t thread;
	struct http_tally tally;
	struct slot *slots;
	struct pollfd *polled;
	unsigned int slot_count;
};

/*
 * Fills one round so that the turns of each kind are spread evenly: in every
 * turn each kind gains its weight; the kind with the largest sum gets the turn
 * and loses the sum of all weights.
 */
static int make_schedule(struct run *run)
{
	const struct http_load *load = run->load;
	long long *credit = calloc(load->kind_count, sizeof(*credit));
	size_t i, turn, best;

	run->schedule_count = 0;
	for (i = 0; i < load->kind_count; i++)
		run->schedule_count += load->kinds[i].weight ? load->kinds[i].weight : 1;
	run->schedule = calloc(run->schedule_count, sizeof(*run->schedule));
	if (!credit || !run->schedule) {
		free(credit);
		free(run->schedule);
		return -ENOMEM;
	}
	for (turn = 0; turn < run->schedule_count; turn++) {
		for (i = 0, best = 0; i < load->kind_count; i++) {
			credit[i] += load->kinds[i].weight ? load->kinds[i].weight : 1;
			if (credit[i] > credit[best])
				best = i;
		}
		credit[best] -= (long long)run->schedule_count;
		run->schedule[turn] = &load->kinds[best].request;
	}
	free(credit);
	return 0;
}

/* SplitMix64: the same ticket always gives the same number. */
static uint64_t random_number(uint64_t ticket)
{
	uint64_t z = (ticket + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void prepare_request(const struct run *run, struct slot *slot, unsigned int index,
			    uint64_t ticket)
{
	const struct http_request *source = run->schedule[ticket % run->schedule_count];
	const char *mark = strstr(source->target, HTTP_LOAD_RANDOM);
	struct http_request *request = &slot->requests[index];

	*request = *source;
	if (!mark)
		return;
	snprintf(slot->targets[index], TARGET_MAX, "%.*s%u%s", (int)(mark - source->target),
		 source->target, (unsigned int)(1 + random_number(ticket) % 999999),
		 mark + strlen(HTTP_LOAD_RANDOM));
	request->target = slot->targets[index];
	if (!request->route)
		request->route = source->target;
}

static bool may_begin(const struct run *run)
{
	if (atomic_load(&run->control->stop) || atomic_load(&run->err))
		return false;
	if (run->load->requests > 0 && atomic_load(&run->tickets) >= run->load->requests)
		return false;
	return run->end_ns == 0 || http_clock_ns() < run->end_ns;
}

/* Fills the slot with the next requests; returns their number, smaller at the end of the load. */
static unsigned int take_requests(struct run *run, struct slot *slot)
{
	unsigned int count;
	uint64_t ticket;

	for (count = 0; count < run->pipeline && may_begin(run); count++) {
		ticket = atomic_fetch_add(&run->tickets, 1);
		if (run->load->requests > 0 && ticket >= run->load->requests)
			break;
		prepare_request(run, slot, count, ticket);
	}
	return count;
}

static void close_slot(struct slot *slot)
{
	http_close(slot->connection);
	slot->connection = NULL;
	slot->sent = 0;
	slot->answered = 0;
}

/* Closes the connection; requests still outstanding on it get no response. */
static void end_connection(struct worker *worker, struct slot *slot)
{
	for (; slot->answered < slot->sent; slot->answered++) {
		http_tally_add_unanswered(&worker->tally, &slot->requests[slot->answered]);
		atomic_fetch_add(&worker->run->control->unanswered, 1);
	}
	close_slot(slot);
}

static void begin(struct worker *worker, struct slot *slot)
{
	const struct http_request *requests[HTTP_OUTSTANDING_MAX];
	struct run *run = worker->run;
	unsigned int i, count;
	uint64_t now;
	int err;

	if (slot->connection && !http_is_open(slot->connection))
		end_connection(worker, slot);
	/* Connects before taking tickets, so that a failed connect costs no request. */
	if (!slot->connection) {
		err = http_open(&slot->connection, run->load->host, run->load->port);
		if (err) {
			atomic_store(&run->err, err);
			return;
		}
	}
	count = take_requests(run, slot);
	if (count == 0)
		return;
	for (i = 0; i < count; i++)
		requests[i] = &slot->requests[i];
	now = http_clock_ns();
	slot->sent = count;
	slot->answered = 0;
	slot->progress_ns = now;
	slot->due_ns += run->period_ns * count;
	/* After a late request, the following ones do not catch up. */
	if (slot->due_ns < now)
		slot->due_ns = now;
	if (http_send_batch(slot->connection, requests, count))
		end_connection(worker, slot);
}

static void receive(struct worker *worker, struct slot *slot)
{
	struct run *run = worker->run;
	bool reusable = true;
	int err = 0;

	slot->progress_ns = http_clock_ns();
	while (slot->answered < slot->sent && reusable) {
		err = http_receive_ready(slot->connection, &slot->response);
		if (err)
			break;
		http_tally_add(&worker->tally, &slot->response);
		slot->answered++;
		atomic_fetch_add(&run->control->answered, 1);
		reusable = slot->response.reusable;
	}
	if (err == -EAGAIN)
		return;
	if (err || !reusable || run->load->connection_each)
		end_connection(worker, slot);
	slot->sent = 0;
	slot->answered = 0;
}

/*
 * Waits until a response arrives or the next request is due; returns the number of readable
 * sockets.
 */
static int wait_slots(struct worker *worker, uint64_t wait_ns)
{
	const struct timespec wait = { .tv_sec = (time_t)(wait_ns / SECOND_NS),
				       .tv_nsec = (long)(wait_ns % SECOND_NS) };
	unsigned int i;

	for (i = 0; i < worker->slot_count; i++) {
		worker->polled[i].fd = -1;
		worker->polled[i].events = POLLIN;
		worker->polled[i].revents = 0;
		if (worker->slots[i].sent > 0)
			worker->polled[i].fd = http_fd(worker->slots[i].connection);
	}
	return ppoll(worker->polled, worker->slot_count, &wait, NULL);
}

/*
 * Starts the requests that are due and sets the wait until the next one; returns false when the
 * load is complete.
 */
static bool begin_due(struct worker *worker, uint64_t *wait_ns)
{
	const bool open = may_begin(worker->run);
	bool busy = false;
	struct slot *slot;

	*wait_ns = WAIT_NS;
	for (slot = worker->slots; slot < worker->slots + worker->slot_count; slot++) {
		const uint64_t now = http_clock_ns();

		if (slot->sent == 0 && open && now >= slot->due_ns)
			begin(worker, slot);
		else if (slot->sent == 0 && open && slot->due_ns - now < *wait_ns)
			*wait_ns = slot->due_ns - now;
		busy = busy || slot->sent > 0;
	}
	return busy || open;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	uint64_t wait_ns;
	unsigned int i;
	int ready;

	while (begin_due(worker, &wait_ns)) {
		ready = wait_slots(worker, wait_ns);
		for (i = 0; i < worker->slot_count; i++) {
			struct slot *slot = &worker->slots[i];

			if (slot->sent == 0)
				continue;
			if (ready > 0 && worker->polled[i].revents)
				receive(worker, slot);
			else if (http_clock_ns() - slot->progress_ns > STALL_NS)
				end_connection(worker, slot);
		}
	}
	for (i = 0; i < worker->slot_count; i++)
		close_slot(&worker->slots[i]);
	return NULL;
}

static int worker_start(struct worker *worker, struct run *run, unsigned int index)
{
	unsigned int i;

	worker->run = run;
	http_tally_init(&worker->tally);
	worker->slot_count = (run->connections - index + run->threads - 1) / run->threads;
	worker->slots = calloc(worker->slot_count, sizeof(*worker->slots));
	worker->polled = calloc(worker->slot_count, sizeof(*worker->polled));
	if (!worker->slots || !worker->polled)
		return -ENOMEM;
	/* Spread over the period, so that the connections do not send at the same time. */
	for (i = 0; i < worker->slot_count; i++)
		worker->slots[i].due_ns = run->start_ns + run->period_ns *
								  (index + i * run->threads) /
								  run->connections;
	return -pthread_create(&worker->thread, NULL, worker_main, worker);
}

static void worker_release(struct worker *worker)
{
	http_tally_release(&worker->tally);
	free(worker->slots);
	free(worker->polled);
}

static unsigned int within(unsigned int value, unsigned int low, unsigned int high)
{
	return value < low ? low : value > high ? high : value;
}

static int run_init(struct run *run, const struct http_load *load,
		    struct http_load_control *control)
{
	*run = (struct run){ .load = load };
	run->control = control ? control : &run->no_control;
	if (load->kind_count == 0 || (load->requests == 0 && load->seconds <= 0 && !control))
		return -EINVAL;
	run->connections = within(load->connections, 1, 65535);
	run->threads = within(load->threads, 1, run->connections);
	run->pipeline = within(load->pipeline, 1, HTTP_OUTSTANDING_MAX);
	run->start_ns = http_clock_ns();
	if (load->seconds > 0)
		run->end_ns = run->start_ns + (uint64_t)(load->seconds * SECOND_NS);
	if (load->requests_per_second > 0)
		run->period_ns =
			(uint64_t)(SECOND_NS * run->connections / load->requests_per_second);
	return make_schedule(run);
}

int http_load_run(const struct http_load *load, struct http_tally *tally,
		  struct http_load_control *control)
{
	struct worker *workers;
	unsigned int i, started;
	struct run run;
	int err = run_init(&run, load, control);

	if (err)
		return err;
	workers = calloc(run.threads, sizeof(*workers));
	for (started = 0; workers && started < run.threads; started++) {
		err = worker_start(&workers[started], &run, started);
		if (err) {
			worker_release(&workers[started]);
			break;
		}
	}
	if (!workers)
		err = -ENOMEM;
	if (err)
		atomic_store(&run.err, err);
	for (i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		http_tally_merge(tally, &workers[i].tally);
		worker_release(&workers[i]);
	}
	free(workers);
	free(run.schedule);
	return atomic_load(&run.err);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * test_phases.c - the phases: each is compared with a delay that the test
 * causes and measures at both ends.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/harness.h"
#include "harness/phases.h"
#include "harness/played_server.h"
#include "harness/raw.h"
#include "harness/redtap_run.h"
#include "harness/servers.h"
#include "harness/traffic.h"

/* Allowed difference between redtap and the clients. */
#define MEAN_SHARE 0.05
#define MEAN_SLACK_S 0.002
/*
 * Allowed delay between a call of the test and the kernel's work for it in
 * softirq, which may be late on a busy machine.
 */
#define SOFTIRQ_S 0.020

#define ALL_PHASES "queue,service,send,deliver,accept"
#define GET "GET /played HTTP/1.1\r\nHost: h\r\n\r\n"

static void assert_between(const char *what, double least_s, double found_s, double most_s)
{
	print_message("%s: %.3f ms, between %.3f and %.3f\n", what, found_s * 1e3, least_s * 1e3,
		      most_s * 1e3);
	if (found_s < least_s || found_s > most_s)
		fail_msg("%s: %.3f ms is not between %.3f and %.3f", what, found_s * 1e3,
			 least_s * 1e3, most_s * 1e3);
}

/* ---- a scripted server ----------------------------------------------- */

/*
 * The longest time between two calls, from the start of the first to the end of the second, and
 * the shortest.
 */
struct span {
	double least_s, most_s;
};

static void span_add(struct span *span, const struct played_call *from,
		     const struct played_call *to)
{
	span->least_s += ((double)to->before_ns - (double)from->after_ns) / 1e9;
	span->most_s += ((double)to->after_ns - (double)from->before_ns) / 1e9;
}

/* One client of the scripted server: times in the order of its calls. */
struct played_client {
	int fd;
	struct played_call connected;
	struct played_call sent;
	struct played_call read; /* from the first byte of the response to the last */
};

static void client_connect(struct played_client *client, uint16_t port, int receive_buffer)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(client->fd >= 0);
	if (receive_buffer)
		assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
					    sizeof(receive_buffer)),
				 0);
	client->connected.before_ns = played_clock_ns();
	assert_int_equal(connect(client->fd, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	client->connected.after_ns = played_clock_ns();
}

static void client_send(struct played_client *client)
{
	client->sent.before_ns = played_clock_ns();
	raw_send(client->fd, GET, sizeof(GET) - 1);
	client->sent.after_ns = played_clock_ns();
}

/* Reads the response in steps, with a pause after each; then closes. */
static void client_read(struct played_client *client, size_t body_bytes, size_t step,
			unsigned int pause_us)
{
	const size_t head =
		snprintf(NULL, 0, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body_bytes);
	char *buffer = malloc(step);
	size_t left = head + body_bytes;

	assert_non_null(buffer);
	while (left > 0) {
		const size_t wanted = left < step ? left : step;

		assert_int_equal(recv(client->fd, buffer, wanted, MSG_WAITALL), wanted);
		if (left == head + body_bytes)
			client->read.before_ns = played_clock_ns();
		left -= wanted;
		if (left > 0 && pause_us)
			usleep(pause_us);
	}
	client->read.after_ns = played_clock_ns();
	assert_int_equal(recv(client->fd, buffer, 1, MSG_DONTWAIT), -1);
	free(buffer);
	close(client->fd);
}

/*
 * Three clients connect and send while the server does not accept.  Then it
 * accepts one after the other, waits before it receives and again before it
 * responds, and each client reads 1 MB at its own speed.
 */
static void every_point(void **state)
{
	static const struct play play = {
		.connections = 3,
		.receive_after_ms = 60,
		.answer_after_ms = 40,
		.body_bytes = 1000000,
		.piece_bytes = 5000,
		.send_buffer = 16384,
	};
	struct played_client clients[3];
	struct span accept = { 0 }, queue = { 0 }, service = { 0 }, send = { 0 };
	struct played_server *server = played_server_start(&play);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server->pid, .more = (const char *[]){ "--phases", ALL_PHASES, NULL } });
	double pace_s = 0, sum_s;
	json_t *total;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(clients); i++) {
		client_connect(&clients[i], server->port, 8192);
		client_send(&clients[i]);
		usleep(10000);
	}
	usleep(200000);
	played_server_go(server);
	for (i = 0; i < ROWS(clients); i++) {
		struct played played;

		client_read(&clients[i], play.body_bytes, 50000, 20000);
		played = played_server_next(server);
		pace_s += (clients[i].read.after_ns - clients[i].read.before_ns) / 1e9;
		span_add(&accept, &clients[i].connected, &played.accepted);
		span_add(&queue, &clients[i].sent, &played.received);
		span_add(&service, &played.received, &played.first);
		span_add(&send, &played.first, &played.last);
	}
	redtap_wait_counted(redtap, ROWS(clients));
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	phases_assert_balance(total);
	assert_true(accept.least_s > 0.6 && queue.least_s > 0.18 && service.least_s > 0.12);
	assert_between("accept", accept.least_s - SOFTIRQ_S * 3,
		       phase_sum(total, NULL, "accept", 3), accept.most_s);
	assert_between("queue", queue.least_s - SOFTIRQ_S * 3,
		       phase_sum(total, "/played", "queue", 3), queue.most_s);
	assert_between("service", service.least_s, phase_sum(total, "/played", "service", 3),
		       service.most_s);
	sum_s = phase_sum(total, "/played", "send", 3);
	assert_between("send", send.least_s, sum_s, send.most_s);
	/* bytes in the two buffers when the last piece is accepted are unread */
	assert_between("send, by the client's speed", pace_s * 0.85, sum_s, pace_s * 1.05 + 0.1);
	phase_sum(total, "/played", "deliver", 3);
}

/* The backlog fills while the server does not accept for 200 ms; no request is sent yet. */
static void accept_wait(void **state)
{
	static const struct play play = { .connections = 20, .body_bytes = 2, .piece_bytes = 100 };
	struct played_client clients[20];
	struct span accept = { 0 };
	struct played_server *server = played_server_start(&play);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){
		.pid = server->pid, .more = (const char *[]){ "--phases", "accept", NULL } });
	json_t *total, *one;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(clients); i++)
		client_connect(&clients[i], server->port, 0);
	usleep(200000);
	played_server_go(server);
	for (i = 0; i < ROWS(clients); i++) {
		struct played played;

		client_send(&clients[i]);
		client_read(&clients[i], 2, 100, 0);
		played = played_server_next(server);
		span_add(&accept, &clients[i].connected, &played.accepted);
	}
	redtap_wait_counted(redtap, ROWS(clients));
	total = redtap_finish(redtap, SIGINT);
	assert_true(accept.least_s > 0.2 * ROWS(clients));
	assert_between("accept", accept.least_s - SOFTIRQ_S * ROWS(clients),
		       phase_sum(total, NULL, "accept", ROWS(clients)), accept.most_s);
	/* there were no other requests */
	assert_int_equal(json_array_size(json_object_get(total, "phases")), 1);
	one = phase_find(total, NULL, "accept");
	assert_true(redtap_seconds(one, "p50_s") > 0.19);
}

/* ---- one worker ------------------------------------------------------- */

#define CLIENTS 8
#define REQUESTS 10

/* A client of Flask that reads the application's own measurement. */
struct busy_client {
	pthread_t thread;
	uint16_t port;
	bool failed;
	double waited_s; /* all requests */
	double inside_s; /* the same, by the application's own clock */
};

/* Sends one request on its own connection; false if anything is wrong. */
static bool busy_request(struct busy_client *client)
{
	static const char request[] =
		"GET /busy/50 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(client->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *inside, *end;
	char answer[2048];
	size_t length = 0;
	uint64_t begun_ns;
	ssize_t more = -1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return false;
	begun_ns = played_clock_ns();
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1)
		while ((more = recv(fd, answer + length, sizeof(answer) - 1 - length, 0)) > 0) {
			length += more;
			answer[length] = '\0';
			end = strstr(answer, "\r\n\r\n");
			if (end && strstr(end, "busy\n"))
				break;
		}
	client->waited_s += (played_clock_ns() - begun_ns) / 1e9;
	close(fd);
	answer[length] = '\0';
	inside = strstr(answer, "X-Elapsed: ");
	if (more <= 0 || strncmp(answer, "HTTP/1.1 200", 12) != 0 || !inside)
		return false;
	client->inside_s += atof(inside + strlen("X-Elapsed: "));
	return true;
}

static void *busy_run(void *argument)
{
	struct busy_client *client = argument;
	size_t i;

	for (i = 0; i < REQUESTS && !client->failed; i++)
		client->failed = !busy_request(client);
	return NULL;
}

static void assert_near(const char *what, double expected_s, double found_s)
{
	assert_between(what, expected_s * (1 - MEAN_SHARE) - MEAN_SLACK_S, found_s,
		       expected_s * (1 + MEAN_SHARE) + MEAN_SLACK_S);
}

/*
 * One gunicorn worker, busy for 50 ms per request, and eight clients at once:
 * redtap reports their waiting time; the application's own measurement does not
 * include it.
 */
static void queue_of_gunicorn(void **state)
{
	struct busy_client clients[CLIENTS] = { 0 };
	const struct server server = server_start_gunicorn_workers(1);
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	const uint64_t count = CLIENTS * REQUESTS;
	double waited_s = 0, inside_s = 0, mean_s, queue_s, service_s;
	json_t *total;
	size_t i;

	(void)state;
	realtime_set(true);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].port = server.port;
		assert_int_equal(pthread_create(&clients[i].thread, NULL, busy_run, &clients[i]),
				 0);
	}
	for (i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		assert_false(clients[i].failed);
		waited_s += clients[i].waited_s / count;
		inside_s += clients[i].inside_s / count;
	}
	realtime_set(false);
	redtap_wait_counted(redtap, count);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	mean_s = redtap_seconds(redtap_series(total, NULL, "GET", "/busy/{id}", 200), "mean_s");
	queue_s = phase_sum(total, "/busy/{id}", "queue", count) / count;
	service_s = phase_sum(total, "/busy/{id}", "service", count) / count;
	print_message(
		"clients waited %.1f ms; redtap: %.1f ms, of it queue %.1f; the application: %.1f ms\n",
		waited_s * 1e3, mean_s * 1e3, queue_s * 1e3, inside_s * 1e3);
	assert_near("duration", waited_s, mean_s);
	/* the application's measurement lacks the queue */
	assert_true(inside_s >= 0.050 && inside_s < waited_s / 3);
	assert_true(service_s >= inside_s);
	assert_between("queue", waited_s * 0.6, queue_s, waited_s - inside_s);
}

static void queue_of_webapp(void **state)
{
	const struct server server = server_start_webapp("epoll", 1, NULL);
	const struct request_kind kind = { .method = "GET",
					   .target = "/sleep/50",
					   .route = "/sleep/{id}" };
	const uint64_t count = CLIENTS * REQUESTS;
	struct redtap *redtap = redtap_attach(&(struct redtap_options){ .pid = server.pid });
	struct latencies latencies;
	double service_s;
	json_t *total;

	(void)state;
	realtime_set(true);
	traffic_run(&(struct traffic){ .port = server.port,
				       .kinds = &kind,
				       .kind_count = 1,
				       .requests = count,
				       .connections = CLIENTS },
		    NULL, &latencies);
	realtime_set(false);
	redtap_wait_counted(redtap, count);
	total = redtap_finish(redtap, SIGINT);
	redtap_assert_nothing_lost(total);
	assert_near("duration", latencies.mean,
		    redtap_seconds(redtap_series(total, NULL, "GET", "/sleep/{id}", 200),
				   "mean_s"));
	service_s = phase_sum(total, "/sleep/{id}", "service", count) / count;
	assert_true(service_s >= 0.050);
	assert_near("queue", latencies.mean - service_s,
		    phase_sum(total, "/sleep/{id}", "queue", count) / count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		E2E_TEST(every_point),
		E2E_TEST(accept_wait),
		E2E_TEST(queue_of_gunicorn),
		E2E_TEST(queue_of_webapp),
	};

	return cmocka_run_group_tests_name("phases", tests, harness_group_setup,
					   harness_group_teardown);
}

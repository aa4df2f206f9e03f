/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * routes.c - see routes.h.
 */
#include "routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define LETTERS 26
/* A whole number of alphabets, in memory and in the file. */
#define ALPHABET_BYTES (LETTERS * 2520)
#define FILE_BYTES (ALPHABET_BYTES * 16)

/* What a handler gets: `number` is the path's last segment where the route has one. */
struct call {
	const struct http_request *request;
	const char *argument; /* the last segment */
	size_t argument_bytes;
	uint64_t number;
	const char *body;
	uint64_t body_bytes;
};

enum route_argument {
	ARGUMENT_NONE = 0,
	ARGUMENT_NUMBER, /* decimal, within minimum .. maximum, else 404 */
	ARGUMENT_WORD,   /* letters, digits, `-`, `_`, `.`; at most 64, else 404 */
};

struct route {
	const char *path;  /* the whole path, or the part before the argument */
	const char *allow; /* methods, or NULL: all but CONNECT */
	enum route_argument argument;
	uint64_t minimum;
	uint64_t maximum;
	void (*handle)(const struct call *call, struct response *response);
};

static char alphabet[ALPHABET_BYTES];
static int file_fd = -1;

int routes_init(void)
{
	size_t i;

	for (i = 0; i < sizeof(alphabet); i++)
		alphabet[i] = (char)('a' + i % LETTERS);
	/* A file in memory, sent like any other file. */
	file_fd = memfd_create("webapp-file", MFD_CLOEXEC);
	if (file_fd < 0)
		return -errno;
	for (i = 0; i < FILE_BYTES; i += sizeof(alphabet))
		if (write(file_fd, alphabet, sizeof(alphabet)) != (ssize_t)sizeof(alphabet))
			return -EIO;
	return 0;
}

const char *route_alphabet(uint64_t offset, size_t max, size_t *length)
{
	const size_t place = offset % LETTERS;

	*length = sizeof(alphabet) - place < max ? sizeof(alphabet) - place : max;
	return alphabet + place;
}

int route_file(uint64_t offset, size_t max, off_t *place, size_t *length)
{
	*place = (off_t)(offset % FILE_BYTES);
	*length = FILE_BYTES - (size_t)*place < max ? FILE_BYTES - (size_t)*place : max;
	return file_fd;
}

/* 0 .. below - 1. */
static unsigned int random_below(unsigned int below)
{
	uint32_t number = 0;

	/* getrandom() does not fail for so few bytes after boot; if it does, 0 is fine. */
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return 0;
	return number % below;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static void answer_text(struct response *response, const char *text)
{
	response->content = text;
	response->content_bytes = strlen(text);
}

static void answer_alphabet(struct response *response, enum response_way way, uint64_t bytes)
{
	response->way = way;
	response->content = NULL;
	response->content_bytes = bytes;
}

void route_status(int status, struct response *response)
{
	*response = (struct response){
		.status = status,
		.way = WAY_ONE_WRITE,
		.content_type = "text/plain",
	};
	/* These have no body by definition (RFC 9110, sections 15.3.5, 15.3.6, 15.4.5). */
	if (status == 204 || status == 205 || status == 304)
		return;
	snprintf(response->text, sizeof(response->text), "%d %s\n", status, http_reason(status));
	answer_text(response, response->text);
}

static void handle_index(const struct call *call, struct response *response)
{
	(void)call;
	answer_text(response, "webapp\n");
}

static void handle_io_task(const struct call *call, struct response *response)
{
	(void)call;
	sleep_ms(2000);
	answer_text(response, "io task done\n");
}

static void handle_cpu_task(const struct call *call, struct response *response)
{
	volatile uint32_t state = 1;
	unsigned int i;

	(void)call;
	/* A linear congruential generator, some 10 ms long. */
	for (i = 0; i < 5000000; i++)
		state = state * 1664525 + 1013904223;
	snprintf(response->text, sizeof(response->text), "cpu task done: %u\n", state);
	answer_text(response, response->text);
}

static void handle_random_sleep(const struct call *call, struct response *response)
{
	(void)call;
	sleep_ms(random_below(5001));
	answer_text(response, "random sleep done\n");
}

static void handle_random_status(const struct call *call, struct response *response)
{
	static const int statuses[] = { 200, 200, 200, 200, 200, 200, 300, 400, 400, 500 };

	(void)call;
	route_status(statuses[random_below(sizeof(statuses) / sizeof(statuses[0]))], response);
}

static void handle_status(const struct call *call, struct response *response)
{
	route_status((int)call->number, response);
	response->way = WAY_WRITEV;
}

static void handle_sleep(const struct call *call, struct response *response)
{
	sleep_ms(call->number);
	answer_text(response, "slept\n");
}

static void handle_bytes(const struct call *call, struct response *response)
{
	answer_alphabet(response, WAY_WRITEV, call->number);
}

static void handle_chunked(const struct call *call, struct response *response)
{
	answer_alphabet(response, WAY_CHUNKED, call->number);
}

static void handle_file(const struct call *call, struct response *response)
{
	answer_alphabet(response, WAY_SENDFILE, call->number);
	response->content_type = "application/octet-stream";
}

static void handle_user(const struct call *call, struct response *response)
{
	response->way = WAY_TWO_WRITES;
	response->content_type = "application/json";
	snprintf(response->text, sizeof(response->text), "{\"id\":\"%.*s\"}\n",
		 (int)call->argument_bytes, call->argument);
	answer_text(response, response->text);
}

static void handle_drop(const struct call *call, struct response *response)
{
	(void)call;
	response->way = WAY_NONE;
}

static void handle_echo(const struct call *call, struct response *response)
{
	response->way = WAY_WRITEV;
	response->content_type = "application/octet-stream";
	response->content = call->body;
	response->content_bytes = call->body_bytes;
}

#define GET_HEAD "GET, HEAD"

static const struct route routes[] = {
	{ "/", GET_HEAD, ARGUMENT_NONE, 0, 0, handle_index },
	{ "/io_task", GET_HEAD, ARGUMENT_NONE, 0, 0, handle_io_task },
	{ "/cpu_task", GET_HEAD, ARGUMENT_NONE, 0, 0, handle_cpu_task },
	{ "/random_sleep", GET_HEAD, ARGUMENT_NONE, 0, 0, handle_random_sleep },
	{ "/random_status", GET_HEAD, ARGUMENT_NONE, 0, 0, handle_random_status },
	{ "/status/", NULL, ARGUMENT_NUMBER, 200, 599, handle_status },
	{ "/sleep/", GET_HEAD, ARGUMENT_NUMBER, 0, 60000, handle_sleep },
	{ "/bytes/", GET_HEAD, ARGUMENT_NUMBER, 0, ROUTE_CONTENT_MAX, handle_bytes },
	{ "/chunked/", GET_HEAD, ARGUMENT_NUMBER, 0, ROUTE_CONTENT_MAX, handle_chunked },
	{ "/file/", GET_HEAD, ARGUMENT_NUMBER, 0, ROUTE_CONTENT_MAX, handle_file },
	{ "/users/", NULL, ARGUMENT_WORD, 0, 0, handle_user },
	{ "/drop", GET_HEAD, ARGUMENT_NONE, 0, 0, handle_drop },
	{ "/echo", "POST", ARGUMENT_NONE, 0, 0, handle_echo },
};

static bool parse_argument(const struct route *route, struct call *call)
{
	size_t i;

	if (call->argument_bytes == 0 || call->argument_bytes > 64)
		return false;
	for (i = 0; i < call->argument_bytes; i++) {
		const char c = call->argument[i];
		const bool digit = c >= '0' && c <= '9';

		if (route->argument == ARGUMENT_WORD) {
			if (!digit && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			    c != '-' && c != '_' && c != '.')
				return false;
			continue;
		}
		/* Checked digit by digit, so that it can not overflow. */
		call->number = call->number * 10 + (uint64_t)(c - '0');
		if (!digit || call->number > route->maximum)
			return false;
	}
	return route->argument == ARGUMENT_WORD || call->number >= route->minimum;
}

static bool route_matches(const struct route *route, struct call *call)
{
	const struct http_request *request = call->request;
	const size_t length = strlen(route->path);

	if (request->path_bytes < length || memcmp(request->path, route->path, length) != 0)
		return false;
	if (route->argument == ARGUMENT_NONE)
		return request->path_bytes == length;
	call->argument = request->path + length;
	call->argument_bytes = request->path_bytes - length;
	call->number = 0;
	return parse_argument(route, call);
}

static bool method_is(const struct http_request *request, const char *method, size_t length)
{
	return request->method_bytes == length && memcmp(request->method, method, length) == 0;
}

static bool method_allowed(const struct http_request *request, const char *allow)
{
	size_t length;

	if (!allow)
		return true;
	while (*allow) {
		length = strcspn(allow, ", ");
		if (length > 0 && method_is(request, allow, length))
			return true;
		allow += length + strspn(allow + length, ", ");
	}
	return false;
}

void route_request(const struct http_request *request, const char *body, uint64_t body_bytes,
		   struct response *response)
{
	struct call call = { .request = request, .body = body, .body_bytes = body_bytes };
	const struct route *route;

	route_status(200, response);
	if (method_is(request, "CONNECT", 7)) {
		route_status(405, response);
		response->allow = GET_HEAD;
		return;
	}
	for (route = routes; route < routes + sizeof(routes) / sizeof(routes[0]); route++) {
		if (!route_matches(route, &call))
			continue;
		if (method_allowed(request, route->allow)) {
			route->handle(&call, response);
		} else {
			route_status(405, response);
			response->allow = route->allow;
		}
		return;
	}
	route_status(404, response);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * load.c - the demo's load: a mix of requests to webapp at a moderate rate, and
 * the results as the client saw them.
 *
 * Inputs: webapp's address.  Outputs: a table or JSON on standard output, a row
 * per method and route; exit status 0 when every request got a response, 1
 * otherwise, 2 for a wrong command line.  It must not know redtap.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_load.h"

#define REQUESTS_PER_SECOND 300
#define ECHO_BYTES 2000

static char echo_body[ECHO_BYTES];

/* Routes are normalized: a segment of digits is {id}. */
static const struct http_load_kind kinds[] = {
	{ { .method = "GET", .target = "/", .route = "/" }, 20 },
	{ { .method = "GET", .target = "/users/" HTTP_LOAD_RANDOM, .route = "/users/{id}" }, 20 },
	{ { .method = "PUT", .target = "/users/" HTTP_LOAD_RANDOM, .route = "/users/{id}" }, 3 },
	{ { .method = "GET", .target = "/status/404", .route = "/status/{id}" }, 4 },
	{ { .method = "GET", .target = "/random_status", .route = "/random_status" }, 10 },
	{ { .method = "GET", .target = "/sleep/5", .route = "/sleep/{id}" }, 6 },
	{ { .method = "GET", .target = "/sleep/20", .route = "/sleep/{id}" }, 3 },
	{ { .method = "GET", .target = "/bytes/20000", .route = "/bytes/{id}" }, 8 },
	{ { .method = "GET", .target = "/chunked/5000", .route = "/chunked/{id}" }, 8 },
	{ { .method = "GET", .target = "/file/100000", .route = "/file/{id}" }, 5 },
	{ { .method = "HEAD", .target = "/file/100000", .route = "/file/{id}" }, 2 },
	{ { .method = "POST",
	    .target = "/echo",
	    .route = "/echo",
	    .headers = "Content-Type: application/octet-stream\r\n",
	    .body = echo_body,
	    .body_bytes = sizeof(echo_body) },
	  8 },
};

struct options {
	struct http_load load;
	bool json;
};

/* All statuses of one method and route together. */
struct summary {
	const char *method;
	const char *route;
	uint64_t count;
	uint64_t errors; /* status 500 and above */
	double mean_s;
	double p50_s;
	double p99_s;
};

static const char usage[] =
	"usage: load --port N [--host ADDR] [--seconds S] [--connections N] [--json]\n"
	"\n"
	"  --port N         where webapp listens\n"
	"  --host ADDR      its IPv4 or IPv6 address; default 127.0.0.1\n"
	"  --seconds S      how long to send, 0.1 to 86400; default 20\n"
	"  --connections N  keep-alive connections, 1 to 1024; default 8\n"
	"  --json           [{method, route, count, errors, p50_s, p99_s, mean_s, statuses}, ...]\n";

static double parse_number(const char *name, const char *text, double low, double high)
{
	double number;
	char *end;

	errno = 0;
	number = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !(number >= low && number <= high)) {
		fprintf(stderr, "load: %s '%s': must be %g to %g\ntry 'load --help'\n", name, text,
			low, high);
		exit(2);
	}
	return number;
}

/* Fills options, or ends the program. */
static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "host", required_argument, NULL, 'a' },
		{ "seconds", required_argument, NULL, 's' },
		{ "connections", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'p':
			options->load.port = (uint16_t)parse_number("port", optarg, 1, 65535);
			break;
		case 'a':
			options->load.host = optarg;
			break;
		case 's':
			options->load.seconds = parse_number("seconds", optarg, 0.1, 86400);
			break;
		case 'c':
			options->load.connections =
				(unsigned int)parse_number("connections", optarg, 1, 1024);
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (options->load.port == 0 || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* True for the first row with responses of its method and route: it represents all of them. */
static bool stands_first(const struct http_tally *tally, const struct http_tally_row *row)
{
	const struct http_tally_row *before;

	if (row->status == 0)
		return false;
	for (before = tally->rows; before < row; before++)
		if (before->status != 0 && strcmp(before->method, row->method) == 0 &&
		    strcmp(before->route, row->route) == 0)
			return false;
	return true;
}

static struct summary summarize(const struct http_tally *tally, const struct http_tally_row *first)
{
	const char *method = first->method, *route = first->route;
	const struct http_tally_row *row;
	struct summary summary = { .method = method, .route = route };

	summary.count = http_tally_count(tally, method, route);
	for (row = first; row < tally->rows + tally->count; row++)
		if (row->status >= 500 && strcmp(row->method, method) == 0 &&
		    strcmp(row->route, route) == 0)
			summary.errors += row->count;
	summary.mean_s = http_tally_mean_ns(tally, method, route) / 1e9;
	summary.p50_s = (double)http_tally_quantile_ns(tally, method, route, 0.5) / 1e9;
	summary.p99_s = (double)http_tally_quantile_ns(tally, method, route, 0.99) / 1e9;
	return summary;
}

static void print_json_row(const struct http_tally *tally, const struct http_tally_row *first)
{
	const struct summary summary = summarize(tally, first);
	const struct http_tally_row *row;
	const char *comma = "";

	/* Methods and routes are the literals above: nothing to escape. */
	printf("{\"method\":\"%s\",\"route\":\"%s\",\"count\":%llu,\"errors\":%llu,"
	       "\"p50_s\":%.9f,\"p99_s\":%.9f,\"mean_s\":%.9f,\"statuses\":{",
	       summary.method, summary.route, (unsigned long long)summary.count,
	       (unsigned long long)summary.errors, summary.p50_s, summary.p99_s, summary.mean_s);
	for (row = first; row < tally->rows + tally->count; row++) {
		if (row->status == 0 || strcmp(row->method, summary.method) != 0 ||
		    strcmp(row->route, summary.route) != 0)
			continue;
		printf("%s\"%d\":%llu", comma, row->status, (unsigned long long)row->count);
		comma = ",";
	}
	printf("}}");
}

static void print_json(const struct http_tally *tally)
{
	const struct http_tally_row *row;
	const char *comma = "";

	printf("[");
	for (row = tally->rows; row < tally->rows + tally->count; row++) {
		if (!stands_first(tally, row))
			continue;
		printf("%s\n  ", comma);
		print_json_row(tally, row);
		comma = ",";
	}
	printf("\n]\n");
}

static void print_table(const struct http_tally *tally, double seconds)
{
	const struct http_tally_row *row;
	struct summary summary;

	printf("%-6s %-16s %8s %9s %7s %10s %10s\n", "METHOD", "ROUTE", "COUNT", "RATE/s", "5xx",
	       "P50 ms", "P99 ms");
	for (row = tally->rows; row < tally->rows + tally->count; row++) {
		if (!stands_first(tally, row))
			continue;
		summary = summarize(tally, row);
		printf("%-6s %-16s %8llu %9.1f %6.1f%% %10.3f %10.3f\n", summary.method,
		       summary.route, (unsigned long long)summary.count,
		       (double)summary.count / seconds,
		       100.0 * (double)summary.errors / (double)summary.count, summary.p50_s * 1e3,
		       summary.p99_s * 1e3);
	}
}

int main(int argc, char **argv)
{
	struct options options = { .load = { .kinds = kinds,
					     .kind_count = sizeof(kinds) / sizeof(kinds[0]),
					     .connections = 8,
					     .threads = 2,
					     .seconds = 20,
					     .requests_per_second = REQUESTS_PER_SECOND } };
	struct http_tally tally;
	uint64_t start_ns;
	int err;

	parse_options(&options, argc, argv);
	memset(echo_body, 'x', sizeof(echo_body));
	http_tally_init(&tally);
	start_ns = http_clock_ns();
	err = http_load_run(&options.load, &tally, NULL);
	if (err)
		fprintf(stderr, "load: connecting to port %u: %s\n", options.load.port,
			strerror(-err));
	if (tally.unanswered > 0)
		fprintf(stderr, "load: %llu requests got no response\n",
			(unsigned long long)tally.unanswered);
	if (options.json)
		print_json(&tally);
	else
		print_table(&tally, (double)(http_clock_ns() - start_ns) / 1e9);
	if (fflush(stdout) != 0)
		err = -errno;
	err = err || tally.unanswered > 0;
	http_tally_release(&tally);
	return err;
}

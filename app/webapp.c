/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * webapp.c - the sample application: a small HTTP/1.1 server like those people
 * run; it does not know that it is observed.
 *
 * Inputs: the command line.  Outputs: "webapp: listening on ADDR:PORT" on
 * standard output once clients can connect; exit status 0 after SIGTERM or
 * SIGINT, 1 on failure, 2 for a wrong command line.
 */
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master.h"
#include "routes.h"
#include "serve.h"

struct options {
	const char *host;
	const char *port;
	unsigned int workers;
	bool threads;
};

struct server {
	int listener;
	int (*serve)(int listener);
};

static const char usage[] =
	"usage: webapp [--port N] [--host ADDR] [--workers N] [--model epoll|thread]\n"
	"\n"
	"  --port N        0 takes a free one; default 8080\n"
	"  --host ADDR     IPv4 or IPv6 address; default 127.0.0.1\n"
	"  --workers N     processes, 1 to 64; default 1\n"
	"  --model KIND    epoll: each worker serves all its clients in one thread (default);\n"
	"                  thread: a thread for each connection\n"
	"\n"
	"routes: / /io_task /cpu_task /random_sleep /random_status /status/{code} /sleep/{ms}\n"
	"        /bytes/{n} /chunked/{n} /file/{n} /users/{id} /drop, POST /echo\n";

/* False when text is not a decimal number within the bounds. */
static bool parse_number(const char *text, unsigned long low, unsigned long high,
			 unsigned long *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return *end == '\0' && errno == 0 && *number >= low && *number <= high;
}

/* Returns false, after a message, when the value is wrong. */
static bool parse_option(struct options *options, int option, const char *value)
{
	unsigned long number;

	switch (option) {
	case 'p':
		if (!parse_number(value, 0, 65535, &number)) {
			fprintf(stderr, "webapp: port '%s': must be 0 to 65535\n", value);
			return false;
		}
		options->port = value;
		return true;
	case 'h':
		options->host = value;
		return true;
	case 'w':
		if (!parse_number(value, 1, WORKERS_MAX, &number)) {
			fprintf(stderr, "webapp: workers '%s': must be 1 to %d\n", value,
				WORKERS_MAX);
			return false;
		}
		options->workers = (unsigned int)number;
		return true;
	default:
		options->threads = strcmp(value, "thread") == 0;
		if (!options->threads && strcmp(value, "epoll") != 0) {
			fprintf(stderr, "webapp: model '%s': must be epoll or thread\n", value);
			return false;
		}
		return true;
	}
}

/* Fills options, or ends the program. */
static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "host", required_argument, NULL, 'h' },
		{ "workers", required_argument, NULL, 'w' },
		{ "model", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, '?' + 256 },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == '?' + 256) {
			fputs(usage, stdout);
			exit(0);
		}
		/* getopt_long() has printed the error. */
		if (option == '?' || !parse_option(options, option, optarg)) {
			fputs("try 'webapp --help'\n", stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "webapp: unexpected argument '%s'\ntry 'webapp --help'\n",
			argv[optind]);
		exit(2);
	}
}

/* A listening socket, or -1 after a message. */
static int open_listener(const struct options *options)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	/* With epoll, accept must not block when another worker was faster. */
	const int type = SOCK_STREAM | SOCK_CLOEXEC | (options->threads ? 0 : SOCK_NONBLOCK);
	struct addrinfo *address;
	const int on = 1;
	int fd, err;

	err = getaddrinfo(options->host, options->port, &hints, &address);
	if (err) {
		fprintf(stderr, "webapp: host '%s': %s\n", options->host, gai_strerror(err));
		return -1;
	}
	fd = socket(address->ai_family, type, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
		fprintf(stderr, "webapp: host '%s', port %s: %s\n", options->host, options->port,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(address);
	return fd;
}

static int serve(void *context)
{
	const struct server *server = context;

	return server->serve(server->listener);
}

static void announce(void *context)
{
	const struct server *server = context;
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(server->listener, (struct sockaddr *)&address, &length) != 0 ||
	    getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	printf(strchr(host, ':') ? "webapp: listening on [%s]:%s\n"
				 : "webapp: listening on %s:%s\n",
	       host, port);
	fflush(stdout);
}

/* Raises the limit of open files: each client is one. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct options options = { .host = "127.0.0.1", .port = "8080", .workers = 1 };
	struct server server;
	int err;

	parse_options(&options, argc, argv);
	/* A write to a client that is gone then fails with EPIPE. */
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	err = routes_init();
	if (err) {
		fprintf(stderr, "webapp: file in memory: %s\n", strerror(-err));
		return 1;
	}
	server.serve = options.threads ? serve_threads : serve_epoll;
	server.listener = open_listener(&options);
	if (server.listener < 0)
		return 1;
	return master_run(options.workers, serve, announce, &server);
}

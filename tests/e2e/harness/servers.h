/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * servers.h - the web servers under test, each on a free port of 127.0.0.1.
 *
 * Inputs: how many workers.  Outputs: a running server that accepts requests.
 * It must not know redtap.
 */
#ifndef REDTAP_E2E_SERVERS_H
#define REDTAP_E2E_SERVERS_H

#include <stdint.h>
#include <sys/types.h>

#include "harness/process.h"

/* Bytes of the file that nginx and http.server serve as /file.bin. */
#define SERVED_FILE_BYTES 150000

struct server {
	struct process *process; /* the master, to which redtap attaches */
	pid_t pid;
	uint16_t port;
};

/* model: "epoll" or "thread"; host: NULL for 127.0.0.1. */
struct server server_start_webapp(const char *model, int workers, const char *host);

/*
 * nginx with two workers: /file.bin by sendfile, /hello by `return 200`
 * ("hello" and a newline), 404 elsewhere.
 */
struct server server_start_nginx(void);
/* The same; more: further lines of its `server` block. */
struct server server_start_nginx_with(const char *more);

/* Any other server: waits until it accepts on the port, which is in argv. */
struct server server_start_command(const char *name, const char *const *argv, uint16_t port);

/* websockify: a WebSocket server that forwards to a TCP port of 127.0.0.1. */
struct server server_start_websockify(uint16_t target_port);

/* gunicorn with sync workers, two or the given number, and the application of flask_app.py. */
struct server server_start_gunicorn(void);
struct server server_start_gunicorn_workers(int workers);

/*
 * The same with an application of tests/e2e/apps (a module's name) and that many
 * workers; environment: NULL-terminated "KEY=VALUE", or NULL.
 */
struct server server_start_flask(const char *application, int workers,
				 const char *const *environment);

/* Python's http.server with a directory that holds file.bin. */
struct server server_start_python(void);

#endif

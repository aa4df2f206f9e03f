/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * serve.h - the two serving models of a worker: epoll, and a thread per
 * connection.
 *
 * Inputs: a listening socket that other workers share.  Outputs: none; they
 * run until the process ends.  It must not know HTTP.
 */
#ifndef WEBAPP_SERVE_H
#define WEBAPP_SERVE_H

/*
 * One thread for all connections; the listener must be non-blocking.  Returns only on failure:
 * -errno.
 */
int serve_epoll(int listener);

/* A thread for each connection; the listener must be blocking.  Returns like serve_epoll(). */
int serve_threads(int listener);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * serve.h - the two ways in which a worker waits for its clients.
 *
 * Inputs: a listening socket that other workers share.  Outputs: none; they
 * run until the process ends.  It must not know HTTP.
 */
#ifndef WEBAPP_SERVE_H
#define WEBAPP_SERVE_H

/* One thread, all connections; the listener must not block.  Returns only to fail: -errno. */
int serve_epoll(int listener);

/* A thread for each connection; the listener must block.  Likewise. */
int serve_threads(int listener);

#endif

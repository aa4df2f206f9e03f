/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * master.h - keeps a number of worker processes alive.
 *
 * Inputs: the function a worker runs.  Outputs: an exit status.  It must not know
 * sockets.
 */
#ifndef WEBAPP_MASTER_H
#define WEBAPP_MASTER_H

#define WORKERS_MAX 64

/*
 * Forks workers (1 .. WORKERS_MAX) that run work(context), which returns only
 * on failure; calls ready(context) when all are running; replaces each worker
 * that dies.  Ends them at SIGTERM or SIGINT and returns the process's exit
 * status.  Workers die with the master, however it ends.
 */
int master_run(unsigned int workers, int (*work)(void *context), void (*ready)(void *context),
	       void *context);

#endif

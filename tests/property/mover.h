/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mover.h - moves bytes over a socket by each of the system calls that servers
 * use.
 *
 * Inputs: a socket, the kind of call, how many bytes.  Outputs: what the call
 * returned.  It must not know what the bytes mean.
 */
#ifndef REDTAP_PROPERTY_MOVER_H
#define REDTAP_PROPERTY_MOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "script.h"

/* Bytes that one call is asked for, at most ... */
#define MOVER_SIZE_MAX (64 * 1024)
/* ... and CALL_RECV_WHOLE. */
#define MOVER_WHOLE_MAX (2 * 1024 * 1024)

/* What some calls need besides the socket; belongs to one thread. */
struct mover {
	int pipe[2];
	int file; /* in memory, for sendfile */
};

/* 0 or -errno. */
int mover_open(struct mover *mover);
void mover_close(struct mover *mover);

/*
 * Receives at most size bytes into buffer, by one call (besides a peek, or the reads that
 * empty the pipe).  parts: of a vector.  Returns bytes, 0 at the end of the stream, or
 * -errno.
 */
ssize_t mover_receive(struct mover *mover, int socket, enum call call, unsigned int parts,
		      void *buffer, size_t size);

/* Sends at most size bytes, likewise. */
ssize_t mover_send(struct mover *mover, int socket, enum call call, unsigned int parts,
		   const void *bytes, size_t size);

/*
 * Reads the kernel's reports about zero-copy sends; while there are any, poll() returns at
 * once.  Returns whether there was one.
 */
bool mover_take_reports(int socket);

#endif

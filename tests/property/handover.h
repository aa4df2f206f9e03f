/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * handover.h - another process continues a connection: a child after fork(), or a running
 * process that gets the socket by SCM_RIGHTS.
 *
 * Inputs: descriptors.  Outputs: a child that has only these; a socket at the other end of a
 * channel, with the next step of its script.  It must not know the steps.
 */
#ifndef REDTAP_PROPERTY_HANDOVER_H
#define REDTAP_PROPERTY_HANDOVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The message with a socket, or, at the end of the script, without one. */
struct handover {
	uint32_t number; /* of the plan */
	uint32_t step;   /* the next one */
	uint64_t received, sent;
	uint32_t result; /* defined by the caller; only without a socket */
};

/*
 * fork(), but the child keeps only the standard descriptors and those in `kept` (below 0:
 * none; the array gets sorted): otherwise sockets that another thread closes would stay
 * open.  The child is killed when the caller's thread ends.
 */
pid_t handover_fork(int *kept, size_t count);

/* Opens both ends of a channel of messages.  0 or -errno. */
int handover_channel(int ends[2]);
/* socket -1: none.  0 or -errno. */
int handover_send(int channel, const struct handover *handover, int socket);
/* 1: a message; 0: the other end has been closed; or -errno. */
int handover_receive(int channel, struct handover *handover, int *socket);

#endif

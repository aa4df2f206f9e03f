/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * handover.h - a connection goes on to another process: to a child by fork, to
 * one that runs already by SCM_RIGHTS.
 *
 * Inputs: descriptors.  Outputs: a child that has those alone; a socket at the
 * other end of a channel, with word of how far its script has come.  It must not
 * know what is played.
 */
#ifndef REDTAP_PROPERTY_HANDOVER_H
#define REDTAP_PROPERTY_HANDOVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What comes with a socket, or, when the script has been played, without one. */
struct handover {
	uint32_t number; /* of the plan */
	uint32_t step;   /* the next one */
	uint64_t received, sent;
	uint32_t result; /* the caller's; of one that comes without a socket */
};

/*
 * fork(), but the child keeps the standard descriptors and those in `kept` alone
 * (below 0: none; changed: sorted), or what another thread closes would stay open.
 * It is killed when the caller's thread ends.
 */
pid_t handover_fork(int *kept, size_t count);

/* Two ends of a channel, which keeps messages apart.  0 or -errno. */
int handover_channel(int ends[2]);
/* socket -1: none.  0 or -errno. */
int handover_send(int channel, const struct handover *handover, int socket);
/* 1: there was one; 0: the other end has been closed; or -errno. */
int handover_receive(int channel, struct handover *handover, int *socket);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player.h - runs one side's script on a connected socket.
 *
 * Inputs: a script, the streams of both directions, a socket, a channel to the other side,
 * and one to the process to which the socket may be passed.  Outputs: 0, or an error
 * message.  Every received byte is compared with the plan.  It uses SIGUSR1 and SIGUSR2 to
 * interrupt scripts that ask for it.  It must not know HTTP or redtap.
 */
#ifndef REDTAP_PROPERTY_PLAYER_H
#define REDTAP_PROPERTY_PLAYER_H

#include "alarms.h"
#include "handover.h"
#include "mover.h"

/* Longest time for a step; after that it has failed. */
#define PLAYER_DEADLINE_S 20
#define PLAYER_WHY_MAX 256

struct player {
	struct mover mover;
	int socket;      /* -1: none; the player closes it */
	int tell, await; /* the channel: pipes to and from the other side */
	int guests;      /* channel between host and guest; -1: none */
	bool is_guest;
	bool is_child;   /* may be killed: its parent waits for it */
	uint32_t number; /* of the plan; both sides must be at the same one */
	const struct script *script;
	const struct stream *incoming, *outgoing;
	size_t received, sent;
	uint8_t *buffer; /* MOVER_WHOLE_MAX bytes */
	struct alarms alarms;
	double step_begun_s; /* on the monotonic clock */
	char why[PLAYER_WHY_MAX];
};

/*
 * To be called by the thread that runs the script.  The caller opens and closes the
 * channels.  0 or -errno.
 */
int player_open(struct player *player, int tell, int await, int guests);
void player_close(struct player *player);

/*
 * Runs the script on a connected socket and closes it; waits for other processes that run
 * parts of it.  0, or -1 and a message in player->why.
 */
int player_play(struct player *player, int socket, uint32_t number, const struct script *script,
		const struct stream *incoming, const struct stream *outgoing);

/*
 * The guest continues with a socket that was passed to it, to the end of the script or until
 * it passes the socket back; reports by the channel.  Likewise.
 */
int player_play_passed(struct player *player, const struct handover *passed, int socket,
		       const struct script *script, const struct stream *incoming,
		       const struct stream *outgoing);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player.h - plays one side's script on a connected socket.
 *
 * Inputs: a script, the streams of both directions, a socket, a channel to the
 * other side, and one to the process to which the socket may be passed on.
 * Outputs: 0, or what went wrong in words.  Every byte received is compared with
 * the plan.  SIGUSR1 and SIGUSR2 are its own: a script that asks for it is
 * interrupted by them.  It must not know HTTP or redtap.
 */
#ifndef REDTAP_PROPERTY_PLAYER_H
#define REDTAP_PROPERTY_PLAYER_H

#include "alarms.h"
#include "handover.h"
#include "mover.h"

/* Longest step; what takes longer is stuck. */
#define PLAYER_DEADLINE_S 20
#define PLAYER_WHY_MAX 256

struct player {
	struct mover mover;
	int socket;      /* -1: none; the player closes it */
	int tell, await; /* the channel: pipes to and from the other side */
	int guests;      /* channel between host and guest; -1: nobody there */
	bool is_guest;
	bool is_child;   /* may die: whoever made it waits for that */
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
 * To be called by the thread that plays.  The channels are made by the caller, who
 * also closes them.  0 or -errno.
 */
int player_open(struct player *player, int tell, int await, int guests);
void player_close(struct player *player);

/*
 * Plays the script on a connected socket and closes it; other processes may have
 * a part in that, and are waited for.  0, or -1 and words in player->why.
 */
int player_play(struct player *player, int socket, uint32_t number, const struct script *script,
		const struct stream *incoming, const struct stream *outgoing);

/*
 * The guest goes on with what has been passed to it, and gives it back or plays it
 * to its end, and says so by the channel.  Likewise.
 */
int player_play_passed(struct player *player, const struct handover *passed, int socket,
		       const struct script *script, const struct stream *incoming,
		       const struct stream *outgoing);

#endif

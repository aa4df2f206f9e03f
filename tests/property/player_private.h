/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player_private.h - between player.c, which goes through a script and sees to it
 * that the right one does each step, and player_step.c, which does it.
 */
#ifndef REDTAP_PROPERTY_PLAYER_PRIVATE_H
#define REDTAP_PROPERTY_PLAYER_PRIVATE_H

#include "player.h"

/* -1, with words in player->why. */
int player_fail(struct player *player, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* 0 or player_fail(). */
int player_step(struct player *player, const struct step *step);

#endif

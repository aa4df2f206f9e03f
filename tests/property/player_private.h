/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * player_private.h - shared by player.c, which chooses the process or thread for each step,
 * and player_step.c, which does the step.
 */
#ifndef REDTAP_PROPERTY_PLAYER_PRIVATE_H
#define REDTAP_PROPERTY_PLAYER_PRIVATE_H

#include "player.h"

/* Writes a message to player->why; returns -1. */
int player_fail(struct player *player, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* 0 or player_fail(). */
int player_step(struct player *player, const struct step *step);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * window.h - the bytes of a call that are looked at, a piece at a time.
 *
 * Inputs: none.  Outputs: what fetching a window can come to.  It must not know what
 * the bytes mean.
 */
#ifndef REDTAP_WINDOW_H
#define REDTAP_WINDOW_H

enum window_result {
	WINDOW_NONE = 0, /* the bytes cannot be read */
	WINDOW_AGAIN,    /* one piece of the vector further, ask again */
	WINDOW_READY,    /* the window holds bytes */
};

#endif

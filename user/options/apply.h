/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * apply.h - what one option sets.
 *
 * Input: an option and its text.  Output: struct options, or what is wrong.  It must
 * not know argv, the environment or messages.
 */
#ifndef REDTAP_OPTION_APPLY_H
#define REDTAP_OPTION_APPLY_H

#include "options/names.h"
#include "options/options.h"

/*
 * options: with room for one more of what can be repeated.  Returns NULL, or what is
 * wrong with the text, ready to stand behind "'text': ".
 */
const char *option_apply(struct options *options, enum option_name name, const char *text);

#endif

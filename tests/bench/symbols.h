/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * symbols.h - the addresses of the kernel's functions and of its BPF programs.
 *
 * Inputs: /proc/kallsyms, the loaded programs.  Outputs: lines for profile.c.  It must not
 * know which code runs, or how often.
 */
#ifndef REDTAP_BENCH_SYMBOLS_H
#define REDTAP_BENCH_SYMBOLS_H

/*
 * Prints "symbol ADDRESS NAME" for each function of the kernel, BPF programs
 * included, and "line ADDRESS FILE:NUMBER TEXT" for each line of these programs
 * that the kernel knows the machine code of.  Exits after a message on failure.
 */
void symbols_print(void);

#endif

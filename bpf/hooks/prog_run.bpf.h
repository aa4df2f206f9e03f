/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * prog_run.bpf.h - the programs that are attached nowhere: the loader runs them.
 *
 * Inputs: the loader's arguments.  Outputs: calls of functions below.  It must not know
 * what these do.
 */
#ifndef REDTAP_HOOK_PROG_RUN_H
#define REDTAP_HOOK_PROG_RUN_H

#include "control.bpf.h"
#include "calls/responses.bpf.h"

/* An order and its arguments, see enum control_order. */
SEC("raw_tp")
int control(struct bpf_raw_tracepoint_args *ctx)
{
	return on_control(ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3]);
}

/* For one entry of open_ended. */
SEC("raw_tp")
int sweep(struct bpf_raw_tracepoint_args *ctx)
{
	on_sweep(ctx->args[0], ctx->args[1]);
	return 0;
}

#endif

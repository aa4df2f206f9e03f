/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * names.h - the names under which methods, errors, reasons and phases are exported.
 *
 * Input: enumerators of abi.h.  Output: names, the same in every format.  It must not
 * know who prints them.
 */
#ifndef REDTAP_NAMES_H
#define REDTAP_NAMES_H

#include "flush/flush.h"

/* "unknown" for what is no enumerator. */
const char *http_method_name(unsigned int method);
const char *transaction_error_name(unsigned int error); /* "" for ERROR_NONE */
const char *loss_reason_name(unsigned int reason);
const char *approximate_reason_name(unsigned int reason);
const char *ignore_reason_name(unsigned int reason);
const char *request_phase_name(unsigned int phase);
/* The phase with this name of length bytes; REQUEST_PHASE_NONE: there is none. */
enum request_phase request_phase_find(const char *name, size_t length);

/*
 * The error_type of a series (OpenTelemetry HTTP conventions): the transaction's error, else
 * the status from 500 on (from 400 on where the service is the client), else NULL.
 * buffer: for the text of the status.
 */
const char *series_error_type(const struct series *series, char buffer[8]);

#endif

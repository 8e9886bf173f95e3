/* SPDX-License-Identifier: Apache-2.0
 * store/report/numbers.h - what is in a finished store, in numbers: all that the report's page shows, as one JSON object.
 *
 * Sequence: n = report_numbers(store, e); json_decref(n). Its keys are explained in docs/report.md. It is made of the manifest, of
 * one walk over the spans of the shards, and of the list of passages. Shares lie between 0 and 1. The same store gives the same.
 *
 * Errors: an unfinished store is GALEN_ERROR_INPUT.
 */
#ifndef STORE_REPORT_NUMBERS_H
#define STORE_REPORT_NUMBERS_H

#include "base/json.h"
#include "store/store.h"

json_t *report_numbers(Store *store, GError **error);

/* A part of a whole; 0 of nothing. */
double report_share(guint64 part, guint64 whole);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * store/report/report.h - what is in a finished store, as one HTML page for people.
 *
 * report_html reads the manifest and walks the spans of the shards once. The page needs nothing but itself: no scripts,
 * no fonts, no addresses; charts are inline SVG in tables that say the same in numbers; it follows the reader's choice of light or
 * dark, fits narrow and wide screens, and prints. Names and licences come from strangers and are escaped. The same store gives
 * the same bytes.
 *
 * Errors: an unfinished store is GALEN_ERROR_INPUT.
 */
#ifndef STORE_REPORT_REPORT_H
#define STORE_REPORT_REPORT_H

#include "store/store.h"

/* The page, g_free; *length may be NULL. */
char *report_html(Store *store, gsize *length, GError **error);

#endif

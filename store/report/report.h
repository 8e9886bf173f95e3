/* SPDX-License-Identifier: Apache-2.0
 * store/report/report.h - what is in a finished store, as one HTML page for people.
 *
 * Sequence: n = report_numbers(store, e) (store/report/numbers.h); page = report_html(n, &length). The page shows these numbers and
 * no others, so page and numbers cannot differ. It needs nothing but itself: no scripts,
 * no fonts, no addresses; charts are inline SVG in tables that say the same in numbers; it follows the reader's choice of light or
 * dark, fits narrow and wide screens, and prints. Names and licences come from strangers and are escaped.
 */
#ifndef STORE_REPORT_REPORT_H
#define STORE_REPORT_REPORT_H

#include "store/report/numbers.h"

/* The page, g_free; *length may be NULL. */
char *report_html(const json_t *numbers, gsize *length);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * cleaning/special.h - Galen's own marks, "[bib_ref]...[/bib_ref]" and its kin, which no rule may change.
 *
 * Sequence: a SpecialScan of zeros for each text; special_end at each '[' from left to right.
 */
#ifndef CLEANING_SPECIAL_H
#define CLEANING_SPECIAL_H

#include <glib.h>

#define SPECIAL_COUNT 6

/* Which marks are known to have no closing tag any more: keeps many unclosed marks from being searched for again. */
typedef struct SpecialScan {
    gboolean unclosed[SPECIAL_COUNT];
} SpecialScan;

/* Where the block that opens at `at` ends, behind its closing tag; `at` itself where none opens. */
gsize special_end(SpecialScan *scan, const char *text, gsize at, gsize length);

#endif

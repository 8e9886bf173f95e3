/* SPDX-License-Identifier: Apache-2.0
 * dedup/radix_sort.h - sorts 64-bit keys in time linear in their number.
 *
 * Least significant digit first, one byte a pass; passes in which all keys agree are skipped. Stable. `scratch` is room
 * for as many items again; the result is in `items`.
 */
#ifndef DEDUP_RADIX_SORT_H
#define DEDUP_RADIX_SORT_H

#include <glib.h>

/* A key and the number of the candidate that it belongs to. */
typedef struct KeyIndex {
    guint64 key;
    guint32 index;
} KeyIndex;

/* A record of dedup/place_runs.h. */
typedef struct Place {
    guint64 key, extra, value;
} Place;

void radix_sort_u64(guint64 *items, guint64 *scratch, gsize count);
void radix_sort_keys(KeyIndex *items, KeyIndex *scratch, gsize count);
void radix_sort_places(Place *items, Place *scratch, gsize count); /* by `key` alone */

#endif

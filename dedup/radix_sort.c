/* SPDX-License-Identifier: Apache-2.0
 * Radix sort by a leading 64-bit key; see dedup/radix_sort.h. */
#include "dedup/radix_sort.h"

#include <string.h>

#define DIGITS 8
#define VALUES 256

static inline guint64 key_at(const guint8 *item)
{
    guint64 key;
    memcpy(&key, item, sizeof key);
    return key;
}

/* `size` is a constant at each call, so that the copies below become plain moves. */
static inline __attribute__((always_inline)) void sort(guint8 *items, guint8 *scratch, gsize count, gsize size)
{
    gsize counts[DIGITS][VALUES] = {{0}};
    for (gsize i = 0; i < count; i++) {
        guint64 key = key_at(items + i * size);
        for (unsigned digit = 0; digit < DIGITS; digit++)
            counts[digit][key >> (8 * digit) & 0xff]++;
    }
    guint8 *from = items, *to = scratch;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        gsize *places = counts[digit];
        if (count == 0 || places[key_at(from) >> (8 * digit) & 0xff] == count)
            continue;
        gsize before = 0;
        for (unsigned value = 0; value < VALUES; value++) {
            gsize here = places[value];
            places[value] = before;
            before += here;
        }
        for (gsize i = 0; i < count; i++) {
            const guint8 *item = from + i * size;
            memcpy(to + places[key_at(item) >> (8 * digit) & 0xff]++ * size, item, size);
        }
        guint8 *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * size);
}

void radix_sort_u64(guint64 *items, guint64 *scratch, gsize count)
{
    sort((guint8 *)items, (guint8 *)scratch, count, sizeof *items);
}

void radix_sort_keys(KeyIndex *items, KeyIndex *scratch, gsize count)
{
    sort((guint8 *)items, (guint8 *)scratch, count, sizeof *items);
}

void radix_sort_places(Place *items, Place *scratch, gsize count)
{
    sort((guint8 *)items, (guint8 *)scratch, count, sizeof *items);
}

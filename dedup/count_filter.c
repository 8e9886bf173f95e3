/* SPDX-License-Identifier: Apache-2.0
 * Two-bit counters in blocks of a cache line; see dedup/count_filter.h. */
#include "dedup/count_filter.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 64
#define BLOCK_WORDS (BLOCK_BYTES / 8)
#define COUNTERS 3

struct CountFilter {
    guint64 *words;
    guint64 block_mask;
};

CountFilter *count_filter_new(guint64 bytes)
{
    CountFilter *filter = g_new0(CountFilter, 1);
    guint64 size = BLOCK_BYTES;
    while (size < bytes)
        size *= 2;
    filter->words = aligned_alloc(BLOCK_BYTES, size);
    if (!filter->words)
        g_error("cannot allocate %" G_GUINT64_FORMAT " bytes", size);
    memset(filter->words, 0, size);
    filter->block_mask = size / BLOCK_BYTES - 1;
    return filter;
}

void count_filter_free(CountFilter *filter)
{
    if (!filter)
        return;
    free(filter->words);
    g_free(filter);
}

/* The word of counter `number` and, in *shift, where it lies there: 3 bits choose the word, 5 the counter. The block comes
 * from other bits of the hash. */
static guint64 *counter_at(const CountFilter *filter, guint64 hash, unsigned number, unsigned *shift)
{
    guint64 bits = hash >> (40 + 8 * number);
    *shift = 2 * (unsigned)(bits >> 3 & 31);
    return filter->words + (hash & filter->block_mask) * BLOCK_WORDS + (bits & 7);
}

void count_filter_add(CountFilter *filter, guint64 hash)
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        unsigned shift;
        guint64 *word = counter_at(filter, hash, i, &shift), seen = __atomic_load_n(word, __ATOMIC_RELAXED);
        while ((seen >> shift & 3) < COUNT_FILTER_MOST &&
               !__atomic_compare_exchange_n(word, &seen, seen + ((guint64)1 << shift), TRUE, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            ;
    }
}

gboolean count_filter_has(const CountFilter *filter, guint64 hash, unsigned times)
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        unsigned shift;
        const guint64 *word = counter_at(filter, hash, i, &shift);
        if ((*word >> shift & 3) < times)
            return FALSE;
    }
    return TRUE;
}

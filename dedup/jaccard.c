/* SPDX-License-Identifier: Apache-2.0
 * Sorted sets of shingles and their similarity; see dedup/jaccard.h. */
#include "dedup/jaccard.h"

#include <string.h>

#include "dedup/radix_sort.h"

ShingleSet *shingle_set_new(const guint64 *hashes, gsize count)
{
    ShingleSet *set = g_malloc(sizeof *set + count * sizeof set->hashes[0]);
    set->count = 0;
    if (count == 0)
        return set;
    g_autofree guint64 *scratch = g_new(guint64, count);
    memcpy(set->hashes, hashes, count * sizeof hashes[0]);
    radix_sort_u64(set->hashes, scratch, count);
    set->count = 1;
    for (gsize i = 1; i < count; i++) {
        if (set->hashes[i] != set->hashes[set->count - 1])
            set->hashes[set->count++] = set->hashes[i];
    }
    return g_realloc(set, sizeof *set + set->count * sizeof set->hashes[0]);
}

void shingle_set_free(ShingleSet *set)
{
    g_free(set);
}

double jaccard(const ShingleSet *a, const ShingleSet *b)
{
    gsize i = 0, j = 0, shared = 0;
    while (i < a->count && j < b->count) {
        guint64 left = a->hashes[i], right = b->hashes[j];
        shared += left == right;
        i += left <= right;
        j += right <= left;
    }
    gsize all = a->count + b->count - shared;
    return all ? (double)shared / (double)all : 0;
}

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

/* How many times larger one set must be before its elements are looked up rather than passed by. */
#define LOOK_UP 16

/* For each of the smaller set a search in the larger, from the last place on by doubling steps. */
static gsize look_up(const ShingleSet *smaller, const ShingleSet *larger)
{
    gsize shared = 0, from = 0;
    for (gsize i = 0; i < smaller->count && from < larger->count; i++) {
        guint64 wanted = smaller->hashes[i];
        gsize step = 1, low = from;
        while (low + step < larger->count && larger->hashes[low + step] < wanted) {
            low += step;
            step *= 2;
        }
        gsize high = MIN(low + step, larger->count - 1);
        while (low < high) {
            gsize middle = low + (high - low) / 2;
            if (larger->hashes[middle] < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        shared += larger->hashes[low] == wanted;
        from = low;
    }
    return shared;
}

gsize shingle_set_shared(const ShingleSet *a, const ShingleSet *b)
{
    gsize i = 0, j = 0, shared = 0;
    if (a->count > b->count / LOOK_UP && b->count > a->count / LOOK_UP) {
        while (i < a->count && j < b->count) {
            guint64 left = a->hashes[i], right = b->hashes[j];
            shared += left == right;
            i += left <= right;
            j += right <= left;
        }
        return shared;
    }
    return a->count < b->count ? look_up(a, b) : look_up(b, a);
}

double jaccard(const ShingleSet *a, const ShingleSet *b)
{
    gsize shared = shingle_set_shared(a, b), all = a->count + b->count - shared;
    return all ? (double)shared / (double)all : 0;
}

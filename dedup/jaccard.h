/* SPDX-License-Identifier: Apache-2.0
 * dedup/jaccard.h - the true Jaccard similarity of two texts' shingles: shared over all, each shingle counted once.
 *
 * Sequence: a = shingle_set_new(hashes, n); x = jaccard(a, b); shingle_set_free(a).
 * Two sets are equal up to collisions of 64-bit hashes. Two empty sets have similarity 0: nothing shows them alike.
 */
#ifndef DEDUP_JACCARD_H
#define DEDUP_JACCARD_H

#include <glib.h>

typedef struct ShingleSet {
    gsize count;
    guint64 hashes[]; /* rising, each once */
} ShingleSet;

ShingleSet *shingle_set_new(const guint64 *hashes, gsize count); /* copies */
void shingle_set_free(ShingleSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShingleSet, shingle_set_free)
gsize shingle_set_shared(const ShingleSet *a, const ShingleSet *b); /* fast, too, when one is much smaller */
double jaccard(const ShingleSet *a, const ShingleSet *b);

#endif

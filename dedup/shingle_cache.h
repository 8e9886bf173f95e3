/* SPDX-License-Identifier: Apache-2.0
 * dedup/shingle_cache.h - the shingle sets of clean texts, by document number, with the last used kept in memory.
 *
 * Verification compares one representative with many others: its text is decompressed and shingled once. Memory is
 * bounded by `bytes` plus the two sets under comparison. Not thread-safe.
 */
#ifndef DEDUP_SHINGLE_CACHE_H
#define DEDUP_SHINGLE_CACHE_H

#include "dedup/shingle.h"
#include "store/store.h"

typedef struct ShingleCache ShingleCache;

/* `txn` must outlive the cache. */
ShingleCache *shingle_cache_new(StoreTxn *txn, ShingleUnit unit, unsigned size, gsize bytes);
void shingle_cache_free(ShingleCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShingleCache, shingle_cache_free)
/* The true Jaccard similarity of two documents' clean texts. */
gboolean shingle_cache_jaccard(ShingleCache *cache, Docno a, Docno b, double *similarity, GError **error);

/* How many different shingles each of the two has, and how many both. */
typedef struct ShingleOverlap {
    gsize a, b, shared;
} ShingleOverlap;
gboolean shingle_cache_overlap(ShingleCache *cache, Docno a, Docno b, ShingleOverlap *overlap, GError **error);

#endif

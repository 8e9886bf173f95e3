/* SPDX-License-Identifier: Apache-2.0
 * dedup/near_link.h - from buckets of equal bands to verified sets of near-duplicates.
 *
 * Which pairs of a bucket are one is a question about the bucket's members alone, so that the sets that come of all
 * buckets together depend neither on the order in which they are linked, nor on threads, nor on which documents came
 * first:
 *   - In a bucket of at most NEAR_WINDOW documents, all pairs are looked at.
 *   - In a larger one each document is looked at beside at most NEAR_WINDOW heads. Heads are found by signatures: in order
 *     of preference, a document that agrees with no head so far in a share of positions as large as the threshold is one
 *     more, until there are enough.
 *   - A pair that is looked at is one when the true Jaccard similarity of its shingles reaches the threshold. Texts are
 *     not read when the two are in one set already, or when their signatures agree so rarely that this is by six standard
 *     deviations too little for the threshold.
 * So a bucket of a million copies costs one comparison of texts each, and one of a million strangers NEAR_WINDOW
 * comparisons of signatures each.
 *
 * Without RecipeDedup.verify every bucket is one set.
 *
 * Sequence: n = near_link_new(corpus, sets); near_link_bucket on any threads, near_link_done for each reader;
 * near_link_similarity for pairs that may have been compared; near_link_free(n).
 */
#ifndef DEDUP_NEAR_LINK_H
#define DEDUP_NEAR_LINK_H

#include "dedup/corpus.h"

#define NEAR_WINDOW 64

typedef struct NearLink NearLink;

NearLink *near_link_new(Corpus *corpus, UnionFind *sets);
void near_link_free(NearLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NearLink, near_link_free)
/* A CorpusBucket and a CorpusDone; `user` is the NearLink. */
gboolean near_link_bucket(gpointer user, Reader *reader, const Bucket *bucket, GError **error);
void near_link_done(gpointer user, Reader *reader);
/* After all linking: the similarity of a pair that was found to be one. */
void near_link_sort(NearLink *link);
gboolean near_link_similarity(const NearLink *link, guint32 a, guint32 b, double *similarity);

#endif

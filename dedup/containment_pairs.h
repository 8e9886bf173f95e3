/* SPDX-License-Identifier: Apache-2.0
 * dedup/containment_pairs.h - pairs of documents of which one may be contained in the other.
 *
 * Of every CONTAINMENT_WINDOW words in a row one run of half as many is an anchor (dedup/anchor.h), so that two documents that share
 * so many words in a row share an anchor. A document of which four fifths of the shingles of five words stand elsewhere has on
 * average runs of twenty words between its changes. For each anchor, the documents that have it are put in order of their number of
 * words, and each is paired with at most CONTAINMENT_HEADS before it: with all, where no more have the anchor, with the largest, where
 * it is in many. Of the pairs of a document the CONTAINMENT_TRIES that share most anchors are proposed, if these are not too few for
 * the threshold. So time, disk and proposals are linear in the texts, however many documents share a passage; and what
 * is proposed follows from the documents and settings alone.
 *
 * What this can miss: a container that is neither among the largest of documents with an anchor, for all anchors of the
 * contained one, nor among the best proposals; then CONTAINMENT_TRIES others, as large, have as much of it.
 */
#ifndef DEDUP_CONTAINMENT_PAIRS_H
#define DEDUP_CONTAINMENT_PAIRS_H

#include "dedup/corpus.h"

#define CONTAINMENT_WINDOW 15
#define CONTAINMENT_HEADS 8
#define CONTAINMENT_TRIES 4

typedef struct ContainmentPair {
    guint32 smaller, larger; /* candidates; by words */
} ContainmentPair;

/* Array of ContainmentPair, by `larger`, then `smaller`; NULL: an error. */
GArray *containment_pairs(Corpus *corpus, const RecipeContainment *settings, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * dedup/ranks.h - deduplication on several ranks (base/comm.h): who does what, and what they tell each other.
 *
 * Every rank has all candidates, in the same order, and its own union-find; of everything else it has a share:
 *   - of the candidates in order of document numbers one stretch, whose sketches it reads;
 *   - of all keys those in one range of their 64 bits, with all documents that have them: keys go from the rank that read the
 *     sketch to the rank whose buckets they make (ranks_exchange), RANKS_KEYS at a time;
 *   - of a rule's merges one stretch, whose similarities it works out.
 * What a rank has joined the others learn by ranks_unite. Which pairs are one is a question about their bucket alone
 * (dedup/README.md), and the sets are the components of these pairs: the same on one rank and on many.
 *
 * With one rank these functions do nothing, and a share is everything.
 *
 * Memory of a rank: 48 bytes for each candidate; 8 for each that it has joined since the others were told; 32 for each merge
 * of a rule while it is measured; 48 for each of its keys, which are one R-th of all but for large buckets, and of bands no more
 * than Corpus.memory holds; 16 * RANKS_KEYS * (ranks + 2) for messages at most.
 */
#ifndef DEDUP_RANKS_H
#define DEDUP_RANKS_H

#include "dedup/corpus.h"

#define RANKS_KEYS ((gsize)1 << 16) /* that a rank sends at once */

/* The stretch of `count` things that is this rank's. */
void ranks_share(const Corpus *corpus, gsize count, gsize *from, gsize *to);
/* Each rank's candidates, one behind the other, in place of its own. */
gboolean ranks_gather_candidates(Corpus *corpus, GError **error);
/* Replaces the keys that this rank has read by those that it is to link; in no order. */
gboolean ranks_exchange(Corpus *corpus, KeyList *keys, GError **error);
/* Joins what any rank has joined. `known`: the roots after the last call, brought up to date, so that only what is new is told;
 * NULL: there was none. */
gboolean ranks_unite(Corpus *corpus, UnionFind *sets, guint32 *known, GError **error);
/* Each rank has filled in its share; afterwards all are filled in everywhere. */
gboolean ranks_gather_measures(Corpus *corpus, Merge *merges, gsize count, GError **error);

#endif

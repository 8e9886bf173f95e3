/* SPDX-License-Identifier: Apache-2.0
 * store/bpe.h - byte-pair encoding: pairs of symbols merged by rank until none is left that may be.
 *
 * A BpeTable maps two neighbouring symbols to the symbol that they become and the rank of that merge. bpe_merge takes a
 * row of symbols and merges, again and again, the pair of the lowest rank, of equal ranks the leftmost: this is what
 * SentencePiece does with the scores of its pieces, and what byte-level BPE does with the order of its list of merges
 * (Sennrich et al., arXiv 1508.07909). Short rows are searched, long ones go through a heap: O(n log n) for n symbols.
 *
 * Sequence: bpe_table_new, bpe_table_add for each merge, then any number of threads call bpe_merge, each with a BpeWork
 * of its own. Symbols are any numbers below BPE_NO_SYMBOL; what they stand for is the caller's affair.
 */
#ifndef STORE_BPE_H
#define STORE_BPE_H

#include <glib.h>

#define BPE_NO_SYMBOL G_MAXUINT32

typedef struct BpeTable BpeTable;
BpeTable *bpe_table_new(gsize expected); /* merges, about */
/* Of two merges of one pair the one of lower rank stays. */
void bpe_table_add(BpeTable *table, guint32 left, guint32 right, guint32 merged, guint32 rank);
void bpe_table_free(BpeTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpeTable, bpe_table_free)

/* What a merge needs besides its symbols. Zeroed at first; reused from call to call. */
typedef struct BpeWork {
    struct BpeNode *nodes;
    gsize nodes_size;
    guint64 *heap;
    gsize heap_size, heap_length;
    /* Told of every pair that could merge, when it is looked up; NULL: nobody asks. */
    void (*candidate)(gpointer user, guint32 left, guint32 right, guint32 merged);
    gpointer user;
} BpeWork;
void bpe_work_clear(BpeWork *work);

/* Merges in place and returns how many symbols are left. At most G_MAXUINT32 / 2 symbols. */
gsize bpe_merge(const BpeTable *table, BpeWork *work, guint32 *symbols, gsize count);

#endif

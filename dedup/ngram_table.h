/* SPDX-License-Identifier: Apache-2.0
 * dedup/ngram_table.h - the n-grams of one length of many short texts, and the search for them in a long one.
 *
 * Sequence: t = ngram_table_new(8); ngram_table_add for each text; ngram_table_finish; ngram_table_find as often as
 * wanted, from many threads; ngram_table_free.
 *
 * An n-gram is a run of word numbers (dedup/ngram_index.h numbers the words of all texts, so that equal numbers are
 * equal words), hashed by a polynomial over its words' hashes. Searching looks at anchors first: runs of NGRAM_ANCHOR
 * words at places so far apart that every window holds exactly one of them whole. For n-grams of 8 words that is one look
 * into a filter for five words of text. Only around an anchor that some n-gram has are windows hashed, and looked for in
 * a second filter; what passes that, by its 64-bit hash in a table. A hit is therefore a proposal: the caller compares
 * words. The filters are Bloom filters with all bits of an entry in one 64-bit word (Putze, Sanders and Singler 2007),
 * 16 bits an entry.
 *
 * Memory: about 45 bytes for each n-gram of each text.
 */
#ifndef DEDUP_NGRAM_TABLE_H
#define DEDUP_NGRAM_TABLE_H

#include <glib.h>

#define NGRAM_MAX_WORDS 64
#define NGRAM_ANCHOR 4

typedef struct NgramFilter {
    guint64 *bits;
    unsigned shift;
} NgramFilter;

typedef struct NgramTable {
    unsigned size;         /* words in an n-gram */
    guint32 count;         /* distinct n-grams, numbered from 0 */
    GArray *hashes;        /* guint64 of each */
    GArray *places;        /* guint32: where each begins in the array of word numbers */
    guint32 *owner_start;  /* the texts that have n-gram g: owners[owner_start[g]] up to owner_start[g + 1]; rising */
    guint32 *owners;
    guint32 *member_start; /* the distinct n-grams of text t: members[member_start[t]] up to member_start[t + 1] */
    guint32 *members;
    /* The rest is ngram_table.c's own. */
    guint64 leaving;       /* the factor of a word that leaves the window */
    GArray *pairs;         /* of text and n-gram, until ngram_table_finish */
    guint32 *slots;        /* n-gram + 1 by hash, open addressing; 0: free */
    guint32 slot_mask;
    NgramFilter filter;
    GArray *anchor_hashes; /* guint64, until ngram_table_finish */
    NgramFilter anchors;
} NgramTable;

NgramTable *ngram_table_new(unsigned size);
void ngram_table_free(NgramTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NgramTable, ngram_table_free)

/* `words` is the array of all word numbers; the text's are those from `place` on. Texts come in rising order. */
void ngram_table_add(NgramTable *table, guint32 text, const guint32 *words, guint32 place, const guint64 *hashes, gsize count);
void ngram_table_finish(NgramTable *table, guint32 texts);

typedef struct NgramHit {
    guint32 position; /* of the window's first word */
    guint32 ngram;
} NgramHit;

/* Appends a hit for every window of hashes[from .. to) whose hash is that of an n-gram, in rising order of positions. */
void ngram_table_find(const NgramTable *table, const guint64 *hashes, gsize from, gsize to, GArray *hits);

#endif

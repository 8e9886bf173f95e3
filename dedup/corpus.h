/* SPDX-License-Identifier: Apache-2.0
 * dedup/corpus.h - the documents under deduplication, numbered from 0, and what has been merged so far.
 *
 * Candidates are the documents that have a sketch and no verdict of another stage, in order of their document numbers.
 * Each rule (dedup/rules.h) works on the survivors of those before: it scans their sketches, joins sets, and hands the
 * sets to corpus_merge, which picks each set's winner and records the others as merged into it.
 *
 * Sequence: c = corpus_load(store, recipe, e); rules; corpus_end_read(c); write what c->merges says; corpus_free(c).
 * Memory: 24 bytes a candidate, and 32 for each merged one.
 */
#ifndef DEDUP_CORPUS_H
#define DEDUP_CORPUS_H

#include "base/progress.h"
#include "base/union_find.h"
#include "dedup/shingle_cache.h"
#include "dedup/sketch.h"
#include "store/recipe.h"

typedef enum { RULE_SAME_ID, RULE_EXACT, RULE_TITLE, RULE_NEAR, DEDUP_RULES } DedupRule;

const char *dedup_rule_name(DedupRule rule); /* the slug in the ledger */

typedef struct Candidate {
    Docno docno;
    guint64 rank;   /* dedup/preference.h */
    guint32 source; /* index in the recipe's list */
    gboolean merged;
} Candidate;

typedef struct Merge {
    guint32 loser; /* indices of candidates */
    guint32 winner;
    DedupRule rule;
    double value; /* as in Verdict */
    double threshold;
} Merge;

typedef struct Corpus {
    StoreTxn *txn; /* one snapshot for all rules; NULL after corpus_end_read */
    const Recipe *recipe;
    Progress *progress; /* may be NULL */
    ShingleCache *cache;
    Candidate *candidates;
    gsize count;
    GArray *merges;      /* of Merge, in order of the rules */
    guint64 comparisons; /* pairs of texts whose shingles were compared */
} Corpus;

Corpus *corpus_load(Store *store, const Recipe *recipe, GError **error);
/* The store cannot grow while its snapshot is held: call before writing. */
void corpus_end_read(Corpus *corpus);
void corpus_free(Corpus *corpus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Corpus, corpus_free)

/* Visits the survivors in order. The sketch is valid during the visit. */
typedef gboolean (*CorpusVisit)(gpointer user, guint32 index, const Sketch *sketch, GError **error);
gboolean corpus_scan(Corpus *corpus, CorpusVisit visit, gpointer user, GError **error);
/* The sketch of one candidate, valid until corpus_end_read. */
gboolean corpus_sketch(Corpus *corpus, guint32 index, Sketch *sketch, GError **error);
gboolean corpus_jaccard(Corpus *corpus, guint32 a, guint32 b, double *similarity, GError **error);

/* Fills in value and threshold of a merge; NULL: the rule compares no numbers. */
typedef gboolean (*CorpusMeasure)(Corpus *corpus, gpointer user, Merge *merge, GError **error);
gboolean corpus_merge(Corpus *corpus, UnionFind *sets, DedupRule rule, CorpusMeasure measure, gpointer user,
                      GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * dedup/corpus.h - the documents under deduplication in order of preference, and what has been merged so far.
 *
 * Candidates are the documents that have a sketch and no verdict of another stage. They are numbered from 0, the most
 * preferred first (dedup/preference.h): of a set the member with the lowest index stays, and whatever goes through a set
 * in order of indices does what it would do had the documents come into the store in another order.
 *
 * Each rule (dedup/rules.h) works on the survivors of those before: it collects keys from their sketches, joins sets, and
 * hands the sets to corpus_merge, which records all but the lowest member of each as merged into that.
 *
 * Sequence: c = corpus_load(store, recipe, jobs, comm, e); rules; write what c->merges says; corpus_free(c).
 * Work runs on `jobs` threads in tasks; each thread has a Reader, its own snapshot and cache. Nothing may be written to
 * the store before the rules are done.
 * Memory: 28 bytes a candidate, 4 for each document of the store, and 32 for each merged candidate.
 */
#ifndef DEDUP_CORPUS_H
#define DEDUP_CORPUS_H

#include "base/comm.h"
#include "base/progress.h"
#include "base/union_find.h"
#include "dedup/bucket.h"
#include "dedup/shingle_cache.h"
#include "dedup/sketch.h"
#include "store/recipe.h"

typedef enum { RULE_SAME_ID, RULE_EXACT, RULE_URL, RULE_TITLE, RULE_WORDS, RULE_NEAR, DEDUP_RULES } DedupRule;

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
    Store *store;
    const Recipe *recipe;
    unsigned jobs;
    guint64 memory;      /* bytes that the keys of bands may take; beyond, they are sorted on disk */
    Progress *progress;  /* may be NULL */
    Comm *comm;          /* ranks that work on it together (dedup/ranks.h); NULL: this process alone */
    Candidate *candidates;
    gsize count;
    guint32 *by_docno;   /* all indices, in order of document numbers */
    gboolean sparse;     /* a few of the documents that have sketches: each is looked up */
    GArray *merges;      /* of Merge, in order of the rules */
    guint64 comparisons; /* pairs of texts whose shingles were compared */
} Corpus;

#define CORPUS_MEMORY ((guint64)1 << 30) /* of a corpus that was just loaded */

Corpus *corpus_load(Store *store, const Recipe *recipe, unsigned jobs, Comm *comm, GError **error);
/* The same of some documents only (Docno, rising), in a store that has changed; for this process alone. */
Corpus *corpus_load_some(Store *store, const Recipe *recipe, unsigned jobs, const GArray *docnos, GError **error);
void corpus_free(Corpus *corpus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Corpus, corpus_free)

/* One thread's view of the store. */
typedef struct Reader {
    Corpus *corpus;
    StoreTxn *txn;
    ShingleCache *cache;
    guint64 comparisons;
    gpointer notes; /* the rule's own, NULL at first; `done` of corpus_run takes it */
} Reader;

/* The sketch of one candidate, valid until the task ends. */
gboolean reader_sketch(Reader *reader, guint32 index, Sketch *sketch, GError **error);
/* The true Jaccard similarity of two texts' shingles. */
gboolean reader_jaccard(Reader *reader, guint32 a, guint32 b, double *similarity, GError **error);

/* Runs task(user, reader, n) for n from 0 to tasks - 1, on many threads in any order. `done` (may be NULL) is called for
 * each reader at the end, one after the other. */
typedef gboolean (*CorpusTask)(gpointer user, Reader *reader, gsize task, GError **error);
typedef void (*CorpusDone)(gpointer user, Reader *reader);
gboolean corpus_run(Corpus *corpus, gsize tasks, CorpusTask task, CorpusDone done, gpointer user, GError **error);

/* What a count filter of all survivors' texts takes (dedup/count_filter.h): a byte for `share` bytes of text, and no more than
 * half of the corpus's memory. */
guint64 corpus_filter_bytes(const Corpus *corpus, guint64 share);

/* Visits all survivors, on many threads, each once. The sketch is valid during the visit. On several ranks each visits its
 * share. */
typedef gboolean (*CorpusVisit)(gpointer user, guint32 index, const Sketch *sketch, GError **error);
gboolean corpus_scan(Corpus *corpus, CorpusVisit visit, gpointer user, GError **error);
/* Those among the candidates number `from` to `to` - 1 in order of document numbers. */
gboolean corpus_scan_stretch(Corpus *corpus, gsize from, gsize to, CorpusVisit visit, gpointer user, GError **error);

/* The survivors' keys, sorted; on several ranks those that this one is to link. `key` returns FALSE for a document that has none. */
typedef gboolean (*CorpusKey)(gpointer user, guint32 index, const Sketch *sketch, guint64 *key);
gboolean corpus_keys(Corpus *corpus, CorpusKey key, gpointer user, KeyList *list, GError **error);

/* Runs task(user, reader, bucket) for every bucket of a sorted list, on many threads; `done` as in corpus_run. */
typedef gboolean (*CorpusBucket)(gpointer user, Reader *reader, const Bucket *bucket, GError **error);
gboolean corpus_buckets(Corpus *corpus, const KeyList *list, CorpusBucket task, CorpusDone done, gpointer user, GError **error);

/* Fills in value and threshold of a merge, on many threads; NULL: the rule compares no numbers. */
typedef gboolean (*CorpusMeasure)(gpointer user, Reader *reader, Merge *merge, GError **error);
gboolean corpus_merge(Corpus *corpus, UnionFind *sets, DedupRule rule, CorpusMeasure measure, gpointer user,
                      GError **error);

#endif

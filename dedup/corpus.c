/* SPDX-License-Identifier: Apache-2.0
 * The candidates of deduplication; see dedup/corpus.h. */
#include "dedup/corpus.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "store/ledger.h"

const char *dedup_rule_name(DedupRule rule)
{
    static const char *const names[] = {[RULE_SAME_ID] = "same-id",
                                        [RULE_EXACT] = "exact-duplicate",
                                        [RULE_TITLE] = "same-title",
                                        [RULE_NEAR] = "near-duplicate"};
    return names[rule];
}

static gboolean find_source(const Recipe *recipe, const Sketch *sketch, guint32 *source, GError **error)
{
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const char *tag = recipe->sources[i].tag;
        if (strlen(tag) == sketch->source_length && memcmp(tag, sketch->source, sketch->source_length) == 0) {
            *source = i;
            return TRUE;
        }
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "the store has documents of source '%.*s', which the recipe does not list; build with the recipe that "
                "the store was made with, or into a new store",
                (int)MIN(sketch->source_length, 200), sketch->source);
    return FALSE;
}

/* A verdict of this stage itself is what an interrupted run left: it is found again. */
static gboolean undecided(StoreTxn *txn, Docno docno, gboolean *answer, GError **error)
{
    Verdict verdict;
    GError *cause = NULL;
    gboolean decided = ledger_get(txn, docno, &verdict, &cause);
    if (cause) {
        g_propagate_prefixed_error(error, cause, "while reading the verdict on document %" G_GUINT64_FORMAT ": ",
                                   docno);
        return FALSE;
    }
    *answer = !decided || strcmp(verdict.stage, "dedup") == 0;
    return TRUE;
}

static gboolean add_candidate(Corpus *corpus, Docno docno, const StoreValue *value, GError **error)
{
    Sketch sketch;
    gboolean wanted;
    guint32 source;
    if (!undecided(corpus->txn, docno, &wanted, error))
        return FALSE;
    if (!wanted)
        return TRUE;
    if (!sketch_parse(value, &sketch, error) || !find_source(corpus->recipe, &sketch, &source, error))
        return FALSE;
    gboolean replay = corpus->recipe->sources[source].group == GROUP_REPLAY;
    corpus->candidates[corpus->count++] =
        (Candidate){.docno = docno, .rank = preference_rank(sketch.kind, replay, sketch.length), .source = source};
    return TRUE;
}

static gboolean load_candidates(Corpus *corpus, GError **error)
{
    guint64 records = store_count(corpus->txn, TABLE_SIGNATURES);
    if (records > G_MAXUINT32 - 1) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%" G_GUINT64_FORMAT
                    " documents are more than one deduplication takes (2^32 - 2); split the recipe",
                    records);
        return FALSE;
    }
    corpus->candidates = g_new(Candidate, records);
    g_autoptr(StoreCursor) cursor = store_cursor_new(corpus->txn, TABLE_SIGNATURES, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        if (!add_candidate(corpus, docno_read(key.data), &value, error))
            return FALSE;
    }
    return more == 0;
}

Corpus *corpus_load(Store *store, const Recipe *recipe, GError **error)
{
    g_autoptr(Corpus) corpus = g_new0(Corpus, 1);
    corpus->recipe = recipe;
    corpus->merges = g_array_new(FALSE, FALSE, sizeof(Merge));
    corpus->txn = store_read_begin(store, error);
    if (!corpus->txn || !load_candidates(corpus, error))
        return NULL;
    corpus->cache = shingle_cache_new(corpus->txn, recipe->dedup.characters ? SHINGLE_CHARACTERS : SHINGLE_WORDS,
                                      (unsigned)recipe->dedup.shingle);
    return g_steal_pointer(&corpus);
}

void corpus_end_read(Corpus *corpus)
{
    g_clear_pointer(&corpus->cache, shingle_cache_free);
    g_clear_pointer(&corpus->txn, store_read_end);
}

void corpus_free(Corpus *corpus)
{
    if (!corpus)
        return;
    corpus_end_read(corpus);
    g_free(corpus->candidates);
    g_array_unref(corpus->merges);
    g_free(corpus);
}

gboolean corpus_scan(Corpus *corpus, CorpusVisit visit, gpointer user, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(corpus->txn, TABLE_SIGNATURES, NULL, 0, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    Sketch sketch;
    gsize index = 0;
    int more = 1;
    while (index < corpus->count && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        const Candidate *candidate = &corpus->candidates[index];
        if (docno_read(key.data) != candidate->docno)
            continue;
        if (!candidate->merged &&
            (!sketch_parse(&value, &sketch, error) || !visit(user, (guint32)index, &sketch, error)))
            return FALSE;
        index++;
    }
    return more >= 0;
}

gboolean corpus_sketch(Corpus *corpus, guint32 index, Sketch *sketch, GError **error)
{
    StoreValue value;
    GError *cause = NULL;
    Docno docno = corpus->candidates[index].docno;
    if (store_get_docno(corpus->txn, TABLE_SIGNATURES, docno, &value, &cause))
        return sketch_parse(&value, sketch, error);
    if (cause)
        g_propagate_error(error, cause);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has lost its signature",
                    docno);
    return FALSE;
}

gboolean corpus_jaccard(Corpus *corpus, guint32 a, guint32 b, double *similarity, GError **error)
{
    corpus->comparisons++;
    return shingle_cache_jaccard(corpus->cache, corpus->candidates[a].docno, corpus->candidates[b].docno, similarity,
                                 error);
}

static gboolean wins(const Corpus *corpus, guint32 a, guint32 b)
{
    const Candidate *left = &corpus->candidates[a], *right = &corpus->candidates[b];
    return preference_wins(left->rank, left->docno, right->rank, right->docno);
}

/* The winner of each set, at the index of its root. */
static guint32 *find_winners(const Corpus *corpus, UnionFind *sets)
{
    guint32 *winners = g_new(guint32, corpus->count);
    for (gsize i = 0; i < corpus->count; i++) {
        guint32 root = union_find_root(sets, (guint32)i);
        /* A root is its set's smallest member: it comes first. */
        if (root == i || wins(corpus, (guint32)i, winners[root]))
            winners[root] = (guint32)i;
    }
    return winners;
}

gboolean corpus_merge(Corpus *corpus, UnionFind *sets, DedupRule rule, CorpusMeasure measure, gpointer user,
                      GError **error)
{
    g_autofree guint32 *winners = find_winners(corpus, sets);
    for (gsize i = 0; i < corpus->count; i++) {
        guint32 winner = winners[union_find_root(sets, (guint32)i)];
        if (winner == i)
            continue;
        Merge merge = {.loser = (guint32)i, .winner = winner, .rule = rule, .value = NAN, .threshold = NAN};
        if (measure && !measure(corpus, user, &merge, error))
            return FALSE;
        g_array_append_val(corpus->merges, merge);
        corpus->candidates[i].merged = TRUE;
    }
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0
 * The candidates of deduplication; see dedup/corpus.h. */
#include "dedup/corpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dedup/ranks.h"
#include "store/ledger.h"
#include "store/reading_order.h"
#include "store/stage.h"

/* Candidates in one task of a scan. */
#define SCAN_CANDIDATES 4096
#define LEAST_FILTER 4096 /* bytes */

const char *dedup_rule_name(DedupRule rule)
{
    static const char *const names[] = {[RULE_SAME_ID] = "same-id",   [RULE_EXACT] = "exact-duplicate",
                                        [RULE_URL] = "same-url",      [RULE_TITLE] = "same-title",
                                        [RULE_WORDS] = "near-duplicate", [RULE_NEAR] = "near-duplicate"};
    return names[rule];
}

/* ---- Loading ------------------------------------------------------------------------------------------------- */

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

/* A verdict of this stage itself is what an interrupted run left, or what it had decided before the store changed; that of a
 * later one is of a document that had stood. */
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
    *answer = !decided || stage_place(verdict.stage) >= stage_place("dedup");
    return TRUE;
}

static gboolean add_candidate(Corpus *corpus, StoreTxn *txn, Docno docno, const StoreValue *value, GError **error)
{
    Sketch sketch;
    gboolean wanted;
    guint32 index;
    if (!undecided(txn, docno, &wanted, error))
        return FALSE;
    if (!wanted)
        return TRUE;
    if (!sketch_parse(value, &sketch, error) || !find_source(corpus->recipe, &sketch, &index, error))
        return FALSE;
    const RecipeSource *source = &corpus->recipe->sources[index];
    gboolean open = sketch.openness == LICENCE_OPEN || (sketch.openness == LICENCE_UNKNOWN && source->redistributable);
    guint64 rank = preference_rank(sketch.kind, source->group == GROUP_REPLAY, open, sketch.length);
    corpus->candidates[corpus->count++] = (Candidate){.docno = docno, .rank = rank, .source = index};
    return TRUE;
}

static int compare_tags(gconstpointer a, gconstpointer b, gpointer user)
{
    const RecipeSource *sources = user;
    return strcmp(sources[*(const guint32 *)a].tag, sources[*(const guint32 *)b].tag);
}

/* For each source of the recipe its place among the tags in order. */
static guint32 *order_tags(const Recipe *recipe)
{
    g_autofree guint32 *order = g_new(guint32, recipe->sources_count);
    guint32 *places = g_new(guint32, recipe->sources_count);
    for (guint32 i = 0; i < recipe->sources_count; i++)
        order[i] = i;
    g_qsort_with_data(order, (int)recipe->sources_count, sizeof order[0], compare_tags, recipe->sources);
    for (guint32 i = 0; i < recipe->sources_count; i++)
        places[order[i]] = i;
    return places;
}

typedef struct Preference {
    const guint32 *tags; /* order_tags */
    const ReadingOrder *order;
} Preference;

static int compare_preference(gconstpointer a, gconstpointer b, gpointer user)
{
    const Candidate *left = a, *right = b;
    const Preference *preference = user;
    if (left->rank != right->rank)
        return left->rank > right->rank ? -1 : 1;
    if (left->source != right->source)
        return preference->tags[left->source] < preference->tags[right->source] ? -1 : 1;
    guint64 first = reading_order_place(preference->order, left->docno), second = reading_order_place(preference->order, right->docno);
    return first < second ? -1 : first > second;
}

static int compare_docnos(gconstpointer a, gconstpointer b, gpointer user)
{
    const Candidate *candidates = user;
    Docno left = candidates[*(const guint32 *)a].docno, right = candidates[*(const guint32 *)b].docno;
    return (left > right) - (left < right);
}

static void put_in_order(Corpus *corpus, const ReadingOrder *order)
{
    g_autofree guint32 *tags = order_tags(corpus->recipe);
    Preference preference = {tags, order};
    if (corpus->count == 0)
        return;
    qsort_r(corpus->candidates, corpus->count, sizeof corpus->candidates[0], compare_preference, &preference);
    corpus->by_docno = g_new(guint32, corpus->count);
    for (gsize i = 0; i < corpus->count; i++)
        corpus->by_docno[i] = (guint32)i;
    qsort_r(corpus->by_docno, corpus->count, sizeof corpus->by_docno[0], compare_docnos, corpus->candidates);
}

static gboolean check_count(guint64 records, GError **error)
{
    if (records <= G_MAXUINT32 - 1)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%" G_GUINT64_FORMAT " documents are more than one deduplication takes (2^32 - 2); split the recipe", records);
    return FALSE;
}

/* Of several ranks each reads its stretch of document numbers. */
static gboolean load_candidates(Corpus *corpus, ReadingOrder **order, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(corpus->store, error);
    guint64 end;
    gsize from, to;
    guint8 first[8];
    if (!txn || !(*order = reading_order_load(txn, error)) || !check_count(store_count(txn, TABLE_SIGNATURES), error) ||
        !store_docno_end(txn, TABLE_SIGNATURES, &end, error))
        return FALSE;
    ranks_share(corpus, end, &from, &to);
    docno_write(from, first);
    corpus->candidates = g_new(Candidate, MIN(store_count(txn, TABLE_SIGNATURES), to - from));
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_SIGNATURES, first, sizeof first, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0 && docno_read(key.data) < to) {
        if (!add_candidate(corpus, txn, docno_read(key.data), &value, error))
            return FALSE;
    }
    return more >= 0;
}

static Corpus *corpus_new(Store *store, const Recipe *recipe, unsigned jobs)
{
    Corpus *corpus = g_new0(Corpus, 1);
    corpus->store = store;
    corpus->recipe = recipe;
    corpus->jobs = MAX(jobs, 1);
    corpus->memory = CORPUS_MEMORY;
    corpus->merges = g_array_new(FALSE, FALSE, sizeof(Merge));
    return corpus;
}

Corpus *corpus_load(Store *store, const Recipe *recipe, unsigned jobs, Comm *comm, GError **error)
{
    g_autoptr(Corpus) corpus = corpus_new(store, recipe, jobs);
    corpus->comm = comm;
    g_autoptr(ReadingOrder) order = NULL;
    if (!load_candidates(corpus, &order, error) || !ranks_gather_candidates(corpus, error))
        return NULL;
    put_in_order(corpus, order);
    return g_steal_pointer(&corpus);
}

static gboolean load_some(Corpus *corpus, StoreTxn *txn, const GArray *docnos, GError **error)
{
    corpus->candidates = g_new(Candidate, docnos->len + 1);
    for (guint i = 0; i < docnos->len; i++) {
        StoreValue value;
        Docno docno = g_array_index(docnos, Docno, i);
        if (!store_get_docno(txn, TABLE_SIGNATURES, docno, &value, error) || !add_candidate(corpus, txn, docno, &value, error))
            return FALSE;
    }
    return TRUE;
}

Corpus *corpus_load_some(Store *store, const Recipe *recipe, unsigned jobs, const GArray *docnos, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(ReadingOrder) order = txn ? reading_order_load(txn, error) : NULL;
    g_autoptr(Corpus) corpus = corpus_new(store, recipe, jobs);
    corpus->sparse = TRUE;
    if (!order || !load_some(corpus, txn, docnos, error))
        return NULL;
    put_in_order(corpus, order);
    return g_steal_pointer(&corpus);
}

void corpus_free(Corpus *corpus)
{
    if (!corpus)
        return;
    g_free(corpus->candidates);
    g_free(corpus->by_docno);
    g_array_unref(corpus->merges);
    g_free(corpus);
}

/* ---- Scanning ------------------------------------------------------------------------------------------------ */

typedef struct Scan {
    Corpus *corpus;
    gsize from, to; /* places in corpus->by_docno */
    CorpusVisit visit;
    gpointer user;
} Scan;

static gboolean scan_sparse(const Scan *scan, Reader *reader, gsize place, gsize end, GError **error)
{
    for (; place < end; place++) {
        Sketch sketch;
        guint32 index = scan->corpus->by_docno[place];
        if (!scan->corpus->candidates[index].merged &&
            (!reader_sketch(reader, index, &sketch, error) || !scan->visit(scan->user, index, &sketch, error)))
            return FALSE;
    }
    return TRUE;
}

/* A stretch of candidates in order of document numbers: one after the other in the table, but for those of others. */
static gboolean scan_part(gpointer user, Reader *reader, gsize task, GError **error)
{
    const Scan *scan = user;
    const Corpus *corpus = scan->corpus;
    gsize place = scan->from + task * SCAN_CANDIDATES, end = MIN(place + SCAN_CANDIDATES, scan->to);
    guint8 from[8];
    if (corpus->sparse)
        return scan_sparse(scan, reader, place, end, error);
    docno_write(corpus->candidates[corpus->by_docno[place]].docno, from);
    g_autoptr(StoreCursor) cursor = store_cursor_new(reader->txn, TABLE_SIGNATURES, from, sizeof from, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    Sketch sketch;
    int more = 1;
    while (place < end && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        guint32 index = corpus->by_docno[place];
        const Candidate *candidate = &corpus->candidates[index];
        if (docno_read(key.data) != candidate->docno)
            continue;
        if (!candidate->merged && (!sketch_parse(&value, &sketch, error) || !scan->visit(scan->user, index, &sketch, error)))
            return FALSE;
        place++;
    }
    return more >= 0;
}

gboolean corpus_scan_stretch(Corpus *corpus, gsize from, gsize to, CorpusVisit visit, gpointer user, GError **error)
{
    Scan scan = {corpus, from, to, visit, user};
    return corpus_run(corpus, (to - from + SCAN_CANDIDATES - 1) / SCAN_CANDIDATES, scan_part, NULL, &scan, error);
}

gboolean corpus_scan(Corpus *corpus, CorpusVisit visit, gpointer user, GError **error)
{
    gsize from, to;
    ranks_share(corpus, corpus->count, &from, &to);
    return corpus_scan_stretch(corpus, from, to, visit, user, error);
}

/* One thread does not wait for the other: each key has its place. Where this is all candidates, it is that of the candidate,
 * so that keys come in order of indices. */
typedef struct KeyScan {
    CorpusKey key;
    gpointer user;
    KeyIndex *items;
    gboolean whole;
    gsize filled; /* places, where it is not */
} KeyScan;

#define NO_KEY G_MAXUINT32

static gboolean collect_key(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    KeyScan *scan = user;
    guint64 key;
    if (!scan->key(scan->user, index, sketch, &key))
        return TRUE;
    gsize place = scan->whole ? index : __atomic_fetch_add(&scan->filled, 1, __ATOMIC_RELAXED);
    scan->items[place] = (KeyIndex){.key = key, .index = index};
    return TRUE;
}

gboolean corpus_keys(Corpus *corpus, CorpusKey key, gpointer user, KeyList *list, GError **error)
{
    gsize from, to;
    ranks_share(corpus, corpus->count, &from, &to);
    key_list_reserve(list, to - from);
    for (gsize i = 0; i < to - from; i++)
        list->items[i].index = NO_KEY;
    KeyScan scan = {key, user, list->items, to - from == corpus->count, 0};
    if (!corpus_scan(corpus, collect_key, &scan, error))
        return FALSE;
    list->count = 0;
    for (gsize i = 0; i < to - from; i++) {
        if (list->items[i].index != NO_KEY)
            list->items[list->count++] = list->items[i];
    }
    if (!ranks_exchange(corpus, list, error))
        return FALSE;
    key_list_sort(list);
    return TRUE;
}

/* ---- Merging ------------------------------------------------------------------------------------------------- */

/* Merges in one task of measuring. */
#define MEASURED 256

typedef struct Measuring {
    Merge *merges;
    gsize from, to; /* those of this rank */
    CorpusMeasure measure;
    gpointer user;
} Measuring;

static gboolean measure_part(gpointer user, Reader *reader, gsize task, GError **error)
{
    const Measuring *measuring = user;
    gsize first = measuring->from + task * MEASURED, end = MIN(first + MEASURED, measuring->to);
    for (gsize i = first; i < end; i++) {
        if (!measuring->measure(measuring->user, reader, &measuring->merges[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean measure_merges(Corpus *corpus, guint first, CorpusMeasure measure, gpointer user, GError **error)
{
    Merge *merges = &g_array_index(corpus->merges, Merge, first);
    Measuring measuring = {.merges = merges, .measure = measure, .user = user};
    gsize count = corpus->merges->len - first;
    ranks_share(corpus, count, &measuring.from, &measuring.to);
    return corpus_run(corpus, (measuring.to - measuring.from + MEASURED - 1) / MEASURED, measure_part, NULL, &measuring, error) &&
           ranks_gather_measures(corpus, merges, count, error);
}

gboolean corpus_merge(Corpus *corpus, UnionFind *sets, DedupRule rule, CorpusMeasure measure, gpointer user,
                      GError **error)
{
    guint first = corpus->merges->len;
    for (gsize i = 0; i < corpus->count; i++) {
        guint32 winner = union_find_root(sets, (guint32)i); /* the lowest index, the most preferred member */
        if (winner == i)
            continue;
        Merge merge = {.loser = (guint32)i, .winner = winner, .rule = rule, .value = NAN, .threshold = NAN};
        g_array_append_val(corpus->merges, merge);
        corpus->candidates[i].merged = TRUE;
    }
    gboolean good = !measure || corpus->merges->len == first || measure_merges(corpus, first, measure, user, error);
    if (comm_rank(corpus->comm) > 0)
        g_array_set_size(corpus->merges, 0); /* rank 0 writes the verdicts */
    return good;
}

guint64 corpus_filter_bytes(const Corpus *corpus, guint64 share)
{
    guint64 bytes = 0, size = LEAST_FILTER;
    for (gsize i = 0; i < corpus->count; i++)
        bytes += corpus->candidates[i].merged ? 0 : preference_length(corpus->candidates[i].rank);
    while (size < bytes / share && 2 * size <= corpus->memory / 2)
        size *= 2;
    return size;
}

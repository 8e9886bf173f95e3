/* SPDX-License-Identifier: Apache-2.0
 * The index of duplicates; see dedup/duplicate_index.h. */
#include "dedup/duplicate_index.h"

#include <string.h>

#include "base/error.h"
#include "dedup/key_runs.h"
#include "dedup/rules.h"
#include "store/clusters.h"

#define KEY_BYTES (2 * sizeof(KeyIndex)) /* of a key while it is sorted */
#define FEWEST_KEYS 64
#define TAKEN_KEYS 65536

/* ---- Keys ---------------------------------------------------------------------------------------------------- */

guint16 duplicate_index_kinds(const Recipe *recipe)
{
    return (guint16)(INDEX_FIRST_BAND + (recipe->dedup.near ? near_bands(&recipe->dedup) : 0));
}

DedupRule duplicate_index_rule(guint16 kind)
{
    return kind < INDEX_FIRST_BAND ? (DedupRule)kind : RULE_NEAR;
}

gboolean duplicate_index_has(guint16 kind, DedupRule merged)
{
    DedupRule rule = duplicate_index_rule(kind);
    return rule == RULE_EXACT || rule == RULE_WORDS ? merged > rule : merged >= rule;
}

static unsigned one_key(Hash128 hash, gboolean there, guint64 *keys)
{
    keys[0] = hash.high;
    return there;
}

static unsigned id_keys(const Sketch *sketch, guint64 *keys)
{
    for (unsigned i = 0; i < sketch->identifier_count; i++)
        keys[i] = sketch->identifiers[i].hash.high;
    return sketch->identifier_count;
}

static unsigned band_key(const RecipeDedup *settings, const Sketch *sketch, unsigned band, guint64 *keys)
{
    if (sketch->permutations != settings->permutations)
        return 0;
    keys[0] = near_band_key(settings, sketch, band);
    return 1;
}

unsigned duplicate_index_keys(const Recipe *recipe, const Sketch *sketch, guint16 kind, guint64 *keys)
{
    const RecipeDedup *settings = &recipe->dedup;
    switch (duplicate_index_rule(kind)) {
    case RULE_SAME_ID:
        return settings->ids ? id_keys(sketch, keys) : 0;
    case RULE_EXACT:
        return one_key(sketch->exact, settings->exact && !hash128_is_zero(sketch->exact), keys);
    case RULE_URL:
        return one_key(sketch->url, settings->urls && !hash128_is_zero(sketch->url), keys);
    case RULE_TITLE:
        return one_key(sketch->title, settings->titles && sketch->title_length >= settings->min_title && sketch->title_length > 0, keys);
    case RULE_WORDS:
        return one_key(sketch->words, settings->near && !hash128_is_zero(sketch->words), keys);
    case RULE_NEAR:
    case DEDUP_RULES:
        break;
    }
    return settings->near ? band_key(settings, sketch, (unsigned)(kind - INDEX_FIRST_BAND), keys) : 0;
}

/* ---- Building ------------------------------------------------------------------------------------------------ */

typedef struct IndexBuild {
    Corpus *corpus;
    guint8 *merged; /* by index of candidate: a DedupRule */
    guint16 first, kinds; /* of one pass */
    KeyRuns **runs;
} IndexBuild;

/* Keys of one document; its place in the order of numbers stands for it while keys are sorted. */
static gboolean add_keys(const IndexBuild *build, gsize place, const Sketch *sketch, GError **error)
{
    DedupRule merged = (DedupRule)build->merged[build->corpus->by_docno[place]];
    for (guint16 i = 0; i < build->kinds; i++) {
        guint64 keys[IDENTITY_MAX];
        guint16 kind = (guint16)(build->first + i);
        unsigned count = duplicate_index_has(kind, merged) ? duplicate_index_keys(build->corpus->recipe, sketch, kind, keys) : 0;
        for (unsigned k = 0; k < count; k++)
            if (!key_runs_add(build->runs[i], keys[k], (guint32)place, error))
                return FALSE;
    }
    return TRUE;
}

static gboolean read_keys(const IndexBuild *build, GError **error)
{
    const Corpus *corpus = build->corpus;
    g_autoptr(StoreTxn) txn = store_read_begin(corpus->store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, TABLE_SIGNATURES, NULL, 0, error) : NULL;
    StoreValue key, value;
    gsize place = 0;
    int more = -1;
    while (cursor && place < corpus->count && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Sketch sketch;
        if (docno_read(key.data) != corpus->candidates[corpus->by_docno[place]].docno)
            continue;
        if (!sketch_parse(&value, &sketch, error) || !add_keys(build, place++, &sketch, error))
            return FALSE;
    }
    return cursor && (more >= 0 || place == corpus->count);
}

static gboolean write_keys(const IndexBuild *build, KeyIndexWriter *writer, guint16 i, GError **error)
{
    const Corpus *corpus = build->corpus;
    g_auto(KeyList) list = {0};
    if (!key_runs_rewind(build->runs[i], error))
        return FALSE;
    do {
        if (!key_runs_take(build->runs[i], TAKEN_KEYS, &list, error))
            return FALSE;
        for (gsize k = 0; k < list.count; k++) {
            Docno docno = corpus->candidates[corpus->by_docno[list.items[k].index]].docno;
            if (!key_index_put(writer, (guint16)(build->first + i), list.items[k].key, docno, error))
                return FALSE;
        }
    } while (list.count > 0);
    return TRUE;
}

static gboolean build_pass(IndexBuild *build, gsize capacity, KeyIndexWriter *writer, GError **error)
{
    gboolean good = TRUE;
    for (guint16 i = 0; good && i < build->kinds; i++)
        good = (build->runs[i] = key_runs_new(store_directory(build->corpus->store), capacity, error)) != NULL;
    good = good && read_keys(build, error);
    for (guint16 i = 0; good && i < build->kinds; i++)
        good = write_keys(build, writer, i, error);
    for (guint16 i = 0; i < build->kinds; i++)
        g_clear_pointer(&build->runs[i], key_runs_free);
    return good;
}

gboolean duplicate_index_build(Corpus *corpus, KeyIndexRuns *runs, GError **error)
{
    guint16 kinds = duplicate_index_kinds(corpus->recipe);
    gsize keys = MAX((gsize)(corpus->memory / KEY_BYTES), FEWEST_KEYS), most = MAX(corpus->count * 2, FEWEST_KEYS);
    guint16 at_once = (guint16)CLAMP(keys / most, 1, kinds);
    g_autofree guint8 *merged = g_malloc(corpus->count + 1);
    g_autofree KeyRuns **key_runs = g_new0(KeyRuns *, at_once);
    IndexBuild build = {.corpus = corpus, .merged = merged, .runs = key_runs};
    g_autoptr(KeyIndexWriter) writer = key_index_write(corpus->store, TABLE_BANDS, runs, error);
    if (!writer)
        return FALSE;
    memset(merged, DEDUP_RULES, corpus->count + 1);
    for (guint i = 0; i < corpus->merges->len; i++) {
        const Merge *merge = &g_array_index(corpus->merges, Merge, i);
        merged[merge->loser] = (guint8)merge->rule;
    }
    for (; build.first < kinds; build.first = (guint16)(build.first + build.kinds)) {
        build.kinds = MIN(at_once, (guint16)(kinds - build.first));
        if (!build_pass(&build, MIN(keys / at_once + FEWEST_KEYS, most), writer, error))
            return FALSE;
    }
    return key_index_close(g_steal_pointer(&writer), error);
}

/* ---- Clusters ------------------------------------------------------------------------------------------------ */

gboolean cluster_put(StoreTxn *txn, Docno winner, Docno loser, DedupRule rule, GError **error)
{
    return cluster_entry_put(txn, winner, loser, (guint8)rule, error);
}

gboolean cluster_delete(StoreTxn *txn, Docno winner, Docno loser, GError **error)
{
    return cluster_entry_delete(txn, winner, loser, error);
}

gboolean cluster_rule(StoreTxn *txn, Docno winner, Docno loser, DedupRule *rule, GError **error)
{
    guint8 by;
    if (!cluster_entry_get(txn, winner, loser, &by, error) || by == CLUSTER_CONTAINED)
        return FALSE;
    *rule = (DedupRule)by;
    if (*rule < DEDUP_RULES)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the cluster of document %" G_GUINT64_FORMAT " names a rule that there is not", winner);
    return FALSE;
}

static gboolean add_loser(gpointer user, Docno loser, guint8 by, GError **error)
{
    if (by != CLUSTER_CONTAINED)
        g_array_append_val((GArray *)user, loser);
    return TRUE;
}

gboolean cluster_losers(StoreTxn *txn, Docno winner, GArray *losers, GError **error)
{
    return cluster_entries(txn, winner, add_loser, losers, error);
}

/* SPDX-License-Identifier: Apache-2.0
 * Where a build stands; see status_compute in store/manifest.h.
 *
 * A finished build is told from its manifest, at once. An unfinished one is told from the counts that are kept while it is
 * written (store/standing.h); a store without them is counted. A manifest that is older than an unfinished stage says nothing
 * about what is in the store now, so it is not believed. */
#include <string.h>

#include "store/manifest.h"
#include "store/manifest_parts.h"
#include "store/standing.h"

static gboolean append_run(StoreTxn *txn, const char *stage, json_t *runs, gboolean *complete, GError **error)
{
    GError *cause = NULL;
    g_auto(StageRun) run = {0};
    if (!stage_load(txn, stage, &run, &cause)) {
        if (cause)
            g_propagate_error(error, cause);
        return cause == NULL;
    }
    json_t *entry = json_object();
    json_object_set_new(entry, "stage", json_text(stage));
    json_object_set_new(entry, "complete", json_boolean(run.complete));
    json_object_set(entry, "counts", run.counts ? run.counts : json_null());
    json_array_append_new(runs, entry);
    *complete = *complete && run.complete;
    return TRUE;
}

static json_t *collect_runs(Store *store, gboolean *complete, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return NULL;
    g_autoptr(json_t) runs = json_array();
    *complete = TRUE;
    for (gsize i = 0; stage_order[i]; i++)
        if (!append_run(txn, stage_order[i], runs, complete, error))
            return NULL;
    return g_steal_pointer(&runs);
}

static gboolean count_documents(StageContext *context, Tally **tally, GError **error)
{
    gboolean known;
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    if (!txn || !standing_load(txn, *tally, &known, error))
        return FALSE;
    if (known)
        return TRUE;
    tally_free(*tally);
    *tally = tally_new(context->store, error);
    return *tally && documents_tally(context, *tally, TALLY_COUNTS, error);
}

/* What a manifest says, of an unfinished store: without its hashes, and without what is known of kept documents alone, which
 * the last stages decide on. */
static json_t *count_store(Store *store, GError **error)
{
    static const struct {
        const char *key;
        gsize offset;
    } sums[] = {
        {"entered", G_STRUCT_OFFSET(SourceTally, entered)}, {"kept", G_STRUCT_OFFSET(SourceTally, kept)},
        {"dropped", G_STRUCT_OFFSET(SourceTally, dropped)}, {"merged", G_STRUCT_OFFSET(SourceTally, merged)},
        {"undecided", G_STRUCT_OFFSET(SourceTally, undecided)},
    };
    StageContext context = {.store = store, .jobs = 1};
    g_autoptr(Tally) tally = tally_new(store, error);
    if (!tally || !count_documents(&context, &tally, error) ||
        !shards_tally(&context, tally, TALLY_COUNTS, error))
        return NULL;
    json_t *object = json_object(), *sources = json_array();
    for (gsize i = 0; i < G_N_ELEMENTS(sums); i++)
        json_object_set_new(object, sums[i].key, json_integer((json_int_t)tally_sum(tally, sums[i].offset)));
    for (guint i = 0; i < tally->sources->len; i++)
        json_array_append_new(sources, tally_source_json(g_ptr_array_index(tally->sources, i), TALLY_COUNTS));
    json_object_set_new(object, "sources", sources);
    return object;
}

/* Sets "passages", "contamination" and "mix": what these stages found and drew; null where they have not run. */
static gboolean set_searches(Store *store, json_t *status, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(json_t) searches = txn ? searches_json(txn, error) : NULL;
    json_object_set_new(status, "passages", json_null());
    json_object_set_new(status, "contamination", json_null());
    json_object_set_new(status, "mix", json_null());
    return searches && json_object_update(status, searches) == 0;
}

static json_int_t add_token_sums(json_t *sources)
{
    json_int_t sum = 0;
    gsize index;
    json_t *source;
    json_array_foreach(sources, index, source) {
        json_int_t tokens = 0;
        for (unsigned i = 0; i < SPLIT_COUNT; i++) {
            g_autofree char *key = g_strconcat("tokens_", split_names[i], NULL);
            tokens += json_integer_value(json_object_get(source, key));
        }
        json_object_set_new(source, "tokens", json_integer(tokens));
        sum += tokens;
    }
    return sum;
}

json_t *status_compute(Store *store, GError **error)
{
    static const char *const copied[] = {"entered", "kept", "dropped", "merged", "undecided"};
    gboolean complete;
    GError *cause = NULL;
    g_autoptr(json_t) runs = collect_runs(store, &complete, error);
    if (!runs)
        return NULL;
    g_autoptr(json_t) facts = complete ? manifest_read(store, &cause) : NULL;
    gboolean finished = facts != NULL;
    if (!facts && !cause)
        facts = count_store(store, &cause);
    if (!facts) {
        g_propagate_error(error, cause);
        return NULL;
    }
    g_autoptr(json_t) status = json_object();
    json_t *sources = json_object_get(facts, "sources");
    json_t *root = json_object_get(facts, "root");
    json_object_set_new(status, "version", json_integer(1));
    json_object_set_new(status, "finished", json_boolean(finished));
    json_object_set(status, "root", root ? root : json_null());
    for (gsize i = 0; i < G_N_ELEMENTS(copied); i++)
        json_object_set(status, copied[i], json_object_get(facts, copied[i]));
    json_object_set_new(status, "tokens", json_integer(add_token_sums(sources)));
    json_object_set(status, "sources", sources);
    json_object_set(status, "runs", runs);
    return set_searches(store, status, error) ? g_steal_pointer(&status) : NULL;
}

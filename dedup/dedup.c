/* SPDX-License-Identifier: Apache-2.0
 * The stage "dedup": the rules one after the other, then the verdicts; see dedup/dedup.h.
 *
 * Everything is found in memory before the first verdict is written. A run that was killed starts from its beginning,
 * takes the verdicts that it left for undecided, and writes the same ones again. */
#include "dedup/dedup.h"

#include <string.h>

#include "base/error.h"
#include "dedup/extension.h"
#include "dedup/rules.h"
#include "dedup/sign.h"
#include "dedup/verdicts.h"
#include "store/fingerprint.h"

/* Raise it whenever the same sketches with the same settings give other verdicts. */
#define DEDUP_VERSION 3

/* The groups matter because replay documents lose and have no titles; redistributable sources count as open. */
static char *make_fingerprint(const Recipe *recipe, const char *predecessor)
{
    const RecipeDedup *settings = &recipe->dedup;
    char threshold[G_ASCII_DTOSTR_BUF_SIZE];
    GString *text = g_string_new(NULL);
    fingerprint_add(text,
                    "dedup %d ids=%d exact=%d urls=%d titles=%d near=%d verify=%d bands=%" G_GUINT64_FORMAT
                    " rows=%" G_GUINT64_FORMAT " threshold=%s min_title=%" G_GUINT64_FORMAT,
                    DEDUP_VERSION, settings->ids, settings->exact, settings->urls, settings->titles, settings->near, settings->verify,
                    settings->bands, settings->rows, g_ascii_dtostr(threshold, sizeof threshold, settings->threshold),
                    settings->min_title);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        fingerprint_add_source(text, recipe->sources[i].tag, "dedup %s,%d", recipe_group_name(recipe->sources[i].group),
                               recipe->sources[i].redistributable);
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

static gboolean run_rules(Corpus *corpus, GError **error)
{
    const RecipeDedup *settings = &corpus->recipe->dedup;
    const struct {
        gboolean wanted;
        gboolean (*rule)(Corpus *corpus, GError **error);
    } rules[] = {{settings->ids, rule_same_id},      {settings->exact, rule_exact},    {settings->urls, rule_same_url},
                 {settings->titles, rule_same_title}, {settings->near, rule_same_words}, {settings->near, rule_near}};
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (rules[i].wanted && !rules[i].rule(corpus, error))
            return FALSE;
        progress_add(corpus->progress, 1);
    }
    return TRUE;
}

/* Tallied by source first: the run record's JSON is touched once for each number, not for each document. */
static void count_results(const Corpus *corpus, StageRun *run)
{
    unsigned sources = corpus->recipe->sources_count;
    g_autofree gint64 *documents = g_new0(gint64, sources);
    g_autofree gint64 *merged = g_new0(gint64, (gsize)sources * DEDUP_RULES);
    for (gsize i = 0; i < corpus->count; i++)
        documents[corpus->candidates[i].source]++;
    for (guint i = 0; i < corpus->merges->len; i++) {
        const Merge *merge = &g_array_index(corpus->merges, Merge, i);
        merged[(gsize)corpus->candidates[merge->loser].source * DEDUP_RULES + merge->rule]++;
    }
    for (unsigned source = 0; source < sources; source++) {
        const char *tag = corpus->recipe->sources[source].tag;
        stage_count(run, tag, "documents", documents[source]);
        for (unsigned rule = 0; rule < DEDUP_RULES; rule++) {
            g_autofree char *what = g_strconcat("merged:", dedup_rule_name((DedupRule)rule), NULL);
            stage_count(run, tag, what, merged[(gsize)source * DEDUP_RULES + rule]);
        }
    }
}

/* What a run that was killed has left. */
static gboolean clear_clusters(StoreTxn *txn, gpointer user, GError **error)
{
    return store_clear(txn, TABLE_CLUSTERS, error);
}

static gboolean run_stage(StageContext *context, const Recipe *recipe, StageRun *run, GError **error)
{
    gboolean first = comm_rank(context->comm) == 0;
    if (!first && !store_refresh(context->store, error))
        return FALSE;
    g_autoptr(Corpus) corpus = corpus_load(context->store, recipe, context->jobs, context->comm, error);
    if (!corpus)
        return FALSE;
    corpus->progress = context->progress;
    if (context->memory)
        corpus->memory = context->memory;
    progress_begin(context->progress, "dedup", "steps", 6 + (recipe->dedup.near ? near_bands(&recipe->dedup) : 0));
    gboolean good = run_rules(corpus, error);
    progress_end(context->progress);
    /* Nobody reads any more when the first verdict is written. */
    if (!good || !comm_barrier(context->comm, error))
        return FALSE;
    if (!first)
        return TRUE;
    g_auto(KeyIndexRuns) index = {0};
    if (!store_write(context->store, clear_clusters, NULL, error) ||
        !verdicts_write(context->store, corpus, context->batch_documents, error) || !duplicate_index_build(corpus, &index, error))
        return FALSE;
    json_object_clear(run->counts);
    count_results(corpus, run);
    json_decref(run->position);
    run->position = json_pack("{s:o}", EXTENSION_INDEX, key_index_runs_json(&index));
    return stage_finish(context->store, run, error);
}

/* ---- The index ------------------------------------------------------------------------------------------------- */

static gboolean check_table(StoreTxn *txn, StoreTable table, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0)
        ;
    return more == 0;
}

static gboolean check_index(Store *store, GError **error)
{
    GError *failure = NULL;
    g_auto(StageRun) run = {0};
    g_auto(KeyIndexRuns) index = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return FALSE;
    if (!stage_load(txn, "dedup", &run, &failure) || (!run.complete && !run.extends)) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL;
    }
    key_index_runs_read(&index, json_object_get(run.position, EXTENSION_INDEX));
    return key_index_check(txn, TABLE_BANDS, &index, error) && check_table(txn, TABLE_CLUSTERS, error) &&
           check_table(txn, TABLE_SIGNATURES, error) && check_table(txn, TABLE_WITHDRAWN, error);
}

/* What is damaged is made anew, from the texts: signatures, index and all that was decided by them. */
static gboolean mend_index(StageContext *context, GError **error)
{
    GError *failure = NULL;
    if (comm_rank(context->comm) > 0 || check_index(context->store, &failure))
        return TRUE;
    if (!g_error_matches(failure, GALEN_ERROR, GALEN_ERROR_INPUT)) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (context->notices)
        g_string_append_printf(context->notices, "The index of duplicates was damaged, and was built anew: %s.\n", failure->message);
    g_error_free(failure);
    return stage_leave_out(context->store, "sign", error);
}

gboolean dedup_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint,
                   GError **error)
{
    *fingerprint = NULL;
    g_autofree char *signed_fingerprint = NULL;
    if (!mend_index(context, error) || !sign_run(context, &recipe->dedup, predecessor, &signed_fingerprint, error))
        return FALSE;
    *fingerprint = make_fingerprint(recipe, signed_fingerprint);
    g_auto(StageRun) run = {0};
    StageAction action = STAGE_SKIP;
    if (comm_rank(context->comm) == 0 &&
        !stage_begin_extending(context->store, "dedup", *fingerprint, STAGE_NEEDS_RECORD, &run, &action, error))
        return FALSE;
    if (!comm_broadcast(context->comm, &action, sizeof action, 0, error))
        return FALSE;
    if (action == STAGE_EXTEND) /* what has changed is little, and rank 0's own */
        return comm_rank(context->comm) > 0 || extension_run(context, recipe, &run, run_rules, error);
    return action == STAGE_SKIP || run_stage(context, recipe, &run, error);
}

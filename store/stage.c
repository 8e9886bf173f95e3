/* SPDX-License-Identifier: Apache-2.0
 * Run records: what makes a build resumable; see store/stage.h. */
#include "store/stage.h"

#include <string.h>

#include "base/error.h"
#include "store/stage_record.h"

const char *const stage_order[] = {"ingest", "updates", "chapters", "metadata", "lines", "boilerplate", "clean", "sign", "dedup", "contamination", "tokenise", "mix", "pack", NULL};

/* The tables that hold a stage's results, besides its verdicts, cuts and notes. */
static const struct {
    const char *stage;
    StoreTable table;
} owned_tables[] = {
    {"ingest", TABLE_INPUTS},   {"ingest", TABLE_DOCUMENTS}, {"ingest", TABLE_IDS},    {"clean", TABLE_CLEANED},
    {"sign", TABLE_SIGNATURES}, {"dedup", TABLE_BANDS},      {"tokenise", TABLE_TOKENS}, {"pack", TABLE_SHARDS},
    {"pack", TABLE_SPANS},      {"pack", TABLE_PLACEMENTS},
};

static unsigned stage_index(const char *stage)
{
    unsigned index = 0;
    while (stage_order[index] && strcmp(stage_order[index], stage) != 0)
        index++;
    g_assert(stage_order[index]);
    return index;
}

void stage_run_clear(StageRun *run)
{
    g_free(run->stage);
    g_free(run->fingerprint);
    json_decref(run->counts);
    json_decref(run->position);
    *run = (StageRun){0};
}

void stage_count(StageRun *run, const char *source, const char *what, gint64 amount)
{
    if (amount == 0)
        return;
    g_autofree char *key = g_strconcat(source, "/", what, NULL);
    json_int_t before = json_integer_value(json_object_get(run->counts, key));
    json_object_set_new(run->counts, key, json_integer(before + amount));
}

gboolean stage_save(StoreTxn *txn, const StageRun *run, GError **error)
{
    g_autoptr(json_t) record = json_pack("{s:s, s:b, s:I, s:O}", "fingerprint", run->fingerprint, "complete", run->complete,
                                         "next", (json_int_t)run->next, "counts", run->counts);
    if (run->position)
        json_object_set(record, "position", run->position);
    g_autofree char *text = json_write(record);
    return store_put(txn, TABLE_RUNS, run->stage, strlen(run->stage), text, strlen(text), error);
}

gboolean stage_load(StoreTxn *txn, const char *stage, StageRun *run, GError **error)
{
    StoreValue value;
    *run = (StageRun){0};
    if (!store_get(txn, TABLE_RUNS, stage, strlen(stage), &value, error))
        return FALSE;
    g_autoptr(json_t) record = json_parse(value.data, value.length, "run record", error);
    if (!record)
        return FALSE;
    run->stage = g_strdup(stage);
    run->fingerprint = g_strdup(json_get_string(record, "fingerprint"));
    run->complete = json_is_true(json_object_get(record, "complete"));
    run->next = (Docno)json_integer_value(json_object_get(record, "next"));
    run->counts = json_incref(json_object_get(record, "counts"));
    run->position = json_incref(json_object_get(record, "position"));
    if (run->fingerprint && json_is_object(run->counts))
        return TRUE;
    stage_run_clear(run);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the run record of stage '%s' cannot be read", stage);
    return FALSE;
}

static gboolean forget_runs(StoreTxn *txn, gpointer user, GError **error)
{
    for (const char *const *stage = user; *stage; stage++)
        if (!store_delete(txn, TABLE_RUNS, *stage, strlen(*stage), error))
            return FALSE;
    return TRUE;
}

static gboolean forget_results(StoreTxn *txn, gpointer user, GError **error)
{
    for (const char *const *stage = user; *stage; stage++) {
        if (stage == stage_order ? !store_clear(txn, TABLE_LEDGER, error) : !ledger_forget_stage(txn, *stage, error))
            return FALSE;
        if (!stage_record_forget(txn, TABLE_CUTS, *stage, error) || !stage_record_forget(txn, TABLE_NOTES, *stage, error))
            return FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(owned_tables); i++)
            if (strcmp(owned_tables[i].stage, *stage) == 0 && !store_clear(txn, owned_tables[i].table, error))
                return FALSE;
    }
    return TRUE;
}

static gboolean save_run(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_save(txn, user, error);
}

/* The run records go first: a kill in between leaves stages that never ran, which start anew and clear again. */
static gboolean stage_start(Store *store, StageRun *run, GError **error)
{
    const char *const *from = &stage_order[stage_index(run->stage)];
    return store_write(store, forget_runs, (gpointer)from, error) && store_write(store, forget_results, (gpointer)from, error) &&
           store_write(store, save_run, run, error);
}

static gboolean load_run(Store *store, const char *stage, StageRun *run, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return FALSE;
    GError *failure = NULL;
    stage_load(txn, stage, run, &failure);
    if (!failure)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

gboolean stage_begin(Store *store, const char *stage, const char *fingerprint, StageRun *run, StageAction *action, GError **error)
{
    if (!load_run(store, stage, run, error))
        return FALSE;
    if (run->fingerprint && strcmp(run->fingerprint, fingerprint) == 0) {
        *action = run->complete ? STAGE_SKIP : STAGE_RESUME;
        if (!run->complete)
            store_mark_unfinished(store);
        return TRUE;
    }
    stage_run_clear(run);
    *run = (StageRun){.stage = g_strdup(stage), .fingerprint = g_strdup(fingerprint), .counts = json_object()};
    *action = STAGE_START;
    store_mark_unfinished(store);
    if (stage_start(store, run, error))
        return TRUE;
    stage_run_clear(run);
    return FALSE;
}

gboolean stage_finish(Store *store, StageRun *run, GError **error)
{
    run->complete = TRUE;
    return store_write(store, save_run, run, error);
}

gboolean stage_is_done(Store *store, const char *stage, const char *fingerprint, gboolean *done, GError **error)
{
    g_auto(StageRun) run = {0};
    if (!load_run(store, stage, &run, error))
        return FALSE;
    *done = run.complete && g_strcmp0(run.fingerprint, fingerprint) == 0;
    return TRUE;
}

gboolean stage_leave_out(Store *store, const char *stage, GError **error)
{
    g_auto(StageRun) run = {0};
    if (!load_run(store, stage, &run, error))
        return FALSE;
    if (!run.fingerprint)
        return TRUE;
    store_mark_unfinished(store);
    /* Until its results are gone the record stays, with a fingerprint that no settings have: a kill in between is mended
     * by the next build, whether that wants the stage or not. */
    const char *const *from = &stage_order[stage_index(stage)];
    g_free(run.fingerprint);
    run.fingerprint = g_strdup("left out");
    return store_write(store, forget_runs, (gpointer)(from + 1), error) && store_write(store, save_run, &run, error) &&
           store_write(store, forget_results, (gpointer)from, error) && store_write(store, forget_runs, (gpointer)from, error);
}

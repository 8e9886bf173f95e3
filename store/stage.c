/* SPDX-License-Identifier: Apache-2.0
 * What a stage does with its record when it begins and ends, which makes a build resumable; see store/stage.h. */
#include "store/stage.h"

#include <string.h>

#include "base/error.h"
#include "store/fingerprint.h"
#include "store/layout.h"
#include "store/shard_record.h"
#include "store/stage_record.h"

/* The tables that hold a stage's results, besides its verdicts, cuts and notes; for "pack" there is shards_clear. */
static const struct {
    const char *stage;
    StoreTable table;
} owned_tables[] = {
    {"ingest", TABLE_INPUTS},   {"ingest", TABLE_DOCUMENTS}, {"ingest", TABLE_IDS},      {"ingest", TABLE_COUNTS},
    {"clean", TABLE_CLEANED},   {"sign", TABLE_SIGNATURES},  {"dedup", TABLE_BANDS},     {"dedup", TABLE_CLUSTERS},
    {"tokenise", TABLE_TOKENS}, {"mix", TABLE_DRAWS},        {"updates", TABLE_PMIDS},   {"metadata", TABLE_IDENTIFIERS},
};

/* The meta records that are a stage's results. */
static const struct {
    const char *stage;
    const char *name;
} owned_meta[] = {
    {"passages", "passages"}, {"mix", "mix"},
};

/* The names of a stage and all behind it. */
static const char *const *stages_from(const char *stage)
{
    unsigned place = stage_place(stage);
    g_assert(stage_order[place]);
    return &stage_order[place];
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
        for (gsize i = 0; i < G_N_ELEMENTS(owned_meta); i++)
            if (strcmp(owned_meta[i].stage, *stage) == 0 &&
                !store_delete(txn, TABLE_META, owned_meta[i].name, strlen(owned_meta[i].name), error))
                return FALSE;
        if (stage == stage_order ? !store_clear(txn, TABLE_LEDGER, error) : !ledger_forget_stage(txn, *stage, error))
            return FALSE;
        if (!stage_record_forget(txn, TABLE_CUTS, *stage, error) || !stage_record_forget(txn, TABLE_NOTES, *stage, error))
            return FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(owned_tables); i++)
            if (strcmp(owned_tables[i].stage, *stage) == 0 && !store_clear(txn, owned_tables[i].table, error))
                return FALSE;
        if (strcmp(*stage, "pack") == 0 && !layout_is_kept(txn) && !shards_clear(txn, error))
            return FALSE;
    }
    return store_clear(txn, TABLE_CHANGES, error) && store_clear(txn, TABLE_WITHDRAWN, error);
}

static gboolean save_run(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_save(txn, user, error);
}

/* The run records go first: a kill in between leaves stages that never ran, which start anew and clear again. */
static gboolean stage_start(Store *store, StageRun *run, GError **error)
{
    const char *const *from = stages_from(run->stage);
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

/* ---- Generations --------------------------------------------------------------------------------------------- */

/* That of the documents; 0 in a store that never changed. */
static gboolean load_generation(Store *store, guint64 *generation, GError **error)
{
    g_auto(StageRun) ingest = {0};
    if (!load_run(store, stage_order[0], &ingest, error))
        return FALSE;
    *generation = ingest.generation;
    return TRUE;
}

gboolean stage_open_generation(Store *store, StageRun *ingest, GError **error)
{
    ingest->generation++;
    ingest->complete = FALSE;
    ingest->extends = TRUE;
    store_mark_unfinished(store);
    return store_write(store, save_run, ingest, error);
}

/* Whether a stage behind this one has a record. */
static gboolean has_successor(Store *store, const char *stage, gboolean *found, GError **error)
{
    *found = FALSE;
    for (const char *const *next = stages_from(stage) + 1; *next && !*found; next++) {
        g_auto(StageRun) run = {0};
        if (!load_run(store, *next, &run, error))
            return FALSE;
        *found = run.fingerprint != NULL;
    }
    return TRUE;
}

/* ---- Beginning and ending ------------------------------------------------------------------------------------ */

static gboolean start(Store *store, const char *stage, const char *fingerprint, guint64 generation, StageRun *run, StageAction *action,
                      GError **error)
{
    stage_run_clear(run);
    *run = (StageRun){
        .stage = g_strdup(stage), .fingerprint = g_strdup(fingerprint), .counts = json_object(), .generation = generation};
    *action = STAGE_START;
    store_mark_unfinished(store);
    if (stage_start(store, run, error))
        return TRUE;
    stage_run_clear(run);
    return FALSE;
}

/* The stage's own generation is what it makes of the documents. */
static gboolean begin(Store *store, const char *stage, const char *fingerprint, StageRun *run, StageAction *action, guint64 *generation,
                      gboolean *decided, GError **error)
{
    if (!load_run(store, stage, run, error) || !load_generation(store, generation, error))
        return FALSE;
    if (strcmp(stage, stage_order[0]) == 0)
        *generation = run->generation;
    FingerprintMatch match = run->fingerprint ? fingerprint_compare(run->fingerprint, fingerprint) : FINGERPRINT_DIFFERENT;
    *decided = match == FINGERPRINT_SAME && run->generation == *generation && !run->extends;
    if (!*decided)
        return TRUE;
    *action = run->complete ? STAGE_SKIP : STAGE_RESUME;
    if (!run->complete)
        store_mark_unfinished(store);
    return TRUE;
}

gboolean stage_begin(Store *store, const char *stage, const char *fingerprint, StageRun *run, StageAction *action, GError **error)
{
    guint64 generation;
    gboolean decided;
    if (!begin(store, stage, fingerprint, run, action, &generation, &decided, error))
        return FALSE;
    return decided || start(store, stage, fingerprint, generation, run, action, error);
}

static gboolean extend(Store *store, const char *stage, const char *fingerprint, guint64 generation, StageRun *run, StageAction *action,
                       GError **error)
{
    if (!run->stage)
        *run = (StageRun){.stage = g_strdup(stage), .counts = json_object()};
    g_free(run->fingerprint);
    run->fingerprint = g_strdup(fingerprint);
    run->generation = generation;
    run->complete = FALSE;
    run->extends = TRUE;
    *action = STAGE_EXTEND;
    store_mark_unfinished(store);
    return store_write(store, save_run, run, error);
}

/* A run that was not finished, and was none over changes, has not seen all of what was there before them. */
static gboolean may_extend(Store *store, const StageRun *run, const char *stage, const char *fingerprint, StageRecordNeed need,
                           gboolean *may, GError **error)
{
    if (!run->fingerprint) {
        *may = FALSE;
        return need == STAGE_NEEDS_RECORD || has_successor(store, stage, may, error);
    }
    *may = (run->complete || run->extends) && fingerprint_compare(run->fingerprint, fingerprint) != FINGERPRINT_DIFFERENT;
    return TRUE;
}

gboolean stage_begin_extending(Store *store, const char *stage, const char *fingerprint, StageRecordNeed need, StageRun *run,
                               StageAction *action, GError **error)
{
    guint64 generation;
    gboolean decided, may;
    if (!begin(store, stage, fingerprint, run, action, &generation, &decided, error))
        return FALSE;
    if (decided)
        return TRUE;
    if (!may_extend(store, run, stage, fingerprint, need, &may, error))
        return FALSE;
    return (may ? extend : start)(store, stage, fingerprint, generation, run, action, error);
}

gboolean stage_finish(Store *store, StageRun *run, GError **error)
{
    run->complete = TRUE;
    run->extends = FALSE;
    return store_write(store, save_run, run, error);
}

gboolean stage_is_done(Store *store, const char *stage, const char *fingerprint, gboolean *done, GError **error)
{
    g_auto(StageRun) run = {0};
    guint64 generation;
    if (!load_run(store, stage, &run, error) || !load_generation(store, &generation, error))
        return FALSE;
    *done = run.complete && run.generation == generation && fingerprint_compare(run.fingerprint, fingerprint) == FINGERPRINT_SAME;
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
    const char *const *from = stages_from(stage);
    g_free(run.fingerprint);
    run.fingerprint = g_strdup("left out");
    return store_write(store, forget_runs, (gpointer)(from + 1), error) && store_write(store, save_run, &run, error) &&
           store_write(store, forget_results, (gpointer)from, error) && store_write(store, forget_runs, (gpointer)from, error);
}

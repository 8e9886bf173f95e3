/* SPDX-License-Identifier: Apache-2.0
 * The build: stages chained by their fingerprints; see cli/pipeline.h. */
#include "cli/pipeline.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "cleaning/clean.h"
#include "dedup/containment.h"
#include "dedup/contamination.h"
#include "dedup/dedup.h"
#include "dedup/passages.h"
#include "scrapers/chapters.h"
#include "scrapers/forget_captures.h"
#include "scrapers/ingest.h"
#include "scrapers/inputs.h"
#include "scrapers/metadata.h"
#include "scrapers/updates.h"
#include "store/forget.h"
#include "store/manifest.h"
#include "store/metadata.h"
#include "store/mix.h"
#include "store/pack.h"
#include "store/redistribution.h"

#define PROGRAM "/proc/self/exe"

typedef struct Build {
    StageContext *context;
    const Recipe *recipe;
    Tokenizer *tokenizer;
    GArray *timings;
} Build;

static gboolean run_ingest(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return ingest_run(build->context, build->recipe, PROGRAM, fingerprint, error) && forget_captures(build->context->store, error);
}

static gboolean run_updates(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return updates_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_chapters(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return chapters_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_metadata(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return metadata_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_rights(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return redistribution_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_clean(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return clean_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_dedup(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    /* The other ranks have waited for this stage. */
    return comm_barrier(build->context->comm, error) && dedup_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean follow_dedup(StageContext *context, const char *directory, const Recipe *recipe, GError **error)
{
    g_autofree char *fingerprint = NULL;
    if (!comm_barrier(context->comm, error))
        return FALSE;
    context->store = store_open(directory, STORE_FOLLOW, error);
    gboolean good = context->store && dedup_run(context, recipe, "", &fingerprint, error);
    g_clear_pointer(&context->store, store_free);
    return good;
}

static gboolean run_containment(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return containment_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_passages(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return passages_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_contamination(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return contamination_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_tokenise(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return tokenise_run(build->context, build->recipe, build->tokenizer, predecessor, fingerprint, error);
}

static gboolean run_mix(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return mix_run(build->context, build->recipe, predecessor, fingerprint, error);
}

static gboolean run_pack(Build *build, const char *predecessor, char **fingerprint, GError **error)
{
    return pack_run(build->context, build->recipe, build->tokenizer, predecessor, fingerprint, error);
}

static const struct {
    const char *name;
    gboolean (*run)(Build *build, const char *predecessor, char **fingerprint, GError **error);
    gboolean (*follow)(StageContext *context, const char *directory, const Recipe *recipe, GError **error); /* other ranks; NULL: they wait */
} stages[] = {
    {"ingest", run_ingest}, {"updates", run_updates}, {"chapters", run_chapters}, {"metadata", run_metadata}, {"rights", run_rights}, {"clean", run_clean},
    {"dedup", run_dedup, follow_dedup}, {"containment", run_containment}, {"passages", run_passages}, {"contamination", run_contamination},
    {"tokenise", run_tokenise}, {"mix", run_mix}, {"pack", run_pack},
};

static gsize place_of(const char *name)
{
    gsize place = 0;
    while (place < G_N_ELEMENTS(stages) && strcmp(stages[place].name, name) != 0)
        place++;
    return place;
}

gboolean pipeline_has_stage(const char *name)
{
    return place_of(name) < G_N_ELEMENTS(stages);
}

static gboolean count_bad(StoreTxn *txn, const char *stage, guint64 *bad_inputs, GError **error)
{
    GError *failure = NULL;
    g_auto(StageRun) run = {0};
    if (!stage_load(txn, stage, &run, &failure)) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL;
    }
    const char *key;
    json_t *count;
    json_object_foreach(run.counts, key, count) {
        if (g_str_has_suffix(key, "/bad-input"))
            *bad_inputs += (guint64)json_integer_value(count);
    }
    return TRUE;
}

static gboolean count_bad_inputs(Store *store, BadInputs *bad_inputs, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    *bad_inputs = (BadInputs){0};
    return txn && count_bad(txn, "ingest", &bad_inputs->records, error) && count_bad(txn, METADATA_STAGE, &bad_inputs->tables, error);
}

/* Everything that can be checked before hours of work is checked first. A build that stops before it needs a tokenizer
 * does without one. */
static gboolean prepare(Build *build, const char *until, GError **error)
{
    const RecipeTokenizer *settings = &build->recipe->tokenizer;
    if (until && place_of(until) < place_of("tokenise"))
        return contamination_check(build->recipe, error);
    g_autofree char *model = recipe_resolve(build->recipe, settings->model);
    build->tokenizer = tokenizer_load(model, (const char *const *)settings->special.items, settings->special.count, error);
    return build->tokenizer != NULL && contamination_check(build->recipe, error);
}

typedef struct Clocks {
    gint64 wall; /* microseconds */
    struct timespec processor;
} Clocks;

static Clocks clocks_now(void)
{
    Clocks now = {.wall = g_get_monotonic_time()};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now.processor);
    return now;
}

static void note_time(Build *build, const char *stage, const Clocks *begun)
{
    Clocks now = clocks_now();
    StageTiming timing = {
        .stage = stage,
        .seconds = (double)(now.wall - begun->wall) / G_USEC_PER_SEC,
        .processor = (double)(now.processor.tv_sec - begun->processor.tv_sec) + (double)(now.processor.tv_nsec - begun->processor.tv_nsec) / 1e9,
    };
    if (build->timings)
        g_array_append_val(build->timings, timing);
}

/* From stage number `first` on, whose predecessor's fingerprint is given (and taken). */
static gboolean run_stages(Build *build, gsize first, char *before, const char *until, GError **error)
{
    g_autofree char *predecessor = before;
    for (gsize i = first; i < G_N_ELEMENTS(stages); i++) {
        char *fingerprint = NULL;
        Clocks begun = clocks_now();
        gboolean good = stages[i].run(build, predecessor, &fingerprint, error);
        g_free(predecessor);
        predecessor = fingerprint;
        note_time(build, stages[i].name, &begun);
        if (!good)
            return FALSE;
        if (until && strcmp(until, stages[i].name) == 0)
            return TRUE;
    }
    Clocks begun = clocks_now();
    gboolean good = forget_finish(build->context->store, error) && manifest_write(build->context, error);
    note_time(build, "manifest", &begun);
    return good;
}

gboolean pipeline_build(StageContext *context, const Recipe *recipe, const char *until, BadInputs *bad_inputs, GArray *timings, GError **error)
{
    Build build = {context, recipe, NULL, timings};
    gboolean good = prepare(&build, until, error) && forget_captures(context->store, error) && run_stages(&build, 0, NULL, until, error) && count_bad_inputs(context->store, bad_inputs, error);
    tokenizer_free(build.tokenizer);
    return good;
}

/* ---- Without reading ------------------------------------------------------------------------------------------- */

static gboolean has_run(StoreTxn *txn, const char *stage)
{
    StoreValue value;
    return store_get_unchecked(txn, TABLE_RUNS, stage, strlen(stage), &value, NULL);
}

static gboolean has_read_all(StoreTxn *txn, GError **error)
{
    g_auto(StageRun) ingest = {0};
    GError *failure = NULL;
    gboolean all = stage_load(txn, stages[0].name, &ingest, &failure) && ingest.complete;
    if (!all && !failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT, "the store has not read all of its inputs; go on with 'galen build' first");
    if (failure)
        g_propagate_error(error, failure);
    return all;
}

/* The last stage that is to run; *until is NULL for all of them. */
static gboolean settle_until(Store *store, const char **until, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn || !forgetting_load(txn, &forgetting, error) || !has_read_all(txn, error))
        return FALSE;
    *until = stages[0].name;
    for (gsize i = 0; i < G_N_ELEMENTS(stages); i++)
        if (has_run(txn, stages[i].name))
            *until = stages[i].name;
    if (forgetting.packed || has_run(txn, "pack"))
        *until = NULL;
    return TRUE;
}

static gboolean settle(Build *build, const char *until, GError **error)
{
    Store *store = build->context->store;
    gboolean runs = !until || strcmp(until, stages[0].name) != 0;
    return forget_captures(store, error) && (!runs || run_stages(build, 1, inputs_settings(build->recipe), until, error)) &&
           forget_finish(store, error);
}

gboolean pipeline_settle(StageContext *context, const Recipe *recipe, gboolean (*change)(gpointer user, GError **error), gpointer user,
                         GError **error)
{
    Build build = {context, recipe, NULL, NULL};
    const char *until;
    gboolean good = settle_until(context->store, &until, error) && prepare(&build, until, error) && change(user, error) &&
                    settle(&build, until, error);
    tokenizer_free(build.tokenizer);
    return good;
}

gboolean pipeline_follow(StageContext *context, const char *directory, const Recipe *recipe, const char *until, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stages); i++) {
        if (stages[i].follow && !stages[i].follow(context, directory, recipe, error))
            return FALSE;
        if (until && strcmp(until, stages[i].name) == 0)
            break;
    }
    return TRUE;
}

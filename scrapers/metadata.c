/* SPDX-License-Identifier: Apache-2.0
 * The stage "metadata"; see scrapers/metadata.h.
 *
 * What is one work is found anew in each run, from documents and tables alone, so a run that goes on after a kill finds the
 * same. Documents are then looked at one by one: the facts of the others of its work are read from the store. */
#include "scrapers/metadata.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "scrapers/citations.h"
#include "scrapers/metadata_changes.h"
#include "store/fingerprint.h"
#include "store/key_index.h"
#include "store/metadata.h"
#include "store/note.h"

#define METADATA_VERSION 2
#define INDEX "index" /* member of the run's position */

/* ---- The stage ----------------------------------------------------------------------------------------------- */

static gboolean work(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    item->result = join_result_new(user, item->docno, &item->document, error);
    return item->result != NULL;
}

static gboolean save(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const JoinResult *result = item->result;
    Verdict verdict = {OUTCOME_DROPPED, METADATA_STAGE, result->rule, NAN, NAN, DOCNO_NONE, result->detail};
    return (!result->note || note_put(txn, item->docno, METADATA_STAGE, result->note, error)) &&
           (!result->rule || ledger_put(txn, item->docno, &verdict, error));
}

/* What is bad in the tables is counted with the first document of a run that begins; only the sink's thread does this. */
static void count(gpointer user, StageItem *item, StageRun *run)
{
    Joiner *joiner = user;
    const JoinResult *result = item->result;
    if (run->next == 0)
        stage_count(run, "citations", "bad-input", (gint64)joiner->bad_input);
    joiner->bad_input = 0;
    const char *source = item->document.source ? item->document.source : "";
    stage_count(run, source, "documents", 1);
    stage_count(run, source, "joined", result->note != NULL);
    stage_count(run, source, "cited", result->cited);
    if (!result->rule)
        return;
    g_autofree char *what = g_strconcat("dropped:", result->rule, NULL);
    stage_count(run, source, what, 1);
}

/* ---- The index of identifiers -------------------------------------------------------------------------------- */

static gboolean save_run(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_save(txn, user, error);
}

/* Adds the identifiers of these works, and keeps what the index is now in the run's record. */
static gboolean extend_index(Store *store, const Works *works, KeyIndexRuns *index, StageRun *run, GError **error)
{
    g_autoptr(KeyIndexWriter) writer = key_index_write(store, TABLE_IDENTIFIERS, index, error);
    if (!writer || !works_index(works, writer, error) || !key_index_close(g_steal_pointer(&writer), error) ||
        !key_index_merge(store, TABLE_IDENTIFIERS, index, error))
        return FALSE;
    json_decref(run->position);
    run->position = json_pack("{s:o}", INDEX, key_index_runs_json(index));
    return store_write(store, save_run, run, error) && key_index_sweep(store, TABLE_IDENTIFIERS, index, error);
}

/* ---- Tables -------------------------------------------------------------------------------------------------- */

static guint64 count_bad(const json_t *tables)
{
    guint64 bad = 0;
    for (gsize i = 0; i < json_array_size(tables); i++) {
        const json_t *table = json_array_get(tables, i);
        bad += json_integer_value(json_object_get(table, "bad_lines")) > 0 || json_is_true(json_object_get(table, "damaged"));
    }
    return bad;
}

static gboolean put_tables(StoreTxn *txn, gpointer user, GError **error)
{
    g_autofree char *text = json_write(user);
    return store_put_meta(txn, METADATA_TABLES, text, error);
}

static gboolean read_tables(StageContext *context, const GPtrArray *tables, Joiner *joiner, GError **error)
{
    g_autoptr(json_t) facts = citations_read(context, tables, joiner->works, joiner->places, error);
    if (!facts || !store_write(context->store, put_tables, facts, error))
        return FALSE;
    works_finish(joiner->works);
    joiner->bad_input = count_bad(facts);
    return TRUE;
}

static gboolean load_works(Joiner *joiner, const GArray *only, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(joiner->store, error);
    works_free(joiner->works);
    joiner->works = txn ? works_new(txn, joiner->recipe, only, error) : NULL;
    return joiner->works != NULL;
}

/* ---- A store that changes ------------------------------------------------------------------------------------ */

static gboolean prepare_changes(StageContext *context, const GPtrArray *tables, Joiner *joiner, KeyIndexRuns *index, StageRun *run, GError **error)
{
    g_autoptr(GArray) changed = metadata_changes_list(context->store, error);
    if (!changed || !load_works(joiner, changed, error) || !extend_index(context->store, joiner->works, index, run, error))
        return FALSE;
    g_autoptr(GArray) touched = metadata_changes_touched(context->store, index, changed, tables->len > 0, error);
    if (!touched || !load_works(joiner, touched, error) || !read_tables(context, tables, joiner, error))
        return FALSE;
    metadata_changes_leave_out(touched, changed);
    return metadata_changes_update(context, joiner, touched, run, error);
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* Groups matter because replay is no part of any work; the numbers of sources do not. */
static char *make_fingerprint(const Recipe *recipe, const GPtrArray *tables, const char *predecessor)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "metadata %d", METADATA_VERSION);
    for (unsigned i = 0; i < recipe->metadata.exclude_count; i++) {
        const RecipeExclusion *entry = &recipe->metadata.exclude[i];
        fingerprint_add(text, "exclude %u %s=%s unless=%s", i, entry->mesh ? "mesh" : "type", entry->mesh ? entry->mesh : entry->publication_type,
                        entry->unless ? entry->unless : "");
    }
    for (unsigned i = 0; i < recipe->sources_count; i++)
        fingerprint_add_source(text, recipe->sources[i].tag, "metadata %s", recipe_group_name(recipe->sources[i].group));
    for (guint i = 0; i < tables->len; i++) {
        const Input *table = tables->pdata[i];
        fingerprint_add(text, "table %u %s,%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT, i, table->name, table->size, table->changed);
    }
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

static gboolean prepare_all(StageContext *context, const GPtrArray *tables, Joiner *joiner, KeyIndexRuns *index, StageRun *run, GError **error)
{
    gboolean indexed = json_object_get(run->position, INDEX) != NULL; /* a run that goes on has it */
    return load_works(joiner, NULL, error) && (indexed || extend_index(context->store, joiner->works, index, run, error)) &&
           read_tables(context, tables, joiner, error);
}

static gboolean join_documents(StageContext *context, Joiner *joiner, const char *fingerprint, GError **error)
{
    StageMap map = {
        .stage = METADATA_STAGE,
        .fingerprint = fingerprint,
        .reads = STAGE_READ_FACTS,
        .extends = TRUE,
        .user = joiner,
        .work = work,
        .save = save,
        .count = count,
        .result_free = join_result_free,
    };
    return stage_map(context, &map, error);
}

/* What the whole run needs is prepared from its record; stage_map then goes on with that. */
static gboolean prepare(StageContext *context, const GPtrArray *tables, Joiner *joiner, const char *fingerprint, gboolean *done, GError **error)
{
    g_auto(StageRun) run = {0};
    g_auto(KeyIndexRuns) index = {0};
    StageAction action;
    if (!stage_begin_extending(context->store, METADATA_STAGE, fingerprint, STAGE_NEEDS_RECORD, &run, &action, error))
        return FALSE;
    *done = action == STAGE_SKIP;
    key_index_runs_read(&index, json_object_get(run.position, INDEX));
    return *done || (action == STAGE_EXTEND ? prepare_changes : prepare_all)(context, tables, joiner, &index, &run, error);
}

gboolean metadata_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    g_autoptr(GPtrArray) tables = inputs_citations(recipe, error);
    gboolean done;
    if (!tables)
        return FALSE;
    *fingerprint = make_fingerprint(recipe, tables, predecessor);
    Joiner joiner = {.store = context->store, .recipe = recipe, .places = g_ptr_array_new_with_free_func(g_free)};
    gboolean good = prepare(context, tables, &joiner, *fingerprint, &done, error) &&
                    (done || join_documents(context, &joiner, *fingerprint, error));
    works_free(joiner.works);
    g_ptr_array_unref(joiner.places);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0
 * Which record of a citation stands; see scrapers/updates.h.
 *
 * A pass over the documents makes a list of small entries, one for each record and each deletion. Sorted by PMID, those of one
 * citation lie together, in the order of the inputs; each group is then decided by itself. An index of PMIDs stays in the
 * store, so that a store which gets documents need only look at the groups of these. */
#include "scrapers/updates.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/update_group.h"
#include "store/changes.h"
#include "store/fingerprint.h"
#include "store/key_index.h"

#define STAGE UPDATES_STAGE
#define VERSION 2
#define BATCH 8192 /* entries in one transaction */
#define INDEX "index" /* member of the run's position */
#define KIND 0

typedef struct Updates {
    StageContext *context;
    const Recipe *recipe;
    UpdateEntries *list;
    ReadingOrder *order;
    KeyIndexRuns index;
    StageRun run;
} Updates;

/* ---- The index of PMIDs -------------------------------------------------------------------------------------- */

static gboolean put_entries(KeyIndexWriter *writer, const UpdateEntries *list, GError **error)
{
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    for (gsize at = 0; at < list->count;) {
        guint32 count = update_entries_group(list, at);
        g_array_set_size(docnos, 0);
        for (guint32 i = 0; i < count; i++) {
            Docno docno = update_entry_docno(&list->entries[at + i]);
            g_array_append_val(docnos, docno);
        }
        docnos_sort(docnos, 0);
        for (guint i = 0; i < docnos->len; i++)
            if (!key_index_put(writer, KIND, list->entries[at].pmid, g_array_index(docnos, Docno, i), error))
                return FALSE;
        at += count;
    }
    return TRUE;
}

static gboolean save_run(StoreTxn *txn, gpointer user, GError **error)
{
    return stage_save(txn, user, error);
}

static void keep_index(Updates *updates)
{
    if (!updates->run.position)
        updates->run.position = json_object();
    json_object_set_new(updates->run.position, INDEX, key_index_runs_json(&updates->index));
}

/* Puts the list's entries into the index, and what the index is now into the run's record. */
static gboolean extend_index(Updates *updates, GError **error)
{
    Store *store = updates->context->store;
    g_autoptr(KeyIndexWriter) writer = key_index_write(store, TABLE_PMIDS, &updates->index, error);
    if (!writer || !put_entries(writer, updates->list, error) || !key_index_close(g_steal_pointer(&writer), error) ||
        !key_index_merge(store, TABLE_PMIDS, &updates->index, error))
        return FALSE;
    keep_index(updates);
    return store_write(store, save_run, &updates->run, error) && key_index_sweep(store, TABLE_PMIDS, &updates->index, error);
}

/* ---- Verdicts ------------------------------------------------------------------------------------------------ */

typedef struct UpdateBatch {
    const Updates *updates;
    gsize first, end; /* entries; whole groups */
    StageRun run;     /* as it will be; only the counts are its own */
} UpdateBatch;

/* A batch may be written twice, when the map grows: it counts into a copy. A group of one entry has nothing to decide, but
 * after changes it may have had. */
static gboolean write_batch(StoreTxn *txn, gpointer user, GError **error)
{
    UpdateBatch *batch = user;
    const UpdateEntries *list = batch->updates->list;
    json_decref(batch->run.counts);
    batch->run.counts = json_deep_copy(batch->updates->run.counts);
    for (gsize at = batch->first; at < batch->end;) {
        guint32 count = update_entries_group(list, at);
        if ((count > 1 || batch->run.extends) && !update_group_write(txn, list->entries + at, count, &batch->run, error))
            return FALSE;
        at += count;
    }
    return stage_save(txn, &batch->run, error);
}

static gboolean write_verdicts(Updates *updates, GError **error)
{
    const UpdateEntries *list = updates->list;
    gsize limit = updates->context->batch_documents ? updates->context->batch_documents : BATCH;
    for (gsize at = 0; at < list->count;) {
        UpdateBatch batch = {.updates = updates, .first = at, .run = updates->run};
        while (at < list->count && at - batch.first < limit)
            at += update_entries_group(list, at);
        batch.end = at;
        batch.run.counts = NULL;
        gboolean good = store_write(updates->context->store, write_batch, &batch, error);
        json_decref(updates->run.counts);
        updates->run.counts = batch.run.counts;
        if (!good)
            return FALSE;
    }
    return TRUE;
}

/* ---- All documents ------------------------------------------------------------------------------------------- */

static gboolean read_documents(Updates *updates, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(updates->context->store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error) : NULL;
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        g_auto(Document) document = {0};
        if (!document_thaw(&value, FALSE, &document, error))
            return FALSE;
        update_entries_take(updates->list, docno_read(key.data), &document, 0);
        progress_add(updates->context->progress, 1);
    }
    return more == 0;
}

/* ---- Changed documents alone --------------------------------------------------------------------------------- */

/* The entries of the documents that this stage must look at. */
static gboolean read_changes(Updates *updates, StoreTxn *txn, GError **error)
{
    GError *failure = NULL;
    Docno docno;
    for (Docno from = 0; changes_next(txn, from, STAGE, &docno, &failure); from = docno + 1) {
        g_auto(Document) document = {0};
        if (!document_get_facts(txn, docno, &document, &failure))
            break;
        update_entries_take(updates->list, docno, &document, 0);
        progress_add(updates->context->progress, 1);
    }
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* All entries of one PMID, by the index. */
static gboolean read_group(const Updates *updates, StoreTxn *txn, guint32 pmid, UpdateEntries *list, GError **error)
{
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    if (!key_index_find(txn, TABLE_PMIDS, &updates->index, KIND, pmid, docnos, error))
        return FALSE;
    docnos_sort(docnos, 0);
    for (guint i = 0; i < docnos->len; i++) {
        g_auto(Document) document = {0};
        Docno docno = g_array_index(docnos, Docno, i);
        if (!document_get_facts(txn, docno, &document, error))
            return FALSE;
        update_entries_take(list, docno, &document, pmid);
    }
    return TRUE;
}

/* Puts whole groups in the place of the list, which has the entries of changed documents alone. */
static gboolean complete_groups(Updates *updates, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(updates->context->store, error);
    g_autoptr(UpdateEntries) whole = update_entries_new(updates->recipe);
    for (gsize at = 0; txn && at < updates->list->count; at += update_entries_group(updates->list, at))
        if (!read_group(updates, txn, updates->list->entries[at].pmid, whole, error))
            return FALSE;
    if (!txn)
        return FALSE;
    update_entries_free(updates->list);
    updates->list = g_steal_pointer(&whole);
    update_entries_sort(updates->list, updates->order);
    return TRUE;
}

/* ---- The stage ----------------------------------------------------------------------------------------------- */

static gboolean read_list(Updates *updates, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(updates->context->store, error);
    updates->order = txn ? reading_order_load(txn, error) : NULL;
    if (!updates->order || (updates->run.extends && !read_changes(updates, txn, error)))
        return FALSE;
    g_clear_pointer(&txn, store_read_end);
    if (!updates->run.extends && !read_documents(updates, error))
        return FALSE;
    update_entries_sort(updates->list, updates->order);
    return TRUE;
}

static gboolean count_ahead(Updates *updates, guint64 *total, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(updates->context->store, error);
    if (txn)
        *total = updates->run.extends ? changes_count(txn) : store_count(txn, TABLE_DOCUMENTS);
    return txn != NULL;
}

/* The index has the new entries before verdicts are written: a document that one of these takes off the list of changes would
 * be missing from it after a kill. */
static gboolean updates_work(Updates *updates, GError **error)
{
    guint64 total;
    key_index_runs_read(&updates->index, json_object_get(updates->run.position, INDEX));
    if (!updates->run.extends && updates->index.list)
        g_array_set_size(updates->index.list, 0);
    if (!count_ahead(updates, &total, error))
        return FALSE;
    progress_begin(updates->context->progress, STAGE, "documents", total);
    gboolean good = read_list(updates, error) && extend_index(updates, error) &&
                    (!updates->run.extends || complete_groups(updates, error)) && write_verdicts(updates, error) &&
                    stage_finish(updates->context->store, &updates->run, error);
    progress_end(updates->context->progress);
    return good;
}

static char *fingerprint_of(const char *predecessor)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, STAGE " %d", VERSION);
    fingerprint_add_before(text, predecessor);
    return g_string_free(text, FALSE);
}

gboolean updates_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    Updates updates = {.context = context, .recipe = recipe, .list = update_entries_new(recipe)};
    StageAction action;
    gboolean good;
    if (!update_entries_wanted(updates.list)) {
        *fingerprint = g_strdup(predecessor);
        good = stage_leave_out(context->store, STAGE, error);
    } else {
        *fingerprint = fingerprint_of(predecessor);
        good = stage_begin_extending(context->store, STAGE, *fingerprint, STAGE_MAY_BE_NEW, &updates.run, &action, error) &&
               (action == STAGE_SKIP || updates_work(&updates, error));
    }
    stage_run_clear(&updates.run);
    key_index_runs_clear(&updates.index);
    reading_order_free(updates.order);
    update_entries_free(updates.list);
    return good;
}

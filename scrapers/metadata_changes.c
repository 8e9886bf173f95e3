/* SPDX-License-Identifier: Apache-2.0
 * Works that change with a store; see scrapers/metadata_changes.h. */
#include "scrapers/metadata_changes.h"

#include <math.h>
#include <string.h>

#include "store/changes.h"
#include "store/metadata.h"
#include "store/note.h"
#include "store/stage_record.h"

#define UPDATE_BATCH 4096

/* The documents on the list of changes, decided or not: those that were decided on since have left their works. */
GArray *metadata_changes_list(Store *store, GError **error)
{
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    GError *failure = NULL;
    Docno docno;
    if (!txn)
        return NULL;
    for (Docno from = 0; changes_next(txn, from, METADATA_STAGE, &docno, &failure); from = docno + 1)
        g_array_append_val(docnos, docno);
    if (!failure)
        return g_steal_pointer(&docnos);
    g_propagate_error(error, failure);
    return NULL;
}

static gboolean same_identity(const Document *document, json_t *before, json_t *after)
{
    g_autoptr(Metadata) left = metadata_new(document, json_incref(before)), right = metadata_new(document, json_incref(after));
    g_auto(Identity) was = {0}, is = {0};
    metadata_identity(left, &was);
    metadata_identity(right, &is);
    if (was.count != is.count)
        return FALSE;
    for (unsigned i = 0; i < was.count; i++)
        if (strcmp(was.identifiers[i].text, is.identifiers[i].text) != 0)
            return FALSE;
    return TRUE;
}

static void count_exclusion(StageRun *run, const StageItem *item, const char *rule, gint64 amount)
{
    g_autofree char *what = g_strconcat("dropped:", rule, NULL);
    stage_count(run, item->document.source ? item->document.source : "", what, amount);
}

static gboolean update_note(StoreTxn *txn, const StageItem *item, StageRun *run, GError **error)
{
    const JoinResult *result = item->result;
    const char *source = item->document.source ? item->document.source : "";
    GError *failure = NULL;
    g_autoptr(json_t) present = note_get(txn, item->docno, METADATA_STAGE, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if ((!present && !result->note) || (present && result->note && json_equal(present, result->note)))
        return TRUE;
    stage_count(run, source, "joined", (result->note != NULL) - (present != NULL));
    stage_count(run, source, "cited", result->cited - join_note_is_cited(present));
    if (!(result->note ? note_put(txn, item->docno, METADATA_STAGE, result->note, error)
                       : stage_record_delete(txn, TABLE_NOTES, item->docno, METADATA_STAGE, error)))
        return FALSE;
    /* Signatures have identifiers in them; what else a note says is read by stages that always look at all documents. */
    return same_identity(&item->document, present, result->note) || changes_redo(txn, item->docno, "sign", error);
}

/* `present`: this stage's own verdict, or NULL. */
static gboolean update_verdict(StoreTxn *txn, const StageItem *item, const Verdict *present, StageRun *run, GError **error)
{
    const JoinResult *result = item->result;
    Verdict verdict = {OUTCOME_DROPPED, METADATA_STAGE, result->rule, NAN, NAN, DOCNO_NONE, result->detail};
    if (present && result->rule && strcmp(present->rule, result->rule) == 0 && g_strcmp0(present->detail, result->detail) == 0)
        return TRUE;
    if (present)
        count_exclusion(run, item, present->rule, -1);
    if (!result->rule)
        return !present || changes_reopen(txn, item->docno, METADATA_STAGE, error);
    count_exclusion(run, item, result->rule, 1);
    return changes_decide(txn, item->docno, &verdict, error);
}

/* A document that was looked at before, and is of a work that has changed. */
static gboolean update_document(StoreTxn *txn, const Joiner *joiner, Docno docno, StageRun *run, GError **error)
{
    StageItem item = {.docno = docno};
    GError *failure = NULL;
    Verdict verdict;
    gboolean decided = ledger_get(txn, docno, &verdict, &failure);
    unsigned place = decided ? stage_place(verdict.stage) : G_MAXUINT, own = stage_place(METADATA_STAGE);
    gboolean good = !failure && (place < own || document_get_facts(txn, docno, &item.document, &failure));
    if (failure)
        g_propagate_error(error, failure);
    if (good && place >= own)
        good = (item.result = join_result_new(joiner, docno, &item.document, error)) && update_verdict(txn, &item, place == own ? &verdict : NULL, run, error) &&
               update_note(txn, &item, run, error);
    document_clear(&item.document);
    if (item.result)
        join_result_free(item.result);
    return good;
}

typedef struct UpdateBatch {
    const Joiner *joiner;
    const GArray *docnos;
    guint from, to;
    StageRun run; /* as it will be; only the counts are its own */
    const StageRun *before;
} UpdateBatch;

/* May be called again when the map grows: it counts into a copy. */
static gboolean update_batch(StoreTxn *txn, gpointer user, GError **error)
{
    UpdateBatch *batch = user;
    json_decref(batch->run.counts);
    batch->run.counts = json_deep_copy(batch->before->counts);
    for (guint i = batch->from; i < batch->to; i++)
        if (!update_document(txn, batch->joiner, g_array_index(batch->docnos, Docno, i), &batch->run, error))
            return FALSE;
    return stage_save(txn, &batch->run, error);
}

gboolean metadata_changes_update(StageContext *context, const Joiner *joiner, const GArray *docnos, StageRun *run, GError **error)
{
    guint limit = context->batch_documents ? context->batch_documents : UPDATE_BATCH;
    gboolean good = TRUE;
    for (guint from = 0; good && from < docnos->len; from += limit) {
        UpdateBatch batch = {joiner, docnos, from, MIN(from + limit, docnos->len), *run, run};
        batch.run.counts = NULL;
        good = store_write(context->store, update_batch, &batch, error);
        json_decref(run->counts);
        run->counts = batch.run.counts;
    }
    return good;
}

/* All documents, rising. */
static GArray *list_all(Store *store, GError **error)
{
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error) : NULL;
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Docno docno = docno_read(key.data);
        g_array_append_val(docnos, docno);
    }
    return more == 0 ? g_steal_pointer(&docnos) : NULL;
}

/* Tables of citations may make one work of any two documents, so with them all documents are looked at. */
GArray *metadata_changes_touched(Store *store, const KeyIndexRuns *index, const GArray *changed, gboolean tables, GError **error)
{
    if (tables)
        return list_all(store, error);
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    return txn ? works_closure(txn, index, changed, error) : NULL;
}

/* Those that are on the list themselves are left to the stage's usual way. */
void metadata_changes_leave_out(GArray *docnos, const GArray *changed)
{
    guint kept = 0, next = 0;
    for (guint i = 0; i < docnos->len; i++) {
        Docno docno = g_array_index(docnos, Docno, i);
        while (next < changed->len && g_array_index(changed, Docno, next) < docno)
            next++;
        if (next == changed->len || g_array_index(changed, Docno, next) != docno)
            g_array_index(docnos, Docno, kept++) = docno;
    }
    g_array_set_size(docnos, kept);
}

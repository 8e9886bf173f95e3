/* SPDX-License-Identifier: Apache-2.0
 * Taking documents out for good; see store/forget.h. */
#include "store/forget.h"

#include <string.h>

#include "base/error.h"
#include "store/changes.h"
#include "store/key_index.h"
#include "store/layout.h"

#define FORGETTING_META "forgetting"

/* ---- What is still to be done ---------------------------------------------------------------------------------- */

void forgetting_clear(Forgetting *forgetting)
{
    if (forgetting->docnos)
        g_array_unref(forgetting->docnos);
    *forgetting = (Forgetting){0};
}

gboolean forgetting_load(StoreTxn *txn, Forgetting *forgetting, GError **error)
{
    GError *failure = NULL;
    g_autofree char *text = store_get_meta(txn, FORGETTING_META, &failure);
    g_autoptr(json_t) record = text ? json_parse(text, strlen(text), "the store's record \"" FORGETTING_META "\"", &failure) : NULL;
    const json_t *docnos = json_object_get(record, "docnos");
    *forgetting = (Forgetting){.pending = record != NULL, .captures = json_is_true(json_object_get(record, "captures")),
                                .packed = json_is_true(json_object_get(record, "packed"))};
    if (failure)
        g_propagate_error(error, failure);
    if (record)
        forgetting->docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    for (gsize i = 0; i < json_array_size(docnos); i++) {
        Docno docno = (Docno)json_integer_value(json_array_get(docnos, i));
        g_array_append_val(forgetting->docnos, docno);
    }
    return failure == NULL;
}

static gboolean save(StoreTxn *txn, const Forgetting *forgetting, GError **error)
{
    json_t *docnos = json_array();
    for (guint i = 0; i < forgetting->docnos->len; i++)
        json_array_append_new(docnos, json_integer((json_int_t)g_array_index(forgetting->docnos, Docno, i)));
    g_autoptr(json_t) record = json_pack("{s:b, s:b, s:o}", "captures", forgetting->captures, "packed", forgetting->packed, "docnos", docnos);
    g_autofree char *text = json_write(record);
    return store_put_meta(txn, FORGETTING_META, text, error);
}

gboolean forgetting_captures_due(StoreTxn *txn, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    if (!forgetting_load(txn, &forgetting, error))
        return FALSE;
    if (!forgetting.docnos)
        forgetting.docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    forgetting.captures = TRUE;
    return save(txn, &forgetting, error);
}

gboolean forgetting_captures_done(StoreTxn *txn, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    if (!forgetting_load(txn, &forgetting, error))
        return FALSE;
    forgetting.captures = FALSE;
    return !forgetting.pending || save(txn, &forgetting, error);
}

/* ---- The documents --------------------------------------------------------------------------------------------- */

/* Takes the id out, where it leads to this document; that of the stub leads to it then. */
static gboolean move_id(StoreTxn *txn, Docno docno, const Document *document, const guint8 key[DOCUMENT_KEY_SIZE], GError **error)
{
    Docno found;
    GError *failure = NULL;
    g_autofree char *id = tombstone_stub_id(key);
    gboolean leads = document_find(txn, document->source, document->id, &found, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    return (!leads || store_delete(txn, TABLE_IDS, key, DOCUMENT_KEY_SIZE, error)) && document_index(txn, docno, document->source, id, error);
}

static gboolean put_stub(StoreTxn *txn, Docno docno, const char *source, const guint8 key[DOCUMENT_KEY_SIZE], GError **error)
{
    g_auto(Document) stub = {0};
    tombstone_stub(source, key, &stub);
    return document_put(txn, docno, &stub, error);
}

static gboolean load_facts(StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    GError *failure = NULL;
    if (document_get_facts(txn, docno, document, &failure) && document->source && document->id)
        return TRUE;
    if (!failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has no source and id; run 'galen audit'", docno);
    g_propagate_error(error, failure);
    return FALSE;
}

static gboolean forget_document(StoreTxn *txn, const ForgetRequest *request, const ForgetItem *item, GError **error)
{
    g_auto(Document) document = {0};
    guint8 key[DOCUMENT_KEY_SIZE];
    if (!load_facts(txn, item->docno, &document, error))
        return FALSE;
    if (tombstone_stub_key(&document, key))
        return TRUE;
    const Tombstone tombstone = {request->time, (char *)request->reason, (char *)request->by, (char *)item->matched, request->captures};
    Verdict verdict = tombstone_verdict(request->reason);
    document_key(document.source, document.id, key);
    return tombstone_put(txn, key, &tombstone, error) && changes_redo(txn, item->docno, FORGET_FIRST_STAGE, error) &&
           move_id(txn, item->docno, &document, key, error) && put_stub(txn, item->docno, document.source, key, error) &&
           ledger_put(txn, item->docno, &verdict, error);
}

/* ---- Those that must be looked at anew -------------------------------------------------------------------------- */

gboolean forget_items_hold(const GArray *items, Docno docno)
{
    guint low = 0, high = items->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(items, ForgetItem, middle).docno < docno)
            low = middle + 1;
        else
            high = middle;
    }
    return low < items->len && g_array_index(items, ForgetItem, low).docno == docno;
}

/* Records of other sources that gave way to one of the documents as its older versions. What deduplication merged finds itself
 * (dedup/extension.h), and so do chapters. */
static gboolean list_superseded(StoreTxn *txn, const ForgetRequest *request, GArray *docnos, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_LEDGER, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Verdict verdict;
        Docno docno = docno_read(key.data);
        if (!ledger_parse(&value, &verdict, error))
            return FALSE;
        if (strcmp(verdict.stage, FORGET_FIRST_STAGE) == 0 && verdict.winner != DOCNO_NONE && forget_items_hold(request->items, verdict.winner))
            g_array_append_val(docnos, docno);
    }
    return more == 0;
}

static gboolean redo_all(StoreTxn *txn, const ForgetRequest *request, const GArray *docnos, const char *stage, GError **error)
{
    for (guint i = 0; docnos && i < docnos->len; i++) {
        Docno docno = g_array_index(docnos, Docno, i);
        if (!forget_items_hold(request->items, docno) && !changes_redo(txn, docno, stage, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- The transaction -------------------------------------------------------------------------------------------- */

static gboolean open_generation(StoreTxn *txn, GError **error)
{
    g_auto(StageRun) ingest = {0};
    GError *failure = NULL;
    if (!stage_load(txn, stage_order[0], &ingest, &failure) || !ingest.complete || ingest.extends) {
        if (!failure)
            g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the store has not read all of its inputs; go on with 'galen build', and forget then");
        g_propagate_error(error, failure);
        return FALSE;
    }
    ingest.generation++;
    return stage_save(txn, &ingest, error);
}

/* Is to be called before stages run: they take the record away that says it. */
static gboolean was_packed(StoreTxn *txn, gboolean *packed, GError **error)
{
    g_auto(StageRun) pack = {0};
    GError *failure = NULL;
    *packed |= stage_load(txn, "pack", &pack, &failure);
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static gboolean note_pending(StoreTxn *txn, const ForgetRequest *request, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    if (!forgetting_load(txn, &forgetting, error) || !was_packed(txn, &forgetting.packed, error))
        return FALSE;
    if (!forgetting.docnos)
        forgetting.docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    forgetting.captures |= request->captures;
    for (guint i = 0; i < request->items->len; i++)
        g_array_append_val(forgetting.docnos, g_array_index(request->items, ForgetItem, i).docno);
    docnos_sort(forgetting.docnos, 0);
    return save(txn, &forgetting, error);
}

static gboolean write_request(StoreTxn *txn, gpointer user, GError **error)
{
    const ForgetRequest *request = user;
    g_autoptr(GArray) superseded = g_array_new(FALSE, FALSE, sizeof(Docno));
    if (!open_generation(txn, error) || !layout_keep(txn, error) || !list_superseded(txn, request, superseded, error))
        return FALSE;
    for (guint i = 0; i < request->items->len; i++)
        if (!forget_document(txn, request, &g_array_index(request->items, ForgetItem, i), error))
            return FALSE;
    return redo_all(txn, request, superseded, FORGET_FIRST_STAGE, error) && redo_all(txn, request, request->touched, "metadata", error) &&
           note_pending(txn, request, error);
}

gboolean forget_write(Store *store, const ForgetRequest *request, GError **error)
{
    store_mark_unfinished(store);
    if (store_write(store, write_request, (gpointer)request, error))
        return TRUE;
    g_prefix_error(error, "nothing was forgotten: ");
    return FALSE;
}

/* ---- The end ---------------------------------------------------------------------------------------------------- */

/* The indexes whose entries are numbers of documents, and the stages whose run records say where their runs are, as "index". */
static const struct {
    const char *stage;
    StoreTable table;
} indexes[] = {{"updates", TABLE_PMIDS}, {"metadata", TABLE_IDENTIFIERS}, {"dedup", TABLE_BANDS}};

typedef struct Purge {
    const GArray *docnos;
    gsize index;
} Purge;

static gboolean purge_index(StoreTxn *txn, gpointer user, GError **error)
{
    const Purge *purge = user;
    g_auto(StageRun) run = {0};
    g_auto(KeyIndexRuns) runs = {0};
    GError *failure = NULL;
    guint64 removed;
    if (!stage_load(txn, indexes[purge->index].stage, &run, &failure) || !json_object_get(run.position, "index")) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL;
    }
    key_index_runs_read(&runs, json_object_get(run.position, "index"));
    if (!key_index_purge(txn, indexes[purge->index].table, &runs, purge->docnos, &removed, error))
        return FALSE;
    json_object_set_new(run.position, "index", key_index_runs_json(&runs));
    return stage_save(txn, &run, error);
}

static gboolean remove_record(StoreTxn *txn, gpointer user, GError **error)
{
    return store_delete(txn, TABLE_META, FORGETTING_META, strlen(FORGETTING_META), error);
}

gboolean forget_finish(Store *store, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn || !forgetting_load(txn, &forgetting, error))
        return FALSE;
    g_clear_pointer(&txn, store_read_end);
    if (!forgetting.pending)
        return TRUE;
    store_mark_unfinished(store);
    if (forgetting.docnos->len == 0) /* it was about captures alone */
        return store_write(store, remove_record, NULL, error);
    for (gsize i = 0; i < G_N_ELEMENTS(indexes); i++) {
        Purge purge = {forgetting.docnos, i};
        if (!store_write(store, purge_index, &purge, error))
            return FALSE;
    }
    return store_compact(store, error) && store_write(store, remove_record, NULL, error);
}

/* SPDX-License-Identifier: Apache-2.0
 * Which documents an export holds; see store/export/selection.h. */
#include "store/export/selection.h"

#include <string.h>

#include "base/error.h"
#include "store/counters.h"
#include "store/ledger.h"
#include "store/rights.h"
#include "store/shard.h"

static void source_clear(gpointer data)
{
    g_hash_table_unref(((SelectedSource *)data)->licences);
}

void selection_free(Selection *selection)
{
    if (!selection)
        return;
    g_array_unref(selection->sources);
    rights_sources_free(selection->rights);
    json_decref(selection->facts);
    g_free(selection->bits);
    g_free(selection);
}

static json_t *read_sources(StoreTxn *txn, GError **error)
{
    GError *cause = NULL;
    g_autofree char *text = store_get_meta(txn, "sources", &cause);
    if (!text && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "the store has no list of sources; run galen audit");
    if (text)
        return json_parse(text, strlen(text), "the store's record \"sources\"", error);
    g_propagate_error(error, cause);
    return NULL;
}

static gboolean load_sources(StoreTxn *txn, Selection *selection, GError **error)
{
    size_t index;
    json_t *facts;
    selection->facts = read_sources(txn, error);
    json_array_foreach(selection->facts, index, facts) {
        SelectedSource source = {
            .tag = json_get_string(facts, "tag"),
            .redistributable = json_is_true(json_object_get(facts, "redistributable")),
            .licences = counters_new(),
        };
        g_array_append_val(selection->sources, source);
    }
    selection->rights = rights_sources_of(selection->facts);
    return selection->facts != NULL;
}

SelectedSource *selection_source(const Selection *selection, const char *tag)
{
    for (guint i = 0; i < selection->sources->len; i++) {
        SelectedSource *source = &g_array_index(selection->sources, SelectedSource, i);
        if (g_strcmp0(source->tag, tag) == 0)
            return source;
    }
    return NULL;
}

gboolean selection_has(const Selection *selection, Docno docno)
{
    return docno < selection->count && (selection->bits[docno / 8] >> docno % 8 & 1);
}

const char *document_split(StoreTxn *txn, Docno docno, GError **error)
{
    g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
    Split split;
    if (!shard_placements(txn, docno, placements, error) || placements->len == 0)
        return NULL;
    return split_find(g_array_index(placements, Placement, 0).split, &split) ? split_names[split] : NULL;
}

/* Whether the document was asked for, whatever its licence. */
static gboolean is_asked(StoreTxn *txn, const SelectionQuery *query, Docno docno, const Document *facts, gboolean *asked, GError **error)
{
    Verdict verdict;
    GError *cause = NULL;
    *asked = (!query->source || g_strcmp0(query->source, facts->source) == 0) && ledger_get(txn, docno, &verdict, &cause) &&
             verdict.outcome == OUTCOME_KEPT;
    if (*asked && query->split)
        *asked = g_strcmp0(document_split(txn, docno, &cause), query->split) == 0;
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}

static gboolean consider(StoreTxn *txn, Selection *selection, const SelectionQuery *query, Docno docno, const StoreValue *value, GError **error)
{
    g_auto(Document) facts = {0};
    gboolean asked, allowed = TRUE;
    if (!document_thaw(value, FALSE, &facts, error) || !is_asked(txn, query, docno, &facts, &asked, error))
        return FALSE;
    if (!asked)
        return TRUE;
    SelectedSource *source = selection_source(selection, facts.source);
    if (!source || docno >= selection->count) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is not among those the store lists; run galen audit", docno);
        return FALSE;
    }
    if (!query->allow_not_redistributable && !rights_judge(selection->rights, txn, docno, &facts, &allowed, NULL, error))
        return FALSE;
    if (!allowed) {
        source->refused++;
        selection->refused++;
        return TRUE;
    }
    source->selected++;
    selection->selected++;
    counters_add_licence(source->licences, facts.licence);
    selection->bits[docno / 8] |= (guint8)(1 << docno % 8);
    return TRUE;
}

Selection *selection_new(StoreTxn *txn, const SelectionQuery *query, Progress *progress, GError **error)
{
    g_autoptr(Selection) selection = g_new0(Selection, 1);
    selection->sources = g_array_new(FALSE, FALSE, sizeof(SelectedSource));
    g_array_set_clear_func(selection->sources, source_clear);
    selection->count = store_count(txn, TABLE_DOCUMENTS);
    selection->bits = g_malloc0(selection->count / 8 + 1);
    if (!load_sources(txn, selection, error))
        return NULL;
    if (query->source && !selection_source(selection, query->source)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "the store has no source '%s'; 'galen status' lists its sources", query->source);
        return NULL;
    }
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    StoreValue key, value;
    int more = cursor ? 0 : -1;
    progress_begin(progress, "select", "documents", selection->count);
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        if (!consider(txn, selection, query, key.length == 8 ? docno_read(key.data) : DOCNO_NONE, &value, error))
            break;
        progress_add(progress, 1);
    }
    progress_end(progress);
    return more == 0 ? g_steal_pointer(&selection) : NULL;
}

json_t *selection_sources_json(const Selection *selection, gboolean with_tokens)
{
    json_t *list = json_array();
    for (guint i = 0; i < selection->sources->len; i++) {
        const SelectedSource *source = &g_array_index(selection->sources, SelectedSource, i);
        json_t *facts = json_array_get(selection->facts, i), *object = json_object();
        if (source->selected + source->refused == 0) {
            json_decref(object);
            continue;
        }
        json_object_set_new(object, "tag", json_text(source->tag));
        json_object_set(object, "name", json_object_get(facts, "name"));
        json_object_set(object, "group", json_object_get(facts, "group"));
        json_object_set(object, "licence", json_object_get(facts, "licence"));
        json_object_set_new(object, "redistributable", json_boolean(source->redistributable));
        json_object_set_new(object, "documents", json_integer((json_int_t)source->selected));
        if (with_tokens)
            json_object_set_new(object, "tokens", json_integer((json_int_t)source->tokens));
        json_object_set_new(object, "not_redistributable", json_integer((json_int_t)source->refused));
        json_object_set_new(object, "licences", counters_json(source->licences));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *selection_licences_json(const Selection *selection)
{
    g_autoptr(GHashTable) all = counters_new();
    for (guint i = 0; i < selection->sources->len; i++) {
        GHashTableIter iterator;
        gpointer name, count;
        g_hash_table_iter_init(&iterator, g_array_index(selection->sources, SelectedSource, i).licences);
        while (g_hash_table_iter_next(&iterator, &name, &count))
            counters_add(all, name, *(const guint64 *)count);
    }
    return counters_json(all);
}

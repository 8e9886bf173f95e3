/* SPDX-License-Identifier: Apache-2.0
 * Documents as the formats of texts write them; see store/export/record.h. */
#include "store/export/record.h"

#include <string.h>

#include "base/error.h"
#include "store/cuts.h"
#include "store/licence.h"

const char *const record_names[RECORD_FIELDS] = {
    [RECORD_ID] = "id",
    [RECORD_SOURCE] = "source",
    [RECORD_SPLIT] = "split",
    [RECORD_KIND] = "kind",
    [RECORD_TITLE] = "title",
    [RECORD_TEXT] = "text",
    [RECORD_URL] = "url",
    [RECORD_LICENCE] = "license",
    [RECORD_SPDX] = "spdx",
    [RECORD_PUBLISHED] = "published",
    [RECORD_LANGUAGE] = "language",
    [RECORD_DOI] = "doi",
    [RECORD_PMID] = "pmid",
    [RECORD_PMCID] = "pmcid",
    [RECORD_METADATA] = "metadata",
};

/* A record with the texts that were made for it. */
typedef struct Owned {
    Record record;
    char *made[RECORD_FIELDS];
    json_t *metadata;
} Owned;

static void owned_clear(Owned *owned)
{
    for (gsize i = 0; i < RECORD_FIELDS; i++)
        g_free(owned->made[i]);
    json_decref(owned->metadata);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Owned, owned_clear)

static void set(Owned *owned, RecordField field, const char *text, gsize length)
{
    if (!g_utf8_validate_len(text, length, NULL)) {
        text = owned->made[field] = g_utf8_make_valid(text, (gssize)length);
        length = strlen(text);
    }
    owned->record.values[field] = text;
    owned->record.lengths[field] = length;
}

static void set_text(Owned *owned, RecordField field, const char *text)
{
    if (text)
        set(owned, field, text, strlen(text));
}

static void set_metadata(Owned *owned, const char *text)
{
    owned->metadata = text ? json_parse(text, strlen(text), "metadata", NULL) : NULL;
    if (!json_is_object(owned->metadata))
        return;
    for (RecordField field = RECORD_DOI; field <= RECORD_PMCID; field++)
        set_text(owned, field, json_get_string(owned->metadata, record_names[field]));
    owned->made[RECORD_METADATA] = json_write(owned->metadata);
    set_text(owned, RECORD_METADATA, owned->made[RECORD_METADATA]);
}

static void set_facts(Owned *owned, const Document *document, const char *split)
{
    set_text(owned, RECORD_ID, document->id);
    set_text(owned, RECORD_SOURCE, document->source);
    set_text(owned, RECORD_SPLIT, split);
    set_text(owned, RECORD_KIND, document->kind);
    set_text(owned, RECORD_TITLE, document->title);
    set_text(owned, RECORD_URL, document->url);
    set_text(owned, RECORD_LICENCE, document->licence);
    owned->made[RECORD_SPDX] = licence_page(document->licence);
    set_text(owned, RECORD_SPDX, owned->made[RECORD_SPDX]);
    set_text(owned, RECORD_PUBLISHED, document->date);
    set_text(owned, RECORD_LANGUAGE, document->language);
    set_metadata(owned, document->meta);
}

static gboolean write_document(const Export *export, Docno docno, const StoreValue *value, RecordFunction function, gpointer data, GError **error)
{
    g_auto(Document) document = {0};
    g_auto(Owned) owned = {.record = {.docno = docno}};
    g_autofree char *text = NULL;
    gsize length;
    GError *cause = NULL;
    if (!document_thaw(value, FALSE, &document, error))
        return FALSE;
    const char *split = document_split(export->txn, docno, &cause);
    if (!cause && !final_text_get(export->txn, docno, &text, &length, &cause) && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is kept and has no text; run galen audit", docno);
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    set_facts(&owned, &document, split);
    set(&owned, RECORD_TEXT, text, length);
    return function(&owned.record, data, error);
}

gboolean records_write(Export *export, RecordFunction function, gpointer data, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(export->txn, TABLE_DOCUMENTS, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    progress_begin(export->progress, "export", "documents", export->selection->selected);
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Docno docno = key.length == 8 ? docno_read(key.data) : DOCNO_NONE;
        if (!selection_has(export->selection, docno))
            continue;
        if (!write_document(export, docno, &value, function, data, error))
            break;
        export->documents++;
        progress_add(export->progress, 1);
    }
    progress_end(export->progress);
    return more == 0;
}

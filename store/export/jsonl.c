/* SPDX-License-Identifier: Apache-2.0
 * JSON lines: one document a line, in the order of the store; PATH, compressed with zstd where it ends in .zst.
 *
 * Each line has the same keys, all of them strings or null, but for the number `docno`, so that readers that guess a schema guess the
 * same for every line: docno, id, source, split, kind, title, text (as tokenised: title, blank line, body), url, license, spdx
 * (the address of the licence's page, where it is known), published (not "date": pandas would make times of it), language, doi, pmid, pmcid, metadata (all else that is known,
 * as the text of a JSON object). */
#include <string.h>

#include "base/error.h"
#include "store/cuts.h"
#include "store/export/exporter.h"
#include "store/licence.h"

/* Escaped, each byte may take six; the metadata is another text of strangers. */
#define LINE_LIMIT (DOCUMENT_TEXT_LIMIT * 8)

static void append_value(Buffer *line, const char *key, const char *text, gsize length)
{
    buffer_append_string(line, ",\"");
    buffer_append_string(line, key);
    buffer_append_string(line, "\":");
    if (text)
        json_append_string(line, text, length);
    else
        buffer_append_string(line, "null");
}

/* Text of strangers: what is no UTF-8 becomes U+FFFD, as JSON has no other. */
static void append_text(Buffer *line, const char *key, const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
    append_value(line, key, valid, valid ? strlen(valid) : 0);
}

static void append_metadata(Buffer *line, const char *text)
{
    static const char *const keys[] = {"doi", "pmid", "pmcid"};
    g_autoptr(json_t) metadata = text ? json_parse(text, strlen(text), "metadata", NULL) : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        append_text(line, keys[i], json_is_object(metadata) ? json_get_string(metadata, keys[i]) : NULL);
    g_autofree char *canonical = json_is_object(metadata) ? json_write(metadata) : NULL;
    append_text(line, "metadata", canonical);
}

static gboolean compose(Docno docno, const Document *document, const char *split, const char *text, gsize length, Buffer *line, GError **error)
{
    g_autofree char *number = g_strdup_printf("{\"docno\":%" G_GUINT64_FORMAT, docno);
    g_autofree char *page = licence_page(document->licence);
    g_autofree char *valid = g_utf8_validate_len(text, length, NULL) ? NULL : g_utf8_make_valid(text, (gssize)length);
    buffer_reset(line);
    buffer_append_string(line, number);
    append_text(line, "id", document->id);
    append_text(line, "source", document->source);
    append_text(line, "split", split);
    append_text(line, "kind", document->kind);
    append_text(line, "title", document->title);
    append_value(line, "text", valid ? valid : text, valid ? strlen(valid) : length);
    append_text(line, "url", document->url);
    append_text(line, "license", document->licence);
    append_text(line, "spdx", page);
    append_text(line, "published", document->date);
    append_text(line, "language", document->language);
    append_metadata(line, document->meta);
    buffer_append_string(line, "}\n");
    if (!line->overflowed)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is too large for one line", docno);
    return FALSE;
}

static gboolean write_document(const Export *export, Docno docno, const StoreValue *value, Buffer *line, Output *output, GError **error)
{
    g_auto(Document) document = {0};
    g_autofree char *text = NULL;
    gsize length;
    GError *cause = NULL;
    if (!document_thaw(value, FALSE, &document, error))
        return FALSE;
    const char *split = document_split(export->txn, docno, &cause);
    if (!cause && !final_text_get(export->txn, docno, &text, &length, &cause) && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is kept and has no text; run galen audit", docno);
    if (!cause && compose(docno, &document, split, text, length, line, &cause) && output_write(output, line->data, line->length, &cause))
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}

static gboolean write_lines(Export *export, Output *output, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(export->txn, TABLE_DOCUMENTS, NULL, 0, error);
    g_auto(Buffer) line = {0};
    StoreValue key, value;
    int more = -1;
    buffer_init(&line, LINE_LIMIT);
    progress_begin(export->progress, "export", "documents", export->selection->selected);
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Docno docno = key.length == 8 ? docno_read(key.data) : DOCNO_NONE;
        if (!selection_has(export->selection, docno))
            continue;
        if (!write_document(export, docno, &value, &line, output, error))
            break;
        export->documents++;
        progress_add(export->progress, 1);
    }
    progress_end(export->progress);
    return more == 0;
}

static gboolean jsonl_write(Export *export, GError **error)
{
    gboolean compressed = g_str_has_suffix(export->options->path, ".zst");
    g_autoptr(Output) output = export_open(export, "", compressed ? OUTPUT_ZSTD : OUTPUT_PLAIN, error);
    return output && write_lines(export, output, error) && export_close(export, g_steal_pointer(&output), error);
}

const Exporter exporter_jsonl = {
    .name = "jsonl",
    .kind = EXPORT_DOCUMENTS,
    .write = jsonl_write,
};

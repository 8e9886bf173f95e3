/* SPDX-License-Identifier: Apache-2.0
 * Documents and clean texts, encoded for the store and for the sandbox's channel; see store/document.h. */
#include "store/document.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "store/compressed_text.h"

#define FACTS_LIMIT ((gsize)32 << 20)
/* All string fields but the text, in the order in which they are stored. */
static const gsize field_offsets[] = {
    offsetof(Document, source),  offsetof(Document, id),   offsetof(Document, kind),
    offsetof(Document, title),   offsetof(Document, url),  offsetof(Document, licence),
    offsetof(Document, date),    offsetof(Document, language), offsetof(Document, meta),
    offsetof(Document, origin),
};

static char **field_at(Document *document, gsize index)
{
    return (char **)((char *)document + field_offsets[index]);
}

void document_clear(Document *document)
{
    for (gsize i = 0; i < G_N_ELEMENTS(field_offsets); i++)
        g_free(*field_at(document, i));
    g_free(document->text);
    *document = (Document){0};
}

void document_set_text(Document *document, const char *text, gsize length)
{
    g_free(document->text);
    document->text = g_malloc(length + 1);
    if (length)
        memcpy(document->text, text, length);
    document->text[length] = '\0';
    document->text_length = length;
}

static void encode_facts(const Document *document, Buffer *buffer)
{
    for (gsize i = 0; i < G_N_ELEMENTS(field_offsets); i++)
        buffer_append_field(buffer, *field_at((Document *)document, i));
    buffer_append(buffer, document->capture.bytes, sizeof document->capture.bytes);
}

static gboolean decode_facts(BufferView *view, Document *document)
{
    const char *digest;
    for (gsize i = 0; i < G_N_ELEMENTS(field_offsets); i++)
        if (!buffer_view_field(view, field_at(document, i)))
            return FALSE;
    if (!buffer_view_bytes(view, sizeof document->capture.bytes, &digest))
        return FALSE;
    memcpy(document->capture.bytes, digest, sizeof document->capture.bytes);
    return TRUE;
}

void document_encode(const Document *document, Buffer *buffer)
{
    encode_facts(document, buffer);
    buffer_append_u64(buffer, document->text_length);
    buffer_append(buffer, document->text, document->text_length);
}

gboolean document_decode(BufferView *view, Document *document)
{
    guint64 length;
    const char *text;
    *document = (Document){0};
    if (decode_facts(view, document) && buffer_view_u64(view, &length) && buffer_view_bytes(view, length, &text)) {
        document_set_text(document, text, length);
        return TRUE;
    }
    document_clear(document);
    return FALSE;
}

/* ---- The store ----------------------------------------------------------------------------------------------- */

void document_freeze(const Document *document, Buffer *buffer)
{
    g_auto(Buffer) facts;
    buffer_init(&facts, FACTS_LIMIT);
    encode_facts(document, &facts);
    buffer_append_u32(buffer, (guint32)facts.length);
    buffer_append(buffer, facts.data, facts.length);
    text_compress(document->text ? document->text : "", document->text_length, buffer);
    buffer->overflowed |= facts.overflowed;
}

gboolean document_put(StoreTxn *txn, Docno docno, const Document *document, GError **error)
{
    g_auto(Buffer) record;
    buffer_init(&record, FACTS_LIMIT + 2 * DOCUMENT_TEXT_LIMIT);
    document_freeze(document, &record);
    if (record.overflowed) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document '%s' is too large for the store", document->id);
        return FALSE;
    }
    return store_put_docno(txn, TABLE_DOCUMENTS, docno, record.data, record.length, error);
}

gboolean document_thaw(const StoreValue *value, gboolean with_text, Document *document, GError **error)
{
    BufferView view = {value->data, value->length, 0, FALSE};
    guint32 facts_length;
    const char *facts;
    *document = (Document){0};
    if (buffer_view_u32(&view, &facts_length) && buffer_view_bytes(&view, facts_length, &facts)) {
        BufferView facts_view = {facts, facts_length, 0, FALSE};
        if (decode_facts(&facts_view, document)) {
            if (!with_text)
                return TRUE;
            if (text_decompress(view.data + view.position, view.length - view.position, &document->text, &document->text_length, error))
                return TRUE;
            document_clear(document);
            return FALSE;
        }
    }
    document_clear(document);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a stored document cannot be read; run 'galen audit'");
    return FALSE;
}

/* The first fields alone. */
static gboolean thaw_fields(const StoreValue *value, unsigned fields, Document *document, GError **error)
{
    BufferView view = {value->data, value->length, 0, FALSE};
    guint32 facts_length;
    const char *facts;
    *document = (Document){0};
    if (buffer_view_u32(&view, &facts_length) && buffer_view_bytes(&view, facts_length, &facts)) {
        BufferView facts_view = {facts, facts_length, 0, FALSE};
        unsigned read = 0;
        while (read < fields && buffer_view_field(&facts_view, field_at(document, read)))
            read++;
        if (read == fields)
            return TRUE;
    }
    document_clear(document);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a stored document cannot be read; run 'galen audit'");
    return FALSE;
}

gboolean document_thaw_source(const StoreValue *value, Document *document, GError **error)
{
    return thaw_fields(value, 1, document, error);
}

gboolean document_thaw_name(const StoreValue *value, Document *document, GError **error)
{
    return thaw_fields(value, 2, document, error);
}

gsize document_text_size(const StoreValue *value)
{
    BufferView view = {value->data, value->length, 0, FALSE};
    guint32 facts_length;
    const char *facts;
    if (!buffer_view_u32(&view, &facts_length) || !buffer_view_bytes(&view, facts_length, &facts))
        return 0;
    gsize length;
    text_compressed_length(view.data + view.position, view.length - view.position, &length);
    return length;
}

static gboolean document_load(StoreTxn *txn, Docno docno, gboolean with_text, Document *document, GError **error)
{
    StoreValue value;
    *document = (Document){0};
    return store_get_docno(txn, TABLE_DOCUMENTS, docno, &value, error) && document_thaw(&value, with_text, document, error);
}

gboolean document_get(StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    return document_load(txn, docno, TRUE, document, error);
}

gboolean document_get_facts(StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    return document_load(txn, docno, FALSE, document, error);
}

char *document_source(StoreTxn *txn, Docno docno, GError **error)
{
    guint8 key[8];
    StoreValue value;
    char *source = NULL;
    docno_write(docno, key);
    if (!store_get_unchecked(txn, TABLE_DOCUMENTS, key, sizeof key, &value, error))
        return NULL;
    BufferView view = {value.data, value.length, 0, FALSE};
    guint32 facts_length;
    if (!buffer_view_u32(&view, &facts_length) || !buffer_view_field(&view, &source) || !source)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the record of document %" G_GUINT64_FORMAT " cannot be read; run 'galen audit'", docno);
    return source;
}

void document_key(const char *source, const char *id, guint8 key[DOCUMENT_KEY_SIZE])
{
    g_autofree char *joined = g_strconcat(source, "\n", id, NULL);
    hash128_write(hash128(joined, strlen(joined)), key);
}

gboolean document_index(StoreTxn *txn, Docno docno, const char *source, const char *id, GError **error)
{
    guint8 key[DOCUMENT_KEY_SIZE], number[8];
    StoreValue present;
    GError *failure = NULL;
    document_key(source, id, key);
    if (store_get(txn, TABLE_IDS, key, sizeof key, &present, &failure))
        return TRUE;
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    docno_write(docno, number);
    return store_put(txn, TABLE_IDS, key, sizeof key, number, sizeof number, error);
}

gboolean document_index_move(StoreTxn *txn, Docno docno, const char *source, const char *id, GError **error)
{
    guint8 key[DOCUMENT_KEY_SIZE], number[8];
    document_key(source, id, key);
    docno_write(docno, number);
    return store_put(txn, TABLE_IDS, key, sizeof key, number, sizeof number, error);
}

gboolean document_find(StoreTxn *txn, const char *source, const char *id, Docno *docno, GError **error)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    StoreValue value;
    document_key(source, id, key);
    *docno = DOCNO_NONE;
    if (!store_get(txn, TABLE_IDS, key, sizeof key, &value, error) || value.length != 8)
        return FALSE;
    *docno = docno_read(value.data);
    return TRUE;
}

gboolean cleaned_put(StoreTxn *txn, Docno docno, const char *text, gsize length, GError **error)
{
    g_auto(Buffer) record;
    buffer_init(&record, 4 * DOCUMENT_TEXT_LIMIT);
    cleaned_compress(text, length, &record);
    return store_put_docno(txn, TABLE_CLEANED, docno, record.data, record.length, error);
}

gboolean cleaned_get(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error)
{
    StoreValue value;
    return store_get_docno(txn, TABLE_CLEANED, docno, &value, error) && text_decompress(value.data, value.length, text, length, error);
}

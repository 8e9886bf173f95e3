/* SPDX-License-Identifier: Apache-2.0
 * The pass over all documents; see store/manifest_parts.h.
 *
 * Batches of documents are hashed on many threads; their leaves are chained in docno order on one. */
#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/manifest_parts.h"
#include "store/note.h"
#include "store/stage_record.h"
#include "store/upsample.h"

#define BATCH_SIZE 256

typedef struct DocumentResult {
    SourceTally *source;
    int outcome; /* an Outcome; 0: undecided */
    char *rule;  /* "stage/rule" of a dropped or merged document */
    unsigned passes; /* 0: not drawn by upsampling */
    guint64 asked;
    Sha256 leaf;
} DocumentResult;

typedef struct DocumentBatch {
    guint count;
    Docno docnos[BATCH_SIZE];
    DocumentResult results[BATCH_SIZE];
} DocumentBatch;

typedef struct DocumentPass {
    StageContext *context;
    const Tally *tally;
    TallyDepth depth;
    StoreCursor *cursor;
} DocumentPass;

static void batch_free(gpointer data)
{
    DocumentBatch *batch = data;
    for (guint i = 0; i < batch->count; i++)
        g_free(batch->results[i].rule);
    g_free(batch);
}

static gpointer next_batch(gpointer user, GError **error)
{
    DocumentPass *pass = user;
    DocumentBatch *batch = g_new0(DocumentBatch, 1);
    StoreValue key, value;
    int more = 1;
    while (batch->count < BATCH_SIZE && (more = store_cursor_next(pass->cursor, &key, &value, error)) > 0)
        batch->docnos[batch->count++] = docno_read(key.data);
    if (more >= 0 && batch->count)
        return batch;
    batch_free(batch);
    return NULL;
}

static void append_double(Buffer *buffer, double value)
{
    guint64 bits = G_MAXUINT64; /* one pattern for every NAN */
    if (value == value)
        memcpy(&bits, &value, sizeof bits);
    buffer_append_u64(buffer, bits);
}

static Sha256 verdict_digest(const Verdict *verdict)
{
    g_auto(Buffer) buffer = {0};
    buffer_init(&buffer, G_MAXUINT32);
    buffer_append_u32(&buffer, verdict->outcome);
    buffer_append_field(&buffer, verdict->stage);
    buffer_append_field(&buffer, verdict->rule);
    append_double(&buffer, verdict->value);
    append_double(&buffer, verdict->threshold);
    buffer_append_u64(&buffer, verdict->winner);
    buffer_append_field(&buffer, verdict->detail);
    return sha256(buffer.data, buffer.length);
}

static Sha256 document_digest(Document *document)
{
    g_auto(Buffer) buffer = {0};
    buffer_init(&buffer, DOCUMENT_TEXT_LIMIT * 4);
    g_clear_pointer(&document->origin, g_free);
    document_encode(document, &buffer);
    return sha256(buffer.data, buffer.length);
}

static gboolean cleaned_digest(StoreTxn *txn, Docno docno, Sha256 *digest, GError **error)
{
    GError *cause = NULL;
    g_autofree char *text = NULL;
    gsize length;
    *digest = (Sha256){{0}};
    if (cleaned_get(txn, docno, &text, &length, &cause))
        *digest = sha256(text, length);
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}

typedef struct ExtraRecords {
    Sha256Context *context; /* NULL: there were none so far */
    const char *table;
} ExtraRecords;

static gboolean add_extra(gpointer user, const char *stage, const StoreValue *value, GError **error)
{
    ExtraRecords *extras = user;
    guint64 length = GUINT64_TO_LE(value->length);
    if (!extras->context)
        extras->context = sha256_new();
    sha256_update(extras->context, extras->table, strlen(extras->table) + 1);
    sha256_update(extras->context, stage, strlen(stage) + 1);
    sha256_update(extras->context, &length, sizeof length);
    sha256_update(extras->context, value->data, value->length);
    return TRUE;
}

/* What stages left besides verdicts; *parts goes from 4 to 5 where there is anything. */
static gboolean extras_digest(StoreTxn *txn, Docno docno, Sha256 *digest, unsigned *parts, GError **error)
{
    ExtraRecords extras = {.table = store_table_name(TABLE_CUTS)};
    gboolean good = stage_record_each(txn, TABLE_CUTS, docno, add_extra, &extras, error);
    extras.table = store_table_name(TABLE_NOTES);
    good = good && stage_record_each(txn, TABLE_NOTES, docno, add_extra, &extras, error);
    if (extras.context) {
        *digest = sha256_finish(extras.context);
        sha256_free(extras.context);
        (*parts)++;
    }
    return good;
}

static gboolean read_verdict(StoreTxn *txn, Docno docno, DocumentResult *result, Sha256 *digest, GError **error)
{
    GError *cause = NULL;
    Verdict verdict;
    *digest = (Sha256){{0}};
    if (ledger_get(txn, docno, &verdict, &cause)) {
        result->outcome = verdict.outcome;
        *digest = verdict_digest(&verdict);
        if (verdict.outcome != OUTCOME_KEPT)
            result->rule = g_strdup_printf("%s/%s", verdict.stage, verdict.rule);
    }
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}

static gboolean read_document(const DocumentPass *pass, StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    GError *cause = NULL;
    gboolean found = pass->depth == TALLY_HASHES ? document_get(txn, docno, document, &cause)
                                                 : document_get_facts(txn, docno, document, &cause);
    if (!found && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " vanished while it was read", docno);
    if (cause)
        g_propagate_error(error, cause);
    return found;
}

static gboolean read_passes(StoreTxn *txn, Docno docno, DocumentResult *result, GError **error)
{
    GError *cause = NULL;
    if (result->outcome != OUTCOME_KEPT)
        return TRUE;
    g_autoptr(json_t) note = note_get(txn, docno, "mix", &cause);
    result->passes = upsample_note_passes(note, &result->asked);
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}

static gboolean tally_document(const DocumentPass *pass, StoreTxn *txn, Docno docno, DocumentResult *result, GError **error)
{
    g_auto(Document) document = {0};
    Sha256 parts[5];
    unsigned count = 4;
    if (!read_document(pass, txn, docno, &document, error) || !read_verdict(txn, docno, result, &parts[3], error))
        return FALSE;
    if (!read_passes(txn, docno, result, error))
        return FALSE;
    result->source = g_hash_table_lookup(pass->tally->by_tag, document.source ? document.source : "");
    if (!result->source) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " is of source \"%s\", which the store does not list", docno,
                    document.source ? document.source : "");
        return FALSE;
    }
    if (pass->depth == TALLY_COUNTS)
        return TRUE;
    parts[0] = document.capture;
    parts[1] = document_digest(&document);
    if (!cleaned_digest(txn, docno, &parts[2], error) || !extras_digest(txn, docno, &parts[4], &count, error))
        return FALSE;
    result->leaf = sha256(parts, count * sizeof parts[0]);
    return TRUE;
}

static gboolean work_batch(gpointer user, gpointer worker, gpointer item, GError **error)
{
    const DocumentPass *pass = user;
    DocumentBatch *batch = item;
    g_autoptr(StoreTxn) txn = store_read_begin(pass->context->store, error);
    if (!txn)
        return FALSE;
    for (guint i = 0; i < batch->count; i++)
        if (!tally_document(pass, txn, batch->docnos[i], &batch->results[i], error)) {
            g_prefix_error(error, "document %" G_GUINT64_FORMAT ": ", batch->docnos[i]);
            return FALSE;
        }
    return TRUE;
}

static void count_rule(GHashTable *counters, const char *rule)
{
    guint64 *count = g_hash_table_lookup(counters, rule);
    if (!count) {
        count = g_new0(guint64, 1);
        g_hash_table_insert(counters, g_strdup(rule), count);
    }
    (*count)++;
}

static gboolean sink_batch(gpointer user, gpointer item, GError **error)
{
    const DocumentPass *pass = user;
    DocumentBatch *batch = item;
    for (guint i = 0; i < batch->count; i++) {
        const DocumentResult *result = &batch->results[i];
        SourceTally *source = result->source;
        source->entered++;
        source->kept += result->outcome == OUTCOME_KEPT;
        source->dropped += result->outcome == OUTCOME_DROPPED;
        source->merged += result->outcome == OUTCOME_MERGED;
        source->undecided += result->outcome == 0;
        source->upsampled += result->passes > 0;
        source->drawn += result->passes;
        source->asked += result->passes ? result->asked : 0;
        if (result->rule)
            count_rule(result->outcome == OUTCOME_MERGED ? source->merged_by : source->dropped_by, result->rule);
        if (pass->depth == TALLY_HASHES)
            sha256_update(source->chain, result->leaf.bytes, sizeof result->leaf.bytes);
    }
    progress_add(pass->context->progress, batch->count);
    return TRUE;
}

gboolean documents_tally(StageContext *context, Tally *tally, TallyDepth depth, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    if (!txn)
        return FALSE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    DocumentPass pass = {context, tally, depth, cursor};
    Pipeline pipeline = {
        .user = &pass,
        .next = next_batch,
        .work = work_batch,
        .sink = sink_batch,
        .item_free = batch_free,
    };
    progress_begin(context->progress, "count documents", "documents", store_count(txn, TABLE_DOCUMENTS));
    gboolean good = pipeline_run(&pipeline, MAX(context->jobs, 1), MAX(context->jobs, 1) * 4, error);
    progress_end(context->progress);
    for (guint i = 0; i < tally->sources->len; i++) {
        SourceTally *source = g_ptr_array_index(tally->sources, i);
        source->digest = sha256_finish(source->chain);
    }
    return good;
}

/* SPDX-License-Identifier: Apache-2.0
 * The pass over all documents; see store/manifest_parts.h.
 *
 * Blocks of documents are hashed on many threads; their digests are chained in docno order on one. */
#include <string.h>

#include "base/error.h"
#include "store/counters.h"
#include "store/manifest_parts.h"
#include "store/note.h"
#include "store/stage_record.h"
#include "store/upsample.h"
#include "store/walk.h"

typedef struct DocumentResult {
    SourceTally *source;
    int outcome;   /* an Outcome; 0: undecided */
    char *rule;    /* "stage/rule" of a dropped or merged document */
    char *licence; /* of a kept document; NULL: none stated */
    unsigned passes; /* 0: not drawn by upsampling */
    guint64 asked;
    Sha256 digests[DIGEST_COUNT];
} DocumentResult;

typedef struct DocumentBatch {
    guint count;
    DocumentResult results[];
} DocumentBatch;

typedef struct DocumentPass {
    const Tally *tally;
    TallyDepth depth;
} DocumentPass;

static void batch_free(gpointer data)
{
    DocumentBatch *batch = data;
    for (guint i = 0; i < batch->count; i++) {
        g_free(batch->results[i].rule);
        g_free(batch->results[i].licence);
    }
    g_free(batch);
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

/* What stages left besides verdicts; zeros where there is nothing. */
static gboolean extras_digest(StoreTxn *txn, Docno docno, Sha256 *digest, GError **error)
{
    ExtraRecords extras = {.table = store_table_name(TABLE_CUTS)};
    gboolean good = stage_record_each(txn, TABLE_CUTS, docno, add_extra, &extras, error);
    extras.table = store_table_name(TABLE_NOTES);
    good = good && stage_record_each(txn, TABLE_NOTES, docno, add_extra, &extras, error);
    *digest = (Sha256){{0}};
    if (extras.context) {
        *digest = sha256_finish(extras.context);
        sha256_free(extras.context);
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

static gboolean find_source(const DocumentPass *pass, Docno docno, const Document *document, DocumentResult *result, GError **error)
{
    const char *tag = document->source ? document->source : "";
    result->source = g_hash_table_lookup(pass->tally->by_tag, tag);
    if (result->source)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "document %" G_GUINT64_FORMAT " is of source \"%s\", which the store does not list", docno, tag);
    return FALSE;
}

static gboolean tally_document(const DocumentPass *pass, StoreTxn *txn, Docno docno, DocumentResult *result, GError **error)
{
    g_auto(Document) document = {0};
    Sha256 *digests = result->digests;
    if (!read_document(pass, txn, docno, &document, error) || !read_verdict(txn, docno, result, &digests[DIGEST_VERDICTS], error) ||
        !read_passes(txn, docno, result, error) || !find_source(pass, docno, &document, result, error))
        return FALSE;
    if (result->outcome == OUTCOME_KEPT)
        result->licence = g_strdup(document.licence);
    if (pass->depth == TALLY_COUNTS)
        return TRUE;
    digests[DIGEST_CAPTURES] = document.capture;
    digests[DIGEST_EXTRACTED] = document_digest(&document);
    return cleaned_digest(txn, docno, &digests[DIGEST_CLEAN], error) && extras_digest(txn, docno, &digests[DIGEST_NOTES], error);
}

static gpointer tally_batch(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error)
{
    DocumentBatch *batch = g_malloc0(sizeof *batch + count * sizeof batch->results[0]);
    batch->count = count;
    for (guint i = 0; i < count; i++) {
        Docno docno = records[i].key.length == 8 ? docno_read(records[i].key.data) : DOCNO_NONE;
        if (tally_document(user, txn, docno, &batch->results[i], error))
            continue;
        g_prefix_error(error, "document %" G_GUINT64_FORMAT ": ", docno);
        batch_free(batch);
        return NULL;
    }
    return batch;
}

static gboolean take_batch(gpointer user, gpointer result, GError **error)
{
    const DocumentPass *pass = user;
    DocumentBatch *batch = result;
    for (guint i = 0; i < batch->count; i++) {
        const DocumentResult *document = &batch->results[i];
        SourceTally *source = document->source;
        source->entered++;
        source->kept += document->outcome == OUTCOME_KEPT;
        source->dropped += document->outcome == OUTCOME_DROPPED;
        source->merged += document->outcome == OUTCOME_MERGED;
        source->undecided += document->outcome == 0;
        source->upsampled += document->passes > 0;
        source->drawn += document->passes;
        source->asked += document->passes ? document->asked : 0;
        if (document->rule)
            counters_add(document->outcome == OUTCOME_MERGED ? source->merged_by : source->dropped_by, document->rule, 1);
        if (document->outcome == OUTCOME_KEPT)
            counters_add_licence(source->licences, document->licence);
        for (unsigned d = 0; pass->depth == TALLY_HASHES && d < DIGEST_COUNT; d++)
            sha256_update(source->chains[d], document->digests[d].bytes, sizeof document->digests[d].bytes);
    }
    return TRUE;
}

gboolean documents_tally(StageContext *context, Tally *tally, TallyDepth depth, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    if (!txn)
        return FALSE;
    DocumentPass pass = {tally, depth};
    StoreWalk walk = {.table = TABLE_DOCUMENTS, .user = &pass, .work = tally_batch, .take = take_batch, .result_free = batch_free};
    progress_begin(context->progress, "count documents", "documents", store_count(txn, TABLE_DOCUMENTS));
    gboolean good = store_walk(context, &walk, error);
    progress_end(context->progress);
    for (guint i = 0; i < tally->sources->len; i++) {
        SourceTally *source = g_ptr_array_index(tally->sources, i);
        for (unsigned d = 0; d < DIGEST_COUNT; d++)
            source->digests[d] = sha256_finish(source->chains[d]);
    }
    return good;
}

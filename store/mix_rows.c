/* SPDX-License-Identifier: Apache-2.0
 * Gathering the rows of the mix; see store/mix_rows.h.
 *
 * A reader walks the keys and lengths of the tokens, workers look the documents up, and the sink appends rows in order. */
#include "store/mix_rows.h"

#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/metadata.h"

#define BATCH_SIZE 1024

typedef struct RowBatch {
    guint count;
    MixRow rows[BATCH_SIZE];
    gboolean wanted[BATCH_SIZE];
} RowBatch;

typedef struct Gathering {
    StageContext *context;
    const Recipe *recipe;
    const Upsampler *upsampler;
    unsigned width;
    StoreCursor *cursor;
    RowFile *rows;
} Gathering;

static gboolean add_tokens(const Gathering *gathering, const StoreRecord *record, MixRow *row, GError **error)
{
    const RecipePack *pack = &gathering->recipe->pack;
    StoreValue value = {NULL, 1}; /* of a record that is none: an error below */
    store_record_value(record, FALSE, &value);
    Docno docno = docno_read(record->key.data);
    gsize bytes = value.length;
    guint64 tokens = bytes / gathering->width + pack->bos + pack->eos;
    *row = (MixRow){.docno = docno, .tokens = (guint32)MIN(tokens, (guint64)G_MAXUINT32)};
    if (bytes % gathering->width == 0 && tokens <= G_MAXUINT32)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "document %" G_GUINT64_FORMAT " has %" G_GSIZE_FORMAT " bytes of tokens, which is too many or no whole number of them", docno,
                bytes);
    return FALSE;
}

static gpointer next_batch(gpointer user, GError **error)
{
    Gathering *gathering = user;
    RowBatch *batch = g_new0(RowBatch, 1);
    StoreRecord record;
    int more = 1;
    while (batch->count < BATCH_SIZE && (more = store_cursor_step(gathering->cursor, &record, error)) > 0) {
        if (!add_tokens(gathering, &record, &batch->rows[batch->count], error)) {
            more = -1;
            break;
        }
        batch->count++;
    }
    if (more >= 0 && batch->count)
        return batch;
    g_free(batch);
    return NULL;
}

static const RecipeSource *source_of(const Recipe *recipe, Docno docno, const Document *document, unsigned *index, GError **error)
{
    const RecipeSource *source = recipe_find_source(recipe, document->source ? document->source : "", index);
    if (source && document->id && *index <= G_MAXUINT16)
        return source;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "document %" G_GUINT64_FORMAT " is of source \"%s\", which the recipe does not have", docno,
                document->source ? document->source : "");
    return NULL;
}

/* The tables in which documents are looked up, by rising numbers. */
typedef struct Lookup {
    StoreTxn *txn;
    StoreCursor *ledger, *documents;
} Lookup;

static void lookup_clear(Lookup *lookup)
{
    g_clear_pointer(&lookup->ledger, store_cursor_free);
    g_clear_pointer(&lookup->documents, store_cursor_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lookup, lookup_clear)

/* Earlier stages have read the documents whole, and checked them. */
static gboolean lookup_init(Lookup *lookup, StoreTxn *txn, Docno from, GError **error)
{
    guint8 key[8];
    docno_write(from, key);
    *lookup = (Lookup){.txn = txn, .ledger = store_cursor_new(txn, TABLE_LEDGER, key, sizeof key, error)};
    if (!lookup->ledger || !(lookup->documents = store_cursor_new(txn, TABLE_DOCUMENTS, key, sizeof key, error)))
        return FALSE;
    store_cursor_uncheck(lookup->documents);
    return TRUE;
}

/* FALSE without error: an earlier stage has decided. */
static gboolean is_open(const Lookup *lookup, Docno docno, GError **error)
{
    Verdict verdict;
    StoreValue value;
    int found = store_cursor_find(lookup->ledger, docno, &value, error);
    return found == 0 || (found > 0 && ledger_parse(&value, &verdict, error) && strcmp(verdict.stage, "mix") == 0);
}

static gboolean find_document(const Lookup *lookup, Docno docno, StoreValue *value, GError **error)
{
    int found = store_cursor_find(lookup->documents, docno, value, error);
    if (found == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " has tokens but is not in the store; run galen audit", docno);
    return found > 0;
}

/* By the whole record of the document. */
static gboolean set_upsampled(const Gathering *gathering, StoreTxn *txn, const RecipeSource *source, const StoreValue *value, MixRow *row, GError **error)
{
    g_auto(Document) facts = {0};
    if (!document_thaw(value, FALSE, &facts, error))
        return FALSE;
    g_autoptr(Metadata) metadata = metadata_load(txn, row->docno, &facts, error);
    if (!metadata)
        return FALSE;
    unsigned passes = upsampler_score(gathering->upsampler, source, facts.id, metadata, NULL).passes;
    row->passes = (guint16)MIN(passes, (unsigned)G_MAXUINT16);
    if (passes <= G_MAXUINT16)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "document %" G_GUINT64_FORMAT " is to go into training %u times; 65,535 is the most: lower repeat or the scores of upsample",
                row->docno, passes);
    return FALSE;
}

static gboolean fill_row(const Gathering *gathering, const Lookup *lookup, MixRow *row, GError **error)
{
    g_auto(Document) name = {0};
    StoreValue value;
    unsigned index;
    if (!find_document(lookup, row->docno, &value, error) || !document_thaw_name(&value, &name, error))
        return FALSE;
    const RecipeSource *source = source_of(gathering->recipe, row->docno, &name, &index, error);
    if (!source)
        return FALSE;
    row->source = (guint16)index;
    row->split = (guint8)split_of(gathering->recipe, source, name.id);
    row->order = random_at(gathering->recipe->seed, "replay", document_draw_key(source->tag, name.id));
    row->passes = (guint16)(row->split == SPLIT_TRAIN ? source->repeat : 1);
    return row->split != SPLIT_TRAIN || !source->upsample || set_upsampled(gathering, lookup->txn, source, &value, row, error);
}

static gboolean work_batch(gpointer user, gpointer worker, gpointer item, GError **error)
{
    const Gathering *gathering = user;
    RowBatch *batch = item;
    g_autoptr(StoreTxn) txn = store_read_begin(gathering->context->store, error);
    g_auto(Lookup) lookup = {0};
    if (!txn || !lookup_init(&lookup, txn, batch->rows[0].docno, error))
        return FALSE;
    for (guint i = 0; i < batch->count; i++) {
        GError *cause = NULL;
        batch->wanted[i] = is_open(&lookup, batch->rows[i].docno, &cause);
        if (cause || (batch->wanted[i] && !fill_row(gathering, &lookup, &batch->rows[i], &cause))) {
            g_propagate_error(error, cause);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean sink_batch(gpointer user, gpointer item, GError **error)
{
    Gathering *gathering = user;
    const RowBatch *batch = item;
    for (guint i = 0; i < batch->count; i++)
        if (batch->wanted[i] && !row_file_append(gathering->rows, &batch->rows[i], error))
            return FALSE;
    progress_add(gathering->context->progress, batch->count);
    return TRUE;
}

/* Every document without a verdict must have had its tokens. */
static gboolean check_complete(const Gathering *gathering, StoreTxn *txn, Docno done, GError **error)
{
    guint64 documents = store_count(txn, TABLE_DOCUMENTS), decided = store_count(txn, TABLE_LEDGER);
    guint64 open = row_file_count(gathering->rows);
    const MixRow *rows = row_file_rows(gathering->rows);
    for (guint64 i = 0; i < open && rows[i].docno < done; i++)
        decided--;
    if (documents - decided == open)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%" G_GUINT64_FORMAT " documents have no verdict of an earlier stage, but %" G_GUINT64_FORMAT
                " of them have tokens; run the stage tokenise first", documents - decided, open);
    return FALSE;
}

static gboolean walk_tokens(Gathering *gathering, StoreTxn *txn, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_TOKENS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    gathering->cursor = cursor;
    unsigned jobs = MAX(gathering->context->jobs, 1);
    Pipeline pipeline = {.user = gathering, .next = next_batch, .work = work_batch, .sink = sink_batch, .item_free = g_free};
    progress_begin(gathering->context->progress, "mix", "documents", store_count(txn, TABLE_TOKENS));
    gboolean good = pipeline_run(&pipeline, jobs, 4 * jobs, error);
    progress_end(gathering->context->progress);
    return good;
}

RowFile *mix_rows_gather(StageContext *context, const Recipe *recipe, const Upsampler *upsampler, unsigned width, Docno done, GError **error)
{
    g_autoptr(RowFile) rows = row_file_new(store_directory(context->store), sizeof(MixRow), error);
    g_autoptr(StoreTxn) txn = rows ? store_read_begin(context->store, error) : NULL;
    Gathering gathering = {.context = context, .recipe = recipe, .upsampler = upsampler, .width = width, .rows = rows};
    if (!txn || !walk_tokens(&gathering, txn, error) || !row_file_map(rows, error) || !check_complete(&gathering, txn, done, error))
        return NULL;
    return g_steal_pointer(&rows);
}

/* ---- Quartiles ------------------------------------------------------------------------------------------------- */

static gboolean observe_document(const Recipe *recipe, Upsampler *upsampler, const Lookup *lookup, Docno docno, GError **error)
{
    GError *cause = NULL;
    StoreValue value;
    g_auto(Document) facts = {0};
    unsigned index;
    if (!is_open(lookup, docno, &cause)) {
        if (cause)
            g_propagate_error(error, cause);
        return cause == NULL;
    }
    if (!find_document(lookup, docno, &value, error) || !document_thaw(&value, FALSE, &facts, error))
        return FALSE;
    const RecipeSource *source = source_of(recipe, docno, &facts, &index, error);
    if (!source || !source->upsample)
        return source != NULL;
    g_autoptr(Metadata) metadata = metadata_load(lookup->txn, docno, &facts, error);
    if (metadata)
        upsampler_observe(upsampler, metadata);
    return metadata != NULL;
}

gboolean mix_rows_observe(StageContext *context, const Recipe *recipe, Upsampler *upsampler, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, TABLE_TOKENS, NULL, 0, error) : NULL;
    g_auto(Lookup) lookup = {0};
    if (!cursor || !lookup_init(&lookup, txn, 0, error))
        return FALSE;
    StoreRecord record;
    int more;
    while ((more = store_cursor_step(cursor, &record, error)) > 0)
        if (!observe_document(recipe, upsampler, &lookup, docno_read(record.key.data), error))
            return FALSE;
    upsampler_finish(upsampler);
    return more == 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * The loop that most stages are: each undecided document through a function; see store/stage.h.
 *
 * Documents travel in batches. The sink gathers finished batches and commits them together when they are large or old
 * enough: when exactly it commits changes what a kill can lose, never what is written. */
#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/changes.h"
#include "store/chapters.h"
#include "store/compressed_text.h"
#include "store/stage.h"
#include "store/stage_record.h"
#include "store/stage_share.h"

#define BATCH_DOCUMENTS 1024
#define BATCH_BYTES ((gsize)4 << 20)
#define COMMIT_BYTES ((gsize)64 << 20)
#define COMMIT_DOCUMENTS 65536
#define COMMIT_INTERVAL (2 * G_USEC_PER_SEC)

typedef struct Batch {
    GArray *items; /* of StageItem */
    GArray *decided; /* of Docno: on the list of changes, and decided by an earlier stage */
    gsize bytes;
    gboolean unread; /* its items are numbers so far; the worker reads them */
    Docno next; /* all documents below it are in this batch or an earlier one */
    unsigned owner; /* the rank that works on it; on rank 0 a batch of another one comes without items */
    gboolean last;  /* of its stretch */
} Batch;

typedef struct Mapper {
    StageContext *context;
    const StageMap *map;
    StageRun run;
    Docno reading; /* where the reader goes on */
    Docno stop;    /* it does not read this document, nor those behind */
    gboolean shared; /* among ranks; then: */
    Share share;
    StoreTxn *snapshot;
    guint place;   /* the same in map->only */
    GPtrArray *pending; /* finished batches that are not committed */
    gsize pending_bytes;
    guint pending_documents;
    gint64 last_commit;
} Mapper;

static void batch_free(gpointer data)
{
    Batch *batch = data;
    if (!batch)
        return;
    g_array_unref(batch->items);
    g_array_unref(batch->decided);
    g_free(batch);
}

static unsigned batch_limit(const Mapper *mapper)
{
    return mapper->context->batch_documents ? MIN(mapper->context->batch_documents, BATCH_DOCUMENTS) : BATCH_DOCUMENTS;
}

static Batch *batch_new(const Mapper *mapper)
{
    Batch *batch = g_new0(Batch, 1);
    batch->items = g_array_sized_new(FALSE, TRUE, sizeof(StageItem), batch_limit(mapper));
    batch->decided = g_array_new(FALSE, FALSE, sizeof(Docno));
    return batch;
}

/* What only `work` looks at: gone when it is done, so that no text waits for the commit. */
static void drop_reading(StageItem *item)
{
    g_clear_pointer(&item->cleaned, g_free);
    g_clear_pointer(&item->cuts, g_free);
    g_clear_pointer(&item->note, g_free);
}

static void item_clear(const StageMap *map, StageItem *item)
{
    document_clear(&item->document);
    drop_reading(item);
    if (map->result_free && item->result)
        map->result_free(item->result);
}

/* A batch as the pipeline's item: the batch is gone once the sink has taken it over. */
typedef struct Carrier {
    Mapper *mapper;
    Batch *batch;
} Carrier;

static void free_batch_of(Mapper *mapper, Batch *batch)
{
    for (guint i = 0; i < batch->items->len; i++)
        item_clear(mapper->map, &g_array_index(batch->items, StageItem, i));
    batch_free(batch);
}

static void carrier_free(gpointer data)
{
    Carrier *carrier = data;
    if (carrier->batch)
        free_batch_of(carrier->mapper, carrier->batch);
    g_free(carrier);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Tables that are read beside each other, by rising documents. */
typedef struct Reading {
    StoreTxn *txn;
    StoreCursor *documents; /* NULL: whoever reads has the records already, or all that is wanted of them */
    StoreCursor *cleaned;
    gboolean cuts; /* there are some */
    gboolean lends; /* an item's clean text lies in `text`, until the next one is read */
    Buffer text;
} Reading;

static void reading_clear(Reading *reading)
{
    g_clear_pointer(&reading->documents, store_cursor_free);
    g_clear_pointer(&reading->cleaned, store_cursor_free);
    buffer_clear(&reading->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

static gboolean reading_init(Reading *reading, StoreTxn *txn, Docno from, GError **error)
{
    guint8 key[8];
    docno_write(from, key);
    *reading = (Reading){.txn = txn, .cuts = store_count(txn, TABLE_CUTS) > 0};
    reading->cleaned = store_cursor_new(txn, TABLE_CLEANED, key, sizeof key, error);
    return reading->cleaned != NULL;
}

static gboolean make_final(const Reading *reading, Docno docno, StageItem *item, GError **error)
{
    if (!reading->cuts)
        return TRUE;
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_get(reading->txn, docno, NULL, cuts, error))
        return FALSE;
    item->cut_count = cuts->len;
    item->cuts = (Cut *)(void *)g_array_free(g_steal_pointer(&cuts), FALSE);
    if (!cuts_fit(item->cuts, item->cut_count, item->cleaned_length)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "the cuts of document %" G_GUINT64_FORMAT " do not fit its clean text; run 'galen audit'", docno);
        return FALSE;
    }
    item->cleaned_length = cuts_apply(item->cuts, item->cut_count, item->cleaned, item->cleaned_length);
    return TRUE;
}

static gboolean read_cleaned(Reading *reading, const StoreValue *frame, StageItem *item, GError **error)
{
    if (!reading->lends)
        return text_decompress(frame->data, frame->length, &item->cleaned, &item->cleaned_length, error);
    if (!text_decompress_into(frame->data, frame->length, &reading->text, error))
        return FALSE;
    item->cleaned = reading->text.data;
    item->cleaned_length = reading->text.length;
    return TRUE;
}

static gboolean read_note(const StageMap *map, StoreTxn *txn, Docno docno, StageItem *item, GError **error)
{
    StoreValue value;
    GError *failure = NULL;
    if (map->note && stage_record_get(txn, TABLE_NOTES, docno, map->note, &value, &failure))
        item->note = g_strndup(value.data, value.length);
    if (!failure)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

static gboolean read_facts(const StageMap *map, const StoreValue *value, StageItem *item, GError **error)
{
    if (map->reads & (STAGE_READ_DOCUMENT | STAGE_READ_FACTS))
        return document_thaw(value, (map->reads & STAGE_READ_DOCUMENT) != 0, &item->document, error);
    return !(map->reads & STAGE_READ_SOURCE) || document_thaw_source(value, &item->document, error);
}

/* `value` NULL: the facts are there already. */
static gboolean read_item(const StageMap *map, Reading *reading, Docno docno, const StoreValue *value, StageItem *item, GError **error)
{
    StoreValue frame;
    item->docno = docno;
    if (value && !read_facts(map, value, item, error))
        return FALSE;
    if ((map->reads & STAGE_READ_DOCUMENT) && !chapters_join(reading->txn, docno, &item->document, error))
        return FALSE;
    if (!read_note(map, reading->txn, docno, item, error))
        return FALSE;
    if (!(map->reads & (STAGE_READ_CLEANED | STAGE_READ_FINAL)))
        return TRUE;
    int found = store_cursor_find(reading->cleaned, docno, &frame, error);
    if (found > 0)
        return read_cleaned(reading, &frame, item, error) && (!(map->reads & STAGE_READ_FINAL) || make_final(reading, docno, item, error));
    if (found == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " has no clean text; run 'galen audit'", docno);
    return FALSE;
}

/* Where only the clean text is wanted, or that and the facts, the worker reads its batch itself; what costs nothing, the
 * source, it finds there. */
static gboolean workers_read(const Mapper *mapper)
{
    return !mapper->shared && !(mapper->map->reads & STAGE_READ_DOCUMENT) && (mapper->map->reads & (STAGE_READ_CLEANED | STAGE_READ_FINAL));
}

/* The checksum of a document covers its whole text, which a stage that asks for the source alone is spared. */
static StoreCursor *documents_from(const StageMap *map, StoreTxn *txn, Docno docno, GError **error)
{
    guint8 from[8];
    docno_write(docno, from);
    StoreCursor *cursor = store_cursor_new(txn, TABLE_DOCUMENTS, from, sizeof from, error);
    if (cursor && !(map->reads & (STAGE_READ_DOCUMENT | STAGE_READ_FACTS)) && !map->wants)
        store_cursor_uncheck(cursor);
    return cursor;
}

/* A record that cannot be read is wanted, so that read_item says so. */
static gboolean is_wanted(const StageMap *map, const StoreValue *value)
{
    g_auto(Document) facts = {0};
    return !map->wants || !document_thaw(value, FALSE, &facts, NULL) || map->wants(map->user, &facts);
}

/* What is known of a text's length before it is read: that of the document as it came. */
static gboolean add_item(Mapper *mapper, Reading *reading, Docno docno, const StoreValue *value, Batch *batch, GError **error)
{
    g_array_set_size(batch->items, batch->items->len + 1);
    StageItem *item = &g_array_index(batch->items, StageItem, batch->items->len - 1);
    batch->unread = workers_read(mapper);
    item->docno = docno;
    if (batch->unread) {
        batch->bytes += document_text_size(value);
        return (mapper->map->reads & STAGE_READ_FACTS) || read_facts(mapper->map, value, item, error);
    }
    if (!read_item(mapper->map, reading, docno, value, item, error))
        return FALSE;
    batch->bytes += value->length + item->document.text_length + item->cleaned_length;
    return TRUE;
}

/* Fills a batch from one short read transaction. */
static gboolean read_all(Mapper *mapper, Reading *reading, Batch *batch, gboolean *ended, GError **error)
{
    guint8 from[8];
    docno_write(mapper->reading, from);
    g_autoptr(StoreCursor) cursor = documents_from(mapper->map, reading->txn, mapper->reading, error);
    g_autoptr(StoreCursor) ledger = cursor ? store_cursor_new(reading->txn, TABLE_LEDGER, from, sizeof from, error) : NULL;
    if (!ledger)
        return FALSE;
    StoreValue key, value;
    int more = 1;
    while (batch->items->len < batch_limit(mapper) && batch->bytes < BATCH_BYTES && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        Docno docno = docno_read(key.data);
        if (docno >= mapper->stop) {
            more = 0;
            break;
        }
        mapper->reading = docno + 1;
        int decided = store_cursor_find(ledger, docno, NULL, error);
        if (decided < 0 || (decided == 0 && is_wanted(mapper->map, &value) && !add_item(mapper, reading, docno, &value, batch, error)))
            return FALSE;
    }
    *ended = more == 0;
    return more >= 0;
}

static gboolean read_document(StoreTxn *txn, Docno docno, StoreValue *value, GError **error)
{
    GError *failure = NULL;
    if (store_get_docno(txn, TABLE_DOCUMENTS, docno, value, &failure))
        return TRUE;
    if (!failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " is on the list of changes but not in the store; run 'galen audit'", docno);
    g_propagate_error(error, failure);
    return FALSE;
}

/* The next document of the list of changes, or of the stage's own. FALSE without error: there is none. */
static gboolean next_change(Mapper *mapper, StoreTxn *txn, Docno *docno, GError **error)
{
    const GArray *only = mapper->map->only;
    if (!only && !changes_next(txn, mapper->reading, mapper->map->stage, docno, error))
        return FALSE;
    if (only && mapper->place == only->len)
        return FALSE;
    if (only)
        *docno = g_array_index(only, Docno, mapper->place++);
    mapper->reading = *docno + 1;
    return TRUE;
}

/* Documents of the stage's own list count as undecided where this stage or a later one has decided on them before. */
static gboolean is_decided(const Mapper *mapper, StoreTxn *txn, Docno docno)
{
    Verdict verdict;
    if (!mapper->map->only)
        return ledger_has(txn, docno);
    return ledger_get(txn, docno, &verdict, NULL) && stage_place(verdict.stage) < stage_place(mapper->map->stage);
}

/* The same from the list of changes. */
static gboolean read_changes(Mapper *mapper, Reading *reading, Batch *batch, gboolean *ended, GError **error)
{
    StoreTxn *txn = reading->txn;
    GError *failure = NULL;
    StoreValue value;
    Docno docno;
    while (batch->items->len + batch->decided->len < batch_limit(mapper) && batch->bytes < BATCH_BYTES) {
        if (!next_change(mapper, txn, &docno, &failure)) {
            *ended = TRUE;
            break;
        }
        if (is_decided(mapper, txn, docno))
            g_array_append_val(batch->decided, docno);
        else if (!read_document(txn, docno, &value, error))
            return FALSE;
        else if (is_wanted(mapper->map, &value) && !add_item(mapper, reading, docno, &value, batch, error))
            return FALSE;
    }
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static gboolean read_batch(Mapper *mapper, StoreTxn *txn, Batch *batch, gboolean *ended, GError **error)
{
    g_auto(Reading) reading = {0};
    gboolean good = reading_init(&reading, txn, mapper->reading, error) &&
                    (mapper->run.extends ? read_changes(mapper, &reading, batch, ended, error) : read_all(mapper, &reading, batch, ended, error));
    batch->next = mapper->reading;
    return good;
}

static Carrier *carrier_new(Mapper *mapper, Batch *batch)
{
    Carrier *carrier = g_new(Carrier, 1);
    *carrier = (Carrier){mapper, batch};
    return carrier;
}

/* The next batch of this rank. Rank 0 has one for each stretch of the others, too, where their results go in. */
static gpointer shared_next(Mapper *mapper, GError **error)
{
    const Comm *comm = mapper->context->comm;
    unsigned rank = comm_rank(comm), owner = rank;
    for (; mapper->reading < mapper->share.end; mapper->reading = mapper->stop) {
        mapper->stop = share_stop(mapper->reading);
        owner = share_owner(comm, mapper->reading);
        if (owner == rank || rank == 0)
            break;
    }
    if (mapper->reading >= mapper->share.end)
        return NULL;
    Batch *batch = batch_new(mapper);
    batch->owner = owner;
    if (owner != rank) {
        batch->next = mapper->reading = mapper->stop;
        return carrier_new(mapper, batch);
    }
    gboolean whole = FALSE;
    g_autoptr(StoreTxn) txn = rank == 0 ? store_read_begin(mapper->context->store, error) : NULL;
    if ((rank == 0 && !txn) || !read_batch(mapper, rank == 0 ? txn : mapper->snapshot, batch, &whole, error)) {
        free_batch_of(mapper, batch);
        return NULL;
    }
    if (whole)
        batch->next = mapper->reading = mapper->stop;
    batch->last = mapper->reading == mapper->stop || mapper->reading >= mapper->share.end; /* a stretch may have its end within */
    return carrier_new(mapper, batch);
}

static gpointer mapper_next(gpointer user, GError **error)
{
    Mapper *mapper = user;
    if (mapper->shared)
        return shared_next(mapper, error);
    gboolean ended = FALSE;
    Batch *batch = batch_new(mapper);
    g_autoptr(StoreTxn) txn = store_read_begin(mapper->context->store, error);
    if (!txn || !read_batch(mapper, txn, batch, &ended, error) || (ended && batch->items->len + batch->decided->len == 0)) {
        free_batch_of(mapper, batch);
        return NULL;
    }
    return carrier_new(mapper, batch);
}

static gpointer mapper_worker_new(gpointer user, GError **error)
{
    Mapper *mapper = user;
    return mapper->map->worker_new ? mapper->map->worker_new(mapper->map->user, error) : NULL;
}

/* Reads one item of a batch that came as numbers. Nobody but this stage writes meanwhile, and it has not come to the document. */
static gboolean read_numbered(const StageMap *map, Reading *reading, StageItem *item, GError **error)
{
    StoreValue value = {0};
    if (!reading->documents)
        return read_item(map, reading, item->docno, NULL, item, error);
    int found = store_cursor_find(reading->documents, item->docno, &value, error);
    if (found == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " is not in the store any more; run 'galen audit'", item->docno);
    return found > 0 && read_item(map, reading, item->docno, &value, item, error);
}

static gboolean begin_reading(Mapper *mapper, const Batch *batch, StoreTxn **txn, Reading *reading, GError **error)
{
    if (!batch->unread || batch->items->len == 0)
        return TRUE;
    Docno first = g_array_index(batch->items, StageItem, 0).docno;
    *txn = store_read_begin(mapper->context->store, error);
    if (!*txn || !reading_init(reading, *txn, first, error))
        return FALSE;
    reading->lends = TRUE;
    buffer_init(&reading->text, 2 * DOCUMENT_TEXT_LIMIT);
    return !(mapper->map->reads & STAGE_READ_FACTS) || (reading->documents = documents_from(mapper->map, *txn, first, error)) != NULL;
}

static gboolean work_on(const Mapper *mapper, gpointer worker, StageItem *item, GError **error)
{
    if (mapper->map->work(mapper->map->user, worker, item, error))
        return TRUE;
    g_prefix_error(error, "while stage '%s' worked on document %" G_GUINT64_FORMAT ": ", mapper->map->stage, item->docno);
    return FALSE;
}

static gboolean mapper_work(gpointer user, gpointer worker, gpointer data, GError **error)
{
    Mapper *mapper = user;
    Batch *batch = ((Carrier *)data)->batch;
    g_autoptr(StoreTxn) txn = NULL;
    g_auto(Reading) reading = {0};
    if (!begin_reading(mapper, batch, &txn, &reading, error))
        return FALSE;
    for (guint i = 0; i < batch->items->len; i++) {
        StageItem *item = &g_array_index(batch->items, StageItem, i);
        gboolean good = (!batch->unread || read_numbered(mapper->map, &reading, item, error)) && work_on(mapper, worker, item, error);
        if (batch->unread)
            item->cleaned = NULL; /* that was lent */
        if (!good)
            return FALSE;
        drop_reading(item);
    }
    return TRUE;
}

/* Takes a batch's documents off the list of changes, or passes them on. */
static gboolean pass_batch(const Mapper *mapper, StoreTxn *txn, const Batch *batch, GError **error)
{
    const char *stage = mapper->map->stage;
    for (guint i = 0; i < batch->items->len; i++)
        if (!changes_pass(txn, g_array_index(batch->items, StageItem, i).docno, stage, error))
            return FALSE;
    for (guint i = 0; i < batch->decided->len; i++)
        if (!changes_pass(txn, g_array_index(batch->decided, Docno, i), stage, error))
            return FALSE;
    return TRUE;
}

static gboolean commit_batches(StoreTxn *txn, gpointer user, GError **error)
{
    Mapper *mapper = user;
    for (guint b = 0; b < mapper->pending->len; b++) {
        Batch *batch = mapper->pending->pdata[b];
        for (guint i = 0; i < batch->items->len; i++)
            if (!mapper->map->save(mapper->map->user, txn, &g_array_index(batch->items, StageItem, i), error))
                return FALSE;
        if (mapper->run.extends && !mapper->map->only && !pass_batch(mapper, txn, batch, error))
            return FALSE;
    }
    return stage_save(txn, &mapper->run, error);
}

static gboolean mapper_commit(Mapper *mapper, GError **error)
{
    for (guint b = 0; b < mapper->pending->len; b++) {
        Batch *batch = mapper->pending->pdata[b];
        for (guint i = 0; mapper->map->count && i < batch->items->len; i++)
            mapper->map->count(mapper->map->user, &g_array_index(batch->items, StageItem, i), &mapper->run);
        if (!mapper->run.extends)
            mapper->run.next = batch->next;
    }
    if (mapper->map->checkpoint)
        mapper->map->checkpoint(mapper->map->user, &mapper->run);
    if (!store_write(mapper->context->store, commit_batches, mapper, error))
        return FALSE;
    for (guint b = 0; b < mapper->pending->len; b++)
        free_batch_of(mapper, mapper->pending->pdata[b]);
    g_ptr_array_set_size(mapper->pending, 0);
    mapper->pending_bytes = mapper->pending_documents = 0;
    mapper->last_commit = g_get_monotonic_time();
    return TRUE;
}

static gboolean mapper_sink(gpointer user, gpointer data, GError **error)
{
    Mapper *mapper = user;
    Comm *comm = mapper->context->comm;
    if (mapper->shared && comm_rank(comm) > 0)
        return share_send(comm, mapper->map, ((Carrier *)data)->batch->items, ((Carrier *)data)->batch->last, error);
    Batch *batch = ((Carrier *)data)->batch;
    if (mapper->shared && batch->owner > 0 && !share_receive(comm, mapper->map, batch->owner, batch->items, &batch->bytes, error))
        return FALSE;
    ((Carrier *)data)->batch = NULL;
    guint limit = mapper->context->batch_documents ? mapper->context->batch_documents : COMMIT_DOCUMENTS;
    g_ptr_array_add(mapper->pending, batch);
    mapper->pending_bytes += batch->bytes;
    mapper->pending_documents += batch->items->len + batch->decided->len;
    progress_add(mapper->context->progress, batch->items->len + batch->decided->len);
    if (mapper->pending_bytes < COMMIT_BYTES && mapper->pending_documents < limit &&
        g_get_monotonic_time() - mapper->last_commit < COMMIT_INTERVAL)
        return TRUE;
    return mapper_commit(mapper, error);
}

/* How many documents still have to go through, for the progress line. */
static gboolean count_ahead(Mapper *mapper, guint64 *ahead, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(mapper->context->store, error);
    if (!txn)
        return FALSE;
    if (mapper->run.extends) {
        *ahead = mapper->map->only ? mapper->map->only->len : changes_count(txn);
        return TRUE;
    }
    guint64 documents = store_count(txn, TABLE_DOCUMENTS), decided = store_count(txn, TABLE_LEDGER);
    *ahead = documents > decided ? documents - decided : 0;
    return TRUE;
}

static gboolean mapper_run(Mapper *mapper, GError **error)
{
    guint64 ahead;
    if (!count_ahead(mapper, &ahead, error))
        return FALSE;
    Pipeline pipeline = {
        .user = mapper,
        .next = mapper_next,
        .worker_new = mapper_worker_new,
        .work = mapper_work,
        .worker_free = mapper->map->worker_free,
        .sink = mapper_sink,
        .item_free = carrier_free,
    };
    mapper->last_commit = g_get_monotonic_time();
    progress_begin(mapper->context->progress, mapper->map->stage, "documents", ahead);
    gboolean first = comm_rank(mapper->context->comm) == 0;
    gboolean good = pipeline_run(&pipeline, mapper->context->jobs, 4 * MAX(mapper->context->jobs, 1), error) && (!first || mapper_commit(mapper, error));
    progress_end(mapper->context->progress);
    return good && (!first || stage_finish(mapper->context->store, &mapper->run, error));
}

static gboolean begin(Store *store, const StageMap *map, StageRun *run, StageAction *action, GError **error)
{
    return map->extends ? stage_begin_extending(store, map->stage, map->fingerprint, STAGE_NEEDS_RECORD, run, action, error)
                        : stage_begin(store, map->stage, map->fingerprint, run, action, error);
}

/* What is to be done: rank 0 decides, the others are told. */
static gboolean mapper_begin(Mapper *mapper, StageAction *action, GError **error)
{
    StageContext *context = mapper->context;
    if (comm_rank(context->comm) == 0 && !begin(context->store, mapper->map, &mapper->run, action, error))
        return FALSE;
    mapper->stop = G_MAXUINT64;
    mapper->reading = mapper->run.extends ? 0 : mapper->run.next;
    mapper->shared = mapper->map->pack && comm_size(context->comm) > 1;
    if (!mapper->shared)
        return TRUE;
    /* Changes are rank 0's own. */
    mapper->share = (Share){.action = mapper->run.extends ? STAGE_SKIP : *action, .next = mapper->run.next};
    if (!share_start(context, mapper->map->room, &mapper->share, &mapper->snapshot, error))
        return FALSE;
    mapper->shared = !mapper->run.extends;
    if (mapper->shared) {
        *action = mapper->share.action;
        mapper->reading = mapper->run.next = mapper->share.next;
    }
    return TRUE;
}

gboolean stage_map(StageContext *context, const StageMap *map, GError **error)
{
    Mapper mapper = {.context = context, .map = map};
    StageAction action = STAGE_SKIP;
    mapper.pending = g_ptr_array_new();
    gboolean good = mapper_begin(&mapper, &action, error);
    good = good && (action != STAGE_RESUME || !map->resume || map->resume(map->user, &mapper.run, error));
    good = good && (action == STAGE_SKIP || mapper_run(&mapper, error));
    for (guint b = 0; b < mapper.pending->len; b++)
        free_batch_of(&mapper, mapper.pending->pdata[b]);
    g_ptr_array_unref(mapper.pending);
    store_read_end(mapper.snapshot);
    stage_run_clear(&mapper.run);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0
 * The stage "tokenise": final text of every undecided document to token ids; see store/mix.h. */
#include "base/huge_pages.h"
#include "store/fingerprint.h"
#include "store/mix.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"

#define BLOCK_BYTES HUGE_PAGE

/* What all workers have: the tokenizer, and blocks to fill again. Memory that is new costs the system much more than filling it. */
typedef struct Tokenising {
    const Tokenizer *tokenizer;
    unsigned width;
    GAsyncQueue *blocks; /* of BLOCK_BYTES each */
} Tokenising;

/* Rows wait together for their commit, in memory that goes back when the last of them has gone. */
typedef struct TokenBlock {
    gint uses; /* its rows, and the worker that fills it */
    GAsyncQueue *home; /* NULL: a block of its own size */
    gsize used, size;
    guint8 bytes[];
} TokenBlock;

typedef struct TokenRow {
    TokenBlock *block;
    gsize count;
    guint8 ids[]; /* as TABLE_TOKENS has them */
} TokenRow;

typedef struct TokenWorker {
    GArray *ids; /* of guint32 */
    TokenBlock *block;
} TokenWorker;

static void block_leave(TokenBlock *block)
{
    if (!block || !g_atomic_int_dec_and_test(&block->uses))
        return;
    if (block->home)
        g_async_queue_push(block->home, block);
    else
        huge_pages_free(block);
}

/* With room for `bytes`. */
static TokenBlock *block_new(const Tokenising *tokenising, gsize bytes)
{
    gsize size = BLOCK_BYTES - sizeof(TokenBlock);
    gboolean own = bytes > size;
    TokenBlock *block = own ? NULL : g_async_queue_try_pop(tokenising->blocks);
    if (!block)
        block = huge_pages_new(own ? sizeof(TokenBlock) + bytes : BLOCK_BYTES);
    *block = (TokenBlock){.uses = 1, .home = own ? NULL : tokenising->blocks, .size = own ? bytes : size};
    return block;
}

static void row_free(gpointer row)
{
    block_leave(((TokenRow *)row)->block);
}

static TokenRow *row_new(const Tokenising *tokenising, TokenWorker *worker, gsize count)
{
    gsize bytes = (sizeof(TokenRow) + count * tokenising->width + sizeof(gsize) - 1) / sizeof(gsize) * sizeof(gsize);
    if (!worker->block || worker->block->size - worker->block->used < bytes) {
        block_leave(worker->block);
        worker->block = block_new(tokenising, bytes);
    }
    TokenRow *row = (TokenRow *)(gpointer)(worker->block->bytes + worker->block->used);
    worker->block->used += bytes;
    g_atomic_int_inc(&worker->block->uses);
    *row = (TokenRow){.block = worker->block, .count = count};
    return row;
}

static gpointer worker_new(gpointer user, GError **error)
{
    TokenWorker *worker = g_new0(TokenWorker, 1);
    worker->ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    return worker;
}

static void worker_free(gpointer data)
{
    TokenWorker *worker = data;
    g_array_unref(worker->ids);
    block_leave(worker->block);
    g_free(worker);
}

static gboolean tokenise_item(gpointer user, gpointer data, StageItem *item, GError **error)
{
    const Tokenising *tokenising = user;
    TokenWorker *worker = data;
    g_array_set_size(worker->ids, 0);
    if (!tokenizer_encode(tokenising->tokenizer, item->cleaned, item->cleaned_length, worker->ids, error))
        return FALSE;
    TokenRow *row = row_new(tokenising, worker, worker->ids->len);
    tokens_pack((const guint32 *)(void *)worker->ids->data, row->count, tokenising->width, row->ids);
    item->result = row;
    return TRUE;
}

static gboolean save_item(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const TokenRow *row = item->result;
    return store_put_docno(txn, TABLE_TOKENS, item->docno, row->ids, row->count * ((const Tokenising *)user)->width, error);
}

static void count_item(gpointer user, StageItem *item, StageRun *run)
{
    const TokenRow *row = item->result;
    stage_count(run, item->document.source, "tokens", (gint64)row->count);
}

gboolean tokenise_run(StageContext *context, const Recipe *recipe, const Tokenizer *tokenizer, const char *predecessor,
                      char **fingerprint, GError **error)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(tokenizer_digest(tokenizer), hex);
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "tokenise 1 tokenizer=%s", hex);
    fingerprint_add_before(text, predecessor);
    *fingerprint = g_string_free(text, FALSE);
    Tokenising tokenising = {tokenizer, tokenizer_width(tokenizer_vocabulary(tokenizer)), g_async_queue_new_full(huge_pages_free)};
    StageMap map = {
        .stage = "tokenise",
        .fingerprint = *fingerprint,
        .extends = TRUE,
        .reads = STAGE_READ_SOURCE | STAGE_READ_FINAL,
        .user = &tokenising,
        .worker_new = worker_new,
        .worker_free = worker_free,
        .work = tokenise_item,
        .save = save_item,
        .count = count_item,
        .result_free = row_free,
    };
    gboolean good = tokenizer_to_store(context->store, tokenizer, error) && stage_map(context, &map, error);
    g_async_queue_unref(tokenising.blocks);
    return good;
}

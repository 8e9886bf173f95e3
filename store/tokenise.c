/* SPDX-License-Identifier: Apache-2.0
 * The stage "tokenise": final text of every undecided document to token ids; see store/mix.h. */
#include "base/huge_pages.h"
#include "store/fingerprint.h"
#include "store/mix.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"

#define BLOCK_BYTES HUGE_PAGE

/* Rows wait together for their commit, in memory that goes when the last of them has gone. */
typedef struct TokenBlock {
    gint uses; /* its rows, and the worker that fills it */
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
    if (block && g_atomic_int_dec_and_test(&block->uses))
        huge_pages_free(block);
}

static void row_free(gpointer row)
{
    block_leave(((TokenRow *)row)->block);
}

static TokenRow *row_new(TokenWorker *worker, gsize count, unsigned width)
{
    gsize bytes = (sizeof(TokenRow) + count * width + sizeof(gsize) - 1) / sizeof(gsize) * sizeof(gsize);
    if (!worker->block || worker->block->size - worker->block->used < bytes) {
        block_leave(worker->block);
        gsize size = MAX(BLOCK_BYTES - sizeof(TokenBlock), bytes);
        worker->block = huge_pages_new(sizeof(TokenBlock) + size);
        *worker->block = (TokenBlock){.uses = 1, .size = size};
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
    const Tokenizer *tokenizer = user;
    TokenWorker *worker = data;
    g_array_set_size(worker->ids, 0);
    if (!tokenizer_encode(tokenizer, item->cleaned, item->cleaned_length, worker->ids, error))
        return FALSE;
    unsigned width = tokenizer_width(tokenizer_vocabulary(tokenizer));
    TokenRow *row = row_new(worker, worker->ids->len, width);
    tokens_pack((const guint32 *)(void *)worker->ids->data, row->count, width, row->ids);
    item->result = row;
    return TRUE;
}

static gboolean save_item(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const TokenRow *row = item->result;
    gsize width = tokenizer_width(tokenizer_vocabulary(user));
    return store_put_docno(txn, TABLE_TOKENS, item->docno, row->ids, row->count * width, error);
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
    StageMap map = {
        .stage = "tokenise",
        .fingerprint = *fingerprint,
        .extends = TRUE,
        .reads = STAGE_READ_SOURCE | STAGE_READ_FINAL,
        .user = (gpointer)tokenizer,
        .worker_new = worker_new,
        .worker_free = worker_free,
        .work = tokenise_item,
        .save = save_item,
        .count = count_item,
        .result_free = row_free,
    };
    return tokenizer_to_store(context->store, tokenizer, error) && stage_map(context, &map, error);
}

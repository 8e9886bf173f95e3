/* SPDX-License-Identifier: Apache-2.0
 * The stage "tokenise": final text of every undecided document to token ids; see store/mix.h. */
#include "store/fingerprint.h"
#include "store/mix.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"

typedef struct TokenRow {
    gsize count;
    guint8 ids[]; /* as TABLE_TOKENS has them */
} TokenRow;

static gpointer worker_new(gpointer user, GError **error)
{
    return g_array_new(FALSE, FALSE, sizeof(guint32));
}

static void worker_free(gpointer worker)
{
    g_array_unref(worker);
}

static gboolean tokenise_item(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const Tokenizer *tokenizer = user;
    GArray *ids = worker;
    g_array_set_size(ids, 0);
    if (!tokenizer_encode(tokenizer, item->cleaned, item->cleaned_length, ids, error))
        return FALSE;
    unsigned width = tokenizer_width(tokenizer_vocabulary(tokenizer));
    TokenRow *row = g_malloc(sizeof *row + (gsize)ids->len * width);
    row->count = ids->len;
    tokens_pack((const guint32 *)(void *)ids->data, ids->len, width, row->ids);
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
        .result_free = g_free,
    };
    return tokenizer_to_store(context->store, tokenizer, error) && stage_map(context, &map, error);
}

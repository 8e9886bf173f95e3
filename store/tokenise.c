/* SPDX-License-Identifier: Apache-2.0
 * The stage "tokenise": final text of every undecided document to token ids; see store/mix.h. */
#include "store/fingerprint.h"
#include "store/mix.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"

typedef struct TokenRow {
    void *ids;
    gsize count;
} TokenRow;

static void token_row_free(gpointer data)
{
    TokenRow *row = data;
    g_free(row->ids);
    g_free(row);
}

static gboolean tokenise_item(gpointer user, gpointer worker, StageItem *item, GError **error)
{
    const Tokenizer *tokenizer = user;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!tokenizer_encode(tokenizer, item->cleaned, item->cleaned_length, ids, error))
        return FALSE;
    TokenRow *row = g_new(TokenRow, 1);
    row->count = ids->len;
    row->ids = tokens_pack((const guint32 *)(void *)ids->data, ids->len, tokenizer_width(tokenizer_vocabulary(tokenizer)));
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
        .reads = STAGE_READ_FACTS | STAGE_READ_FINAL,
        .user = (gpointer)tokenizer,
        .work = tokenise_item,
        .save = save_item,
        .count = count_item,
        .result_free = token_row_free,
    };
    return tokenizer_to_store(context->store, tokenizer, error) && stage_map(context, &map, error);
}

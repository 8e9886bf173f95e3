/* SPDX-License-Identifier: Apache-2.0
 * The tokens of one shard; see store/pack_parts.h. */
#include "store/pack_parts.h"

#include <string.h>

#include "base/error.h"
#include "base/huge_pages.h"
#include "store/tokens.h"

PackShard *pack_shard_new(const Packing *packing, const char *split, guint32 number)
{
    PackShard *shard = g_new(PackShard, 1);
    *shard = (PackShard){
        .packing = packing,
        .split = split,
        .number = number,
        .spans = g_array_new(FALSE, FALSE, sizeof(Span)),
        .lengths = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .source_tokens = g_new0(guint64, packing->recipe->sources_count),
    };
    return shard;
}

void pack_shard_free(PackShard *shard)
{
    if (shard->ids)
        g_async_queue_push(shard->packing->buffers, shard->ids);
    g_array_unref(shard->spans);
    g_array_unref(shard->lengths);
    g_free(shard->source_tokens);
    g_free(shard);
}

/* ---- Filling ----------------------------------------------------------------------------------------------------- */

static const Span *span_of(const PackShard *shard, guint32 index)
{
    return &g_array_index(shard->spans, Span, index);
}

static int compare_documents(gconstpointer left, gconstpointer right, gpointer user)
{
    guint32 a = *(const guint32 *)left, b = *(const guint32 *)right;
    Docno first = span_of(user, a)->docno, second = span_of(user, b)->docno;
    return first != second ? (first < second ? -1 : 1) : (a > b) - (a < b);
}

/* Numbers of the spans by rising documents; padding comes last. */
static GArray *by_document(PackShard *shard)
{
    GArray *numbers = g_array_sized_new(FALSE, FALSE, sizeof(guint32), shard->spans->len);
    for (guint32 i = 0; i < shard->spans->len; i++)
        g_array_append_val(numbers, i);
    g_array_sort_with_data(numbers, compare_documents, shard);
    return numbers;
}

static void put_id(char *to, unsigned width, guint32 id)
{
    guint16 narrow = GUINT16_TO_LE((guint16)id);
    guint32 wide = GUINT32_TO_LE(id);
    memcpy(to, width == 2 ? (const void *)&narrow : (const void *)&wide, width);
}

/* Of a document that has `count` ids. */
static void copy_ids(const Packing *packing, const Span *span, guint64 length, const void *ids, gsize count, char *to)
{
    const RecipePack *pack = &packing->recipe->pack;
    gsize width = packing->width;
    guint64 begin = span->offset, end = begin + span->length;
    if (pack->bos && begin == 0)
        put_id(to, packing->width, packing->bos);
    if (pack->eos && end == length)
        put_id(to + (span->length - 1) * width, packing->width, packing->eos);
    guint64 from = MAX(begin, pack->bos), until = MIN(end, count + pack->bos);
    if (from < until)
        memcpy(to + (from - begin) * width, (const char *)ids + (from - pack->bos) * width, (until - from) * width);
}

static gboolean has_changed(Docno docno, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the tokens of document %" G_GUINT64_FORMAT " changed while they were packed", docno);
    return FALSE;
}

gboolean pack_copy_tokens(const Packing *packing, StoreTxn *txn, const Span *span, const PackItem *item, char *to, GError **error)
{
    const RecipePack *pack = &packing->recipe->pack;
    const void *ids;
    gsize count;
    GError *cause = NULL;
    if (tokens_get(txn, span->docno, packing->width, &ids, &count, &cause) && count + pack->bos + pack->eos == item->length) {
        copy_ids(packing, span, item->length, ids, count, to);
        return TRUE;
    }
    if (!cause)
        return has_changed(span->docno, error);
    g_propagate_error(error, cause);
    return FALSE;
}

static void put_padding(const PackShard *shard, const Span *span, char *to)
{
    for (guint32 i = 0; i < span->length; i++)
        put_id(to + (gsize)i * shard->packing->width, shard->packing->width, shard->packing->eos);
}

static gboolean fetch_span(PackShard *shard, StoreCursor *tokens, guint32 number, GError **error)
{
    const Packing *packing = shard->packing;
    const RecipePack *pack = &packing->recipe->pack;
    const Span *span = span_of(shard, number);
    guint32 length = g_array_index(shard->lengths, guint32, number);
    char *to = shard->ids + (span->position - span_of(shard, 0)->position) * packing->width;
    if (span_is_padding(span)) {
        put_padding(shard, span, to);
        return TRUE;
    }
    StoreValue value = {0};
    int found = store_cursor_find(tokens, span->docno, &value, error);
    gsize count = value.length / packing->width;
    if (found < 0)
        return FALSE;
    if (found == 0 || value.length % packing->width != 0 || count + pack->bos + pack->eos != length)
        return has_changed(span->docno, error);
    copy_ids(packing, span, length, value.data, count, to);
    return TRUE;
}

static gboolean fetch_all(PackShard *shard, GError **error)
{
    g_autoptr(GArray) numbers = by_document(shard);
    g_autoptr(StoreTxn) txn = store_read_begin(shard->packing->context->store, error);
    g_autoptr(StoreCursor) tokens = txn ? store_cursor_new(txn, TABLE_TOKENS, NULL, 0, error) : NULL;
    for (guint i = 0; tokens && i < numbers->len; i++)
        if (!fetch_span(shard, tokens, g_array_index(numbers, guint32, i), error))
            return FALSE;
    return tokens != NULL;
}

void pack_shard_add(PackShard *shard, const PackPiece *piece)
{
    g_array_append_val(shard->lengths, piece->item.length);
    pack_shard_add_span(shard, &piece->span);
}

void pack_shard_add_span(PackShard *shard, const Span *span)
{
    g_array_append_val(shard->spans, *span);
    shard->tokens += span->length;
    if (span_is_padding(span))
        shard->padding += span->length;
    else
        shard->source_tokens[span->source] += span->length;
}

gboolean pack_shard_fill(PackShard *shard, GError **error)
{
    const Packing *packing = shard->packing;
    shard->ids = g_async_queue_try_pop(packing->buffers);
    if (!shard->ids)
        shard->ids = huge_pages_new(packing->recipe->pack.shard_tokens * packing->width);
    if (!fetch_all(shard, error)) {
        g_prefix_error(error, "while packing shard %s/%u: ", shard->split, shard->number);
        return FALSE;
    }
    pack_shard_hash(shard);
    return TRUE;
}

void pack_shard_hash(PackShard *shard)
{
    gsize length = shard->tokens * shard->packing->width;
    shard->digest = sha256(shard->ids, length);
    shard->hash = hash128(shard->ids, length);
}

gboolean pack_shard_put_spans(const PackShard *shard, StoreTxn *txn, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    shard_key(shard->split, shard->number, key);
    return store_put(txn, TABLE_SPANS, key, sizeof key, shard->spans->data, shard->spans->len * sizeof(Span), error);
}

gboolean pack_shard_put(const PackShard *shard, StoreTxn *txn, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    shard_key(shard->split, shard->number, key);
    return store_put_hashed(txn, TABLE_SHARDS, key, sizeof key, shard->ids, shard->tokens * shard->packing->width, shard->hash, error) &&
           shard_digest_put(txn, shard->split, shard->number, &shard->digest, error) && pack_shard_put_spans(shard, txn, error);
}

void pack_shard_count(const PackShard *shard, StageRun *run)
{
    const Recipe *recipe = shard->packing->recipe;
    g_autofree char *what = g_strconcat("tokens_", shard->split, NULL);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        stage_count(run, recipe->sources[i].tag, what, (gint64)shard->source_tokens[i]);
    run->next++;
}

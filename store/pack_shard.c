/* SPDX-License-Identifier: Apache-2.0
 * The tokens of one shard; see store/pack_parts.h. */
#include "store/pack_parts.h"

#include <string.h>

#include "base/error.h"
#include "base/huge_pages.h"
#include "store/tokens.h"

#define HASH_BYTES ((gsize)64 << 10) /* that both hashes read from the processor's near caches */

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

typedef struct SpanPlace {
    Docno docno;
    guint32 number;
} SpanPlace;

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

/* By one digit of the documents' distance from `least`; those of one digit stay in their order. */
static void sort_by_digit(const SpanPlace *from, SpanPlace *to, gsize count, Docno least, unsigned shift)
{
    gsize begins[DIGITS + 1] = {0};
    for (gsize i = 0; i < count; i++)
        begins[((from[i].docno - least) >> shift) % DIGITS + 1]++;
    for (gsize i = 0; i < DIGITS; i++)
        begins[i + 1] += begins[i];
    for (gsize i = 0; i < count; i++)
        to[begins[((from[i].docno - least) >> shift) % DIGITS]++] = from[i];
}

/* The spans by rising documents, those of one document in their order. Padding is left out. */
static SpanPlace *by_document(const PackShard *shard, gsize *count)
{
    SpanPlace *places = g_new(SpanPlace, shard->spans->len), *spare = g_new(SpanPlace, shard->spans->len), *swapped;
    Docno least = G_MAXUINT64, most = 0;
    *count = 0;
    for (guint32 i = 0; i < shard->spans->len; i++) {
        const Span *span = span_of(shard, i);
        if (span_is_padding(span))
            continue;
        places[(*count)++] = (SpanPlace){span->docno, i};
        least = MIN(least, span->docno);
        most = MAX(most, span->docno);
    }
    for (unsigned shift = 0; *count && shift < 64 && (most - least) >> shift; shift += DIGIT_BITS) {
        sort_by_digit(places, spare, *count, least, shift);
        swapped = places;
        places = spare;
        spare = swapped;
    }
    g_free(spare);
    return places;
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

static char *place_of(const PackShard *shard, const Span *span)
{
    return shard->ids + (span->position - span_of(shard, 0)->position) * shard->packing->width;
}

static void put_padding(PackShard *shard)
{
    for (guint32 i = 0; shard->padding && i < shard->spans->len; i++) {
        const Span *span = span_of(shard, i);
        for (guint32 k = 0; span_is_padding(span) && k < span->length; k++)
            put_id(place_of(shard, span) + (gsize)k * shard->packing->width, shard->packing->width, shard->packing->eos);
    }
}

static gboolean fetch_span(PackShard *shard, StoreCursor *tokens, guint32 number, GError **error)
{
    const Packing *packing = shard->packing;
    const RecipePack *pack = &packing->recipe->pack;
    const Span *span = span_of(shard, number);
    guint32 length = g_array_index(shard->lengths, guint32, number);
    char *to = place_of(shard, span);
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
    gsize count;
    g_autofree SpanPlace *places = by_document(shard, &count);
    g_autoptr(StoreTxn) txn = store_read_begin(shard->packing->context->store, error);
    g_autoptr(StoreCursor) tokens = txn ? store_cursor_new(txn, TABLE_TOKENS, NULL, 0, error) : NULL;
    for (gsize i = 0; tokens && i < count; i++)
        if (!fetch_span(shard, tokens, places[i].number, error))
            return FALSE;
    put_padding(shard);
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
    g_autoptr(Sha256Context) digest = sha256_new();
    Hash128Context *hash = hash128_new();
    for (gsize at = 0; at < length; at += HASH_BYTES) {
        gsize part = MIN(HASH_BYTES, length - at);
        sha256_update(digest, shard->ids + at, part);
        hash128_update(hash, shard->ids + at, part);
    }
    shard->digest = sha256_finish(digest);
    shard->hash = hash128_finish(hash);
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

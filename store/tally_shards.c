/* SPDX-License-Identifier: Apache-2.0
 * The pass over all shards; see store/manifest_parts.h. */
#include <string.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "store/manifest_parts.h"
#include "store/tokenizer_store.h"

typedef struct ShardItem {
    unsigned split;
    guint32 number;
    guint64 *tokens_by_source, *passes_by_source;
    ShardTally tally;
} ShardItem;

typedef struct ShardPass {
    StageContext *context;
    Tally *tally;
    TallyDepth depth;
    unsigned width;
    StoreCursor *cursor; /* of TABLE_SPANS, whose values are small */
} ShardPass;

static void item_free(gpointer data)
{
    g_free(((ShardItem *)data)->tokens_by_source);
    g_free(((ShardItem *)data)->passes_by_source);
    g_free(data);
}

static gboolean bad_shard(const ShardItem *item, const char *what, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "shard %s/%u %s; run galen audit", split_names[item->split],
                item->number, what);
    return FALSE;
}

static gboolean count_spans(const ShardPass *pass, const StoreValue *spans, ShardItem *item, GError **error)
{
    if (spans->length % sizeof(Span) != 0)
        return bad_shard(item, "has spans of a wrong size", error);
    item->tokens_by_source = g_new0(guint64, pass->tally->sources->len + 1);
    item->passes_by_source = g_new0(guint64, pass->tally->sources->len + 1);
    for (gsize i = 0; i < spans->length / sizeof(Span); i++) {
        Span span = span_at(spans->data, i);
        if (span.source >= pass->tally->sources->len)
            return bad_shard(item, "has a span of an unknown source", error);
        item->tokens_by_source[span.source] += span.length;
        item->passes_by_source[span.source] += span.offset == 0 && item->split == SPLIT_TRAIN;
    }
    return TRUE;
}

static gpointer next_shard(gpointer user, GError **error)
{
    ShardPass *pass = user;
    StoreValue key, value;
    if (store_cursor_next(pass->cursor, &key, &value, error) <= 0)
        return NULL;
    ShardItem *item = g_new0(ShardItem, 1);
    if (!shard_key_read(&key, &item->split, &item->number)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "table %s has a key that names no shard; run galen audit",
                    store_table_name(TABLE_SPANS));
        item_free(item);
        return NULL;
    }
    if (count_spans(pass, &value, item, error))
        return item;
    item_free(item);
    return NULL;
}

static gboolean work_shard(gpointer user, gpointer worker, gpointer data, GError **error)
{
    const ShardPass *pass = user;
    ShardItem *item = data;
    guint8 key[SHARD_KEY_SIZE];
    StoreValue value;
    GError *cause = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(pass->context->store, error);
    if (!txn)
        return FALSE;
    shard_key(split_names[item->split], item->number, key);
    if (!store_get_unchecked(txn, TABLE_SHARDS, key, sizeof key, &value, &cause)) {
        if (!cause)
            return bad_shard(item, "has spans but no tokens", error);
        g_propagate_error(error, cause);
        return FALSE;
    }
    item->tally.tokens = value.length / pass->width;
    if (pass->depth == TALLY_HASHES)
        item->tally.digest = sha256(value.data, value.length);
    return TRUE;
}

static gboolean sink_shard(gpointer user, gpointer data, GError **error)
{
    ShardPass *pass = user;
    ShardItem *item = data;
    GArray *shards = pass->tally->shards[item->split];
    if (item->number != shards->len)
        return bad_shard(item, "does not follow the one before it", error);
    g_array_append_val(shards, item->tally);
    for (guint i = 0; i < pass->tally->sources->len; i++) {
        SourceTally *source = g_ptr_array_index(pass->tally->sources, i);
        source->tokens[item->split] += item->tokens_by_source[i];
        source->packed += item->passes_by_source[i];
    }
    progress_add(pass->context->progress, 1);
    return TRUE;
}

gboolean shards_tally(StageContext *context, Tally *tally, TallyDepth depth, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    if (!txn)
        return FALSE;
    TokenizerFacts facts;
    GError *cause = NULL;
    if (!tokenizer_facts(txn, &facts, &cause)) {
        if (!cause)
            return TRUE; /* nothing was tokenised, so there is no shard */
        g_propagate_error(error, cause);
        return FALSE;
    }
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_SPANS, NULL, 0, error);
    if (!cursor)
        return FALSE;
    ShardPass pass = {context, tally, depth, facts.width, cursor};
    Pipeline pipeline = {
        .user = &pass,
        .next = next_shard,
        .work = work_shard,
        .sink = sink_shard,
        .item_free = item_free,
    };
    progress_begin(context->progress, "count shards", "shards", store_count(txn, TABLE_SPANS));
    gboolean good = pipeline_run(&pipeline, MAX(context->jobs, 1), MAX(context->jobs, 1) * 2, error);
    progress_end(context->progress);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0
 * The pass over all shards; see store/manifest_parts.h. */
#include <string.h>

#include "base/error.h"
#include "store/manifest_parts.h"
#include "store/tokenizer_store.h"
#include "store/walk.h"

typedef struct ShardResult {
    unsigned split;
    guint32 number;
    guint64 *tokens_by_source, *passes_by_source;
    ShardTally tally;
} ShardResult;

typedef struct ShardPass {
    Tally *tally;
    TallyDepth depth;
    unsigned width;
} ShardPass;

static void results_free(gpointer data)
{
    g_array_unref(data);
}

static void result_clear(gpointer data)
{
    ShardResult *result = data;
    g_free(result->tokens_by_source);
    g_free(result->passes_by_source);
}

static gboolean bad_shard(const ShardResult *result, const char *what, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "shard %s/%u %s; run galen audit", split_names[result->split],
                result->number, what);
    return FALSE;
}

static gboolean count_spans(const ShardPass *pass, const StoreValue *spans, ShardResult *result, GError **error)
{
    if (spans->length % sizeof(Span) != 0)
        return bad_shard(result, "has spans of a wrong size", error);
    result->tokens_by_source = g_new0(guint64, pass->tally->sources->len + 1);
    result->passes_by_source = g_new0(guint64, pass->tally->sources->len + 1);
    for (gsize i = 0; i < spans->length / sizeof(Span); i++) {
        Span span = span_at(spans->data, i);
        if (span_is_padding(&span)) {
            result->tally.padding += span.length;
            continue;
        }
        if (span.source >= pass->tally->sources->len)
            return bad_shard(result, "has a span of an unknown source", error);
        result->tokens_by_source[span.source] += span.length;
        result->passes_by_source[span.source] += span.offset == 0 && result->split == SPLIT_TRAIN;
    }
    if (pass->depth == TALLY_HASHES)
        result->tally.spans = sha256(spans->data, spans->length);
    return TRUE;
}

static gboolean read_spans(const ShardPass *pass, StoreTxn *txn, const StoreValue *key, ShardResult *result, GError **error)
{
    StoreValue spans;
    GError *cause = NULL;
    if (store_get(txn, TABLE_SPANS, key->data, key->length, &spans, &cause))
        return count_spans(pass, &spans, result, error);
    if (!cause)
        return bad_shard(result, "has tokens but no spans", error);
    g_propagate_error(error, cause);
    return FALSE;
}

static gboolean tally_shard(const ShardPass *pass, StoreTxn *txn, const StoreRecord *record, ShardResult *result, GError **error)
{
    StoreValue tokens;
    if (!shard_key_read(&record->key, &result->split, &result->number) || !store_record_value(record, FALSE, &tokens)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "table %s has a record that is no shard; run galen audit",
                    store_table_name(TABLE_SHARDS));
        return FALSE;
    }
    result->tally.tokens = tokens.length / pass->width;
    if (pass->depth == TALLY_HASHES)
        result->tally.digest = sha256(tokens.data, tokens.length);
    return read_spans(pass, txn, &record->key, result, error);
}

static gpointer tally_shards(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error)
{
    g_autoptr(GArray) results = g_array_new(FALSE, TRUE, sizeof(ShardResult));
    g_array_set_clear_func(results, result_clear);
    g_array_set_size(results, count);
    for (guint i = 0; i < count; i++)
        if (!tally_shard(user, txn, &records[i], &g_array_index(results, ShardResult, i), error))
            return NULL;
    return g_steal_pointer(&results);
}

static gboolean take_shard(ShardPass *pass, const ShardResult *result, GError **error)
{
    GArray *shards = pass->tally->shards[result->split];
    if (result->number != shards->len)
        return bad_shard(result, "does not follow the one before it", error);
    g_array_append_val(shards, result->tally);
    for (guint i = 0; i < pass->tally->sources->len; i++) {
        SourceTally *source = g_ptr_array_index(pass->tally->sources, i);
        source->tokens[result->split] += result->tokens_by_source[i];
        source->packed += result->passes_by_source[i];
    }
    return TRUE;
}

static gboolean take_shards(gpointer user, gpointer result, GError **error)
{
    const GArray *results = result;
    for (guint i = 0; i < results->len; i++)
        if (!take_shard(user, &g_array_index(results, ShardResult, i), error))
            return FALSE;
    return TRUE;
}

static gboolean check_counts(StoreTxn *txn, GError **error)
{
    guint64 shards = store_count(txn, TABLE_SHARDS), spans = store_count(txn, TABLE_SPANS);
    if (shards == spans)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "there are %" G_GUINT64_FORMAT " shards, and spans of %" G_GUINT64_FORMAT "; run galen audit", shards, spans);
    return FALSE;
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
    ShardPass pass = {tally, depth, facts.width};
    StoreWalk walk = {.table = TABLE_SHARDS, .user = &pass, .work = tally_shards, .take = take_shards, .result_free = results_free};
    progress_begin(context->progress, "count shards", "shards", store_count(txn, TABLE_SHARDS));
    gboolean good = store_walk(context, &walk, error);
    progress_end(context->progress);
    return good && check_counts(txn, error);
}

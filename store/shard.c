/* SPDX-License-Identifier: Apache-2.0
 * Reading packed tokens in place; see store/shard.h.
 *
 * Everything about where shards and spans lie is gathered when the reader opens; after that it is read only, so that
 * any number of threads may use it without locks. */
#include "store/shard.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "store/shard_record.h"
#include "store/tokenizer_store.h"

typedef struct Shard {
    const void *ids; /* in the map, or `copy` */
    void *copy;      /* of a small shard that lies misaligned in its page; else NULL */
    guint64 tokens;
    guint64 first;     /* its first token's position in the split */
    const void *spans; /* in the map, at any even address */
    gsize span_count;
} Shard;

struct ShardReader {
    StoreTxn *txn;
    char split[8];
    TokenizerFacts facts;
    GArray *shards; /* of Shard */
    GPtrArray *sources;
    guint64 tokens;
    Sha256 digest;
};

static void shard_clear(gpointer data)
{
    g_free(((Shard *)data)->copy);
}

void shard_reader_free(ShardReader *reader)
{
    if (!reader)
        return;
    g_array_unref(reader->shards);
    g_ptr_array_unref(reader->sources);
    if (reader->txn)
        store_read_end(reader->txn);
    g_free(reader);
}

static gboolean bad_shard(const ShardReader *reader, guint shard, const char *what, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "shard %s/%u %s; run galen audit", reader->split, shard, what);
    return FALSE;
}

/* Spans are searched by position: they must tile the shard. */
static gboolean check_spans(const ShardReader *reader, const Shard *shard, GError **error)
{
    guint64 position = shard->first;
    for (gsize i = 0; i < shard->span_count; i++) {
        Span span = span_at(shard->spans, i);
        if (span.position != position || span.length == 0)
            return bad_shard(reader, reader->shards->len, "has spans that do not follow each other", error);
        position += span.length;
    }
    if (position != shard->first + shard->tokens)
        return bad_shard(reader, reader->shards->len, "has spans for another number of tokens", error);
    return TRUE;
}

static gboolean open_shard(ShardReader *reader, const StoreValue *ids, const StoreValue *spans, GError **error)
{
    unsigned width = reader->facts.width;
    if (ids->length % width != 0)
        return bad_shard(reader, reader->shards->len, "is no whole number of tokens", error);
    if (spans->length % sizeof(Span) != 0)
        return bad_shard(reader, reader->shards->len, "has spans of a wrong size", error);
    Shard shard = {
        .ids = ids->data,
        .tokens = ids->length / width,
        .first = reader->tokens,
        .spans = spans->data,
        .span_count = spans->length / sizeof(Span),
    };
    if (!check_spans(reader, &shard, error))
        return FALSE;
    if ((guintptr)shard.ids % width != 0)
        shard.ids = shard.copy = g_memdup2(ids->data, ids->length);
    reader->tokens += shard.tokens;
    g_array_append_val(reader->shards, shard);
    return TRUE;
}

/* One shard after the other until there is no next; FALSE, no error: there is none. */
static gboolean open_next(ShardReader *reader, Sha256Context *digests, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    guint number = reader->shards->len;
    StoreValue ids, spans;
    GError *cause = NULL;
    shard_key(reader->split, number, key);
    if (!store_get_unchecked(reader->txn, TABLE_SHARDS, key, sizeof key, &ids, error))
        return FALSE;
    if (!store_get(reader->txn, TABLE_SPANS, key, sizeof key, &spans, &cause)) {
        if (cause)
            g_propagate_error(error, cause);
        else
            bad_shard(reader, number, "has no spans", error);
        return FALSE;
    }
    Sha256 digest;
    if (!shard_digest_get(reader->txn, reader->split, number, &digest, &cause)) {
        if (cause)
            g_propagate_error(error, cause);
        else
            bad_shard(reader, number, "has no recorded SHA-256", error);
        return FALSE;
    }
    sha256_update(digests, digest.bytes, sizeof digest.bytes);
    return open_shard(reader, &ids, &spans, error);
}

static gboolean open_sources(ShardReader *reader, GError **error)
{
    GError *cause = NULL;
    g_autofree char *text = store_get_meta(reader->txn, "sources", &cause);
    g_autoptr(json_t) sources = text ? json_parse(text, strlen(text), "the store's record \"sources\"", &cause) : NULL;
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(sources); i++) {
        const char *tag = json_get_string(json_array_get(sources, i), "tag");
        g_ptr_array_add(reader->sources, g_strdup(tag ? tag : ""));
    }
    return TRUE;
}

static gboolean open_all(ShardReader *reader, GError **error)
{
    GError *cause = NULL;
    g_autoptr(Sha256Context) digests = sha256_new();
    if (!tokenizer_facts(reader->txn, &reader->facts, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "the store has no tokens yet; run galen build or galen pack");
        g_propagate_error(error, cause);
        return FALSE;
    }
    while (open_next(reader, digests, &cause))
        ;
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    reader->digest = sha256_finish(digests);
    return open_sources(reader, error);
}

static gboolean known_split(const char *split, GError **error)
{
    Split found;
    if (split_find(split, &found))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no split \"%s\"; the splits are train, valid and test", split);
    return FALSE;
}

ShardReader *shard_reader_open(Store *store, const char *split, GError **error)
{
    if (!known_split(split, error))
        return NULL;
    g_autoptr(ShardReader) reader = g_new0(ShardReader, 1);
    g_strlcpy(reader->split, split, sizeof reader->split);
    reader->shards = g_array_new(FALSE, FALSE, sizeof(Shard));
    g_array_set_clear_func(reader->shards, shard_clear);
    reader->sources = g_ptr_array_new_with_free_func(g_free);
    reader->txn = store_read_begin(store, error);
    if (!reader->txn)
        return NULL;
    if (!open_all(reader, error)) {
        g_prefix_error(error, "while opening the %s split of %s: ", split, store_directory(store));
        return NULL;
    }
    return g_steal_pointer(&reader);
}

guint64 shard_reader_tokens(const ShardReader *reader)
{
    return reader->tokens;
}

guint32 shard_reader_vocabulary(const ShardReader *reader)
{
    return reader->facts.vocabulary;
}

unsigned shard_reader_shards(const ShardReader *reader)
{
    return reader->shards->len;
}

const void *shard_reader_shard(const ShardReader *reader, unsigned shard, guint64 *tokens, unsigned *width)
{
    if (shard >= reader->shards->len)
        return NULL;
    const Shard *found = &g_array_index(reader->shards, Shard, shard);
    *tokens = found->tokens;
    *width = reader->facts.width;
    return found->ids;
}

gboolean shard_reader_verify(const ShardReader *reader, unsigned shard, GError **error)
{
    const Shard *found = &g_array_index(reader->shards, Shard, shard);
    Sha256 recorded, digest = sha256(found->ids, (gsize)found->tokens * reader->facts.width);
    if (!shard_digest_get(reader->txn, reader->split, shard, &recorded, error))
        return FALSE;
    if (memcmp(&recorded, &digest, sizeof digest) == 0)
        return TRUE;
    char wanted[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];
    sha256_hex(&recorded, wanted);
    sha256_hex(&digest, got);
    g_autofree char *what = g_strdup_printf("has the SHA-256 %s, but was packed with %s", got, wanted);
    return bad_shard(reader, shard, what, error);
}

/* The shard that holds `position`, which must be in the split. */
static guint find_shard(const ShardReader *reader, guint64 position)
{
    guint low = 0, high = reader->shards->len;
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(reader->shards, Shard, middle).first <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static gboolean check_range(const ShardReader *reader, guint64 position, gsize count, GError **error)
{
    if (position <= reader->tokens && count <= reader->tokens - position)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE,
                "%" G_GSIZE_FORMAT " tokens from %" G_GUINT64_FORMAT " on were asked for, but split %s has %" G_GUINT64_FORMAT,
                count, position, reader->split, reader->tokens);
    return FALSE;
}

/* Ids are widened in blocks of a fixed length, which the compiler turns into vector code. */
#define BLOCK 64

static guint32 widen_block(const guint16 *restrict from, guint32 *restrict ids)
{
    guint32 largest = 0;
    for (unsigned i = 0; i < BLOCK; i++) {
        ids[i] = from[i];
        largest = MAX(largest, ids[i]);
    }
    return largest;
}

static guint32 largest_of_block(const guint32 *ids)
{
    guint32 largest = 0;
    for (unsigned i = 0; i < BLOCK; i++)
        largest = MAX(largest, ids[i]);
    return largest;
}

/* Copies ids and gives the largest. */
static guint32 widen(const void *from, unsigned width, gsize count, guint32 *ids)
{
    guint32 largest = 0;
    gsize done = 0;
    if (width == 4)
        memcpy(ids, from, count * sizeof *ids);
    for (; count - done >= BLOCK; done += BLOCK) {
        guint32 block = width == 2 ? widen_block((const guint16 *)from + done, ids + done) : largest_of_block(ids + done);
        largest = MAX(largest, block);
    }
    for (; done < count; done++) {
        if (width == 2)
            ids[done] = ((const guint16 *)from)[done];
        largest = MAX(largest, ids[done]);
    }
    return largest;
}

gboolean shard_reader_read(const ShardReader *reader, guint64 position, gsize count, guint32 *ids, GError **error)
{
    if (!check_range(reader, position, count, error))
        return FALSE;
    for (guint number = count ? find_shard(reader, position) : 0; count; number++) {
        const Shard *shard = &g_array_index(reader->shards, Shard, number);
        guint64 skip = position - shard->first;
        gsize take = (gsize)MIN((guint64)count, shard->tokens - skip);
        const char *from = (const char *)shard->ids + skip * reader->facts.width;
        if (take && widen(from, reader->facts.width, take, ids) >= reader->facts.vocabulary)
            return bad_shard(reader, number, "has a token id past the vocabulary", error);
        position += take;
        count -= take;
        ids += take;
    }
    return TRUE;
}

/* The last span that begins at or before `position`. */
static gsize find_span(const Shard *shard, guint64 position)
{
    gsize low = 0, high = shard->span_count;
    while (high - low > 1) {
        gsize middle = low + (high - low) / 2;
        if (span_at(shard->spans, middle).position <= position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void append_clipped(GArray *spans, Span span, guint64 begin, guint64 end)
{
    guint64 from = MAX(span.position, begin), to = MIN(span.position + span.length, end);
    span.offset += (guint32)(from - span.position);
    span.length = (guint32)(to - from);
    span.position = from;
    g_array_append_val(spans, span);
}

gboolean shard_reader_spans(const ShardReader *reader, guint64 position, gsize count, GArray *spans, GError **error)
{
    if (!check_range(reader, position, count, error))
        return FALSE;
    guint64 end = position + count;
    for (guint number = count ? find_shard(reader, position) : 0; position < end; number++) {
        const Shard *shard = &g_array_index(reader->shards, Shard, number);
        for (gsize i = find_span(shard, position); i < shard->span_count && position < end; i++) {
            Span span = span_at(shard->spans, i);
            append_clipped(spans, span, position, end);
            position = span.position + span.length;
        }
    }
    return TRUE;
}

const char *shard_reader_source(const ShardReader *reader, guint32 source)
{
    return source < reader->sources->len ? g_ptr_array_index(reader->sources, source) : NULL;
}

unsigned shard_reader_sources(const ShardReader *reader)
{
    return reader->sources->len;
}

const Sha256 *shard_reader_digest(const ShardReader *reader)
{
    return &reader->digest;
}

/* SPDX-License-Identifier: Apache-2.0
 * A split of synthetic documents behind the functions of store/shard.h; see tests/unit/fake_shard.h. */
#include "tests/unit/fake_shard.h"

#include "base/error.h"
#include "store/shard.h"

struct ShardReader {
    GArray *ids;   /* of guint16 */
    GArray *spans; /* of Span, cut at the ends of shards */
    Sha256 digest;
};

static guint64 split_tokens[2] = {20000, 3000}, split_salt = 1, broken = G_MAXUINT64;

void fake_shard_configure(guint64 train_tokens, guint64 valid_tokens, guint64 salt)
{
    split_tokens[0] = train_tokens;
    split_tokens[1] = valid_tokens;
    split_salt = salt;
}

void fake_shard_break(guint64 docno)
{
    broken = docno;
}

static gboolean pads;

void fake_shard_pad(gboolean pad)
{
    pads = pad;
}

static void add_document(ShardReader *reader, guint64 seed, guint64 docno, guint64 tokens)
{
    guint64 length = MIN(37 + random_at(seed, "length", docno) % 100, tokens - reader->ids->len), start = reader->ids->len;
    guint16 id = (guint16)(random_at(seed, "first", docno) % FAKE_VOCABULARY);
    for (guint64 i = 0; i < length; i++) {
        guint64 position = reader->ids->len;
        g_array_append_val(reader->ids, id);
        if (i == 0 || position % FAKE_SHARD_TOKENS == 0) {
            Span span = {docno, position, 0, (guint32)(position - start), docno == broken ? 2 : (guint32)(docno % 2), 0};
            g_array_append_val(reader->spans, span);
        }
        g_array_index(reader->spans, Span, reader->spans->len - 1).length++;
        gboolean follows = docno != broken && random_unit_at(seed, "follows", position) < (docno % 2 ? 0.7 : 0.9);
        id = (guint16)((follows ? (docno % 2 ? 3u : 7u) * id + 5u : random_at(seed, "noise", position)) % FAKE_VOCABULARY);
    }
}

ShardReader *shard_reader_open(Store *store, const char *split, GError **error)
{
    gboolean valid = g_str_equal(split, "valid");
    guint64 seed = split_salt * 2 + (guint64)valid;
    ShardReader *reader = g_new0(ShardReader, 1);
    reader->ids = g_array_new(FALSE, FALSE, sizeof(guint16));
    reader->spans = g_array_new(FALSE, FALSE, sizeof(Span));
    for (guint64 docno = 0; reader->ids->len < split_tokens[valid]; docno++)
        add_document(reader, seed, docno, split_tokens[valid]);
    for (guint i = 0; pads && i < reader->spans->len; i++) {
        Span *span = &g_array_index(reader->spans, Span, i);
        if (span->docno % 7 == 6)
            *span = (Span){DOCNO_NONE, span->position, span->length, span->offset, SPAN_NO_SOURCE, 0};
    }
    reader->digest = sha256(reader->ids->data, reader->ids->len * sizeof(guint16));
    return reader;
}

void shard_reader_free(ShardReader *reader)
{
    if (!reader)
        return;
    g_array_free(reader->ids, TRUE);
    g_array_free(reader->spans, TRUE);
    g_free(reader);
}

guint64 shard_reader_tokens(const ShardReader *reader)
{
    return reader->ids->len;
}

guint32 shard_reader_vocabulary(const ShardReader *reader)
{
    return FAKE_VOCABULARY;
}

unsigned shard_reader_shards(const ShardReader *reader)
{
    return (reader->ids->len + FAKE_SHARD_TOKENS - 1) / FAKE_SHARD_TOKENS;
}

const void *shard_reader_shard(const ShardReader *reader, unsigned shard, guint64 *tokens, unsigned *width)
{
    *tokens = MIN(FAKE_SHARD_TOKENS, reader->ids->len - shard * FAKE_SHARD_TOKENS);
    *width = 2;
    return reader->ids->data + shard * FAKE_SHARD_TOKENS * sizeof(guint16);
}

gboolean shard_reader_verify(const ShardReader *reader, unsigned shard, GError **error)
{
    return TRUE;
}

gboolean shard_reader_read(const ShardReader *reader, guint64 position, gsize count, guint32 *ids, GError **error)
{
    if (position + count > reader->ids->len) {
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_INPUT, "past the end of the split");
        return FALSE;
    }
    for (gsize i = 0; i < count; i++)
        ids[i] = g_array_index(reader->ids, guint16, position + i);
    return TRUE;
}

gboolean shard_reader_spans(const ShardReader *reader, guint64 position, gsize count, GArray *spans, GError **error)
{
    for (guint i = 0; i < reader->spans->len; i++) {
        Span span = g_array_index(reader->spans, Span, i);
        guint64 begin = MAX(span.position, position), end = MIN(span.position + span.length, position + count);
        if (begin >= end)
            continue;
        span.offset += (guint32)(begin - span.position);
        span.position = begin;
        span.length = (guint32)(end - begin);
        g_array_append_val(spans, span);
    }
    return TRUE;
}

const char *shard_reader_source(const ShardReader *reader, guint32 source)
{
    return source == 2 ? "noise" : source ? "odd" : "even";
}

unsigned shard_reader_sources(const ShardReader *reader)
{
    return 3;
}

const Sha256 *shard_reader_digest(const ShardReader *reader)
{
    return &reader->digest;
}

/* SPDX-License-Identifier: Apache-2.0
 * store/shard.h: positions across shards, clipped spans, and damaged shards refused. */
#include "store/shard.h"

#include <string.h>

#include "base/error.h"
#include "store/shard_record.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

/* Two shards of 5 and 3 tokens; document 11 is cut by the end of the first. */
typedef struct Layout {
    guint32 vocabulary;
    guint32 ids[8];
    Span spans[2][2];
} Layout;

static const Layout good_layout = {
    .vocabulary = 70000,
    .ids = {69999, 1, 2, 3, 4, 5, 6, 65536},
    .spans = {{{10, 0, 3, 0, 0, 0}, {11, 3, 2, 0, 1, 0}}, {{11, 5, 2, 2, 1, 0}, {12, 7, 1, 0, 0, 1}}},
};

static gboolean put_shard(StoreTxn *txn, const Layout *layout, guint32 shard, GError **error)
{
    gsize first = shard ? 5 : 0, count = shard ? 3 : 5;
    guint16 narrow[8];
    guint8 key[SHARD_KEY_SIZE];
    Sha256 digest = {{(guint8)shard}};
    for (gsize i = 0; i < 8; i++)
        narrow[i] = (guint16)layout->ids[i];
    gboolean wide = layout->vocabulary > 65536;
    const void *from = wide ? (const void *)(layout->ids + first) : (const void *)(narrow + first);
    shard_key("train", shard, key);
    return store_put(txn, TABLE_SHARDS, key, sizeof key, from, count * (wide ? 4 : 2), error) &&
           store_put(txn, TABLE_SPANS, key, sizeof key, layout->spans[shard], sizeof layout->spans[shard], error) &&
           shard_digest_put(txn, "train", shard, &digest, error);
}

static gboolean put_layout(StoreTxn *txn, gpointer user, GError **error)
{
    const Layout *layout = user;
    char zeros[SHA256_HEX_SIZE];
    memset(zeros, '0', 64);
    zeros[64] = '\0';
    g_autofree char *facts = g_strdup_printf("{\"bos\":1,\"eos\":2,\"sha256\":\"%s\",\"vocabulary\":%u,\"width\":%d}", zeros,
                                             layout->vocabulary, layout->vocabulary > 65536 ? 4 : 2);
    return store_put_meta(txn, "tokenizer", facts, error) &&
           store_put_meta(txn, "sources", "[{\"tag\":\"guide\"},{\"tag\":\"paper\"}]", error) &&
           put_shard(txn, layout, 0, error) && put_shard(txn, layout, 1, error);
}

static Store *layout_store(const char *name, const Layout *layout)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fixture_path(fixture, name);
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    fixture_write(store, put_layout, (gpointer)layout);
    return store;
}

static ShardReader *open_reader(Store *store)
{
    g_autoptr(GError) error = NULL;
    ShardReader *reader = shard_reader_open(store, "train", &error);
    g_assert_no_error(error);
    return reader;
}

static void test_every_range_reads_the_same_as_the_whole(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = layout_store("ranges", &good_layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    g_assert_cmpuint(shard_reader_tokens(reader), ==, 8);
    g_assert_cmpuint(shard_reader_shards(reader), ==, 2);
    g_assert_cmpuint(shard_reader_vocabulary(reader), ==, 70000);
    for (guint64 from = 0; from <= 8; from++)
        for (gsize count = 0; from + count <= 8; count++) {
            guint32 ids[9] = {0};
            ids[count] = 42;
            g_assert_true(shard_reader_read(reader, from, count, ids, &error));
            g_assert_cmpmem(ids, count * 4, good_layout.ids + from, count * 4);
            g_assert_cmpuint(ids[count], ==, 42);
        }
}

static void test_narrow_ids_are_widened(void)
{
    g_autoptr(GError) error = NULL;
    Layout layout = good_layout;
    layout.vocabulary = 65536;
    layout.ids[0] = 65535;
    layout.ids[7] = 32768;
    g_autoptr(Store) store = layout_store("narrow", &layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    guint32 ids[8];
    guint64 tokens;
    unsigned width;
    g_assert_true(shard_reader_read(reader, 0, 8, ids, &error));
    g_assert_cmpmem(ids, sizeof ids, layout.ids, sizeof ids);
    const guint16 *shard = shard_reader_shard(reader, 1, &tokens, &width);
    g_assert_cmpuint(tokens, ==, 3);
    g_assert_cmpuint(width, ==, 2);
    g_assert_cmpuint(shard[2], ==, 32768);
}

static void test_spans_are_clipped_to_the_range(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = layout_store("clipped", &good_layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    static const Docno owner[8] = {10, 10, 10, 11, 11, 11, 11, 12};
    static const guint32 offset[8] = {0, 1, 2, 0, 1, 2, 3, 0};
    for (guint64 from = 0; from <= 8; from++)
        for (gsize count = 0; from + count <= 8; count++) {
            g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
            g_assert_true(shard_reader_spans(reader, from, count, spans, &error));
            guint64 position = from;
            for (guint i = 0; i < spans->len; i++) {
                const Span *span = &g_array_index(spans, Span, i);
                g_assert_cmpuint(span->position, ==, position);
                for (guint32 token = 0; token < span->length; token++, position++) {
                    g_assert_cmpuint(span->docno, ==, owner[position]);
                    g_assert_cmpuint(span->offset + token, ==, offset[position]);
                }
            }
            g_assert_cmpuint(position, ==, from + count);
        }
}

static void test_a_range_past_the_end_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = layout_store("past", &good_layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    guint32 ids[9];
    g_assert_false(shard_reader_read(reader, 0, 9, ids, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_false(shard_reader_read(reader, G_MAXUINT64, 2, ids, &error));
    g_clear_error(&error);
    g_assert_false(shard_reader_spans(reader, 8, 1, spans, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_USAGE);
}

static void test_sources_have_their_tags(void)
{
    g_autoptr(Store) store = layout_store("tags", &good_layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    g_assert_cmpuint(shard_reader_sources(reader), ==, 2);
    g_assert_cmpstr(shard_reader_source(reader, 1), ==, "paper");
    g_assert_null(shard_reader_source(reader, 2));
}

static void test_an_empty_split_has_no_tokens_and_an_unknown_one_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = layout_store("splits", &good_layout);
    g_autoptr(ShardReader) valid = shard_reader_open(store, "valid", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(shard_reader_tokens(valid), ==, 0);
    g_assert_true(shard_reader_read(valid, 0, 0, NULL, &error));
    g_assert_null(shard_reader_open(store, "training", &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_USAGE);
}

static void test_the_digest_names_the_data(void)
{
    g_autoptr(Store) store = layout_store("digest", &good_layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    Sha256 parts[2] = {{{0}}, {{1}}};
    Sha256 expected = sha256(parts, sizeof parts);
    g_assert_cmpmem(shard_reader_digest(reader), sizeof expected, &expected, sizeof expected);
}

static void test_an_id_past_the_vocabulary_is_an_input_error(void)
{
    g_autoptr(GError) error = NULL;
    Layout layout = good_layout;
    layout.ids[6] = 70000;
    g_autoptr(Store) store = layout_store("large", &layout);
    g_autoptr(ShardReader) reader = open_reader(store);
    guint32 ids[8];
    g_assert_true(shard_reader_read(reader, 0, 6, ids, &error));
    g_assert_false(shard_reader_read(reader, 0, 8, ids, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "train/1"));
}

static void assert_spans_refused(const char *name, const Layout *layout)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = layout_store(name, layout);
    g_assert_null(shard_reader_open(store, "train", &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "galen audit"));
}

static void test_spans_that_do_not_tile_are_refused(void)
{
    Layout gap = good_layout, short_one = good_layout, empty = good_layout, huge = good_layout;
    gap.spans[0][1].position = 4;
    short_one.spans[1][1].length = 2;
    empty.spans[0][0].length = 0;
    huge.spans[1][1].length = G_MAXUINT32;
    assert_spans_refused("gap", &gap);
    assert_spans_refused("short", &short_one);
    assert_spans_refused("empty", &empty);
    assert_spans_refused("huge", &huge);
}

static gboolean put_half_token(StoreTxn *txn, gpointer user, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    shard_key("train", 0, key);
    return store_put(txn, TABLE_SHARDS, key, sizeof key, good_layout.ids, 18, error);
}

static void test_a_shard_of_half_a_token_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = layout_store("half", &good_layout);
    fixture_write(store, put_half_token, NULL);
    g_assert_null(shard_reader_open(store, "train", &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "train/0"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/shard/every range reads the same as the whole", test_every_range_reads_the_same_as_the_whole);
    g_test_add_func("/shard/narrow ids are widened", test_narrow_ids_are_widened);
    g_test_add_func("/shard/spans are clipped to the range", test_spans_are_clipped_to_the_range);
    g_test_add_func("/shard/a range past the end is refused", test_a_range_past_the_end_is_refused);
    g_test_add_func("/shard/sources have their tags", test_sources_have_their_tags);
    g_test_add_func("/shard/an empty split has no tokens and an unknown one is refused",
                    test_an_empty_split_has_no_tokens_and_an_unknown_one_is_refused);
    g_test_add_func("/shard/the digest names the data", test_the_digest_names_the_data);
    g_test_add_func("/shard/an id past the vocabulary is an input error", test_an_id_past_the_vocabulary_is_an_input_error);
    g_test_add_func("/shard/spans that do not tile are refused", test_spans_that_do_not_tile_are_refused);
    g_test_add_func("/shard/a shard of half a token is refused", test_a_shard_of_half_a_token_is_refused);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}

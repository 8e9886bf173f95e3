/* SPDX-License-Identifier: Apache-2.0
 * Counters per source; see store/manifest_parts.h. */
#include <string.h>

#include "base/error.h"
#include "store/counters.h"
#include "store/manifest_parts.h"
#include "store/upsample.h"

const char *const digest_names[DIGEST_COUNT] = {"captures", "extracted", "clean", "verdicts", "notes"};

static void source_tally_free(gpointer data)
{
    SourceTally *source = data;
    g_free(source->tag);
    json_decref(source->facts);
    g_hash_table_unref(source->dropped_by);
    g_hash_table_unref(source->merged_by);
    g_hash_table_unref(source->licences);
    for (unsigned i = 0; i < DIGEST_COUNT; i++)
        sha256_free(source->chains[i]);
    g_free(source);
}

static SourceTally *source_tally_new(const char *tag, json_t *facts)
{
    SourceTally *source = g_new0(SourceTally, 1);
    source->tag = g_strdup(tag);
    source->facts = json_incref(facts);
    source->dropped_by = counters_new();
    source->merged_by = counters_new();
    source->licences = counters_new();
    for (unsigned i = 0; i < DIGEST_COUNT; i++)
        source->chains[i] = sha256_new();
    return source;
}

void tally_free(Tally *tally)
{
    if (!tally)
        return;
    g_hash_table_unref(tally->by_tag);
    g_ptr_array_unref(tally->sources);
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        g_array_unref(tally->shards[i]);
    g_free(tally);
}

static json_t *read_sources(Store *store, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return NULL;
    GError *cause = NULL;
    g_autofree char *text = store_get_meta(txn, "sources", &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return NULL;
    }
    return text ? json_parse(text, strlen(text), "the store's record \"sources\"", error) : json_array();
}

static guint64 count_of(const StageRun *run, const char *tag, const char *what)
{
    g_autofree char *key = g_strconcat(tag, "/", what, NULL);
    return (guint64)json_integer_value(json_object_get(run->counts, key));
}

/* What samples were drawn of, which only the stage that drew them has counted. */
static gboolean read_samples(Store *store, Tally *tally, GError **error)
{
    GError *cause = NULL;
    g_auto(StageRun) run = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, &cause);
    if (txn && stage_load(txn, stage_order[0], &run, &cause))
        for (guint i = 0; i < tally->sources->len; i++) {
            SourceTally *source = g_ptr_array_index(tally->sources, i);
            source->seen = count_of(&run, source->tag, "seen");
            source->seen_bytes = count_of(&run, source->tag, "seen_bytes");
            source->drawn_bytes = count_of(&run, source->tag, "bytes");
        }
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}

Tally *tally_new(Store *store, GError **error)
{
    g_autoptr(json_t) sources = read_sources(store, error);
    if (!sources)
        return NULL;
    g_autoptr(Tally) tally = g_new0(Tally, 1);
    tally->sources = g_ptr_array_new_with_free_func(source_tally_free);
    tally->by_tag = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        tally->shards[i] = g_array_new(FALSE, FALSE, sizeof(ShardTally));
    for (gsize i = 0; i < json_array_size(sources); i++) {
        json_t *facts = json_array_get(sources, i);
        const char *tag = json_get_string(facts, "tag");
        if (!tag || g_hash_table_contains(tally->by_tag, tag)) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the store's record \"sources\" has a missing or repeated tag at number %" G_GSIZE_FORMAT, i);
            return NULL;
        }
        SourceTally *source = source_tally_new(tag, facts);
        g_ptr_array_add(tally->sources, source);
        g_hash_table_insert(tally->by_tag, source->tag, source);
    }
    return read_samples(store, tally, error) ? g_steal_pointer(&tally) : NULL;
}

guint64 tally_sum(const Tally *tally, gsize member_offset)
{
    guint64 sum = 0;
    for (guint i = 0; i < tally->sources->len; i++)
        sum += *(const guint64 *)G_STRUCT_MEMBER_P(g_ptr_array_index(tally->sources, i), member_offset);
    return sum;
}

json_t *sha256_json(const Sha256 *digest)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex(digest, hex);
    return json_string(hex);
}

json_t *tally_source_json(const SourceTally *source, TallyDepth depth)
{
    static const char *const copied[] = {"name", "group", "licence", "redistributable"};
    json_t *object = json_object();
    json_object_set_new(object, "tag", json_text(source->tag));
    for (gsize i = 0; i < G_N_ELEMENTS(copied); i++) {
        json_t *value = json_object_get(source->facts, copied[i]);
        json_object_set(object, copied[i], value ? value : json_null());
    }
    json_object_set_new(object, "entered", json_integer((json_int_t)source->entered));
    json_object_set_new(object, "kept", json_integer((json_int_t)source->kept));
    json_object_set_new(object, "dropped", json_integer((json_int_t)source->dropped));
    json_object_set_new(object, "merged", json_integer((json_int_t)source->merged));
    json_object_set_new(object, "undecided", json_integer((json_int_t)source->undecided));
    json_object_set_new(object, "dropped_by", counters_json(source->dropped_by));
    json_object_set_new(object, "merged_by", counters_json(source->merged_by));
    json_object_set_new(object, "licences", counters_json(source->licences));
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        g_autofree char *key = g_strconcat("tokens_", split_names[i], NULL);
        json_object_set_new(object, key, json_integer((json_int_t)source->tokens[i]));
    }
    if (json_object_get(source->facts, "sample")) {
        json_t *sample = json_copy(json_object_get(source->facts, "sample"));
        json_object_set_new(sample, "seen", json_integer((json_int_t)source->seen));
        json_object_set_new(sample, "seen_bytes", json_integer((json_int_t)source->seen_bytes));
        json_object_set_new(sample, "drawn", json_integer((json_int_t)source->entered));
        json_object_set_new(sample, "drawn_bytes", json_integer((json_int_t)source->drawn_bytes));
        json_object_set_new(object, "sample", sample);
    }
    if (source->upsampled)
        json_object_set_new(object, "upsample", json_pack("{s:I, s:f, s:I, s:I}", "documents", (json_int_t)source->upsampled, "asked",
                                                          (double)source->asked / (double)UPSAMPLE_ONE, "drawn", (json_int_t)source->drawn,
                                                          "packed", (json_int_t)source->packed));
    if (depth == TALLY_HASHES) {
        json_t *digests = json_object();
        for (unsigned i = 0; i < DIGEST_COUNT; i++)
            json_object_set_new(digests, digest_names[i], sha256_json(&source->digests[i]));
        json_object_set_new(object, "sha256", digests);
    }
    return object;
}

/* SPDX-License-Identifier: Apache-2.0
 * What is in the store, proved by hashes; see store/manifest.h. */
#include "store/manifest.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "config.h"
#include "store/manifest_parts.h"
#include "store/metadata.h"
#include "store/recipe_settings.h"
#include "store/seal.h"
#include "store/tokenizer_store.h"

#define MANIFEST_VERSION 2 /* 1: without settings, licences, spans; one digest a source */
#define MANIFEST_LIMIT ((gsize)1 << 30)

static json_t *recipe_json(StoreTxn *txn, GError **error)
{
    GError *cause = NULL;
    g_autoptr(json_t) settings = recipe_settings_get(txn, &cause);
    if (!settings) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the store is not packed yet; run galen build or galen pack");
        g_propagate_error(error, cause);
        return NULL;
    }
    g_autofree char *text = json_write(settings);
    Sha256 digest = sha256(text, strlen(text));
    json_t *object = json_object();
    json_object_set(object, "name", json_object_get(settings, "name"));
    json_object_set(object, "seed", json_object_get(settings, "seed"));
    json_object_set_new(object, "sha256", sha256_json(&digest));
    json_object_set(object, "settings", settings);
    return object;
}

static json_t *tokenizer_json(StoreTxn *txn, GError **error)
{
    TokenizerFacts facts;
    GError *cause = NULL;
    if (!tokenizer_facts(txn, &facts, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the store has no tokenizer yet; run galen build or galen pack");
        g_propagate_error(error, cause);
        return NULL;
    }
    json_t *object = json_object();
    json_object_set_new(object, "vocabulary", json_integer(facts.vocabulary));
    json_object_set_new(object, "width", json_integer(facts.width));
    json_object_set_new(object, "sha256", sha256_json(&facts.digest));
    return object;
}

/* The records of what was read, as ingest wrote them. */
static json_t *inputs_json(StoreTxn *txn, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_INPUTS, NULL, 0, error);
    if (!cursor)
        return NULL;
    g_autoptr(json_t) inputs = json_array();
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        json_t *input = json_parse(value.data, value.length, "a record of an input", error);
        if (!input)
            return NULL;
        json_object_del(input, "read"); /* the store's own: where and when */
        json_array_append_new(inputs, input);
    }
    return more == 0 ? g_steal_pointer(&inputs) : NULL;
}

/* What stages say about the whole corpus: object of the records that are there, by name. */
json_t *searches_json(StoreTxn *txn, GError **error)
{
    static const char *const names[] = {"passages", "contamination", "mix"};
    g_autoptr(json_t) searches = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        GError *cause = NULL;
        g_autofree char *text = store_get_meta(txn, names[i], &cause);
        json_t *search = text ? json_parse(text, strlen(text), names[i], &cause) : NULL;
        if (cause) {
            g_propagate_error(error, cause);
            return NULL;
        }
        if (search)
            json_object_set_new(searches, names[i], search);
    }
    return g_steal_pointer(&searches);
}

static json_t *sources_json(const Tally *tally)
{
    json_t *sources = json_array();
    for (guint i = 0; i < tally->sources->len; i++)
        json_array_append_new(sources, tally_source_json(g_ptr_array_index(tally->sources, i), TALLY_HASHES));
    return sources;
}

/* A split's digest is what shard_reader_digest gives: SHA-256 over the shards' digests. */
static json_t *split_json(const GArray *shards)
{
    g_autoptr(Sha256Context) chain = sha256_new();
    json_t *object = json_object(), *list = json_array();
    guint64 tokens = 0, padding = 0;
    for (guint i = 0; i < shards->len; i++) {
        const ShardTally *shard = &g_array_index(shards, ShardTally, i);
        json_t *entry = json_object();
        json_object_set_new(entry, "tokens", json_integer((json_int_t)shard->tokens));
        json_object_set_new(entry, "sha256", sha256_json(&shard->digest));
        json_object_set_new(entry, "spans_sha256", sha256_json(&shard->spans));
        json_array_append_new(list, entry);
        sha256_update(chain, shard->digest.bytes, sizeof shard->digest.bytes);
        tokens += shard->tokens;
        padding += shard->padding;
    }
    Sha256 digest = sha256_finish(chain);
    json_object_set_new(object, "tokens", json_integer((json_int_t)tokens));
    if (padding) /* of best-fit; else as before there was any */
        json_object_set_new(object, "padding", json_integer((json_int_t)padding));
    json_object_set_new(object, "sha256", sha256_json(&digest));
    json_object_set_new(object, "shards", list);
    return object;
}

static void set_sum(json_t *manifest, const char *key, const Tally *tally, gsize offset)
{
    json_object_set_new(manifest, key, json_integer((json_int_t)tally_sum(tally, offset)));
}

/* The tables of citations, as the stage metadata wrote them. */
static json_t *tables_json(StoreTxn *txn, GError **error)
{
    GError *cause = NULL;
    g_autofree char *text = store_get_meta(txn, METADATA_TABLES, &cause);
    if (text)
        return json_parse(text, strlen(text), "the store's record \"" METADATA_TABLES "\"", error);
    if (!cause)
        return json_array();
    g_propagate_error(error, cause);
    return NULL;
}

static json_t *assemble(json_t *recipe, json_t *tokenizer, json_t *inputs, json_t *tables, const Tally *tally)
{
    json_t *manifest = json_object(), *splits = json_object();
    json_object_set_new(manifest, "version", json_integer(MANIFEST_VERSION));
    json_object_set_new(manifest, "galen", json_string(PACKAGE_VERSION));
    json_object_set(manifest, "recipe", recipe);
    json_object_set(manifest, "tokenizer", tokenizer);
    set_sum(manifest, "entered", tally, G_STRUCT_OFFSET(SourceTally, entered));
    set_sum(manifest, "kept", tally, G_STRUCT_OFFSET(SourceTally, kept));
    set_sum(manifest, "dropped", tally, G_STRUCT_OFFSET(SourceTally, dropped));
    set_sum(manifest, "merged", tally, G_STRUCT_OFFSET(SourceTally, merged));
    set_sum(manifest, "undecided", tally, G_STRUCT_OFFSET(SourceTally, undecided));
    json_object_set_new(manifest, "sources", sources_json(tally));
    json_object_set(manifest, "inputs", inputs);
    json_object_set(manifest, "tables", tables);
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        json_object_set_new(splits, split_names[i], split_json(tally->shards[i]));
    json_object_set_new(manifest, "splits", splits);
    return manifest;
}

static json_t *gather(StageContext *context, GError **error)
{
    g_autoptr(Tally) tally = tally_new(context->store, error);
    if (!tally || !documents_tally(context, tally, TALLY_HASHES, error) || !shards_tally(context, tally, TALLY_HASHES, error))
        return NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_autoptr(json_t) recipe = txn ? recipe_json(txn, error) : NULL;
    g_autoptr(json_t) tokenizer = recipe ? tokenizer_json(txn, error) : NULL;
    g_autoptr(json_t) inputs = tokenizer ? inputs_json(txn, error) : NULL;
    g_autoptr(json_t) searches = inputs ? searches_json(txn, error) : NULL;
    g_autoptr(json_t) tables = searches ? tables_json(txn, error) : NULL;
    if (!tables)
        return NULL;
    json_t *manifest = assemble(recipe, tokenizer, inputs, tables, tally);
    json_object_update(manifest, searches);
    return manifest;
}

void manifest_seal(json_t *manifest)
{
    json_object_del(manifest, "root");
    g_autofree char *canonical = json_write(manifest);
    Sha256 root = sha256(canonical, strlen(canonical));
    json_object_set_new(manifest, "root", sha256_json(&root));
}

json_t *manifest_compute(StageContext *context, GError **error)
{
    json_t *manifest = gather(context, error);
    if (!manifest) {
        g_prefix_error(error, "while computing the manifest: ");
        return NULL;
    }
    manifest_seal(manifest);
    return manifest;
}

/* A stage that changes anything takes the manifest away first, so one that is there still tells the truth, unless the
 * recipe changed in what no stage reads (its name, say). */
static gboolean manifest_is_current(StageContext *context, gboolean *current, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    g_autoptr(json_t) recipe = txn ? recipe_json(txn, error) : NULL;
    if (!recipe)
        return FALSE;
    g_autoptr(json_t) manifest = manifest_read(context->store, NULL); /* an unreadable one is written anew */
    *current = manifest && json_equal(json_object_get(manifest, "recipe"), recipe);
    return TRUE;
}

gboolean manifest_write(StageContext *context, GError **error)
{
    gboolean current, sealed;
    if (!manifest_is_current(context, &current, error) || !seal_is_current(context, &sealed, error))
        return FALSE;
    if (current && sealed)
        return TRUE;
    if (!current)
        store_mark_unfinished(context->store);
    g_autoptr(json_t) manifest = current ? manifest_read(context->store, error) : manifest_compute(context, error);
    if (!manifest)
        return FALSE;
    g_autofree char *text = json_pretty(manifest);
    g_autofree char *path = g_build_filename(store_directory(context->store), STORE_MANIFEST, NULL);
    return seal_write(context, text, json_get_string(manifest, "root"), error) &&
           file_replace(path, text, strlen(text), error);
}

static json_t *read_json(const Store *store, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(store_directory(store), name, NULL);
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return NULL;
    if (!file_read(path, MANIFEST_LIMIT, &text, &length, error))
        return NULL;
    return json_parse(text, length, path, error);
}

json_t *manifest_read(const Store *store, GError **error)
{
    return read_json(store, STORE_MANIFEST, error);
}

json_t *manifest_require(const Store *store, const char *then, GError **error)
{
    GError *cause = NULL;
    json_t *manifest = manifest_read(store, &cause);
    if (!manifest && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is unfinished: 'galen build' goes on with it, then %s", store_directory(store), then);
    if (cause)
        g_propagate_error(error, cause);
    return manifest;
}

json_t *manifest_read_previous(const Store *store, GError **error)
{
    return read_json(store, STORE_PREVIOUS_MANIFEST, error);
}

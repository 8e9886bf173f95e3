/* SPDX-License-Identifier: Apache-2.0
 * Forgotten pages and raw captures; see scrapers/forget_captures.h. */
#include "scrapers/forget_captures.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "scrapers/fetch/warc_forget.h"
#include "scrapers/inputs.h"
#include "store/forget.h"

typedef struct Sought {
    StoreTxn *txn;
    const char *source;
} Sought;

static gboolean is_out(gpointer user, const char *url)
{
    const Sought *sought = user;
    g_auto(Tombstone) tombstone = {0};
    guint8 key[DOCUMENT_KEY_SIZE];
    document_key(sought->source, url, key);
    return tombstone_get(sought->txn, key, &tombstone, NULL) && tombstone.captures;
}

/* A record of TABLE_INPUTS that is to be written anew. */
typedef struct CrawlInput {
    GBytes *key;
    json_t *facts;
} CrawlInput;

static void crawl_input_clear(gpointer data)
{
    CrawlInput *input = data;
    g_bytes_unref(input->key);
    json_decref(input->facts);
}

static gboolean forget_in(Store *store, StoreTxn *txn, json_t *facts, GError **error)
{
    Sought sought = {txn, json_get_string(facts, "source")};
    struct stat status;
    guint64 records;
    g_autofree char *path = inputs_capture_path(store_directory(store), sought.source ? sought.source : "");
    if (!warc_forget(path, is_out, &sought, &records, error) || !file_examine(path, &status, error))
        return FALSE;
    json_t *read = json_object_get(facts, "read");
    json_object_set_new(read, "size", json_integer((json_int_t)status.st_size));
    json_object_set_new(read, "changed", json_integer((json_int_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec));
    return TRUE;
}

static gboolean forget_in_crawls(Store *store, StoreTxn *txn, GArray *inputs, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_INPUTS, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        g_autoptr(json_t) facts = json_parse(value.data, value.length, "a record of an input", error);
        if (!facts)
            return FALSE;
        if (g_strcmp0(json_get_string(facts, "kind"), "crawl") != 0)
            continue;
        if (!forget_in(store, txn, facts, error))
            return FALSE;
        CrawlInput input = {g_bytes_new(key.data, key.length), json_incref(facts)};
        g_array_append_val(inputs, input);
    }
    return more == 0;
}

static gboolean put_inputs(StoreTxn *txn, gpointer user, GError **error)
{
    const GArray *inputs = user;
    for (guint i = 0; i < inputs->len; i++) {
        const CrawlInput *input = &g_array_index(inputs, CrawlInput, i);
        g_autofree char *text = json_write(input->facts);
        gsize length;
        const void *key = g_bytes_get_data(input->key, &length);
        if (!store_put(txn, TABLE_INPUTS, key, length, text, strlen(text), error))
            return FALSE;
    }
    return forgetting_captures_done(txn, error);
}

gboolean forget_captures(Store *store, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    g_autoptr(GArray) inputs = g_array_new(FALSE, FALSE, sizeof(CrawlInput));
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_array_set_clear_func(inputs, crawl_input_clear);
    if (!txn || !forgetting_load(txn, &forgetting, error))
        return FALSE;
    if (!forgetting.captures)
        return TRUE;
    if (!forget_in_crawls(store, txn, inputs, error))
        return FALSE;
    g_clear_pointer(&txn, store_read_end);
    return store_write(store, put_inputs, inputs, error);
}

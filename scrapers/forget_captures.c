/* SPDX-License-Identifier: Apache-2.0
 * Forgotten pages and raw captures; see scrapers/forget_captures.h. */
#include "scrapers/forget_captures.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "scrapers/fetch/warc_forget.h"
#include "scrapers/inputs.h"
#include "store/audit.h"
#include "store/forget.h"
#include "store/tombstone.h"

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

/* Calls `visit` with the facts of each crawl among the inputs and its key in TABLE_INPUTS. */
static gboolean visit_crawls(StoreTxn *txn, gboolean (*visit)(gpointer user, const StoreValue *key, json_t *facts, GError **error), gpointer user,
                             GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_INPUTS, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        g_autoptr(json_t) facts = json_parse(value.data, value.length, "a record of an input", error);
        if (!facts || (g_strcmp0(json_get_string(facts, "kind"), "crawl") == 0 && !visit(user, &key, facts, error)))
            return FALSE;
    }
    return more == 0;
}

/* ---- Taken out --------------------------------------------------------------------------------------------------- */

typedef struct Forget {
    Store *store;
    StoreTxn *txn;
    GArray *inputs; /* of CrawlInput */
} Forget;

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

static gboolean forget_in_crawl(gpointer user, const StoreValue *key, json_t *facts, GError **error)
{
    Forget *forget = user;
    if (!forget_in(forget->store, forget->txn, facts, error))
        return FALSE;
    CrawlInput input = {g_bytes_new(key->data, key->length), json_incref(facts)};
    g_array_append_val(forget->inputs, input);
    return TRUE;
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
    if (!visit_crawls(txn, forget_in_crawl, &(Forget){store, txn, inputs}, error))
        return FALSE;
    g_clear_pointer(&txn, store_read_end);
    return store_write(store, put_inputs, inputs, error);
}

/* ---- Looked for -------------------------------------------------------------------------------------------------- */

typedef struct Search {
    Store *store;
    StoreTxn *txn;
    GPtrArray *findings;
} Search;

/* A file that is not there, or cannot be read to its end, has its finding: the seal knows its bytes. */
static gboolean search_crawl(gpointer user, const StoreValue *key, json_t *facts, GError **error)
{
    const Search *search = user;
    const char *source = json_get_string(facts, "source");
    Sought sought = {search->txn, source};
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autofree char *path = inputs_capture_path(store_directory(search->store), source ? source : "");
    warc_forget_check(path, is_out, &sought, left, NULL);
    for (guint i = 0; i < left->len; i++)
        findings_add(search->findings, FINDING_FORGOTTEN_TRACE, g_strdup_printf("captures/%s.warc.gz byte %" G_GUINT64_FORMAT, source,
                     g_array_index(left, guint64, i)), "the raw capture of a page that was forgotten with its captures");
    return TRUE;
}

gboolean forget_captures_audit(Store *store, GPtrArray *findings, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(Tombstones) tombstones = txn ? tombstones_load(txn, NULL) : NULL;
    if (!txn)
        return FALSE;
    /* Damaged records have their findings. */
    if (tombstones && tombstones_count(tombstones))
        visit_crawls(txn, search_crawl, &(Search){store, txn, findings}, NULL);
    return TRUE;
}

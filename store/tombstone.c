/* SPDX-License-Identifier: Apache-2.0
 * Tombstones and stubs; see store/tombstone.h. */
#include "store/tombstone.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

void tombstone_clear(Tombstone *tombstone)
{
    g_free(tombstone->reason);
    g_free(tombstone->by);
    g_free(tombstone->matched);
    *tombstone = (Tombstone){0};
}

/* ---- Records --------------------------------------------------------------------------------------------------- */

gboolean tombstone_put(StoreTxn *txn, const guint8 key[DOCUMENT_KEY_SIZE], const Tombstone *tombstone, GError **error)
{
    g_autoptr(json_t) object = json_pack("{s:I, s:b}", "time", (json_int_t)tombstone->time, "captures", tombstone->captures);
    json_object_set_new(object, "reason", json_text(tombstone->reason));
    json_object_set_new(object, "by", json_text(tombstone->by));
    json_object_set_new(object, "matched", json_text(tombstone->matched));
    g_autofree char *text = json_write(object);
    return store_put(txn, TABLE_TOMBSTONES, key, DOCUMENT_KEY_SIZE, text, strlen(text), error);
}

static gboolean parse(const StoreValue *value, Tombstone *tombstone, GError **error)
{
    g_autoptr(json_t) object = json_parse(value->data, value->length, "a tombstone", error);
    if (!object)
        return FALSE;
    *tombstone = (Tombstone){
        .time = (gint64)json_integer_value(json_object_get(object, "time")),
        .reason = g_strdup(json_get_string(object, "reason")),
        .by = g_strdup(json_get_string(object, "by")),
        .matched = g_strdup(json_get_string(object, "matched")),
        .captures = json_is_true(json_object_get(object, "captures")),
    };
    return TRUE;
}

gboolean tombstone_get(StoreTxn *txn, const guint8 key[DOCUMENT_KEY_SIZE], Tombstone *tombstone, GError **error)
{
    StoreValue value;
    *tombstone = (Tombstone){0};
    return store_get(txn, TABLE_TOMBSTONES, key, DOCUMENT_KEY_SIZE, &value, error) && parse(&value, tombstone, error);
}

/* ---- Stubs ----------------------------------------------------------------------------------------------------- */

char *tombstone_stub_id(const guint8 key[DOCUMENT_KEY_SIZE])
{
    char hex[HASH128_HEX_SIZE];
    hash128_hex(hash128_read(key), hex);
    return g_strconcat(FORGOTTEN_PREFIX, hex, NULL);
}

void tombstone_stub(const char *source, const guint8 key[DOCUMENT_KEY_SIZE], Document *stub)
{
    *stub = (Document){
        .source = g_strdup(source), .id = tombstone_stub_id(key), .kind = g_strdup(FORGOTTEN_KIND), .meta = g_strdup("{}")};
    document_set_text(stub, "", 0);
}

gboolean tombstone_stub_key(const Document *document, guint8 key[DOCUMENT_KEY_SIZE])
{
    const char *digits = document->id && g_str_has_prefix(document->id, FORGOTTEN_PREFIX) ? document->id + strlen(FORGOTTEN_PREFIX) : "";
    if (g_strcmp0(document->kind, FORGOTTEN_KIND) != 0 || strlen(digits) != 2 * DOCUMENT_KEY_SIZE)
        return FALSE;
    for (gsize i = 0; i < DOCUMENT_KEY_SIZE; i++) {
        int high = g_ascii_xdigit_value(digits[2 * i]), low = g_ascii_xdigit_value(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        key[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

Verdict tombstone_verdict(const char *reason)
{
    return (Verdict){OUTCOME_DROPPED, "ingest", RULE_FORGOTTEN, NAN, NAN, DOCNO_NONE, reason};
}

/* ---- All of them ----------------------------------------------------------------------------------------------- */

struct Tombstones {
    GHashTable *reasons; /* key, 16 bytes -> reason or NULL */
};

/* The key is a hash already. */
static guint hash_key(gconstpointer key)
{
    guint32 part;
    memcpy(&part, key, sizeof part);
    return part;
}

static gboolean equal_keys(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DOCUMENT_KEY_SIZE) == 0;
}

static gboolean take(Tombstones *tombstones, const StoreValue *key, const StoreValue *value, GError **error)
{
    g_auto(Tombstone) tombstone = {0};
    if (key->length != DOCUMENT_KEY_SIZE) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a tombstone has a key of %" G_GSIZE_FORMAT " bytes; run 'galen audit'", key->length);
        return FALSE;
    }
    if (!parse(value, &tombstone, error))
        return FALSE;
    g_hash_table_insert(tombstones->reasons, g_memdup2(key->data, key->length), g_steal_pointer(&tombstone.reason));
    return TRUE;
}

Tombstones *tombstones_load(StoreTxn *txn, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_TOMBSTONES, NULL, 0, error);
    g_autoptr(Tombstones) tombstones = g_new0(Tombstones, 1);
    StoreValue key, value;
    int more = -1;
    tombstones->reasons = g_hash_table_new_full(hash_key, equal_keys, g_free, g_free);
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0)
        if (!take(tombstones, &key, &value, error))
            return NULL;
    return more == 0 ? g_steal_pointer(&tombstones) : NULL;
}

void tombstones_free(Tombstones *tombstones)
{
    if (!tombstones)
        return;
    g_hash_table_unref(tombstones->reasons);
    g_free(tombstones);
}

gboolean tombstones_have(const Tombstones *tombstones, const char *source, const char *id, guint8 key[DOCUMENT_KEY_SIZE],
                         const char **reason)
{
    gpointer found;
    if (g_hash_table_size(tombstones->reasons) == 0 || !source || !id)
        return FALSE;
    document_key(source, id, key);
    if (!g_hash_table_lookup_extended(tombstones->reasons, key, NULL, &found))
        return FALSE;
    *reason = found;
    return TRUE;
}

guint tombstones_count(const Tombstones *tombstones)
{
    return g_hash_table_size(tombstones->reasons);
}

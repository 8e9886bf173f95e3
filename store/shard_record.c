/* SPDX-License-Identifier: Apache-2.0
 * Keys and small records around shards; see store/shard_record.h. */
#include "store/shard_record.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

/* Spans and shards are used as they lie in the map. */
G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);
G_STATIC_ASSERT(sizeof(Span) == 32);

#define SPLIT_NAME_SIZE 8
#define DIGEST_PREFIX "shard/"
#define PLACEMENT_SIZE (SPLIT_NAME_SIZE + 8 + 8 + 4)

void shard_key(const char *split, guint32 shard, guint8 key[SHARD_KEY_SIZE])
{
    guint32 number = GUINT32_TO_BE(shard);
    memset(key, 0, SPLIT_NAME_SIZE);
    memcpy(key, split, MIN(strlen(split), SPLIT_NAME_SIZE));
    memcpy(key + SPLIT_NAME_SIZE, &number, sizeof number);
}

gboolean shard_key_read(const StoreValue *key, unsigned *split, guint32 *shard)
{
    if (key->length != SHARD_KEY_SIZE)
        return FALSE;
    guint32 number;
    memcpy(&number, (const guint8 *)key->data + SPLIT_NAME_SIZE, sizeof number);
    *shard = GUINT32_FROM_BE(number);
    for (*split = 0; *split < SPLIT_COUNT; (*split)++) {
        guint8 wanted[SHARD_KEY_SIZE];
        shard_key(split_names[*split], *shard, wanted);
        if (memcmp(wanted, key->data, SHARD_KEY_SIZE) == 0)
            return TRUE;
    }
    return FALSE;
}

char *shard_where(unsigned split, guint32 shard)
{
    return g_strdup_printf("%s/%u", split_names[split], shard);
}

Span span_at(const void *spans, gsize index)
{
    Span span;
    memcpy(&span, (const char *)spans + index * sizeof span, sizeof span);
    return span;
}

static void placement_key(Docno docno, guint32 repeat, guint8 key[12])
{
    guint32 number = GUINT32_TO_BE(repeat);
    docno_write(docno, key);
    memcpy(key + 8, &number, sizeof number);
}

gboolean placement_put(StoreTxn *txn, Docno docno, const Placement *placement, GError **error)
{
    const guint64 position = GUINT64_TO_LE(placement->position), length = GUINT64_TO_LE(placement->length);
    const guint32 repeat = GUINT32_TO_LE(placement->repeat);
    guint8 key[12], record[PLACEMENT_SIZE] = {0};
    memcpy(record, placement->split, strnlen(placement->split, SPLIT_NAME_SIZE));
    memcpy(record + SPLIT_NAME_SIZE, &position, sizeof position);
    memcpy(record + SPLIT_NAME_SIZE + 8, &length, sizeof length);
    memcpy(record + SPLIT_NAME_SIZE + 16, &repeat, sizeof repeat);
    placement_key(docno, placement->repeat, key);
    return store_put(txn, TABLE_PLACEMENTS, key, sizeof key, record, sizeof record, error);
}

static gboolean placement_parse(const StoreValue *value, Placement *placement)
{
    BufferView view = {.data = value->data, .length = value->length};
    const char *split;
    if (!buffer_view_bytes(&view, SPLIT_NAME_SIZE, &split) || !buffer_view_u64(&view, &placement->position) ||
        !buffer_view_u64(&view, &placement->length) || !buffer_view_u32(&view, &placement->repeat))
        return FALSE;
    memcpy(placement->split, split, SPLIT_NAME_SIZE);
    return placement->split[SPLIT_NAME_SIZE - 1] == '\0';
}

gboolean placement_delete(StoreTxn *txn, Docno docno, guint32 repeat, GError **error)
{
    guint8 key[12];
    placement_key(docno, repeat, key);
    return store_delete(txn, TABLE_PLACEMENTS, key, sizeof key, error);
}

static gboolean set_senseless(Docno docno, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the placement of document %" G_GUINT64_FORMAT " makes no sense; run galen audit", docno);
    return FALSE;
}

gboolean placement_get(StoreTxn *txn, Docno docno, guint32 repeat, Placement *placement, GError **error)
{
    guint8 key[12];
    StoreValue value;
    placement_key(docno, repeat, key);
    return store_get(txn, TABLE_PLACEMENTS, key, sizeof key, &value, error) &&
           (placement_parse(&value, placement) || set_senseless(docno, error));
}

gboolean shard_placements(StoreTxn *txn, Docno docno, GArray *placements, GError **error)
{
    guint8 key[12];
    placement_key(docno, 0, key);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_PLACEMENTS, key, sizeof key, error);
    if (!cursor)
        return FALSE;
    StoreValue found, value;
    int more;
    while ((more = store_cursor_next(cursor, &found, &value, error)) > 0) {
        if (found.length != sizeof key || memcmp(found.data, key, 8) != 0)
            return TRUE;
        Placement placement;
        if (!placement_parse(&value, &placement))
            return set_senseless(docno, error);
        g_array_append_val(placements, placement);
    }
    return more == 0;
}

gboolean shard_delete(StoreTxn *txn, const char *split, guint32 shard, GError **error)
{
    g_autofree char *name = g_strdup_printf(DIGEST_PREFIX "%s/%u", split, shard);
    guint8 key[SHARD_KEY_SIZE];
    shard_key(split, shard, key);
    return store_delete(txn, TABLE_SHARDS, key, sizeof key, error) && store_delete(txn, TABLE_SPANS, key, sizeof key, error) &&
           store_delete(txn, TABLE_META, name, strlen(name), error);
}

/* The name of a digest; NULL without error: there is none. */
static char *first_digest(StoreTxn *txn, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_META, DIGEST_PREFIX, strlen(DIGEST_PREFIX), error);
    StoreValue key, value;
    if (!cursor || store_cursor_next(cursor, &key, &value, error) <= 0)
        return NULL;
    gboolean one = key.length > strlen(DIGEST_PREFIX) && memcmp(key.data, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0;
    return one ? g_strndup(key.data, key.length) : NULL;
}

gboolean shards_clear(StoreTxn *txn, GError **error)
{
    GError *failure = NULL;
    char *name;
    while ((name = first_digest(txn, &failure))) {
        gboolean good = store_delete(txn, TABLE_META, name, strlen(name), error);
        g_free(name);
        if (!good)
            return FALSE;
    }
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    return store_clear(txn, TABLE_SHARDS, error) && store_clear(txn, TABLE_SPANS, error) && store_clear(txn, TABLE_PLACEMENTS, error);
}

gboolean shard_digest_put(StoreTxn *txn, const char *split, guint32 shard, const Sha256 *digest, GError **error)
{
    g_autofree char *name = g_strdup_printf(DIGEST_PREFIX "%s/%u", split, shard);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(digest, hex);
    return store_put_meta(txn, name, hex, error);
}

gboolean shard_digest_get(StoreTxn *txn, const char *split, guint32 shard, Sha256 *digest, GError **error)
{
    g_autofree char *name = g_strdup_printf(DIGEST_PREFIX "%s/%u", split, shard);
    g_autofree char *hex = store_get_meta(txn, name, error);
    if (!hex)
        return FALSE;
    if (sha256_from_hex(hex, digest))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the store's record \"%s\" is no SHA-256: \"%.80s\"", name, hex);
    return FALSE;
}

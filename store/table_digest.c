/* SPDX-License-Identifier: Apache-2.0
 * Hashes over whole tables; see store/table_digest.h. */
#include "store/table_digest.h"

#include "store/walk.h"

typedef struct Damage {
    GBytes *key;
    const char *what; /* static */
} Damage;

typedef struct BlockResult {
    guint records;
    Sha256 digest;
    GArray *damage; /* of Damage; NULL: none */
} BlockResult;

typedef struct DigestPass {
    StoreTable table;
    TableDamage damaged;
    gpointer user;
    guint64 records;
    Sha256Context *chain;
} DigestPass;

static void damage_clear(gpointer data)
{
    g_bytes_unref(((Damage *)data)->key);
}

static void result_free(gpointer data)
{
    BlockResult *result = data;
    if (result->damage)
        g_array_unref(result->damage);
    g_free(result);
}

static void add_damage(BlockResult *result, const StoreRecord *record, const char *what)
{
    Damage damage = {g_bytes_new(record->key.data, record->key.length), what};
    if (!result->damage) {
        result->damage = g_array_new(FALSE, FALSE, sizeof(Damage));
        g_array_set_clear_func(result->damage, damage_clear);
    }
    g_array_append_val(result->damage, damage);
}

/* A search takes another way through the table than a walk, by the keys in its inner pages. */
static gboolean is_found(StoreTxn *txn, StoreTable table, const StoreRecord *record)
{
    StoreValue value;
    return store_get_unchecked(txn, table, record->key.data, record->key.length, &value, NULL) && value.data == record->stored.data;
}

static void check_record(StoreTxn *txn, StoreTable table, const StoreRecord *record, BlockResult *result)
{
    StoreValue value;
    if (!store_record_value(record, TRUE, &value))
        add_damage(result, record, "its checksum does not match: key or value are damaged");
    else if (!is_found(txn, table, record))
        add_damage(result, record, "a search for its key does not find it");
}

static void hash_record(Sha256Context *sha, const StoreRecord *record)
{
    guint32 key_length = GUINT32_TO_LE((guint32)record->key.length);
    guint64 length = GUINT64_TO_LE((guint64)record->stored.length);
    sha256_update(sha, &key_length, sizeof key_length);
    sha256_update(sha, record->key.data, record->key.length);
    sha256_update(sha, &length, sizeof length);
    sha256_update(sha, record->stored.data, record->stored.length);
}

static gpointer digest_block(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error)
{
    const DigestPass *pass = user;
    g_autoptr(Sha256Context) sha = sha256_new();
    BlockResult *result = g_new0(BlockResult, 1);
    result->records = count;
    for (guint i = 0; i < count; i++) {
        check_record(txn, pass->table, &records[i], result);
        hash_record(sha, &records[i]);
    }
    result->digest = sha256_finish(sha);
    return result;
}

static gboolean take_digest(gpointer user, gpointer data, GError **error)
{
    DigestPass *pass = user;
    const BlockResult *result = data;
    pass->records += result->records;
    sha256_update(pass->chain, result->digest.bytes, sizeof result->digest.bytes);
    for (guint i = 0; pass->damaged && result->damage && i < result->damage->len; i++) {
        const Damage *damage = &g_array_index(result->damage, Damage, i);
        StoreValue key;
        key.data = g_bytes_get_data(damage->key, &key.length);
        pass->damaged(pass->user, pass->table, &key, damage->what);
    }
    return TRUE;
}

gboolean table_digest(StageContext *context, StoreTable table, TableDamage damaged, gpointer user, TableDigest *digest,
                      GError **error)
{
    g_autoptr(Sha256Context) chain = sha256_new();
    DigestPass pass = {.table = table, .damaged = damaged, .user = user, .chain = chain};
    StoreWalk walk = {.table = table, .user = &pass, .work = digest_block, .take = take_digest, .result_free = result_free};
    gboolean good = store_walk(context, &walk, error);
    *digest = (TableDigest){pass.records, sha256_finish(chain)};
    return good;
}

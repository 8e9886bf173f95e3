/* SPDX-License-Identifier: Apache-2.0
 * Records keyed by document and stage; see store/stage_record.h. */
#include "store/stage_record.h"

#include <string.h>

#define DOCNO_SIZE 8
#define KEY_SIZE (DOCNO_SIZE + STAGE_NAME_LIMIT)
#define FORGET_BATCH 4096

static gsize make_key(Docno docno, const char *stage, guint8 key[KEY_SIZE])
{
    gsize length = strlen(stage);
    g_assert(length > 0 && length <= STAGE_NAME_LIMIT);
    docno_write(docno, key);
    memcpy(key + DOCNO_SIZE, stage, length);
    return DOCNO_SIZE + length;
}

gboolean stage_record_put(StoreTxn *txn, StoreTable table, Docno docno, const char *stage, const void *data, gsize length,
                          GError **error)
{
    guint8 key[KEY_SIZE];
    gsize key_length = make_key(docno, stage, key);
    return store_put(txn, table, key, key_length, data, length, error);
}

gboolean stage_record_get(StoreTxn *txn, StoreTable table, Docno docno, const char *stage, StoreValue *value, GError **error)
{
    guint8 key[KEY_SIZE];
    gsize key_length = make_key(docno, stage, key);
    return store_get(txn, table, key, key_length, value, error);
}

gboolean stage_record_delete(StoreTxn *txn, StoreTable table, Docno docno, const char *stage, GError **error)
{
    guint8 key[KEY_SIZE];
    gsize key_length = make_key(docno, stage, key);
    return store_delete(txn, table, key, key_length, error);
}

gboolean stage_record_key_read(const StoreValue *key, Docno *docno, char *stage)
{
    if (key->length <= DOCNO_SIZE || key->length > KEY_SIZE)
        return FALSE;
    *docno = docno_read(key->data);
    memcpy(stage, (const char *)key->data + DOCNO_SIZE, key->length - DOCNO_SIZE);
    stage[key->length - DOCNO_SIZE] = '\0';
    return TRUE;
}

gboolean stage_record_each(StoreTxn *txn, StoreTable table, Docno docno, StageRecordVisit visit, gpointer user, GError **error)
{
    guint8 from[DOCNO_SIZE];
    docno_write(docno, from);
    if (store_count(txn, table) == 0)
        return TRUE;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, from, sizeof from, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        char stage[STAGE_NAME_LIMIT + 1];
        Docno owner;
        if (!stage_record_key_read(&key, &owner, stage) || owner != docno)
            return TRUE;
        if (!visit(user, stage, &value, error))
            return FALSE;
    }
    return more == 0;
}

/* Up to FORGET_BATCH documents from `from` on that have a record of the stage. */
static gboolean collect(StoreTxn *txn, StoreTable table, const char *stage, Docno *from, GArray *docnos, GError **error)
{
    guint8 start[DOCNO_SIZE];
    docno_write(*from, start);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, start, sizeof start, error);
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0 && docnos->len < FORGET_BATCH) {
        char owner[STAGE_NAME_LIMIT + 1];
        Docno docno;
        if (!stage_record_key_read(&key, &docno, owner) || strcmp(owner, stage) != 0)
            continue;
        g_array_append_val(docnos, docno);
        *from = docno + 1;
    }
    return more >= 0;
}

gboolean stage_record_forget(StoreTxn *txn, StoreTable table, const char *stage, GError **error)
{
    Docno from = 0;
    g_autoptr(GArray) docnos = g_array_new(FALSE, FALSE, sizeof(Docno));
    if (store_count(txn, table) == 0)
        return TRUE;
    do {
        g_array_set_size(docnos, 0);
        if (!collect(txn, table, stage, &from, docnos, error))
            return FALSE;
        for (guint i = 0; i < docnos->len; i++) {
            if (!stage_record_delete(txn, table, g_array_index(docnos, Docno, i), stage, error))
                return FALSE;
        }
    } while (docnos->len == FORGET_BATCH);
    return TRUE;
}

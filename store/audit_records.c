/* SPDX-License-Identifier: Apache-2.0
 * Every record of every table against its checksum. */
#include <string.h>

#include "store/audit_findings.h"
#include "store/stage_record.h"

static gboolean keyed_by_docno(StoreTable table)
{
    return table == TABLE_DOCUMENTS || table == TABLE_CLEANED || table == TABLE_LEDGER || table == TABLE_SIGNATURES ||
           table == TABLE_TOKENS;
}

/* "documents 12", "shards train/3", "runs clean"; bytes that are no text as hex. */
static char *record_where(StoreTable table, const StoreValue *key)
{
    const char *name = store_table_name(table);
    char stage[STAGE_NAME_LIMIT + 1];
    unsigned split;
    guint32 shard;
    Docno docno;
    if ((table == TABLE_CUTS || table == TABLE_NOTES) && stage_record_key_read(key, &docno, stage))
        return g_strdup_printf("%s %" G_GUINT64_FORMAT " %s", name, docno, stage);
    if (keyed_by_docno(table) && key->length == 8)
        return g_strdup_printf("%s %" G_GUINT64_FORMAT, name, docno_read(key->data));
    if ((table == TABLE_SHARDS || table == TABLE_SPANS) && shard_key_read(key, &split, &shard))
        return g_strdup_printf("%s %s/%u", name, split_names[split], shard);
    g_autoptr(GString) where = g_string_new(name);
    g_string_append_c(where, ' ');
    for (gsize i = 0; i < key->length; i++) {
        guint8 byte = ((const guint8 *)key->data)[i];
        if (g_ascii_isprint(byte))
            g_string_append_c(where, (char)byte);
        else
            g_string_append_printf(where, "\\x%02x", byte);
    }
    return g_string_free(g_steal_pointer(&where), FALSE);
}

static gboolean audit_table(Audit *audit, StoreTxn *txn, StoreTable table, GPtrArray *findings, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    if (!cursor)
        return FALSE;
    for (;;) {
        StoreValue key = {NULL, 0}, value;
        GError *cause = NULL;
        int more = store_cursor_next(cursor, &key, &value, &cause);
        if (more < 0 && key.data) {
            findings_add_damage(findings, record_where(table, &key), cause);
        } else if (more < 0) { /* the table cannot be walked further */
            findings_add_damage(findings, g_strdup_printf("table %s", store_table_name(table)), cause);
            return TRUE;
        } else if (more == 0) {
            return TRUE;
        } else if (keyed_by_docno(table) && key.length != 8) {
            findings_add(findings, FINDING_HASH_MISMATCH, record_where(table, &key), "the key is no document number");
        }
        progress_add(audit->context->progress, 1);
        audit_take(audit, findings);
    }
}

gboolean audit_records(Audit *audit, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(audit->context->store, error);
    if (!txn)
        return FALSE;
    g_autoptr(GPtrArray) findings = findings_new();
    guint64 total = 0;
    for (int table = 0; table < TABLE_COUNT; table++)
        total += store_count(txn, table);
    progress_begin(audit->context->progress, "audit records", "records", total);
    gboolean good = TRUE;
    for (int table = 0; good && table < TABLE_COUNT; table++) {
        good = audit_table(audit, txn, table, findings, error);
        audit_take(audit, findings);
    }
    progress_end(audit->context->progress);
    return good;
}

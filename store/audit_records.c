/* SPDX-License-Identifier: Apache-2.0
 * Every record of every table against its checksum. */
#include "base/error.h"
#include "store/audit_findings.h"
#include "store/stage_record.h"

static gboolean keyed_by_docno(StoreTable table)
{
    return table == TABLE_DOCUMENTS || table == TABLE_CLEANED || table == TABLE_LEDGER || table == TABLE_SIGNATURES ||
           table == TABLE_TOKENS || table == TABLE_DRAWS;
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

typedef struct RecordAudit {
    Audit *audit;
    GPtrArray *findings;
} RecordAudit;

static void take_damaged(gpointer user, StoreTable table, const StoreValue *key, const char *what)
{
    RecordAudit *pass = user;
    pass->audit->damaged[table] = TRUE;
    findings_add(pass->findings, FINDING_HASH_MISMATCH, record_where(table, key), "%s", what);
    audit_take(pass->audit, pass->findings);
}

/* FALSE: the machine failed. Damage that keeps LMDB from going on is a finding. */
static gboolean audit_table(RecordAudit *pass, StoreTable table, GError **error)
{
    GError *cause = NULL;
    if (table_digest(pass->audit->context, table, take_damaged, pass, &pass->audit->tables[table], &cause))
        return TRUE;
    if (cause->domain != GALEN_ERROR || cause->code != GALEN_ERROR_INPUT) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    pass->audit->damaged[table] = TRUE;
    findings_add_damage(pass->findings, g_strdup_printf("table %s", store_table_name(table)), cause);
    audit_take(pass->audit, pass->findings);
    return TRUE;
}

static guint64 count_records(StageContext *context, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, error);
    guint64 total = 0;
    for (int table = 0; txn && table < TABLE_COUNT; table++)
        total += store_count(txn, table);
    return total;
}

gboolean audit_records(Audit *audit, GError **error)
{
    g_autoptr(GPtrArray) findings = findings_new();
    RecordAudit pass = {audit, findings};
    progress_begin(audit->context->progress, "audit records", "records", count_records(audit->context, NULL));
    gboolean good = TRUE;
    for (int table = 0; good && table < TABLE_COUNT; table++)
        good = audit_table(&pass, table, error);
    progress_end(audit->context->progress);
    return good;
}

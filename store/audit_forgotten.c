/* SPDX-License-Identifier: Apache-2.0
 * What was forgotten is gone: no table has a record of a stub or a name that has a tombstone; see store/tombstone.h.
 *
 * Spans of stubs are audit_shards' finding, and damaged records are those of audit_records. */
#include <string.h>

#include "store/audit_findings.h"
#include "store/key_index.h"
#include "store/shard_record.h"
#include "store/stage_record.h"
#include "store/tombstone.h"

typedef struct ForgottenAudit {
    StoreTxn *txn;
    Tombstones *tombstones;
    GArray *stubs; /* of Docno, rising */
    GPtrArray *findings;
} ForgottenAudit;

static void add(const ForgottenAudit *pass, StoreTable table, Docno docno, const char *what)
{
    findings_add(pass->findings, FINDING_FORGOTTEN_TRACE, g_strdup_printf("table %s document %" G_GUINT64_FORMAT, store_table_name(table), docno),
                 "%s", what);
}

/* ---- Documents and names ----------------------------------------------------------------------------------------- */

static gboolean has_tombstone(const ForgottenAudit *pass, const guint8 key[DOCUMENT_KEY_SIZE])
{
    StoreValue value;
    return store_get_unchecked(pass->txn, TABLE_TOMBSTONES, key, DOCUMENT_KEY_SIZE, &value, NULL);
}

/* The stub as it would be made now is all that there may be. */
static void check_stub(const ForgottenAudit *pass, Docno docno, const Document *document, const StoreValue *value, const guint8 *key)
{
    g_auto(Document) stub = {0};
    g_auto(Buffer) frozen = {0};
    Verdict verdict;
    tombstone_stub(document->source, key, &stub);
    buffer_init(&frozen, G_MAXUINT16);
    document_freeze(&stub, &frozen);
    if (frozen.length != value->length || memcmp(frozen.data, value->data, frozen.length) != 0)
        add(pass, TABLE_DOCUMENTS, docno, "the stub of a forgotten document says more than its source");
    if (!has_tombstone(pass, key))
        add(pass, TABLE_TOMBSTONES, docno, "a stub of a document that has no tombstone");
    if (!ledger_get(pass->txn, docno, &verdict, NULL) || verdict.outcome != OUTCOME_DROPPED || strcmp(verdict.rule, RULE_FORGOTTEN) != 0)
        add(pass, TABLE_LEDGER, docno, "a forgotten document whose verdict is another");
}

static void check_document(ForgottenAudit *pass, Docno docno, const StoreValue *value)
{
    g_auto(Document) document = {0};
    guint8 key[DOCUMENT_KEY_SIZE];
    const char *reason;
    if (!document_thaw(value, FALSE, &document, NULL))
        return;
    if (tombstone_stub_key(&document, key)) {
        check_stub(pass, docno, &document, value, key);
        g_array_append_val(pass->stubs, docno);
    } else if (tombstones_have(pass->tombstones, document.source, document.id, key, &reason)) {
        add(pass, TABLE_DOCUMENTS, docno, "its name has a tombstone, but the document is there");
    }
}

/* Damaged records are passed over: they have their findings. */
static void check_documents(ForgottenAudit *pass)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(pass->txn, TABLE_DOCUMENTS, NULL, 0, NULL);
    StoreRecord record;
    StoreValue value;
    while (cursor && store_cursor_step(cursor, &record, NULL) > 0)
        if (record.key.length == 8 && store_record_value(&record, FALSE, &value))
            check_document(pass, docno_read(record.key.data), &value);
}

static void check_names(const ForgottenAudit *pass)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(pass->txn, TABLE_TOMBSTONES, NULL, 0, NULL);
    StoreRecord record;
    StoreValue value;
    while (cursor && store_cursor_step(cursor, &record, NULL) > 0)
        if (store_get_unchecked(pass->txn, TABLE_IDS, record.key.data, record.key.length, &value, NULL))
            add(pass, TABLE_IDS, value.length == 8 ? docno_read(value.data) : DOCNO_NONE, "a name that has a tombstone leads to a document");
}

/* ---- All else ---------------------------------------------------------------------------------------------------- */

static gboolean is_stub(const ForgottenAudit *pass, Docno docno)
{
    guint low = 0, high = pass->stubs->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(pass->stubs, Docno, middle) < docno)
            low = middle + 1;
        else
            high = middle;
    }
    return low < pass->stubs->len && g_array_index(pass->stubs, Docno, low) == docno;
}

/* Tables whose keys begin with a document's number. */
static void check_rows(const ForgottenAudit *pass)
{
    static const StoreTable tables[] = {TABLE_CLEANED, TABLE_SIGNATURES, TABLE_WITHDRAWN, TABLE_CUTS, TABLE_NOTES, TABLE_TOKENS,
                                        TABLE_DRAWS, TABLE_PLACEMENTS, TABLE_CLUSTERS, TABLE_CHANGES};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
        for (guint s = 0; s < pass->stubs->len; s++) {
            Docno docno = g_array_index(pass->stubs, Docno, s);
            guint8 key[8];
            docno_write(docno, key);
            g_autoptr(StoreCursor) cursor = store_cursor_new(pass->txn, tables[i], key, sizeof key, NULL);
            StoreRecord record;
            if (cursor && store_cursor_step(cursor, &record, NULL) > 0 && record.key.length >= 8 && memcmp(record.key.data, key, 8) == 0)
                add(pass, tables[i], docno, "a record of a document that was forgotten");
        }
}

static void check_ledger(const ForgottenAudit *pass)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(pass->txn, TABLE_LEDGER, NULL, 0, NULL);
    StoreRecord record;
    StoreValue value;
    Verdict verdict;
    while (cursor && store_cursor_step(cursor, &record, NULL) > 0)
        if (record.key.length == 8 && store_record_value(&record, FALSE, &value) && ledger_parse(&value, &verdict, NULL) &&
            verdict.winner != DOCNO_NONE && is_stub(pass, verdict.winner))
            add(pass, TABLE_LEDGER, docno_read(record.key.data), "gave way to a document that was forgotten");
}

static void check_indexes(const ForgottenAudit *pass)
{
    static const StoreTable tables[] = {TABLE_BANDS, TABLE_PMIDS, TABLE_IDENTIFIERS};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Docno));
        if (!key_index_find_documents(pass->txn, tables[i], pass->stubs, found, NULL))
            continue; /* damage has its finding */
        for (guint f = 0; f < found->len; f++)
            add(pass, tables[i], g_array_index(found, Docno, f), "an entry of a document that was forgotten");
    }
}

gboolean audit_forgotten(Audit *audit, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(audit->context->store, error);
    g_autoptr(GArray) stubs = g_array_new(FALSE, FALSE, sizeof(Docno));
    g_autoptr(GPtrArray) findings = findings_new();
    if (!txn)
        return FALSE;
    g_autoptr(Tombstones) tombstones = tombstones_load(txn, NULL);
    if (!tombstones) /* a damaged one has its finding */
        return TRUE;
    ForgottenAudit pass = {txn, tombstones, stubs, findings};
    check_documents(&pass);
    check_names(&pass);
    if (stubs->len) {
        check_rows(&pass);
        check_ledger(&pass);
        check_indexes(&pass);
    }
    audit_take(audit, findings);
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0
 * The list of documents to look at anew; see store/changes.h. */
#include "store/changes.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "store/stage_record.h"

/* Stages up to this one look at documents beside each other, and must know of those that are decided now. */
#define LAST_ON_DECIDED "boilerplate"
#define NO_STAGE G_MAXUINT

/* The tables with one record a document, by the stage that writes it. */
static const struct {
    const char *stage;
    StoreTable table;
} document_tables[] = {{"clean", TABLE_CLEANED}, {"tokenise", TABLE_TOKENS}};

static gboolean delete_docno(StoreTxn *txn, StoreTable table, Docno docno, GError **error)
{
    guint8 key[8];
    docno_write(docno, key);
    return store_delete(txn, table, key, sizeof key, error);
}

/* TRUE unless an error is set. */
static gboolean get_docno(StoreTxn *txn, StoreTable table, Docno docno, gboolean *found, StoreValue *value, GError **error)
{
    GError *failure = NULL;
    *found = store_get_docno(txn, table, docno, value, &failure);
    if (!failure)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

/* ---- Withdrawing --------------------------------------------------------------------------------------------- */

gboolean withdrawn_parse(const StoreValue *value, Withdrawn *withdrawn, GError **error)
{
    if (value->length < sizeof(Docno)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a record of a withdrawn signature cannot be read; run 'galen audit'");
        return FALSE;
    }
    *withdrawn = (Withdrawn){.winner = docno_read(value->data),
                             .sketch = {(const char *)value->data + sizeof(Docno), value->length - sizeof(Docno)}};
    return TRUE;
}

gboolean withdrawn_get(StoreTxn *txn, Docno docno, Withdrawn *withdrawn, GError **error)
{
    StoreValue value;
    return store_get_docno(txn, TABLE_WITHDRAWN, docno, &value, error) && withdrawn_parse(&value, withdrawn, error);
}

/* Of several signatures that are withdrawn before the index is told, it has the first. */
static gboolean withdraw_signature(StoreTxn *txn, Docno docno, Docno winner, GError **error)
{
    StoreValue sketch, unused;
    gboolean found, withdrawn;
    if (!get_docno(txn, TABLE_SIGNATURES, docno, &found, &sketch, error) ||
        !get_docno(txn, TABLE_WITHDRAWN, docno, &withdrawn, &unused, error))
        return FALSE;
    if (!found)
        return TRUE;
    g_auto(Buffer) record = {0};
    guint8 number[8];
    docno_write(winner, number);
    buffer_init(&record, G_MAXUINT32);
    buffer_append(&record, (const char *)number, sizeof number);
    buffer_append(&record, sketch.data, sketch.length);
    return (withdrawn || store_put_docno(txn, TABLE_WITHDRAWN, docno, record.data, record.length, error)) &&
           delete_docno(txn, TABLE_SIGNATURES, docno, error);
}

/* Takes back a verdict of stage number `from` or a later one; *winner: into which dedup had merged it. */
static gboolean withdraw_verdict(StoreTxn *txn, Docno docno, unsigned from, Docno *winner, GError **error)
{
    GError *failure = NULL;
    Verdict verdict;
    *winner = DOCNO_NONE;
    gboolean decided = ledger_get(txn, docno, &verdict, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (decided && verdict.outcome == OUTCOME_MERGED && strcmp(verdict.stage, "dedup") == 0)
        *winner = verdict.winner;
    return !decided || stage_place(verdict.stage) < from || ledger_delete(txn, docno, error);
}

static gboolean collect_stage(gpointer user, const char *stage, const StoreValue *value, GError **error)
{
    g_ptr_array_add(user, g_strdup(stage));
    return TRUE;
}

static gboolean withdraw_records(StoreTxn *txn, StoreTable table, Docno docno, unsigned from, GError **error)
{
    g_autoptr(GPtrArray) stages = g_ptr_array_new_with_free_func(g_free);
    if (!stage_record_each(txn, table, docno, collect_stage, stages, error))
        return FALSE;
    for (guint i = 0; i < stages->len; i++)
        if (stage_place(stages->pdata[i]) >= from && !stage_record_delete(txn, table, docno, stages->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* All that stage number `from` and those behind it have written about the document. */
static gboolean withdraw(StoreTxn *txn, Docno docno, unsigned from, GError **error)
{
    Docno winner;
    if (!withdraw_verdict(txn, docno, from, &winner, error) || !withdraw_records(txn, TABLE_CUTS, docno, from, error) ||
        !withdraw_records(txn, TABLE_NOTES, docno, from, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(document_tables); i++)
        if (stage_place(document_tables[i].stage) >= from && !delete_docno(txn, document_tables[i].table, docno, error))
            return FALSE;
    return stage_place("sign") < from || withdraw_signature(txn, docno, winner, error);
}

/* ---- The list ------------------------------------------------------------------------------------------------ */

static gboolean read_mark(const StoreValue *value, unsigned *place, GError **error)
{
    g_autofree char *stage = g_strndup(value->data, value->length);
    *place = stage_place(stage);
    if (stage_order[*place])
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the list of changed documents names a stage \"%s\", which this version does not have",
                stage);
    return FALSE;
}

static gboolean put_mark(StoreTxn *txn, Docno docno, unsigned place, GError **error)
{
    const char *stage = stage_order[place];
    return store_put_docno(txn, TABLE_CHANGES, docno, stage, strlen(stage), error);
}

/* Marks it, unless an earlier stage must look at it already. A stage that marks for the one behind it is done with it. */
static gboolean mark(StoreTxn *txn, Docno docno, unsigned place, unsigned done, GError **error)
{
    StoreValue value;
    gboolean found;
    unsigned present;
    if (!get_docno(txn, TABLE_CHANGES, docno, &found, &value, error) || (found && !read_mark(&value, &present, error)))
        return FALSE;
    return (found && present <= place && present != done) || put_mark(txn, docno, place, error);
}

gboolean changes_enter(StoreTxn *txn, Docno docno, const char *stage, GError **error)
{
    return put_mark(txn, docno, stage_place(stage), error);
}

gboolean changes_redo(StoreTxn *txn, Docno docno, const char *stage, GError **error)
{
    unsigned place = stage_place(stage);
    return withdraw(txn, docno, place, error) && mark(txn, docno, place, NO_STAGE, error);
}

gboolean changes_decide(StoreTxn *txn, Docno docno, const Verdict *verdict, GError **error)
{
    unsigned next = stage_place(verdict->stage) + 1;
    return withdraw(txn, docno, next, error) && ledger_put(txn, docno, verdict, error) && mark(txn, docno, next, next - 1, error);
}

gboolean changes_reopen(StoreTxn *txn, Docno docno, const char *stage, GError **error)
{
    unsigned next = stage_place(stage) + 1;
    return ledger_delete(txn, docno, error) && withdraw(txn, docno, next, error) && mark(txn, docno, next, next - 1, error);
}

gboolean changes_leave(StoreTxn *txn, Docno docno, GError **error)
{
    return delete_docno(txn, TABLE_CHANGES, docno, error);
}

gboolean changes_pass(StoreTxn *txn, Docno docno, const char *stage, GError **error)
{
    unsigned place = stage_place(stage);
    gboolean over = !stage_order[place + 1] || (place >= stage_place(LAST_ON_DECIDED) && ledger_has(txn, docno));
    return over ? changes_leave(txn, docno, error) : put_mark(txn, docno, place + 1, error);
}

gboolean changes_next(StoreTxn *txn, Docno from, const char *stage, Docno *docno, GError **error)
{
    guint8 start[8];
    docno_write(from, start);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_CHANGES, start, sizeof start, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        unsigned place;
        if (!read_mark(&value, &place, error))
            return FALSE;
        *docno = docno_read(key.data);
        if (place <= stage_place(stage))
            return TRUE;
    }
    return FALSE;
}

guint64 changes_count(StoreTxn *txn)
{
    return store_count(txn, TABLE_CHANGES);
}

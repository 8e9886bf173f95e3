/* SPDX-License-Identifier: Apache-2.0
 * Results beside those of the last run; see store/revision.h. */
#include "store/revision.h"

#include <math.h>
#include <string.h>

#include "store/changes.h"
#include "store/note.h"
#include "store/stage_record.h"

#define COMMIT_DOCUMENTS 4096

struct Revision {
    const char *stage, *next; /* the stage behind it */
    gboolean extends;
    GHashTable *put; /* of Docno */
};

Revision *revision_new(const StageRun *run)
{
    Revision *revision = g_new0(Revision, 1);
    unsigned place = stage_place(run->stage);
    revision->stage = stage_order[place];
    revision->next = stage_order[place + 1];
    revision->extends = run->extends;
    revision->put = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return revision;
}

void revision_free(Revision *revision)
{
    if (!revision)
        return;
    g_hash_table_unref(revision->put);
    g_free(revision);
}

gboolean revision_is_decided(StoreTxn *txn, Docno docno, const char *stage)
{
    Verdict verdict;
    return ledger_get(txn, docno, &verdict, NULL) && stage_place(verdict.stage) < stage_place(stage);
}

/* ---- One document ------------------------------------------------------------------------------------------------ */

static gboolean same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static gboolean same_verdict(const Verdict *a, const Verdict *b)
{
    return a->outcome == b->outcome && strcmp(a->rule, b->rule) == 0 && same_number(a->value, b->value) &&
           same_number(a->threshold, b->threshold) && a->winner == b->winner && g_strcmp0(a->detail, b->detail) == 0;
}

static gboolean same_cuts(const GArray *before, const Cut *cuts, gsize count)
{
    return before->len == count && (count == 0 || memcmp(before->data, cuts, count * sizeof cuts[0]) == 0);
}

/* FALSE with an error; *given: whether the stage's own verdict is there. */
static gboolean own_verdict(const Revision *revision, StoreTxn *txn, Docno docno, Verdict *verdict, gboolean *given, GError **error)
{
    GError *failure = NULL;
    *given = ledger_get(txn, docno, verdict, &failure) && strcmp(verdict->stage, revision->stage) == 0;
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* Writes, takes back or leaves the verdict; *told: whether later stages were told. */
static gboolean revise_verdict(const Revision *revision, StoreTxn *txn, Docno docno, const Verdict *verdict, gboolean *told, GError **error)
{
    Verdict before;
    gboolean given;
    if (!own_verdict(revision, txn, docno, &before, &given, error))
        return FALSE;
    *told = given != (verdict != NULL);
    if (given && !verdict)
        return changes_reopen(txn, docno, revision->stage, error);
    if (!given && verdict)
        return changes_decide(txn, docno, verdict, error);
    return !given || same_verdict(&before, verdict) || ledger_put(txn, docno, verdict, error);
}

static gboolean revise_cuts(const Revision *revision, StoreTxn *txn, Docno docno, const Cut *cuts, gsize count, gboolean told, GError **error)
{
    g_autoptr(GArray) before = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_get(txn, docno, revision->stage, before, error))
        return FALSE;
    if (same_cuts(before, cuts, count))
        return TRUE;
    return (told || changes_redo(txn, docno, revision->next, error)) &&
           stage_record_delete(txn, TABLE_CUTS, docno, revision->stage, error) && cuts_put(txn, docno, revision->stage, cuts, count, error);
}

static gboolean revise_note(const Revision *revision, StoreTxn *txn, Docno docno, const json_t *note, GError **error)
{
    GError *failure = NULL;
    StoreValue value;
    g_autofree char *text = json_write(note);
    gsize length = strlen(text);
    if (stage_record_get(txn, TABLE_NOTES, docno, revision->stage, &value, &failure) && value.length == length &&
        memcmp(value.data, text, length) == 0)
        return TRUE;
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    return note_put(txn, docno, revision->stage, note, error);
}

static gboolean put_first(const Revision *revision, StoreTxn *txn, Docno docno, const RevisionResult *result, GError **error)
{
    return note_put(txn, docno, revision->stage, result->note, error) &&
           cuts_put(txn, docno, revision->stage, result->cuts, result->cut_count, error) &&
           (!result->verdict || ledger_put(txn, docno, result->verdict, error));
}

gboolean revision_put(Revision *revision, StoreTxn *txn, Docno docno, const RevisionResult *result, GError **error)
{
    gboolean told;
    if (!revision->extends)
        return put_first(revision, txn, docno, result, error);
    g_hash_table_add(revision->put, g_memdup2(&docno, sizeof docno));
    return revise_verdict(revision, txn, docno, result->verdict, &told, error) &&
           revise_cuts(revision, txn, docno, result->cuts, result->cut_count, told, error) &&
           revise_note(revision, txn, docno, result->note, error);
}

/* ---- All others -------------------------------------------------------------------------------------------------- */

static gboolean take_back(const Revision *revision, StoreTxn *txn, Docno docno, GError **error)
{
    gboolean told;
    return revise_verdict(revision, txn, docno, NULL, &told, error) && revise_cuts(revision, txn, docno, NULL, 0, told, error) &&
           stage_record_delete(txn, TABLE_NOTES, docno, revision->stage, error);
}

/* The documents that the stage had something to say about, and has not now. */
static GArray *find_stale(const Revision *revision, StoreTxn *txn, GError **error)
{
    g_autoptr(GArray) stale = g_array_new(FALSE, FALSE, sizeof(Docno));
    if (store_count(txn, TABLE_NOTES) == 0)
        return g_steal_pointer(&stale);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_NOTES, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        char stage[STAGE_NAME_LIMIT + 1];
        Docno docno;
        if (stage_record_key_read(&key, &docno, stage) && strcmp(stage, revision->stage) == 0 && !g_hash_table_contains(revision->put, &docno))
            g_array_append_val(stale, docno);
    }
    return more < 0 ? NULL : g_steal_pointer(&stale);
}

typedef struct Ending {
    const Revision *revision;
    const GArray *stale;
    guint first, end;
    gboolean passed; /* documents of the list, in this transaction */
} Ending;

static gboolean take_back_some(StoreTxn *txn, gpointer user, GError **error)
{
    const Ending *ending = user;
    for (guint i = ending->first; i < ending->end; i++)
        if (!take_back(ending->revision, txn, g_array_index(ending->stale, Docno, i), error))
            return FALSE;
    return TRUE;
}

static gboolean pass_some(StoreTxn *txn, gpointer user, GError **error)
{
    Ending *ending = user;
    GError *failure = NULL;
    Docno docno, from = 0;
    guint count = 0;
    for (; count < COMMIT_DOCUMENTS && changes_next(txn, from, ending->revision->stage, &docno, &failure); from = docno + 1, count++)
        if (!changes_pass(txn, docno, ending->revision->stage, error))
            return FALSE;
    ending->passed = count > 0;
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

gboolean revision_end(Revision *revision, Store *store, GError **error)
{
    if (!revision->extends)
        return TRUE;
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(GArray) stale = txn ? find_stale(revision, txn, error) : NULL;
    g_clear_pointer(&txn, store_read_end);
    if (!stale)
        return FALSE;
    Ending ending = {.revision = revision, .stale = stale};
    for (; ending.first < stale->len; ending.first = ending.end) {
        ending.end = MIN(ending.first + COMMIT_DOCUMENTS, stale->len);
        if (!store_write(store, take_back_some, &ending, error))
            return FALSE;
    }
    do {
        if (!store_write(store, pass_some, &ending, error))
            return FALSE;
    } while (ending.passed);
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0
 * One citation's records; see scrapers/update_group.h. */
#include "scrapers/update_group.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "scrapers/formats/format.h"
#include "scrapers/updates.h"
#include "store/changes.h"
#include "store/note.h"
#include "store/stage_record.h"

#define NOBODY UPDATE_NOBODY

guint32 update_group_decide(const UpdateEntry *entries, guint32 count, UpdateFate *fates)
{
    guint32 standing[256]; /* by version */
    memset(standing, 0xff, sizeof standing);
    for (guint32 i = 0; i < count; i++) {
        guint32 *place = &standing[entries[i].version];
        fates[i] = (UpdateFate){NOBODY, NOBODY};
        if (!entries[i].deletes) {
            if (*place != NOBODY)
                fates[*place].successor = i;
            *place = i;
        } else if (*place != NOBODY && entries[*place].file != entries[i].file) { /* in a file before this one */
            fates[*place].deletion = i;
            *place = NOBODY;
        }
    }
    guint32 highest = NOBODY;
    for (int version = 255; version > 0; version--)
        if (highest == NOBODY)
            highest = standing[version];
        else if (standing[version] != NOBODY)
            fates[standing[version]].successor = highest;
    /* A successor's successor stands for both. Within a version successors lie behind, so that going backwards takes one
     * step for each; the highest has none. */
    for (guint32 i = count; i-- > 0;) {
        guint32 next = fates[i].successor;
        if (next != NOBODY && fates[next].successor != NOBODY)
            fates[i].successor = fates[next].successor;
    }
    return highest;
}

/* ---- Verdicts ------------------------------------------------------------------------------------------------ */

static gboolean read_facts(StoreTxn *txn, const UpdateEntry *entry, Document *document, GError **error)
{
    GError *cause = NULL;
    Docno docno = update_entry_docno(entry);
    if (document_get_facts(txn, docno, document, &cause))
        return TRUE;
    if (cause)
        g_propagate_error(error, cause);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " was there a moment ago; run galen audit", docno);
    return FALSE;
}

static char *describe(const UpdateEntry *entry, const UpdateEntry *cause, const char *origin)
{
    if (cause->deletes)
        return g_strdup_printf("by the DeleteCitation at %s", origin);
    return cause->version > entry->version ? g_strdup_printf("version %u at %s", cause->version, origin) : g_strdup_printf("again at %s", origin);
}

static gboolean same_verdict(const Verdict *a, const Verdict *b)
{
    return strcmp(a->rule, b->rule) == 0 && a->winner == b->winner && g_strcmp0(a->detail, b->detail) == 0;
}

static gboolean put_verdict(StoreTxn *txn, const UpdateEntry *entry, const UpdateEntry *cause, const Verdict *present, StageRun *run, GError **error)
{
    g_auto(Document) document = {0}, other = {0};
    if (!read_facts(txn, entry, &document, error) || !read_facts(txn, cause, &other, error))
        return FALSE;
    g_autofree char *detail = describe(entry, cause, other.origin);
    Verdict verdict = {
        .outcome = OUTCOME_DROPPED,
        .stage = UPDATES_STAGE,
        .rule = cause->deletes ? RULE_DELETED : RULE_SUPERSEDED,
        .value = NAN,
        .threshold = NAN,
        .winner = cause->deletes ? DOCNO_NONE : update_entry_docno(cause),
        .detail = detail,
    };
    if (present && same_verdict(present, &verdict))
        return TRUE;
    stage_count(run, document.source, cause->deletes ? "dropped:" RULE_DELETED : "dropped:" RULE_SUPERSEDED, 1);
    return run->extends ? changes_decide(txn, update_entry_docno(entry), &verdict, error)
                        : ledger_put(txn, update_entry_docno(entry), &verdict, error);
}

/* What ingest has decided stays; verdicts of later stages are those of a document that had stood so far. */
static gboolean settle(StoreTxn *txn, const UpdateEntry *entry, const UpdateEntry *cause, StageRun *run, GError **error)
{
    GError *failure = NULL;
    Verdict verdict;
    gboolean decided = ledger_get(txn, update_entry_docno(entry), &verdict, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    unsigned place = decided ? stage_place(verdict.stage) : G_MAXUINT, own = stage_place(UPDATES_STAGE);
    if (place < own)
        return TRUE;
    if (cause)
        return put_verdict(txn, entry, cause, place == own ? &verdict : NULL, run, error);
    return place != own || changes_reopen(txn, update_entry_docno(entry), UPDATES_STAGE, error);
}

/* ---- Notes --------------------------------------------------------------------------------------------------- */

/* What the entry replaced, the latest first; NULL without error: nothing. */
static json_t *make_note(StoreTxn *txn, const UpdateEntry *group, guint32 count, const UpdateFate *fates, guint32 winner, GError **error)
{
    g_autoptr(json_t) note = json_object();
    json_t *found = json_array();
    json_int_t replaced = 0;
    json_object_set_new(note, "found", found);
    for (guint32 i = count; i-- > 0;) {
        if (fates[i].successor != winner || replaced++ >= UPDATES_NOTED)
            continue;
        g_auto(Document) document = {0};
        if (!read_facts(txn, &group[i], &document, error))
            return NULL;
        Docno docno = update_entry_docno(&group[i]);
        g_autofree char *summary = g_strdup_printf("replaces document %" G_GUINT64_FORMAT ", version %u at %s", docno, group[i].version,
                                                   document.origin);
        json_array_append_new(found, json_pack("{s:I, s:i, s:s, s:s}", "docno", (json_int_t)docno, "version", (int)group[i].version, "origin",
                                               document.origin, "summary", summary));
    }
    json_object_set_new(note, "replaced", json_integer(replaced));
    return replaced ? g_steal_pointer(&note) : NULL;
}

static gboolean put_note(StoreTxn *txn, const UpdateEntry *group, guint32 count, const UpdateFate *fates, guint32 place, gboolean stands,
                         GError **error)
{
    GError *failure = NULL;
    Docno docno = update_entry_docno(&group[place]);
    g_autoptr(json_t) note = stands ? make_note(txn, group, count, fates, place, &failure) : NULL;
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    return note ? note_put(txn, docno, UPDATES_STAGE, note, error) : stage_record_delete(txn, TABLE_NOTES, docno, UPDATES_STAGE, error);
}

/* The id leads to the record that stands, in the source that this one is in. */
static gboolean put_index(StoreTxn *txn, const UpdateEntry *entry, GError **error)
{
    g_auto(Document) document = {0};
    return read_facts(txn, entry, &document, error) && document_index_move(txn, update_entry_docno(entry), document.source, document.id, error);
}

gboolean update_group_write(StoreTxn *txn, const UpdateEntry *group, guint32 count, StageRun *run, GError **error)
{
    g_autofree UpdateFate *fates = g_new(UpdateFate, count);
    guint32 standing = update_group_decide(group, count, fates);
    for (guint32 i = 0; i < count; i++) {
        guint32 cause = fates[i].deletion != NOBODY ? fates[i].deletion : fates[i].successor;
        if (group[i].deletes)
            continue;
        if (!settle(txn, &group[i], cause == NOBODY ? NULL : &group[cause], run, error) ||
            !put_note(txn, group, count, fates, i, i == standing, error))
            return FALSE;
    }
    return standing == NOBODY || put_index(txn, &group[standing], error);
}

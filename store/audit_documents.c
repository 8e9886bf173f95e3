/* SPDX-License-Identifier: Apache-2.0
 * Every document: its verdict, its winner, its licence, its place in the shards. */
#include <string.h>

#include "store/audit_findings.h"
#include "store/chapters.h"
#include "store/draw.h"
#include "store/note.h"
#include "store/tokens.h"
#include "store/upsample.h"
#include "store/walk.h"

#define WINNER_CHAIN_LIMIT 64

typedef struct SourceCheck {
    guint64 kept;
    guint64 without_licence; /* of the kept ones */
} SourceCheck;

typedef struct AuditBatch {
    SourceCheck *sources; /* by number of the source */
    GPtrArray *findings;
} AuditBatch;

typedef struct DocumentAudit {
    Audit *audit;
    SourceCheck *sources;
} DocumentAudit;

static void batch_free(gpointer data)
{
    AuditBatch *batch = data;
    g_free(batch->sources);
    g_ptr_array_unref(batch->findings);
    g_free(batch);
}

static char *document_where(Docno docno)
{
    return g_strdup_printf("document %" G_GUINT64_FORMAT, docno);
}

static char *record_where(StoreTable table, Docno docno)
{
    return g_strdup_printf("%s %" G_GUINT64_FORMAT, store_table_name(table), docno);
}

/* FALSE: there is none, or it cannot be read (which is reported). */
static gboolean verdict_of(StoreTxn *txn, Docno docno, Verdict *verdict, gboolean *damaged, GPtrArray *findings)
{
    GError *cause = NULL;
    gboolean found = ledger_get(txn, docno, verdict, &cause);
    *damaged = cause != NULL;
    if (cause)
        findings_add_damage(findings, record_where(TABLE_LEDGER, docno), cause);
    return found;
}

static gboolean is_of_chapters(const Verdict *verdict)
{
    return verdict->outcome == OUTCOME_MERGED && strcmp(verdict->stage, CHAPTERS_STAGE) == 0;
}

/* Whether the document's record lists the page as joined. */
static gboolean lists_page(const GPtrArray *chapters, Docno page)
{
    for (guint i = 0; chapters && i < chapters->len; i++) {
        const Chapter *chapter = chapters->pdata[i];
        if (chapter->docno == page && !chapter->missing)
            return TRUE;
    }
    return FALSE;
}

static GPtrArray *chapters_of(StoreTxn *txn, Docno docno, gboolean *damaged, GPtrArray *findings)
{
    GError *cause = NULL;
    GPtrArray *chapters = chapters_get(txn, docno, &cause);
    *damaged = cause != NULL;
    if (cause)
        findings_add_damage(findings, record_where(TABLE_NOTES, docno), cause);
    return chapters;
}

/* A chapter's text is part of its winner's, whatever became of that later; so the winner must list it, and be no chapter. */
static void check_chapter(StoreTxn *txn, Docno docno, const Verdict *merged, GPtrArray *findings)
{
    Verdict verdict;
    gboolean damaged = FALSE, unread;
    gboolean known = merged->winner != DOCNO_NONE && verdict_of(txn, merged->winner, &verdict, &damaged, findings);
    g_autoptr(GPtrArray) chapters = chapters_of(txn, merged->winner, &unread, findings);
    const char *fault = NULL;
    if (!known)
        fault = damaged ? NULL : "has no verdict";
    else if (is_of_chapters(&verdict))
        fault = "is a chapter itself";
    else if (verdict.outcome == OUTCOME_DROPPED && strcmp(verdict.stage, "ingest") == 0)
        fault = "gave no document";
    else if (!chapters || (strcmp(merged->rule, CHAPTERS_RULE) == 0 && !lists_page(chapters, docno)))
        fault = unread ? NULL : "does not list it among its chapters";
    if (fault)
        findings_add(findings, FINDING_LOST_CHAPTER, document_where(docno),
                     "a chapter of document %" G_GUINT64_FORMAT ", which %s", merged->winner, fault);
}

/* The other way round: each page that a document lists has the verdict of a chapter of it. */
static void check_record(StoreTxn *txn, Docno docno, GPtrArray *findings)
{
    gboolean damaged;
    g_autoptr(GPtrArray) chapters = chapters_of(txn, docno, &damaged, findings);
    for (guint i = 0; chapters && i < chapters->len; i++) {
        const Chapter *chapter = chapters->pdata[i];
        Verdict verdict;
        if (chapter->missing || chapter->docno == docno)
            continue;
        gboolean known = verdict_of(txn, chapter->docno, &verdict, &damaged, findings);
        if (!damaged && (!known || !is_of_chapters(&verdict) || verdict.winner != docno))
            findings_add(findings, FINDING_LOST_CHAPTER, document_where(docno),
                         "lists document %" G_GUINT64_FORMAT " as its chapter, whose verdict says otherwise", chapter->docno);
    }
}

/* Follows winners to the document that stands for this one. It must be kept, or have been dropped by a later stage than
 * the one that merged, which would have dropped a copy of it too. */
static void check_winner(StoreTxn *txn, Docno docno, const Verdict *merged, GPtrArray *findings)
{
    Verdict verdict = *merged;
    Docno winner = docno;
    gboolean damaged = FALSE;
    for (unsigned step = 0; verdict.outcome == OUTCOME_MERGED && !is_of_chapters(&verdict) && step < WINNER_CHAIN_LIMIT; step++) {
        winner = verdict.winner;
        if (winner == DOCNO_NONE || !verdict_of(txn, winner, &verdict, &damaged, findings)) {
            if (!damaged)
                findings_add(findings, FINDING_LOST_WINNER, document_where(docno),
                             "merged into document %" G_GUINT64_FORMAT ", which has no verdict", winner);
            return;
        }
    }
    gboolean stands = verdict.outcome == OUTCOME_KEPT ||
                      (verdict.outcome == OUTCOME_DROPPED && stage_place(verdict.stage) > stage_place(merged->stage));
    if (!stands)
        findings_add(findings, FINDING_LOST_WINNER, document_where(docno),
                     "merged into document %" G_GUINT64_FORMAT ", which is %s by %s/%s", winner, outcome_name(verdict.outcome),
                     verdict.stage, verdict.rule);
}

/* A draw that agrees with the document: its source, its tokens, the scored passes times whole rounds of the mix. */
static void check_draw(const Audit *audit, StoreTxn *txn, const Draw *draw, guint source, gsize tokens, GPtrArray *findings)
{
    guint64 asked;
    GError *cause = NULL;
    g_autoptr(json_t) note = note_get(txn, draw->docno, "mix", &cause);
    unsigned scored = upsample_note_passes(note, &asked);
    if (cause)
        findings_add_damage(findings, record_where(TABLE_NOTES, draw->docno), cause);
    if (draw->source != source || draw->tokens != tokens)
        findings_add(findings, FINDING_COUNT_MISMATCH, record_where(TABLE_DRAWS, draw->docno),
                     "%u tokens of source number %u were drawn, but the document has %" G_GSIZE_FORMAT " and is of number %u", draw->tokens,
                     draw->source, tokens, source);
    else if (draw->split == SPLIT_TRAIN ? scored && draw->passes % scored : draw->passes != 1)
        findings_add(findings, FINDING_COUNT_MISMATCH, record_where(TABLE_DRAWS, draw->docno),
                     "%u passes in the split %s were drawn, but the document's note says %u", draw->passes, split_names[draw->split], scored);
}

/* Each pass that was drawn is in the shards of its split, once. */
static void check_placements(StoreTxn *txn, const Draw *draw, GPtrArray *findings)
{
    g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
    GError *cause = NULL;
    guint there = 0;
    if (!shard_placements(txn, draw->docno, placements, &cause)) {
        findings_add_damage(findings, record_where(TABLE_PLACEMENTS, draw->docno), cause);
        return;
    }
    for (guint i = 0; i < placements->len; i++)
        there += strcmp(g_array_index(placements, Placement, i).split, split_names[draw->split]) == 0;
    if (there != draw->passes || there != placements->len)
        findings_add(findings, FINDING_UNPACKED, document_where(draw->docno), "kept, but %u of %u passes are in the split %s, and %u elsewhere",
                     there, draw->passes, split_names[draw->split], placements->len - there);
}

/* Kept: there must be tokens, a draw, and a placement for each pass. */
static void check_packed(const Audit *audit, StoreTxn *txn, Docno docno, guint source, GPtrArray *findings)
{
    const void *ids;
    gsize count;
    GError *cause = NULL;
    Draw draw;
    if (!tokens_get(txn, docno, audit->tokenizer.width, &ids, &count, &cause)) {
        if (cause)
            findings_add_damage(findings, record_where(TABLE_TOKENS, docno), cause);
        else
            findings_add(findings, FINDING_UNPACKED, document_where(docno), "kept, but it has no tokens");
        return;
    }
    if (!draw_get(txn, docno, &draw, &cause)) {
        if (cause)
            findings_add_damage(findings, record_where(TABLE_DRAWS, docno), cause);
        else
            findings_add(findings, FINDING_UNPACKED, document_where(docno), "kept, but the mix has no draw of it");
        return;
    }
    check_draw(audit, txn, &draw, source, count + audit->bos + audit->eos, findings);
    if (count + audit->bos + audit->eos > 0)
        check_placements(txn, &draw, findings);
}

/* What was taken out of the clean text must lie in it. */
static void check_cuts(StoreTxn *txn, Docno docno, GPtrArray *findings)
{
    GError *cause = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_get(txn, docno, NULL, cuts, &cause))
        findings_add_damage(findings, record_where(TABLE_CUTS, docno), cause);
    else if (cuts->len == 0)
        return;
    else if (!cleaned_get(txn, docno, &text, &length, &cause))
        cause ? findings_add_damage(findings, record_where(TABLE_CLEANED, docno), cause)
              : findings_add(findings, FINDING_BAD_CUT, document_where(docno), "has cuts but no clean text");
    else if (!cuts_fit((const Cut *)(void *)cuts->data, cuts->len, length))
        findings_add(findings, FINDING_BAD_CUT, document_where(docno),
                     "its cuts overlap, or lie outside its clean text of %" G_GSIZE_FORMAT " bytes", length);
}

static gboolean has_licence(const SourceTally *source, const Document *document)
{
    const char *licence = json_get_string(source->facts, "licence");
    return (document->licence && *document->licence) || (licence && *licence);
}

static void check_rights(const Audit *audit, StoreTxn *txn, Docno docno, const Document *document, GPtrArray *findings)
{
    GError *cause = NULL;
    g_autofree char *reason = NULL;
    gboolean allowed;
    if (!audit->rights)
        return;
    if (!rights_judge(audit->rights, txn, docno, document, &allowed, &reason, &cause))
        findings_add_damage(findings, record_where(TABLE_NOTES, docno), cause);
    else if (!allowed)
        findings_add(findings, FINDING_NOT_REDISTRIBUTABLE, document_where(docno), "%s", reason);
}

/* The tokens of kept documents are in the shards, and their source is known. */
static void check_kept(const Audit *audit, StoreTxn *txn, Docno docno, const Document *document, AuditBatch *batch)
{
    guint source;
    SourceTally *facts = g_hash_table_lookup(audit->tally->by_tag, document->source ? document->source : "");
    if (!facts || !g_ptr_array_find(audit->tally->sources, facts, &source)) {
        findings_add(batch->findings, FINDING_COUNT_MISMATCH, document_where(docno),
                     "is of source \"%s\", which the store does not list", document->source ? document->source : "");
        return;
    }
    batch->sources[source].kept++;
    batch->sources[source].without_licence += !has_licence(facts, document);
    check_rights(audit, txn, docno, document, batch->findings);
    if (audit->packed && audit->has_tokens)
        check_packed(audit, txn, docno, source, batch->findings);
}

/* Ingest keeps the rest of a file that it could not read as one document with this verdict. */
static void check_input(Docno docno, const Document *document, const Verdict *verdict, GPtrArray *findings)
{
    if (strcmp(verdict->rule, "damaged-input") == 0)
        findings_add(findings, FINDING_DAMAGED_INPUT, document_where(docno), "%s could not be read whole: %s",
                     document->origin ? document->origin : "an input", verdict->detail ? verdict->detail : "see galen why");
}

static gboolean has_id(StoreTxn *txn, Docno docno, const Document *document)
{
    g_auto(Document) other = {0};
    GError *cause = NULL;
    gboolean same = document_get_facts(txn, docno, &other, &cause) && g_strcmp0(other.source, document->source) == 0 &&
                    g_strcmp0(other.id, document->id) == 0;
    gboolean damaged = cause != NULL; /* audit_records reports it */
    g_clear_error(&cause);
    return same || damaged;
}

/* Of several documents with one id, as of the versions of a citation, the id leads to one. */
static void check_id(StoreTxn *txn, Docno docno, const Document *document, GPtrArray *findings)
{
    Docno found;
    GError *cause = NULL;
    if (!document->source || !document->id)
        return;
    if (document_find(txn, document->source, document->id, &found, &cause)) {
        if (found != docno && !has_id(txn, found, document))
            findings_add(findings, FINDING_LOST_ID, document_where(docno),
                         "its id leads to document %" G_GUINT64_FORMAT ", which has another", found);
    } else if (!cause) {
        findings_add(findings, FINDING_LOST_ID, document_where(docno), "its id leads nowhere");
    }
    g_clear_error(&cause); /* audit_records reports it */
}

static void check_verdict(const Audit *audit, StoreTxn *txn, Docno docno, const Document *document, AuditBatch *batch)
{
    Verdict verdict;
    gboolean damaged;
    if (!verdict_of(txn, docno, &verdict, &damaged, batch->findings)) {
        if (audit->packed && !damaged)
            findings_add(batch->findings, FINDING_LEDGER_GAP, document_where(docno), "has no verdict");
    } else if (verdict.outcome == OUTCOME_KEPT) {
        check_kept(audit, txn, docno, document, batch);
    } else if (is_of_chapters(&verdict) && audit->packed) {
        check_chapter(txn, docno, &verdict, batch->findings);
    } else if (verdict.outcome == OUTCOME_MERGED && audit->packed) {
        check_winner(txn, docno, &verdict, batch->findings);
    } else if (verdict.outcome == OUTCOME_DROPPED) {
        check_input(docno, document, &verdict, batch->findings);
    }
}

static void check_document(const Audit *audit, StoreTxn *txn, Docno docno, const StoreRecord *record, AuditBatch *batch)
{
    g_auto(Document) document = {0};
    StoreValue value;
    GError *cause = NULL;
    check_cuts(txn, docno, batch->findings);
    check_record(txn, docno, batch->findings);
    if (store_record_value(record, FALSE, &value) && document_thaw(&value, FALSE, &document, &cause)) {
        check_id(txn, docno, &document, batch->findings);
        check_verdict(audit, txn, docno, &document, batch);
    } else if (cause) {
        findings_add_damage(batch->findings, record_where(TABLE_DOCUMENTS, docno), cause);
    }
}

static gpointer check_documents(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error)
{
    const DocumentAudit *pass = user;
    AuditBatch *batch = g_new0(AuditBatch, 1);
    batch->sources = g_new0(SourceCheck, pass->audit->tally->sources->len + 1);
    batch->findings = findings_new();
    for (guint i = 0; i < count; i++)
        if (records[i].key.length == 8) /* others are audit_records' to report */
            check_document(pass->audit, txn, docno_read(records[i].key.data), &records[i], batch);
    return batch;
}

static gboolean take_batch(gpointer user, gpointer result, GError **error)
{
    DocumentAudit *pass = user;
    AuditBatch *batch = result;
    for (guint i = 0; i < pass->audit->tally->sources->len; i++) {
        pass->sources[i].kept += batch->sources[i].kept;
        pass->sources[i].without_licence += batch->sources[i].without_licence;
    }
    audit_take(pass->audit, batch->findings);
    return TRUE;
}

static void check_sources(DocumentAudit *pass)
{
    g_autoptr(GPtrArray) findings = findings_new();
    for (guint i = 0; i < pass->audit->tally->sources->len; i++) {
        const SourceTally *source = g_ptr_array_index(pass->audit->tally->sources, i);
        const SourceCheck *check = &pass->sources[i];
        char *where = g_strdup_printf("source %s", source->tag);
        if (pass->audit->packed && check->kept == 0)
            findings_add(findings, FINDING_EMPTY_SOURCE, where, "no document of this source was kept");
        else if (check->without_licence)
            findings_add(findings, FINDING_MISSING_LICENCE, where,
                         "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                         " kept documents have no licence; give the source one in the recipe",
                         check->without_licence, check->kept);
        else
            g_free(where);
    }
    audit_take(pass->audit, findings);
}

/* As many verdicts as documents, as many draws as kept ones: one more is of a document that is gone. */
static void check_counts(Audit *audit, const DocumentAudit *pass, StoreTxn *txn)
{
    guint64 kept = 0, draws = store_count(txn, TABLE_DRAWS);
    for (guint i = 0; i < audit->tally->sources->len; i++)
        kept += pass->sources[i].kept;
    guint64 entered = store_count(txn, TABLE_DOCUMENTS), decided = store_count(txn, TABLE_LEDGER);
    g_autoptr(GPtrArray) findings = findings_new();
    if (audit->packed && entered != decided)
        findings_add(findings, FINDING_COUNT_MISMATCH, g_strdup("table ledger"),
                     "%" G_GUINT64_FORMAT " documents entered, but %" G_GUINT64_FORMAT " have a verdict", entered, decided);
    if (audit->packed && draws != kept)
        findings_add(findings, FINDING_COUNT_MISMATCH, g_strdup("table draws"),
                     "%" G_GUINT64_FORMAT " documents are kept, but %" G_GUINT64_FORMAT " have a draw of the mix", kept, draws);
    audit_take(audit, findings);
}

gboolean audit_documents(Audit *audit, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(audit->context->store, error);
    if (!txn)
        return FALSE;
    g_autofree SourceCheck *sources = g_new0(SourceCheck, audit->tally->sources->len + 1);
    DocumentAudit pass = {audit, sources};
    StoreWalk walk = {.table = TABLE_DOCUMENTS, .user = &pass, .work = check_documents, .take = take_batch, .result_free = batch_free};
    progress_begin(audit->context->progress, "audit documents", "documents", store_count(txn, TABLE_DOCUMENTS));
    gboolean good = store_walk(audit->context, &walk, error);
    progress_end(audit->context->progress);
    if (good) {
        check_sources(&pass);
        check_counts(audit, &pass, txn);
    }
    return good;
}

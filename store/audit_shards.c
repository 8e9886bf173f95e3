/* SPDX-License-Identifier: Apache-2.0
 * Every shard: its spans tile it, belong to kept documents, and its tokens are theirs.
 *
 * Shards are checked on many threads, each by itself; what joins one to the next is checked in order on one. */
#include <string.h>

#include "store/audit_findings.h"
#include "store/tokens.h"
#include "store/walk.h"

typedef struct ShardCheck {
    unsigned split;
    guint32 number;
    gboolean readable;
    guint64 tokens;
    guint64 begins; /* spans with the first token of a document */
    Span first, last;
    GPtrArray *findings;
} ShardCheck;

typedef struct ShardAudit {
    Audit *audit;
    guint64 tokens[SPLIT_COUNT];  /* of the shards before */
    guint32 shards[SPLIT_COUNT];
    guint64 begins;
    Span last; /* of the shard before */
} ShardAudit;

/* What all checks of one shard share. */
typedef struct ShardView {
    const Audit *audit;
    StoreTxn *txn;
    ShardCheck *check;
    StoreValue ids, spans;
    gsize span_count;
} ShardView;

static void check_clear(gpointer data)
{
    g_ptr_array_unref(((ShardCheck *)data)->findings);
}

static void checks_free(gpointer data)
{
    g_array_unref(data);
}

static char *where_of(const ShardCheck *check)
{
    return g_strdup_printf("shard %s/%u", split_names[check->split], check->number);
}

static char *span_where(const ShardCheck *check, const Span *span)
{
    return g_strdup_printf("shard %s/%u token %" G_GUINT64_FORMAT, split_names[check->split], check->number, span->position);
}

/* Token `index` of "BOS document EOS". */
static guint32 expected_token(const Audit *audit, const void *ids, gsize count, guint64 index)
{
    if (audit->bos && index == 0)
        return audit->tokenizer.bos;
    index -= audit->bos;
    return index < count ? token_at(ids, audit->tokenizer.width, index) : audit->tokenizer.eos;
}

static void compare_tokens(const ShardView *view, const Span *span, gsize at, const void *ids, gsize count)
{
    const Audit *audit = view->audit;
    guint64 length = (guint64)count + audit->bos + audit->eos;
    if ((guint64)span->offset + span->length > length) {
        findings_add(view->check->findings, FINDING_TOKEN_MISMATCH, span_where(view->check, span),
                     "the span ends at token %" G_GUINT64_FORMAT " of document %" G_GUINT64_FORMAT
                     ", which has %" G_GUINT64_FORMAT,
                     (guint64)span->offset + span->length, span->docno, length);
        return;
    }
    for (guint32 i = 0; i < span->length; i++) {
        guint32 expected = expected_token(audit, ids, count, (guint64)span->offset + i);
        guint32 found = token_at(view->ids.data, audit->tokenizer.width, at + i);
        if (found == expected && found < audit->tokenizer.vocabulary)
            continue;
        findings_add(view->check->findings, FINDING_TOKEN_MISMATCH, span_where(view->check, span),
                     "token %u of document %" G_GUINT64_FORMAT " is %u in the shard and %u in the document", span->offset + i,
                     span->docno, found, expected);
        return;
    }
}

/* A document is cut only by a shard's end. */
static void check_cut(const ShardView *view, const Span *span, gsize index, gsize count)
{
    guint64 length = (guint64)count + view->audit->bos + view->audit->eos;
    gboolean cut_before = span->offset > 0 && index > 0;
    gboolean cut_after = (guint64)span->offset + span->length < length && index + 1 < view->span_count;
    if (cut_before || cut_after)
        findings_add(view->check->findings, FINDING_SPAN_GAP, span_where(view->check, span),
                     "document %" G_GUINT64_FORMAT " is cut inside the shard", span->docno);
}

static void check_source(const ShardView *view, const Span *span)
{
    g_auto(Document) facts = {0};
    GError *cause = NULL;
    if (!document_get_facts(view->txn, span->docno, &facts, &cause)) {
        g_clear_error(&cause); /* a damaged or missing document is another check's finding */
        return;
    }
    const GPtrArray *sources = view->audit->tally->sources;
    const SourceTally *source = span->source < sources->len ? g_ptr_array_index(sources, span->source) : NULL;
    if (g_strcmp0(source ? source->tag : NULL, facts.source) != 0)
        findings_add(view->check->findings, FINDING_COUNT_MISMATCH, span_where(view->check, span),
                     "the span counts for source \"%s\", but document %" G_GUINT64_FORMAT " is of \"%s\"",
                     source ? source->tag : "(none)", span->docno, facts.source ? facts.source : "(none)");
}

/* The placement says where the document begins, for show and why. */
static void check_placement(const ShardView *view, const Span *span)
{
    g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
    GError *cause = NULL;
    if (!shard_placements(view->txn, span->docno, placements, &cause)) {
        g_clear_error(&cause); /* audit_records and audit_documents report it */
        return;
    }
    for (guint i = 0; i < placements->len; i++) {
        const Placement *placement = &g_array_index(placements, Placement, i);
        if (placement->repeat == span->repeat && placement->position == span->position &&
            strcmp(placement->split, split_names[view->check->split]) == 0)
            return;
    }
    findings_add(view->check->findings, FINDING_SPAN_GAP, span_where(view->check, span),
                 "document %" G_GUINT64_FORMAT " (repeat %u) begins here, but its placement says otherwise", span->docno,
                 span->repeat);
}

static gboolean span_is_kept(const ShardView *view, const Span *span)
{
    Verdict verdict;
    GError *cause = NULL;
    if (ledger_get(view->txn, span->docno, &verdict, &cause) && verdict.outcome == OUTCOME_KEPT)
        return TRUE;
    if (!cause)
        findings_add(view->check->findings, FINDING_ORPHAN_SPAN, span_where(view->check, span),
                     "%u tokens of document %" G_GUINT64_FORMAT ", which is not kept", span->length, span->docno);
    g_clear_error(&cause); /* a damaged verdict is audit_documents' finding */
    return FALSE;
}

/* Of best-fit alone, up to a window's end, and nothing but EOS. */
static void check_padding(const ShardView *view, const Span *span, gsize at)
{
    const Audit *audit = view->audit;
    guint64 end = span->position + span->length;
    if (!audit->window || span->source != SPAN_NO_SOURCE || end % audit->window != 0)
        findings_add(view->check->findings, FINDING_SPAN_GAP, span_where(view->check, span),
                     "%u tokens are padding, which the recipe does not ask for or which ends inside a window", span->length);
    for (guint32 i = 0; i < span->length; i++)
        if (token_at(view->ids.data, audit->tokenizer.width, at + i) != audit->tokenizer.eos) {
            findings_add(view->check->findings, FINDING_TOKEN_MISMATCH, span_where(view->check, span),
                         "token %u of the padding is not EOS", i);
            return;
        }
}

/* Best-fit cuts no document that fits into a window. */
static void check_window(const ShardView *view, const Span *span)
{
    guint64 window = view->audit->window;
    if (window && span->offset == 0 && span->length <= window && span->position / window != (span->position + span->length - 1) / window)
        findings_add(view->check->findings, FINDING_SPAN_GAP, span_where(view->check, span),
                     "document %" G_GUINT64_FORMAT " lies across a window's end, though it fits into a window", span->docno);
}

static void check_span(const ShardView *view, const Span *span, gsize index, gsize at)
{
    const void *ids;
    gsize count;
    GError *cause = NULL;
    if (span_is_padding(span)) {
        check_padding(view, span, at);
        return;
    }
    if (!span_is_kept(view, span))
        return;
    check_source(view, span);
    check_window(view, span);
    if (span->offset == 0)
        check_placement(view, span);
    if (!tokens_get(view->txn, span->docno, view->audit->tokenizer.width, &ids, &count, &cause)) {
        g_clear_error(&cause); /* audit_documents reports it */
        return;
    }
    compare_tokens(view, span, at, ids, count);
    check_cut(view, span, index, count);
}

static void check_spans(const ShardView *view)
{
    ShardCheck *check = view->check;
    gsize at = 0;
    for (gsize i = 0; i < view->span_count; i++) {
        Span span = span_at(view->spans.data, i);
        if (i == 0)
            check->first = span;
        if (span.position != check->first.position + at || span.length == 0 || span.length > check->tokens - at) {
            findings_add(check->findings, FINDING_SPAN_GAP, where_of(check),
                         "span %" G_GSIZE_FORMAT " is tokens %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                         ", but the one before ends at %" G_GUINT64_FORMAT " and the shard at %" G_GUINT64_FORMAT,
                         i, span.position, span.position + span.length, check->first.position + at,
                         check->first.position + check->tokens);
            return;
        }
        check_span(view, &span, i, at);
        check->begins += span.offset == 0 && !span_is_padding(&span);
        check->last = span;
        at += span.length;
    }
    if (at != check->tokens)
        findings_add(check->findings, FINDING_SPAN_GAP, where_of(check),
                     "the spans cover %" G_GSIZE_FORMAT " of %" G_GUINT64_FORMAT " tokens", at, check->tokens);
}

static gboolean read_shard(ShardView *view, const StoreRecord *record)
{
    GError *cause = NULL;
    ShardCheck *check = view->check;
    const StoreValue *key = &record->key;
    if (!store_record_value(record, FALSE, &view->ids))
        return FALSE; /* audit_records reports it */
    if (!store_get_unchecked(view->txn, TABLE_SPANS, key->data, key->length, &view->spans, &cause)) {
        if (cause)
            findings_add_damage(check->findings, where_of(check), cause);
        else
            findings_add(check->findings, FINDING_SPAN_GAP, where_of(check), "the shard has no spans");
        return FALSE;
    }
    if (view->ids.length % view->audit->tokenizer.width == 0 && view->spans.length % sizeof(Span) == 0)
        return TRUE;
    findings_add(check->findings, FINDING_SPAN_GAP, where_of(check),
                 "%" G_GSIZE_FORMAT " bytes of tokens or %" G_GSIZE_FORMAT " bytes of spans are no whole number of them",
                 view->ids.length, view->spans.length);
    return FALSE;
}

static void check_shard(const Audit *audit, StoreTxn *txn, const StoreRecord *record, ShardCheck *check)
{
    ShardView view = {.audit = audit, .txn = txn, .check = check};
    check->readable = read_shard(&view, record);
    if (!check->readable)
        return;
    check->tokens = view.ids.length / audit->tokenizer.width;
    view.span_count = view.spans.length / sizeof(Span);
    check_spans(&view);
}

static gpointer check_shards(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error)
{
    const ShardAudit *pass = user;
    GArray *checks = g_array_new(FALSE, FALSE, sizeof(ShardCheck));
    g_array_set_clear_func(checks, check_clear);
    for (guint i = 0; i < count; i++) {
        ShardCheck check = {0};
        if (!shard_key_read(&records[i].key, &check.split, &check.number))
            continue;
        check.findings = findings_new();
        check_shard(pass->audit, txn, &records[i], &check);
        g_array_append_val(checks, check);
    }
    return checks;
}

/* What joins this shard to the one before: number, position, and the document that was cut between them. */
static void check_joint(const ShardAudit *pass, const ShardCheck *check)
{
    const Span *first = &check->first, *last = &pass->last;
    if (check->number != pass->shards[check->split]) {
        findings_add(check->findings, FINDING_SPAN_GAP, where_of(check), "shard %u is missing before it",
                     pass->shards[check->split]);
        return;
    }
    if (!check->readable || check->tokens == 0)
        return;
    if (first->position != pass->tokens[check->split])
        findings_add(check->findings, FINDING_SPAN_GAP, where_of(check),
                     "begins at token %" G_GUINT64_FORMAT ", but %" G_GUINT64_FORMAT " tokens lie before it", first->position,
                     pass->tokens[check->split]);
    if (first->offset > 0 && (check->number == 0 || first->docno != last->docno || first->repeat != last->repeat ||
                              first->offset != last->offset + last->length))
        findings_add(check->findings, FINDING_SPAN_GAP, where_of(check),
                     "begins inside document %" G_GUINT64_FORMAT ", which the shard before does not end with", first->docno);
}

static gboolean take_shards(gpointer user, gpointer result, GError **error)
{
    ShardAudit *pass = user;
    const GArray *checks = result;
    for (guint i = 0; i < checks->len; i++) {
        const ShardCheck *check = &g_array_index(checks, ShardCheck, i);
        check_joint(pass, check);
        audit_take(pass->audit, check->findings);
        pass->shards[check->split] = check->number + 1;
        pass->tokens[check->split] += check->tokens;
        pass->begins += check->begins;
        pass->last = check->last;
    }
    return TRUE;
}

static void check_totals(ShardAudit *pass, StoreTxn *txn)
{
    g_autoptr(GPtrArray) findings = findings_new();
    guint64 placements = store_count(txn, TABLE_PLACEMENTS);
    guint64 shards = store_count(txn, TABLE_SHARDS), spans = store_count(txn, TABLE_SPANS);
    if (shards != spans)
        findings_add(findings, FINDING_SPAN_GAP, g_strdup("table spans"),
                     "%" G_GUINT64_FORMAT " shards have spans of %" G_GUINT64_FORMAT, shards, spans);
    if (placements != pass->begins)
        findings_add(findings, FINDING_SPAN_GAP, g_strdup("table placements"),
                     "%" G_GUINT64_FORMAT " placements, but %" G_GUINT64_FORMAT " documents begin in the shards", placements,
                     pass->begins);
    audit_take(pass->audit, findings);
}

gboolean audit_shards(Audit *audit, GError **error)
{
    if (!audit->has_tokens)
        return TRUE;
    g_autoptr(StoreTxn) txn = store_read_begin(audit->context->store, error);
    if (!txn)
        return FALSE;
    ShardAudit pass = {.audit = audit};
    StoreWalk walk = {.table = TABLE_SHARDS, .user = &pass, .work = check_shards, .take = take_shards, .result_free = checks_free};
    progress_begin(audit->context->progress, "audit shards", "shards", store_count(txn, TABLE_SHARDS));
    gboolean good = store_walk(audit->context, &walk, error);
    progress_end(audit->context->progress);
    if (good)
        check_totals(&pass, txn);
    return good;
}

/* SPDX-License-Identifier: Apache-2.0
 * store/audit.h - check a store against itself: hashes, ledger, spans, counts, licences.
 *
 * audit_run returns findings with ids that stay stable for years, for scripts to match. It reads everything and changes
 * nothing. GError is for what keeps it from looking (no store); what it sees is a finding.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/stage.h"

typedef enum { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR } Severity;
const char *severity_name(Severity severity);

/* The kinds of finding. */
#define FINDING_UNFINISHED "unfinished-build"       /* error: no manifest */
#define FINDING_HASH_MISMATCH "hash-mismatch"       /* error: a record's XXH3 or the manifest's SHA-256 differs */
#define FINDING_LEDGER_GAP "ledger-gap"             /* error: a document without exactly one verdict */
#define FINDING_LOST_WINNER "lost-winner"           /* error: merged into a document that is not kept */
#define FINDING_LOST_CHAPTER "lost-chapter"         /* error: the pages of a document and their verdicts do not agree */
#define FINDING_ORPHAN_SPAN "orphan-span"           /* error: tokens of a document that is not kept */
#define FINDING_UNPACKED "kept-but-not-packed"      /* error: a kept document without tokens in a shard */
#define FINDING_SPAN_GAP "span-gap"                 /* error: spans do not tile their shard */
#define FINDING_TOKEN_MISMATCH "token-mismatch"     /* error: a shard's tokens differ from the document's */
#define FINDING_BAD_CUT "bad-cut"                   /* error: what was taken out of a text does not fit it */
#define FINDING_COUNT_MISMATCH "count-mismatch"     /* error: entered != kept + dropped + merged */
#define FINDING_MISSING_LICENCE "missing-licence"   /* warning: a kept source whose documents have no licence */
#define FINDING_EMPTY_SOURCE "empty-source"         /* warning: a source that kept nothing */
#define FINDING_DAMAGED_INPUT "damaged-input"       /* warning: an input could not be read whole */

typedef struct Finding {
    const char *id; /* static */
    Severity severity;
    char *where;    /* docno, shard, source or table */
    char *message;
} Finding;

/* An array of Finding, sorted by severity (errors first), id and place; free with g_ptr_array_unref. */
GPtrArray *audit_run(StageContext *context, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * store/audit.h - check a store against itself and its proof: pages, hashes, ledger, spans, counts, licences.
 *
 * audit_store looks at the store in a directory from the bottom to the top: the pages of LMDB's file (store/pages.h),
 * which are read without LMDB, so that no damage can crash it; each record's checksum, and each table and file against
 * the seal (store/seal.h); what records say about one another; and all counts and hashes of the manifest, anew. Any one
 * byte changed in a record, a capture or the proof itself is found. Where pages are damaged, nothing above them is
 * looked at. audit_run is all but the pages, for a store that is open. Both work on `jobs` threads, change nothing, and
 * return findings whose ids stay stable for years, for scripts to match. GError is for what keeps them from looking (no
 * store); what they see is a finding.
 *
 * Bytes that nobody reads are not looked at: store/pages.h lists those of LMDB's file; lock files are others.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/stage.h"

typedef enum { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR } Severity;
const char *severity_name(Severity severity);

/* The kinds of finding; finding_kind explains them. */
#define FINDING_STORE_DAMAGED "store-damaged"
#define FINDING_UNFINISHED "unfinished-build"
#define FINDING_HASH_MISMATCH "hash-mismatch"
#define FINDING_MISSING_FILE "missing-file"
#define FINDING_MISSING_CAPTURE "missing-capture"
#define FINDING_UNKNOWN_FILE "unknown-file"
#define FINDING_LEDGER_GAP "ledger-gap"
#define FINDING_LOST_WINNER "lost-winner"
#define FINDING_LOST_CHAPTER "lost-chapter"
#define FINDING_LOST_ID "lost-id"
#define FINDING_ORPHAN_SPAN "orphan-span"
#define FINDING_UNPACKED "kept-but-not-packed"
#define FINDING_SPAN_GAP "span-gap"
#define FINDING_TOKEN_MISMATCH "token-mismatch"
#define FINDING_BAD_CUT "bad-cut"
#define FINDING_COUNT_MISMATCH "count-mismatch"
#define FINDING_NOT_REDISTRIBUTABLE "not-redistributable"
#define FINDING_MISSING_LICENCE "missing-licence"
#define FINDING_SOURCE_SHRUNK "source-shrunk"
#define FINDING_EMPTY_SOURCE "empty-source"
#define FINDING_DAMAGED_INPUT "damaged-input"
#define FINDING_FORGOTTEN_TRACE "forgotten-trace"

typedef struct FindingKind {
    const char *id;
    Severity severity;   /* of most; docs/findings.md says where it differs */
    const char *summary; /* one line */
    const char *meaning, *remedy;
} FindingKind;

const FindingKind *finding_kinds(gsize *count);
const FindingKind *finding_kind(const char *id); /* NULL: there is no such id */

typedef struct Finding {
    const char *id; /* static */
    Severity severity;
    char *where;    /* docno, shard, source, table, file or page */
    char *message;
} Finding;

/* Appends a finding; takes ownership of `where`. The severity follows from the id. */
void findings_add(GPtrArray *findings, const char *id, char *where, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* A part of the audit that another room brings, who knows what lies in its files; it reports into `findings`. */
typedef gboolean (*AuditPart)(Store *store, GPtrArray *findings, GError **error);

/* An array of Finding, sorted by severity (errors first), id and place; free with g_ptr_array_unref. */
GPtrArray *audit_store(const char *directory, AuditPart more, unsigned jobs, Progress *progress, GError **error); /* more: NULL: none */
GPtrArray *audit_run(StageContext *context, GError **error);

#endif

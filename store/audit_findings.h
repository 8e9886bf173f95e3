/* SPDX-License-Identifier: Apache-2.0
 * store/audit_findings.h - the parts of an audit and what they report into. Used by audit*.c alone.
 *
 * Each part looks at the whole store from one side. Workers gather findings in lists of their own, and the one thread
 * that runs the audit takes them over in order, so that the cap on findings of one kind always lets the same ones pass.
 */
#ifndef STORE_AUDIT_FINDINGS_H
#define STORE_AUDIT_FINDINGS_H

#include "store/audit.h"
#include "store/manifest_parts.h"
#include "store/rights.h"
#include "store/table_digest.h"
#include "store/tokenizer_store.h"

#define FINDINGS_PER_ID 100

typedef struct Audit {
    StageContext *context;
    AuditPart more;       /* NULL: none */
    GPtrArray *findings;  /* of Finding */
    GHashTable *counts;   /* id -> how many were found */
    GHashTable *places;   /* "id where" of those in `findings`: one place is reported once */
    gboolean packed;      /* the stage pack is complete: every document must have its verdict and tokens */
    gboolean has_tokens;  /* `tokenizer` is known */
    TokenizerFacts tokenizer;
    gboolean bos, eos;    /* around each document */
    guint64 window;       /* of best-fit; 0: documents lie one behind the other */
    RightsSources *rights; /* NULL: the store does not say that it may be passed on */
    Tally *tally;         /* the sources */
    TableDigest tables[TABLE_COUNT]; /* as audit_records found them */
    gboolean damaged[TABLE_COUNT];   /* records of it have findings */
} Audit;

void finding_free(gpointer finding);
GPtrArray *findings_new(void);
/* Appends FINDING_HASH_MISMATCH with the message of `cause`, which it frees. */
void findings_add_damage(GPtrArray *findings, char *where, GError *cause);
/* Moves the findings of `from` into the audit, up to the cap. */
void audit_take(Audit *audit, GPtrArray *from);
/* One line for each kind that passed the cap, then the order of audit.h. */
void audit_sort(Audit *audit);

gboolean audit_records(Audit *audit, GError **error);
gboolean audit_seal(Audit *audit, GError **error);
gboolean audit_documents(Audit *audit, GError **error);
gboolean audit_forgotten(Audit *audit, GError **error);
gboolean audit_shards(Audit *audit, GError **error);
gboolean audit_manifest(Audit *audit, GError **error);
/* Reports into `findings`; `manifest` is what was computed anew. */
void audit_sources(Audit *audit, const json_t *manifest, GPtrArray *findings);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * store/ledger.h - what became of each document: exactly one verdict for every one that entered.
 *
 * A document without a verdict is undecided: later stages may still drop it. The build's last act on documents is to
 * give every undecided one OUTCOME_KEPT. Stages write verdicts in the same transaction as their progress.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/store.h"

typedef enum {
    OUTCOME_KEPT = 1,
    OUTCOME_DROPPED = 2, /* a rule said no: stage, rule, value, threshold */
    OUTCOME_MERGED = 3,  /* another document stands for it: winner */
} Outcome;

/* Rules are named by slugs that stay stable for years: "malformed-xml", "too-short", "near-duplicate". `value` and
 * `threshold` are NAN where the rule compares no numbers. `detail` is one line for people, or NULL. */
typedef struct Verdict {
    Outcome outcome;
    const char *stage;
    const char *rule;
    double value;
    double threshold;
    Docno winner; /* of a merged document, or the record that superseded it (scrapers/updates.h); else DOCNO_NONE */
    const char *detail;
    const char *source; /* of the document, where the caller of ledger_put knows it: saves a look-up; else NULL */
} Verdict;

const char *outcome_name(Outcome outcome); /* "kept", "dropped", "merged" */

gboolean ledger_put(StoreTxn *txn, Docno docno, const Verdict *verdict, GError **error);
/* Strings of *verdict lie in the map, valid until the transaction ends. FALSE without error: undecided. */
gboolean ledger_get(StoreTxn *txn, Docno docno, Verdict *verdict, GError **error);
gboolean ledger_parse(const StoreValue *value, Verdict *verdict, GError **error);
gboolean ledger_has(StoreTxn *txn, Docno docno);
/* Takes a verdict back; fine if there is none. */
gboolean ledger_delete(StoreTxn *txn, Docno docno, GError **error);
/* Takes back every verdict that `stage` gave, before the stage runs anew. */
gboolean ledger_forget_stage(StoreTxn *txn, const char *stage, GError **error);

#endif

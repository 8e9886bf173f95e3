/* SPDX-License-Identifier: Apache-2.0
 * store/cuts.h - what later stages took out of a clean text, and the text that is left: the final text.
 *
 * Clean text is written once, by cleaning. A stage that takes a passage out of it writes down which bytes (TABLE_CUTS,
 * one record a stage), so nothing is lost: what was taken out can be shown, counted and proved, and a stage that runs
 * anew takes its cuts back. The final text is the clean text without all cuts; tokens are made of it. Cuts of all stages
 * together are disjoint. They are part of the document's hash in the manifest, and audit checks them against the text.
 *
 * Offsets and lengths are bytes of the clean text, as TABLE_CLEANED has it.
 */
#ifndef STORE_CUTS_H
#define STORE_CUTS_H

#include "store/document.h"

typedef struct Cut {
    guint64 start;
    guint64 length; /* at least 1 */
} Cut;

/* Rising, disjoint cuts. No cuts: no record. */
gboolean cuts_put(StoreTxn *txn, Docno docno, const char *stage, const Cut *cuts, gsize count, GError **error);
/* Appends one stage's cuts, or (stage NULL) those of all stages, rising, to an array of Cut. */
gboolean cuts_get(StoreTxn *txn, Docno docno, const char *stage, GArray *cuts, GError **error);
gboolean cuts_parse(const StoreValue *value, GArray *cuts, GError **error);
/* Whether they are rising, disjoint, not empty and inside a text of `length` bytes. */
gboolean cuts_fit(const Cut *cuts, gsize count, guint64 length);
guint64 cuts_bytes(const Cut *cuts, gsize count);

/* Takes the cuts, which must fit, out of the text in place; returns what is left of its length. */
gsize cuts_apply(const Cut *cuts, gsize count, char *text, gsize length);
/* Bytes [start, end) of what cuts_apply left, as the pieces of the clean text that they were: appends them to `pieces`.
 * These are disjoint from the cuts. `trace` begins as {0}; calls with the same one must come with rising `start`, and cost
 * together no more than one walk over the cuts. */
typedef struct CutsTrace {
    gsize next;    /* the cut behind the stretch between cuts where the last call ended */
    guint64 from;  /* where that stretch begins in the clean text */
    guint64 left;  /* and in what is left */
} CutsTrace;
void cuts_trace(CutsTrace *trace, const Cut *cuts, gsize count, guint64 start, guint64 end, GArray *pieces);

/* The text that is tokenised. FALSE without error: there is no clean text. */
gboolean final_text_get(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error);

#endif

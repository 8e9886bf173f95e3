/* SPDX-License-Identifier: Apache-2.0
 * store/changes.h - the documents that a finished store's stages must look at anew, and nothing else.
 *
 * When documents are added to a store that was built, or taken out of it, most of what stages wrote stays true. What does
 * not is on a list: TABLE_CHANGES has, for a document, the first stage that must look at it. All that this stage and those
 * behind it had made of the document is withdrawn when it gets on the list, so that a stage which comes to it finds it as
 * if it had never seen it. A stage that has dealt with a document passes it on to the next one.
 *
 * A signature that is withdrawn goes to TABLE_WITHDRAWN, with the document that the stage dedup had merged its document
 * into: the index of duplicates still has it, and must be told (dedup/extension.h).
 *
 * All functions write in the caller's transaction. Cost: a few look-ups for each document.
 */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include "store/stage.h"

/* A document that just entered: nothing has been made of it yet. */
gboolean changes_enter(StoreTxn *txn, Docno docno, const char *stage, GError **error);
/* What `stage` and those behind it made of the document does not hold any more; on the list from `stage` on. */
gboolean changes_redo(StoreTxn *txn, Docno docno, const char *stage, GError **error);
/* `stage` has decided on a document that it, or a later stage, had not or otherwise decided on: the verdict is written, what
 * later stages made of it withdrawn, and they are told. */
gboolean changes_decide(StoreTxn *txn, Docno docno, const Verdict *verdict, GError **error);
/* `stage` takes its verdict back: the document goes to the stage behind it, as if nothing had been decided. */
gboolean changes_reopen(StoreTxn *txn, Docno docno, const char *stage, GError **error);
/* `stage` is done with a document of the list. One that has a verdict leaves it, when the stages that look at several documents
 * at once have seen it go. */
gboolean changes_pass(StoreTxn *txn, Docno docno, const char *stage, GError **error);
gboolean changes_leave(StoreTxn *txn, Docno docno, GError **error);

/* The first document from `from` on that `stage` must look at. FALSE without error: there is none. */
gboolean changes_next(StoreTxn *txn, Docno from, const char *stage, Docno *docno, GError **error);
guint64 changes_count(StoreTxn *txn);

/* What the index of duplicates has of a document. */
typedef struct Withdrawn {
    Docno winner;       /* DOCNO_NONE: it was not merged */
    StoreValue sketch;  /* the record that TABLE_SIGNATURES had; lies in the map */
} Withdrawn;

gboolean withdrawn_parse(const StoreValue *value, Withdrawn *withdrawn, GError **error);
/* FALSE without error: there is none. */
gboolean withdrawn_get(StoreTxn *txn, Docno docno, Withdrawn *withdrawn, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * store/forget.h - documents are taken out of a store for good.
 *
 * forget_write does the first half, in one transaction: the names of the documents get tombstones (store/tombstone.h), the
 * documents become stubs with their verdict, and all that stages made of them is withdrawn (store/changes.h). Documents of
 * which something was known through these, or that gave way to them as older versions, go on the list of changes, and so the
 * stages that run next look at them, and at what deduplication merged into a document that is gone. What was mixed and packed
 * is kept as far as it may be (store/layout.h).
 *
 * From then on the store has a record of what is still to be done ("forgetting" in TABLE_META), and every build finishes it, as
 * a further 'galen forget' does: raw captures, if they are to go; the stages; and behind "pack" forget_finish, which takes the
 * documents' numbers out of the indexes, writes the store anew without the bytes of what was deleted (store_compact), and
 * removes the record. Killed at any moment, nothing was done or the rest is done by the next run.
 *
 * Sequence: forget_write; all stages from "updates" on; forget_finish; manifest_write.
 * Errors: GALEN_ERROR_INPUT for a store that was not read to its end.
 */
#ifndef STORE_FORGET_H
#define STORE_FORGET_H

#include "store/stage.h"
#include "store/tombstone.h"

#define FORGET_FIRST_STAGE "updates" /* the first that must run */

typedef struct ForgetItem {
    Docno docno;
    const char *matched; /* Tombstone.matched; static or interned */
} ForgetItem;

/* Whether an array of ForgetItem, rising, has the document. */
gboolean forget_items_hold(const GArray *items, Docno docno);

typedef struct ForgetRequest {
    const GArray *items;   /* of ForgetItem: every document of each name, rising; stubs among them are passed over */
    const GArray *touched; /* of Docno: others of whose works these are, for the stage "metadata"; NULL: none */
    gint64 time;           /* seconds since 1970 */
    const char *reason, *by; /* one line each; NULL: none */
    gboolean captures;
} ForgetRequest;

gboolean forget_write(Store *store, const ForgetRequest *request, GError **error);

/* What a store still has to do. */
typedef struct Forgetting {
    gboolean pending;
    gboolean captures; /* raw captures still hold documents that are to go from them */
    gboolean packed;   /* all stages had run, and so they must again */
    GArray *docnos;    /* Docno, rising: the documents whose traces are to go; NULL: not pending */
} Forgetting;

void forgetting_clear(Forgetting *forgetting);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Forgetting, forgetting_clear)
gboolean forgetting_load(StoreTxn *txn, Forgetting *forgetting, GError **error);
/* Notes that raw captures may hold some of them again. */
gboolean forgetting_captures_due(StoreTxn *txn, GError **error);
/* Notes that raw captures hold none of them any more. */
gboolean forgetting_captures_done(StoreTxn *txn, GError **error);
/* Fine where nothing is pending. */
gboolean forget_finish(Store *store, GError **error);

#endif

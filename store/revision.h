/* SPDX-License-Identifier: Apache-2.0
 * store/revision.h - what a stage that looks at all documents together finds, beside what it had found before.
 *
 * Where documents come or go, such a stage looks at everything again, but of most documents it finds what it had found. What
 * later stages made of these still holds. A revision writes a document's result and compares: where its cuts or its verdict are
 * others than before, all that later stages made of the document is withdrawn, and they are told by the list of changes
 * (store/changes.h). A changed note alone withdraws nothing: no stage reads another's findings.
 *
 * Sequence, in a run that stage_begin_extending began: revision_new(run); revision_put, in a transaction, for each document of
 * which the stage has something to say; revision_end, which takes back what the stage had said of all others, passes the
 * documents on the list of changes to the next stage, and commits. In a run that is none over changes, revision_put only writes, and
 * revision_end does nothing: what was there was cleared when the stage began.
 * A killed run starts again from the beginning and comes to the same end.
 * Memory: about 40 bytes for each document that was put, in a run over changes.
 */
#ifndef STORE_REVISION_H
#define STORE_REVISION_H

#include "store/stage.h"

typedef struct Revision Revision;

/* All borrowed. */
typedef struct RevisionResult {
    const json_t *note; /* never NULL: a document without a note has no result */
    const Cut *cuts;
    gsize cut_count;
    const Verdict *verdict; /* NULL: the stage leaves it undecided */
} RevisionResult;

Revision *revision_new(const StageRun *run);
void revision_free(Revision *revision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Revision, revision_free)
gboolean revision_put(Revision *revision, StoreTxn *txn, Docno docno, const RevisionResult *result, GError **error);
gboolean revision_end(Revision *revision, Store *store, GError **error);

/* Whether a stage before `stage` has decided on the document: what it, or a later one, had decided does not count. */
gboolean revision_is_decided(StoreTxn *txn, Docno docno, const char *stage);

#endif

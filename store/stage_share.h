/* SPDX-License-Identifier: Apache-2.0
 * store/stage_share.h - the documents of a stage shared out among ranks, and their results on the way to rank 0.
 *
 * Stretches of SHARE_DOCUMENTS document numbers go round the ranks. Rank 0 goes through all stretches in order; where one is
 * another rank's it waits for that rank's messages, the last of which says so. A rank that is ahead waits in share_send, so
 * that no more is under way than its own pipeline holds.
 *
 * Sequence: share_start on all ranks, after rank 0 has decided; share_owner and share_stop tell whose a document is; the
 * owner calls share_send for each batch, rank 0 share_receive for each stretch. For stage_map only.
 */
#ifndef STORE_STAGE_SHARE_H
#define STORE_STAGE_SHARE_H

#include "store/stage.h"

#define SHARE_DOCUMENTS 256

typedef struct Share {
    StageAction action;
    Docno next; /* documents below are done */
    Docno end;  /* behind the last document */
} Share;

/* On rank 0 `share` says what is to be done, on the others it is filled in. *snapshot: what rank 0 keeps of the store while it
 * writes, and what the others read; NULL when there is nothing to do. `room`: bytes of a result, at most. */
gboolean share_start(StageContext *context, gsize room, Share *share, StoreTxn **snapshot, GError **error);
unsigned share_owner(const Comm *comm, Docno docno);
Docno share_stop(Docno docno); /* behind the last document of its stretch */
gboolean share_send(Comm *comm, const StageMap *map, const GArray *items, gboolean last, GError **error);
/* Appends to `items`, and to *bytes what their results take. */
gboolean share_receive(Comm *comm, const StageMap *map, unsigned from, GArray *items, gsize *bytes, GError **error);

#endif

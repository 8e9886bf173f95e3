/* SPDX-License-Identifier: Apache-2.0
 * store/standing.h - how many documents of each source stand how, kept while they are written, so that nobody has to count.
 *
 * TABLE_COUNTS has a number (store_add) for each source: of its documents that entered, and of those that each rule of each
 * stage decided on. Whoever writes a document calls standing_enter; the ledger calls standing_judge with each verdict that it
 * writes and each that it takes back. All of it is in the same transaction as the thing counted, so that a kill changes nothing.
 *
 * standing_load checks the numbers against those of the tables documents and ledger. A store that an earlier version of Galen
 * began has no counts, or not all; then `known` is FALSE, and who wants them counts (store/manifest_parts.h).
 */
#ifndef STORE_STANDING_H
#define STORE_STANDING_H

#include "store/ledger.h"
#include "store/manifest_parts.h"

typedef enum { STANDING_TAKEN_BACK = -1, STANDING_GIVEN = 1 } StandingChange;

void standing_enter(StoreTxn *txn, const char *source);
void standing_leave(StoreTxn *txn, const char *source); /* a document is gone; its verdict was taken back before */
void standing_judge(StoreTxn *txn, const char *source, const Verdict *verdict, StandingChange change);

/* Fills entered, kept, dropped, merged, undecided, dropped_by and merged_by of the tally's sources. */
gboolean standing_load(StoreTxn *txn, Tally *tally, gboolean *known, GError **error);

#endif

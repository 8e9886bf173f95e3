/* SPDX-License-Identifier: Apache-2.0
 * dedup/verdicts.h - writes what deduplication decided into the ledger.
 *
 * In batches, in order of document numbers. Writing twice writes the same.
 */
#ifndef DEDUP_VERDICTS_H
#define DEDUP_VERDICTS_H

#include "dedup/corpus.h"
#include "store/ledger.h"

/* The verdict on the loser of a merge; *detail, which it borrows, is the caller's to free. */
gboolean verdict_of_merge(StoreTxn *txn, const Corpus *corpus, const Merge *merge, Verdict *verdict, char **detail, GError **error);
/* With the clusters (dedup/duplicate_index.h). Sorts corpus->merges by loser. `batch`: verdicts in one transaction; 0: chosen for speed. */
gboolean verdicts_write(Store *store, Corpus *corpus, unsigned batch, GError **error);

#endif

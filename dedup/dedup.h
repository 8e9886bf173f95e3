/* SPDX-License-Identifier: Apache-2.0
 * dedup/dedup.h - the deduplication stages: ids, exact text, titles, then near-duplicates by MinHash LSH.
 *
 * dedup_run reads TABLE_CLEANED and facts of the undecided documents, writes TABLE_SIGNATURES and OUTCOME_MERGED
 * verdicts that name the winner and, for near-duplicates, the true Jaccard similarity of the two texts' shingles.
 *
 * With ranks in the context (base/comm.h) all of them call it: rank 0 with the store open for writing, the others with
 * STORE_FOLLOW and any text as the predecessor. The verdicts are those of one rank (dedup/ranks.h).
 */
#ifndef DEDUP_DEDUP_H
#define DEDUP_DEDUP_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean dedup_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif

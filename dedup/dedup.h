/* SPDX-License-Identifier: Apache-2.0
 * dedup/dedup.h - the deduplication stages: ids, exact text, titles, then near-duplicates by MinHash LSH.
 *
 * dedup_run reads TABLE_CLEANED and facts of the undecided documents, writes TABLE_SIGNATURES and OUTCOME_MERGED
 * verdicts that name the winner and, for near-duplicates, the true Jaccard similarity of the two texts' shingles.
 */
#ifndef DEDUP_DEDUP_H
#define DEDUP_DEDUP_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean dedup_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif

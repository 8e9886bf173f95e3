/* SPDX-License-Identifier: Apache-2.0
 * dedup/containment.h - the stage "containment": documents most of which stands in one other document.
 *
 * The containment of A in B is the share of A's different shingles (those of RecipeDedup) that B has; A is the one with fewer of
 * them, of equal ones the less preferred (dedup/corpus.h). containment_run looks among all documents that deduplication left for
 * pairs of which it reaches RecipeContainment.threshold. Hashes propose pairs (dedup/containment_pairs.h); the sets of shingles decide, and the
 * share in verdict and note is the true one. What is done is the recipe's `action`:
 *   report  nothing;
 *   drop    the document is merged into its container: merged / containment / "contained", value the share, winner the container. The
 *           container stays, as far as this stage goes: documents are decided from the largest to the smallest, and only one that
 *           has not been merged itself stands for another. It must not be worse in kind, group or licence (dedup/preference.h);
 *           else both stay;
 *   off     the stage does not run, and what an earlier build did is taken back.
 * A contained document gets a note (store/note.h), object of "found": array of one object of document (number), share, threshold,
 * merged (whether it was), summary.
 *
 * Counts per source: "contained" documents, "merged:contained". A killed run starts the stage from its beginning and writes the same.
 */
#ifndef DEDUP_CONTAINMENT_H
#define DEDUP_CONTAINMENT_H

#include "store/recipe.h"
#include "store/stage.h"

#define CONTAINMENT_STAGE "containment"

gboolean containment_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * dedup/extension.h - duplicates in a store that has changed, at the cost of what has changed.
 *
 * Documents that came, went or are other ones now (store/changes.h) may change the fate of others. extension_run finds a set of
 * documents, the touched ones, whose verdicts it can find by the rules from this set alone, such that all others keep theirs.
 * The set is closed under:
 *   - clusters: with a document come those it was merged with, in either direction;
 *   - titles and addresses: with a document come all that share its key;
 *   - new links: a document that a rule looks at and did not before brings those that the rule links with it: by an identifier,
 *     the text, the words, or a bucket of the bands and the similarity of the texts;
 *   - large buckets: with a document of a bucket that near_link.h does not compare pair by pair come all others of it.
 * Nothing else makes or breaks a link, for links are questions about two documents, or about the members of one bucket
 * (dedup/README.md). So the rules run on the touched documents, and again as long as these bring further ones. A document costs
 * a look-up for each of its keys in each round, however large the store is.
 *
 * All that is written is written in one transaction: verdicts, clusters, the list of changes and the record of the run.
 */
#ifndef DEDUP_EXTENSION_H
#define DEDUP_EXTENSION_H

#include "dedup/duplicate_index.h"
#include "store/stage.h"

#define EXTENSION_INDEX "index" /* member of the run's position */

/* `rules` runs the recipe's rules on a corpus. Finishes the run. */
gboolean extension_run(StageContext *context, const Recipe *recipe, StageRun *run, gboolean (*rules)(Corpus *corpus, GError **error),
                       GError **error);

#endif

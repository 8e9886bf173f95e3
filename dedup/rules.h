/* SPDX-License-Identifier: Apache-2.0
 * dedup/rules.h - the rules of deduplication, in the order in which they run. Each works on the survivors of the former.
 *
 * same-id          documents that share a PMID, PMCID or DOI, directly or through others (store/identity.h).
 * exact-duplicate  documents whose texts differ in nothing but case and white space (dedup/exact.h).
 * same-title       documents of one work by their titles (below).
 * near-duplicate   MinHash LSH proposes pairs, the true Jaccard similarity of their shingles decides (below).
 *
 * same-title looks at documents outside the replay group whose normalised titles (dedup/title.h) of at least
 * RecipeDedup.min_title characters are equal. Different works do share titles ("Management of ..." by two societies), so
 * a title alone is not enough:
 *   - any two of them are one work when the Jaccard similarity of their texts' shingles is at least
 *     SAME_TITLE_SIMILARITY. Two renderings of one article (by another extractor, or preprint and publication) share
 *     most of their shingles; two works under one title share next to none beyond stock phrases. The bound is far below
 *     the one for near-duplicates because here the title is evidence already. Lengths are not looked at: two works on
 *     one subject often are equally long;
 *   - an abstract and an article are too unlike in length for that. They are one work when all articles under the title
 *     are one set and all abstracts are one set, and their identifiers do not contradict: with two works under
 *     a title, nobody can tell whose abstract it is, and two different PMIDs are the publishers' word that the works
 *     differ.
 *
 * near-duplicate cuts each signature into RecipeDedup.bands bands of equally many rows. Documents that agree on all rows
 * of a band share a bucket; dedup/bucket.h says which pairs of a bucket are compared. One band is in memory at a time:
 * 32 bytes a document while it is sorted. A pair of similarity s shares a bucket with probability
 * 1 - (1 - s^rows)^bands. A set is held together by a chain of verified pairs; the value in the ledger is the similarity
 * of loser and winner themselves, which the chain may have brought together below the threshold.
 */
#ifndef DEDUP_RULES_H
#define DEDUP_RULES_H

#include "dedup/corpus.h"

#define SAME_TITLE_SIMILARITY 0.2

gboolean rule_same_id(Corpus *corpus, GError **error);
gboolean rule_exact(Corpus *corpus, GError **error);
gboolean rule_same_title(Corpus *corpus, GError **error);
gboolean rule_near(Corpus *corpus, GError **error);

#endif

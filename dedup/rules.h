/* SPDX-License-Identifier: Apache-2.0
 * dedup/rules.h - the rules of deduplication, in the order in which they run. Each works on the survivors of the former.
 *
 * same-id          documents that share a PMID, PMCID or DOI, directly or through others (store/identity.h).
 * exact-duplicate  documents whose texts differ in nothing but case and white space (dedup/exact.h).
 * same-url         documents of one work by their address (below).
 * same-title       documents of one work by their titles (below).
 * near-duplicate   documents of the same words in the same order, which have similarity 1; then MinHash LSH proposes
 *                  pairs, and the true Jaccard similarity of their shingles decides (below).
 *
 * same-url looks at documents of one canonical address (dedup/canonical_url.h); same-title at documents outside the replay
 * group whose normalised titles (dedup/title.h) of at least RecipeDedup.min_title characters are equal. Different works
 * do share titles ("Management of ..." by two societies), and sources do give one address to all their documents, so
 * neither is enough:
 *   - any two of them are one work when the Jaccard similarity of their texts' shingles is at least
 *     SAME_WORK_SIMILARITY. Two renderings of one article (by another extractor, at another time, or preprint and
 *     publication) share most of their shingles; two works under one title share next to none beyond stock phrases. The
 *     bound is far below the one for near-duplicates because here the title or address is evidence already. Lengths are
 *     not looked at: two works on one subject often are equally long;
 *   - an abstract and an article are too unlike in length for that. They are one work when all articles under the title
 *     are one set and all abstracts are one set, and their identifiers do not contradict: with two works under
 *     a title, nobody can tell whose abstract it is, and two different PMIDs are the publishers' word that the works
 *     differ.
 *
 * near-duplicate cuts each signature into RecipeDedup.bands bands of RecipeDedup.rows rows. Documents that agree on all
 * rows of a band share a bucket; dedup/near_link.h says which pairs of a bucket are compared. As many bands are in memory
 * at a time as fit Corpus.memory, with 32 bytes for each document and band; where not even one does, its keys are sorted
 * in runs on disk (dedup/key_runs.h). On several ranks each links the buckets of its keys (dedup/ranks.h). A pair of
 * similarity s shares a bucket with probability 1 - (1 - s^rows)^bands. As what is proposed is verified, a second set of
 * as many bands, across the first ones, only adds pairs that are truly similar: of those that share no bucket of the first
 * set it finds most. A set is held together by a chain of verified pairs; the value in the ledger is the similarity of loser
 * and winner themselves, which the chain may have brought together below the threshold. Without RecipeDedup.verify there is
 * no second set, documents of one bucket are one, and the value is estimated from the signatures.
 */
#ifndef DEDUP_RULES_H
#define DEDUP_RULES_H

#include "dedup/corpus.h"

#define SAME_WORK_SIMILARITY 0.2

gboolean rule_same_id(Corpus *corpus, GError **error);
gboolean rule_exact(Corpus *corpus, GError **error);
gboolean rule_same_url(Corpus *corpus, GError **error);
gboolean rule_same_title(Corpus *corpus, GError **error);
gboolean rule_same_words(Corpus *corpus, GError **error); /* the first half of near-duplicate */
gboolean rule_near(Corpus *corpus, GError **error);
unsigned near_bands(const RecipeDedup *settings); /* of both sets */
guint64 near_band_key(const RecipeDedup *settings, const Sketch *sketch, unsigned band); /* of a sketch that has a signature */

#endif

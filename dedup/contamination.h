/* SPDX-License-Identifier: Apache-2.0
 * dedup/contamination.h - the stage "contamination": questions of benchmarks in the documents.
 *
 * contamination_run reads the benchmarks that the recipe names (dedup/benchmark.h), makes an index of their texts
 * (dedup/ngram_index.h) and sends every undecided document's final text through it on all threads
 * (dedup/ngram_scan.h). What is done with a document in which a question stands is the recipe's `action`:
 *   drop    verdict dropped / contamination / "contaminated"; value and threshold are the overlap and the recipe's, or
 *           the words in a row and the length of the long n-grams;
 *   mask    the question's words are cut out of the text (store/cuts.h), again and again until a scan of what is left
 *           finds nothing; a document of which fewer words stay than clean.min_words is dropped as above;
 *   report  nothing.
 * Whichever it is, the document gets a note (store/note.h), object of
 *   found   up to NGRAM_DETAILED of: benchmark, question, id, field, rule ("overlap" or "long-ngram"), value, threshold,
 *           found, of (n-grams), words, start, end (bytes of the clean text, of the stretch that holds most of it), summary
 *   texts   numbers of all texts found, equal texts once; for the summary
 *
 * Counts per source: "contaminated:NAME" documents with questions of that benchmark, "dropped:contaminated", "masked"
 * documents and "masked_bytes". Meta record "contamination", which goes into manifest and status: settings, and per
 * benchmark its files with SHA-256, questions, too_short (questions without a text long enough), found and never_found
 * questions, and documents.
 *
 * A recipe without benchmarks costs nothing, and takes back what an earlier build found. contamination_check reads the
 * benchmarks only, so that a bad line is told before hours of other work.
 */
#ifndef DEDUP_CONTAMINATION_H
#define DEDUP_CONTAMINATION_H

#include "store/recipe.h"
#include "store/stage.h"

gboolean contamination_check(const Recipe *recipe, GError **error);
gboolean contamination_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif

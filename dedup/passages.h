/* SPDX-License-Identifier: Apache-2.0
 * dedup/passages.h - the stage "passages": long runs of words that stand more than once in the corpus.
 *
 * passages_run searches the clean texts of all documents that deduplication left (dedup/passage_search.h). What is done with
 * them is the recipe's `action`:
 *   report  nothing;
 *   remove  a passage is cut out of every document but the one that holds it (dedup/passage_stretch.h; store/cuts.h). A document
 *           of which fewer words stay than clean.min_words, and that holds nothing for others, is dropped: dropped / passages /
 *           "repeated-passages", value the words that stay, threshold the recipe's;
 *   off     the stage does not run, and what an earlier build did is taken back.
 * Whichever it is, a document with passages gets a note (store/note.h), object of
 *   words, repeated, cut   words of the document, and of these the repeated and the cut ones
 *   passages               how many there are
 *   found                  the PASSAGES_DETAILED longest, in order of the text: start, end (bytes of the clean text), words, copies
 *                          (places in the corpus; PASSAGE_COPIES: so many or more), held (whether the others' copy is this one),
 *                          document (number of the holder, or of another that has it), cut (whether it was), summary
 *
 * Counts per source: "words", "documents" with passages, "repeated_words", "cut_words", "cut" documents, "cut_bytes",
 * "dropped:repeated-passages". A killed run starts the stage from its beginning and writes the same.
 */
#ifndef DEDUP_PASSAGES_H
#define DEDUP_PASSAGES_H

#include "store/recipe.h"
#include "store/stage.h"

#define PASSAGES_STAGE "passages"
#define PASSAGES_DETAILED 16

gboolean passages_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * dedup/passage_search.h - all windows of a corpus that stand more than once.
 *
 * A window is RecipePassages.min_words words in a row. Every one that stands in the texts of the corpus's survivors at least
 * RecipePassages.occurrences times, in several documents or in one, is found, with its holder: the first of its places in the
 * order of candidates, then of words. What is found depends on the texts, the settings and the order of candidates alone.
 *
 *   1. All texts: the anchors of their windows (dedup/anchor.h) into a filter that counts.
 *   2. All texts again: the windows whose anchors the filter has often enough, with their 128-bit hashes, into a sort on disk.
 *   3. Windows of one hash: how many they are, and which is the holder; each with that into a second sort, by document.
 *
 * Time and disk are linear in the texts, however often a passage stands: no two places are ever compared with each other. Disk: 48
 * bytes for each word that is repeated, and for a few that are not. Memory: Corpus.memory, of which the filter takes up to half;
 * where it would like more than a sixteenth of the texts' bytes it gets less, lets more unrepeated words through, and the rest is
 * the same.
 *
 * Sequence: s = passage_search_run(corpus, settings, e); passage_search_next until FALSE; passage_search_free(s).
 */
#ifndef DEDUP_PASSAGE_SEARCH_H
#define DEDUP_PASSAGE_SEARCH_H

#include "dedup/corpus.h"
#include "dedup/passage_stretch.h"

/* Copies are counted up to here. */
#define PASSAGE_COPIES 65536

typedef struct PassageSearch PassageSearch;

PassageSearch *passage_search_run(Corpus *corpus, const RecipePassages *settings, GError **error);
void passage_search_free(PassageSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PassageSearch, passage_search_free)
/* The next document with repeated windows, in order of document numbers: its index among the candidates, and its segments, in
 * an array of PassageSegment that is emptied first. FALSE without error: there are no more. */
gboolean passage_search_next(PassageSearch *search, guint32 *index, GArray *segments, GError **error);
/* Words in the survivors of the recipe's source number `source`. */
guint64 passage_search_words(const PassageSearch *search, guint32 source);

/* A place, as PassageSegment.partner has it. */
guint32 passage_place_index(guint64 place);
guint32 passage_place_word(guint64 place);

#endif

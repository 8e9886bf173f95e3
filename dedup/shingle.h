/* SPDX-License-Identifier: Apache-2.0
 * dedup/shingle.h - a text as the 64-bit hashes of its overlapping runs of words.
 *
 * A shingle is `words` consecutive words (dedup/word.h says what a word is); a text with fewer words is one shingle of
 * all of them; a text without words has none. Shingles come in order of the text and repeat as the text does: as a set,
 * they are the input of MinHash and of the Jaccard similarity.
 *
 * The words' hashes enter a polynomial over the window that is rolled from word to word (Karp and Rabin 1987), and
 * a bijective mixer spreads the sum over all 64 bits: constant work a word, whatever the shingle's length.
 *
 * Sequence: s = shingler_new(5); hashes = shingler_run(s, text, n, &count); shingler_free(s).
 * The hashes are the shingler's own, valid until the next run. One shingler belongs to one thread.
 */
#ifndef DEDUP_SHINGLE_H
#define DEDUP_SHINGLE_H

#include <glib.h>

#define SHINGLE_MAX_WORDS 64

typedef struct Shingler Shingler;

Shingler *shingler_new(unsigned words); /* 1 <= words <= SHINGLE_MAX_WORDS */
void shingler_free(Shingler *shingler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shingler, shingler_free)
const guint64 *shingler_run(Shingler *shingler, const char *text, gsize length, gsize *count);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * dedup/shingle.h - a text as the 64-bit hashes of its overlapping runs of words or characters.
 *
 * A shingle is `size` consecutive words, or `size` consecutive characters of the text in which all that lies between two
 * words is one blank (dedup/folded_text.h says what a word is). A text with fewer is one shingle of all of them; a text
 * without words has none. Shingles come in order of the text and repeat as the text does: as a set, they are the input of
 * MinHash and of the Jaccard similarity.
 *
 * The hashes of words, or the characters, enter a polynomial over the window that is rolled from one to the next (Karp
 * and Rabin 1987), and a bijective mixer spreads the sum over all 64 bits: constant work for each, whatever the
 * shingle's size.
 *
 * Sequence: s = shingler_new(SHINGLE_WORDS, 5); hashes = shingler_run(s, text, n, &count); shingler_free(s).
 * The hashes are the shingler's own, valid until the next run. One shingler belongs to one thread.
 */
#ifndef DEDUP_SHINGLE_H
#define DEDUP_SHINGLE_H

#include "base/hash.h"
#include "dedup/fold.h"

#define SHINGLE_MAX_SIZE 64

typedef enum { SHINGLE_WORDS, SHINGLE_CHARACTERS } ShingleUnit;

typedef struct Shingler Shingler;

Shingler *shingler_new(ShingleUnit unit, unsigned size); /* 1 <= size <= SHINGLE_MAX_SIZE */
void shingler_free(Shingler *shingler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shingler, shingler_free)
const guint64 *shingler_run(Shingler *shingler, const char *text, gsize length, gsize *count);
/* The XXH3-128 of the words' hashes in their order, for the text of the last run: equal for texts of the same words. */
Hash128 shingler_words(const Shingler *shingler);
/* For tests and benchmarks; by default the fastest. */
void shingler_use(Shingler *shingler, const FoldBackend *backend);

#endif

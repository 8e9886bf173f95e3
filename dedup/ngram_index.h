/* SPDX-License-Identifier: Apache-2.0
 * dedup/ngram_index.h - texts to look for (questions of benchmarks), as n-grams of words.
 *
 * Sequence: x = ngram_index_new(&rules); ngram_index_add for each text, which numbers them from 0; ngram_index_finish;
 * then any number of threads search with it (dedup/ngram_scan.h); ngram_index_free.
 *
 * Words are those of dedup/folded_text.h (letters, digits and marks of any script, in lower case; all else separates),
 * those outside of reference marks (dedup/reference_marks.h). So letter case, punctuation, line breaks and marks do not matter.
 *
 * A text of at least `ngram` words is looked for by its n-grams of that length. A shorter one of at least `min_words`
 * words is one n-gram: all of it must stand somewhere. One of fewer is not looked for: too short to prove anything.
 * Besides, a text of at least `long_ngram` words has n-grams of that length (0: none), of which a single one is proof,
 * unless more than `common` different texts have it: a phrase of the trade.
 *
 * Equal texts are one, with aliases. Memory: about 60 bytes a word.
 */
#ifndef DEDUP_NGRAM_INDEX_H
#define DEDUP_NGRAM_INDEX_H

#include "dedup/ngram_table.h"
#include "dedup/word_list.h"

#define NGRAM_INDEX_MAX_WORDS ((gsize)1 << 30) /* in all texts */
#define NO_TEXT G_MAXUINT32

typedef struct NgramRules {
    unsigned ngram;      /* 1 to NGRAM_MAX_WORDS */
    double overlap;      /* share of a text's n-grams that proves it, above 0 and up to 1 */
    unsigned long_ngram; /* 0, or 1 to NGRAM_MAX_WORDS */
    unsigned min_words;  /* at least 1 */
    unsigned common;
} NgramRules;

typedef struct NgramText {
    guint32 place;    /* of its first word in NgramIndex.word_numbers */
    guint32 count;    /* of words */
    guint8 size;      /* of the n-grams that it is looked for by; 0: too short */
    guint32 alias;    /* the first text of the same words: itself, unless it is a copy */
    guint32 next;     /* the next copy of the same words, or NO_TEXT */
} NgramText;

typedef struct NgramIndex {
    NgramRules rules;
    GArray *texts;        /* of NgramText */
    GArray *word_numbers; /* guint32, of all texts one after the other */
    NgramTable *tables[NGRAM_MAX_WORDS + 1]; /* by length, for the overlap; NULL: no text is looked for by it */
    NgramTable *long_table; /* NULL: none */
    struct WordNumbers *words;
    struct NgramReader *reader; /* NULL once finished */
} NgramIndex;

NgramIndex *ngram_index_new(const NgramRules *rules);
void ngram_index_free(NgramIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NgramIndex, ngram_index_free)
/* FALSE: the index is full. */
gboolean ngram_index_add(NgramIndex *index, const char *text, gsize length);
void ngram_index_finish(NgramIndex *index);
const NgramText *ngram_index_text(const NgramIndex *index, guint32 text);

/* The number of a word that some text has; 0 for any other. `hash` is the word's, from dedup/word.h. */
guint32 ngram_index_word(const NgramIndex *index, guint64 hash, const char *folded, gsize length);

#endif

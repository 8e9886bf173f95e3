/* SPDX-License-Identifier: Apache-2.0
 * cleaning/words.h - the words of a text, with a hash each: what language, length and repetition are measured on.
 *
 * A word is what stands between white space. Scripts without blanks: each character from U+3000 to U+9FFF (kana, Han) is a
 * word by itself. Hashes are equal for equal bytes, whatever stands around them, on every machine.
 * Sequence: a Words of zeros; words_split for each text, which empties it first and keeps the memory; words_clear.
 */
#ifndef CLEANING_WORDS_H
#define CLEANING_WORDS_H

#include <glib.h>

typedef struct Word {
    guint32 start; /* in the text */
    guint32 length;
    guint32 hash;
} Word;

typedef struct Words {
    Word *items;
    gsize count;
    gsize capacity;
    guint64 bytes; /* of all words */
    gsize wide;    /* words that are one wide character */
} Words;

/* Texts of up to G_MAXUINT32 bytes. */
void words_split(Words *words, const char *text, gsize length);
void words_clear(Words *words);
/* Adds the words of `from` from the index `first` on that end at or before `end`. Returns the index of the next one. */
gsize words_copy(Words *words, const Words *from, gsize first, gsize end);
/* The hash of a word by itself. */
guint32 word_hash(const char *word, gsize length);

#endif

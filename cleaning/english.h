/* SPDX-License-Identifier: Apache-2.0
 * cleaning/english.h - is a text surely English? The quick answer for most texts of an English corpus.
 *
 * Counted are function words that English has and its neighbours have not ("the", "were", "which"; not "in", "is", "for",
 * which are as common in Dutch, Danish or German). Where their share of all words reaches ENGLISH_SURE, no other language
 * is possible: bench/language prints the highest share of any text of another language, and the lowest of English ones.
 * Below it nothing is said, and the slower detector decides.
 */
#ifndef CLEANING_ENGLISH_H
#define CLEANING_ENGLISH_H

#include "cleaning/words.h"

#define ENGLISH_SURE 0.2
#define ENGLISH_LEAST_WORDS 20 /* fewer prove nothing */

#define ENGLISH_PLACES 256 /* a power of two, many times the words: nearly every other word meets an empty place */

/* The function words by their hashes; all zeros before the first use. */
typedef struct EnglishTable {
    guint32 hashes[ENGLISH_PLACES];
    gboolean filled;
} EnglishTable;

/* Share of words that are English function words; 0 where there are fewer than ENGLISH_LEAST_WORDS. */
double english_share(EnglishTable *table, const Words *words);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * cleaning/english.h - is a text surely English? The quick answer for most texts of an English corpus.
 *
 * Counted are function words that English has and its neighbours have not ("the", "were", "which"; not "in", "is", "for",
 * which are as common in Dutch, Danish or German), and beside them what speaks against it: function words of two dozen
 * other languages, and words that begin with no ASCII character. Where the first reach ENGLISH_SURE of all words, and the
 * others are few beside them, no other language is possible, nor a text half in another one: bench/language prints the
 * texts of other languages that come nearest. Where they do not, nothing is said, and the slower detector decides.
 */
#ifndef CLEANING_ENGLISH_H
#define CLEANING_ENGLISH_H

#include "cleaning/words.h"

#define ENGLISH_SURE 0.1
#define ENGLISH_AGAINST 0.15    /* what speaks against it, beside what speaks for it */
#define ENGLISH_LEAST_WORDS 20 /* fewer prove nothing */
#define ENGLISH_PLACES_LOG 11

/* The function words by their hashes, each in a place of its own: a look at one place answers for a word, without a branch.
 * All zeros before the first use. */
typedef struct EnglishTable {
    guint32 hashes[1 << ENGLISH_PLACES_LOG];
    guint8 kinds[1 << ENGLISH_PLACES_LOG]; /* 1: a word of English, 2: of another language, 0: empty */
    guint32 factor;                          /* puts them apart; 0: not filled yet */
} EnglishTable;

typedef struct EnglishShares {
    double with, against; /* of all words; 0 where there are fewer than ENGLISH_LEAST_WORDS */
} EnglishShares;

EnglishShares english_shares(EnglishTable *table, const Words *words, const char *text);
gboolean english_is_sure(EnglishShares shares);

#endif

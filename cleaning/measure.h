/* SPDX-License-Identifier: Apache-2.0
 * cleaning/measure.h - what the drops measure on a clean text; words, lines and tables are made when first asked for.
 *
 * Sequence: a Measure of zeros; measure_begin for each text, then any of the functions; measure_clear. The memory is kept
 * from text to text. Shares are of the text's bytes or of its words or lines, as each function says. Functions with a
 * `limit` may answer with a bound instead of the value where the bound alone shows that the text is within the limit, unless
 * `exact` is set; what is beyond the limit is always the value.
 * Gopher's rules: Rae et al. 2021, arXiv 2112.11446, table A1.
 */
#ifndef CLEANING_MEASURE_H
#define CLEANING_MEASURE_H

#include "cleaning/english.h"
#include "cleaning/words.h"

/* Counts over the lines that are not blank. */
typedef struct LineCounts {
    guint64 lines, bullets, ellipses;
    guint64 long_lines;           /* of more than ten words */
    guint64 duplicates;           /* lines that stood above already */
    guint64 duplicate_bytes;
    guint64 paragraphs;           /* between blank lines */
    guint64 duplicate_paragraphs;
    guint64 duplicate_paragraph_bytes;
} LineCounts;

typedef struct Measure {
    const char *text;
    gsize length;
    gboolean exact;
    gboolean has_words, has_prose, has_lines, has_bounds, has_characters;
    Words words;
    Words prose;        /* those outside marks; empty when there are no marks */
    gsize prose_length; /* bytes of text outside marks */
    EnglishTable english;
    LineCounts lines;
    guint64 characters;      /* code points of the text */
    double top_bound;        /* share of bytes that no pair of words exceeds */
    double duplicate_bound;  /* share of bytes that no duplicate n-grams from 5 words up exceed */
    gpointer table;          /* scratch of ngrams.c and measure_lines.c */
    gsize table_size;        /* bytes */
} Measure;

void measure_begin(Measure *measure, const char *text, gsize length, gboolean exact);
void measure_clear(Measure *measure);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Measure, measure_clear)

const Words *measure_words(Measure *measure);
/* The words that stand outside [bib_ref] and [fig_ref]: a paper that cites a work five times does not repeat itself. */
const Words *measure_prose(Measure *measure);
const LineCounts *measure_lines(Measure *measure);
gpointer measure_table(Measure *measure, gsize bytes); /* room of so many bytes, all zero; valid until the next call */

guint64 text_characters(const char *text, gsize length); /* code points in valid UTF-8 */

/* Is the text written with blanks between its words? The measures of words that follow suit no other. */
gboolean measure_has_blanks(Measure *measure);
double measure_word_length(Measure *measure);        /* mean code points of a word */
double measure_symbols(Measure *measure);            /* "#" that is no mark of a heading, or ellipses, whichever is more, per word */
double measure_words_with_letters(Measure *measure, double limit); /* share of words that have a letter of any script */

/* Both over measure_prose. The most frequent n-gram of n words (2 to 4) that occurs twice or more: its share of bytes. */
double measure_top_ngram(Measure *measure, unsigned n, double limit);
/* N-grams of n words (5 to 10) that stood above already: their share of bytes, overlaps counted once. */
double measure_duplicate_ngrams(Measure *measure, unsigned n, double limit);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/pdf_words.h - whether a hyphen at the end of a line belongs to the word.
 *
 * The document itself is the dictionary: "treat-" + "ment" is one word when "treatment" stands elsewhere in it, and
 * "evidence-" + "based" keeps its hyphen when "evidence-based" does. Sequence: pdf_words_new over the lines, questions,
 * pdf_words_free.
 */
#ifndef SCRAPERS_EXTRACT_PDF_WORDS_H
#define SCRAPERS_EXTRACT_PDF_WORDS_H

#include "scrapers/extract/pdf_layout.h"

typedef struct PdfWords PdfWords;

PdfWords *pdf_words_new(const PdfLayout *layout);
void pdf_words_free(PdfWords *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdfWords, pdf_words_free)

/* Appends the next line (or the continuation on the next page) to a paragraph: a hyphen that only broke a word goes,
 * otherwise a blank comes between, except behind a hyphen that stays. */
void pdf_words_join(const PdfWords *words, GString *text, const char *next);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * dedup/ngram_scan.h - which texts of an index stand in a document, how much of them, and where.
 *
 * Sequence: s = ngram_scanner_new(index); n = ngram_scan(s, text, length); read s->matches and s->ranges, which are valid
 * until the next scan; ngram_scanner_free(s). One scanner belongs to one thread; the index is shared.
 *
 * A document is two texts, what stands outside of reference marks and what stands inside (dedup/reference_marks.h).
 * What matches (rules in dedup/ngram_index.h): a text, of whose distinct n-grams at least the share `overlap` stands
 * anywhere in one of these; or a text one of whose long n-grams does. Everything is decided by true comparison of
 * words. The result depends on index and document alone, and comes in time linear in both together: a document that has
 * no n-gram of the index costs a hash for each word and a look into a filter, and nothing else.
 *
 * Offsets are bytes of the document, words are numbered from 0.
 */
#ifndef DEDUP_NGRAM_SCAN_H
#define DEDUP_NGRAM_SCAN_H

#include "base/buffer.h"
#include "dedup/ngram_index.h"

#define NGRAM_DETAILED 64 /* matches of one document whose place is told */

typedef struct NgramMatch {
    guint32 text;        /* the first of its words; ngram_index_text gives its copies */
    guint32 found, of;   /* distinct n-grams: in the document, and in all */
    guint32 run;         /* words in a row that long n-grams cover; 0: none */
    gboolean by_overlap; /* else by a long n-gram */
    /* The stretch that holds most of it: windows with gaps of less than an n-gram. Zero behind NGRAM_DETAILED. */
    guint32 first_word, words;
    guint64 start, end;
} NgramMatch;

/* Bytes of the document that belong to matching texts: all windows of their n-grams, joined over gaps of less than an
 * n-gram. Rising and disjoint. */
typedef struct NgramRange {
    guint64 start, end;
} NgramRange;

typedef struct NgramScanner {
    GArray *matches; /* of NgramMatch; by overlap, then by run, the greatest first, then by number */
    GArray *ranges;  /* of NgramRange */
    struct NgramWork *work;
} NgramScanner;

NgramScanner *ngram_scanner_new(const NgramIndex *index);
void ngram_scanner_free(NgramScanner *scanner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NgramScanner, ngram_scanner_free)
gsize ngram_scan(NgramScanner *scanner, const char *text, gsize length); /* the number of matches */

#endif

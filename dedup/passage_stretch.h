/* SPDX-License-Identifier: Apache-2.0
 * dedup/passage_stretch.h - from the repeated windows of one document to what is told of it, and what may be cut.
 *
 * A window that stands more than once has one holder: of all its places the one in the most preferred document, and there the
 * first. Windows in a row whose partners are in a row, too, are one segment. The repeated words of a document are those of all its
 * segments; a longest run of them is a stretch.
 *
 * What may be cut are the words of segments that have their holder elsewhere, without the words of segments that have it here,
 * and of that the runs of at least a window's words. So every window that a cut touches stays whole at its holder, whatever
 * else is cut: nothing that the corpus said in `window` words is gone.
 */
#ifndef DEDUP_PASSAGE_STRETCH_H
#define DEDUP_PASSAGE_STRETCH_H

#include <glib.h>

typedef struct PassageSegment {
    guint64 first;   /* word at which the first window begins */
    guint64 windows;
    guint64 partner; /* where the first window stands elsewhere: at its holder; of a holder the next place (passages.c) */
    guint64 copies;  /* the highest number of places of one of the windows */
    gboolean holder;
} PassageSegment;

typedef struct PassageStretch {
    guint64 first, words;
    guint64 partner; /* of its longest segment, of equal ones the first */
    guint64 copies;
    gboolean holder; /* that segment has its holder here */
} PassageStretch;

typedef struct PassageRange {
    guint64 first, end; /* words */
} PassageRange;

/* Segments by rising `first`. Appends to the arrays of PassageStretch and PassageRange; returns the number of repeated words. */
guint64 passage_stretches(const GArray *segments, unsigned window, GArray *stretches);
void passage_cuts(const GArray *segments, unsigned window, GArray *ranges);

#endif

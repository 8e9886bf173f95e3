/* SPDX-License-Identifier: Apache-2.0
 * cleaning/outline.h - the headings of a text.
 *
 * Read are ATX headings with any number of "#" and closing ones, and setext headings, a line underlined with "=" or "-"
 * (CommonMark 4.2, 4.3). The depth of a heading is one more than that of the last heading above it with fewer "#", so the
 * top is 1 and no level is skipped; deeper than OUTLINE_DEEPEST is OUTLINE_DEEPEST.
 */
#ifndef CLEANING_OUTLINE_H
#define CLEANING_OUTLINE_H

#include <glib.h>

#define OUTLINE_DEEPEST 3

typedef struct Heading {
    gsize start;       /* of its first line */
    gsize end;         /* behind its last newline, or the end of the text */
    gsize words;       /* its text */
    gsize words_end;
    unsigned level;    /* as written: number of "#" */
    unsigned depth;    /* 1 to OUTLINE_DEEPEST */
    gboolean followed; /* text stands between it and the next heading */
} Heading;

/* All headings in order, of Heading; NULL: there are none. g_array_unref. */
GArray *outline_find(const char *text, gsize length);

#endif

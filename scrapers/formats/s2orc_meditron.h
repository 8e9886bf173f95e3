/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/s2orc_meditron.h - the text of a bulk record as the program behind GAP-Replay wrote it, byte for byte.
 *
 * That program (github.com/epfLLM/meditron, gap-replay/pubmed/process.py) paints a label on each character of the
 * article, kind of annotation after kind of annotation, so that later kinds cover earlier ones; it then goes through the
 * runs of equal labels and writes each by its label. What it gets wrong is listed in README.md; here it is reproduced,
 * for those who must compare with the corpus as it was. Where the program stops with an exception and so loses a
 * record, the outcome is a failure that says so. Only U+0000 is left out, which a document cannot hold.
 *
 * Three files: s2orc_meditron_layout.c paints, s2orc_meditron_quote.c finds what references and figures are
 * quoted by, s2orc_meditron.c writes.
 */
#ifndef SCRAPERS_FORMATS_S2ORC_MEDITRON_H
#define SCRAPERS_FORMATS_S2ORC_MEDITRON_H

#include "scrapers/formats/s2orc_shapes.h"

typedef enum { /* in the order in which they are painted; then those that are only looked up */
    MEDITRON_AUTHOR_FIRST_NAME,
    MEDITRON_AUTHOR_LAST_NAME,
    MEDITRON_AUTHOR_AFFILIATION,
    MEDITRON_BIB_ENTRY,
    MEDITRON_FORMULA,
    MEDITRON_SECTION_HEADER,
    MEDITRON_BIB_REF,
    MEDITRON_FIGURE_REF,
    MEDITRON_TABLE_REF,
    MEDITRON_FIGURE,
    MEDITRON_PAINTED,
    MEDITRON_ABSTRACT = MEDITRON_PAINTED,
    MEDITRON_BIB_TITLE,
    MEDITRON_BIB_AUTHOR_LAST_NAME,
    MEDITRON_FIGURE_CAPTION,
    MEDITRON_LISTS,
} MeditronList;

/* A record taken apart. The program searches its lists from the start for every reference; `steps` is what may still be
 * spent on that, so that a hostile record cannot cost the square of its size. */
typedef struct MeditronPaper {
    CodePoints points;
    json_t *lists[MEDITRON_LISTS]; /* owned; NULL: absent or not readable */
    gboolean no_abstract;          /* the record says null or "" for it, which differs from not saying anything */
    GStringChunk *labels;          /* interned: equal labels are equal pointers */
    gint64 steps;                  /* below 0: exhausted */
} MeditronPaper;

/* A run of characters with one label. */
typedef struct MeditronRun {
    gsize start, end; /* code points */
    const char *label;
} MeditronRun;

#define MEDITRON_TEXT "T"    /* no annotation covers it */
#define MEDITRON_HEADER "SEC"
#define MEDITRON_MATH "FML"
#define MEDITRON_UNKNOWN "b?" /* a reference without target */

/* Code points [start, end) as Python slices them: negative places count from the end, and nothing is out of range. */
void meditron_slice(const MeditronPaper *paper, gint64 start, gint64 end, gsize *first, gsize *behind);
char *meditron_text(const MeditronPaper *paper, gint64 start, gint64 end); /* without U+0000; g_free */
/* int() of a value that a list may hold as a place. FALSE: Python would raise an exception. */
gboolean meditron_integer(const json_t *value, gint64 *number);

/* The runs of the whole article, an array of MeditronRun. NULL with *failure set: the program loses the record. */
GArray *meditron_layout(MeditronPaper *paper, ParseFailure *failure);

/* "Title of twelve words at most..., Lastname"; NULL: the program drops the reference. g_free. */
char *meditron_quote_reference(MeditronPaper *paper, const char *id);
/* The name ("Figure 2: ", or nothing) and caption of a figure or table, the caption cut to one sentence of `words` words
 * if that is not 0. FALSE: the program drops it. */
gboolean meditron_quote_figure(MeditronPaper *paper, const char *id, unsigned words, char **name, char **caption);

gboolean s2orc_meditron(const json_t *record, Document *document, ParseFailure *failure);

#endif

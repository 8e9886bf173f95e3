/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/s2orc_shapes.h - the two shapes of S2ORC, each to facts and text.
 *
 * Bulk (the Semantic Scholar API, since 2022): `content.text`, one string, and `content.annotations`, whose values are
 * JSON strings of spans that count code points, unsorted and overlapping. Release (2019-2021 and doc2json): paragraphs
 * with their own spans. Both write the body to `form` and what they know to `document` and `meta`.
 */
#ifndef SCRAPERS_FORMATS_S2ORC_SHAPES_H
#define SCRAPERS_FORMATS_S2ORC_SHAPES_H

#include "base/json.h"
#include "scrapers/formats/format.h"
#include "scrapers/formats/text_form.h"

gboolean s2orc_bulk(const json_t *record, Document *document, json_t *meta, TextForm *form, ParseFailure *failure);
/* The facts and the title of a bulk record alone. */
gboolean s2orc_bulk_head(const json_t *record, Document *document, json_t *meta, ParseFailure *failure);
gboolean s2orc_release(const json_t *record, Document *document, json_t *meta, TextForm *form, ParseFailure *failure);

/* A text whose places are counted in code points. */
typedef struct CodePoints {
    const char *text;
    gsize length;     /* bytes */
    gsize count;      /* code points */
    guint32 *strides; /* byte offset of every 64th code point */
} CodePoints;

void code_points_init(CodePoints *points, const char *text, gsize length); /* valid UTF-8; borrowed */
void code_points_clear(CodePoints *points);
gsize code_points_offset(const CodePoints *points, gsize index); /* bytes; the length for an index past the end */

/* "[fig_ref]Figure 3: caption of twelve words at most...[/fig_ref]" for a mention ("Figure 3", "(Fig. 3A") of a float with
 * this caption. Round brackets that the span took from the sentence are given back to it, and a label that the caption
 * repeats ("FIGURE 3 |") is left out. */
void s2orc_mention(TextForm *form, const char *mention, gsize length, const char *caption);

/* "[bib_ref]Title of twelve words at most..., Lastname[/bib_ref]" in the place of a citation that reads `span`; nothing
 * without a title. A bracket that the span took from the sentence ("Ash, 1999)" of "(see Ash, 1999)") is given back. */
void s2orc_citation(TextForm *form, const char *span, gsize length, const char *title, const char *last_name);

/* The blanks that the PDF's reader put between a replaced span and the punctuation behind it: not to be written. */
gsize s2orc_loose_blanks(const char *text, gsize length);

/* The block of a float whose caption may begin with its label: "[fig]Figure 3: Caption[/fig]" of "FIGURE 3 | Caption". */
void s2orc_float(TextForm *form, gboolean table, const char *caption);

/* From 2017, "2017", "2011-11" or "2011-11-05"; NULL: nothing of the kind. g_free. */
char *s2orc_date(const json_t *value);

/* The mark of a section from its number: "2.1" is 2; NULL or no number: 1. */
unsigned s2orc_depth(const char *number);

#endif

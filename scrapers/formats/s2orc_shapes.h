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

/* The mark of a section from its number: "2.1" is 2; NULL or no number: 1. */
unsigned s2orc_depth(const char *number);

#endif

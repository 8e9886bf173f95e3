/* SPDX-License-Identifier: Apache-2.0
 * The font of the body and the distance of its lines: what most of the text has; see pdf_layout.h.
 *
 * Many files name their fonts so that weight does not show. A line that is wholly in another upright typeface than the
 * one that is usual at its size counts as bold: that is how headings are set. */
#include <stdlib.h>

#include "scrapers/extract/pdf_layout.h"

#define SIZES 256
#define PITCHES 256
#define FAMILIES 256
#define LEAST_LETTERS 400

static guint most(const guint64 *counts, guint length)
{
    guint best = 0;
    for (guint i = 1; i < length; i++)
        if (counts[i] > counts[best])
            best = i;
    return best;
}

/* For each size, the typeface that most of its letters are in; none (0) for sizes that hardly occur. */
static void find_families(const PdfLayout *layout, guint families[SIZES])
{
    g_autofree guint64 *letters = g_new0(guint64, (gsize)SIZES * FAMILIES);
    for (guint i = 0; i < layout->lines->len; i++) {
        const PdfLine *line = PDF_LINE(layout, i);
        if (!line->furniture && line->size < SIZES && line->family < FAMILIES)
            letters[line->size * FAMILIES + (int)line->family] += line->letters;
    }
    for (guint size = 0; size < SIZES; size++) {
        guint family = most(letters + size * FAMILIES, FAMILIES);
        families[size] = letters[size * FAMILIES + family] >= LEAST_LETTERS ? family : 0;
    }
}

static void embolden(PdfLayout *layout)
{
    guint families[SIZES];
    find_families(layout, families);
    for (guint i = 0; i < layout->lines->len; i++) {
        PdfLine *line = PDF_LINE(layout, i);
        if (line->size + 1 >= SIZES || line->mixed || line->italic || !line->family)
            continue;
        /* Rounding may give a heading a size one less than that of the text it stands over. */
        guint same = families[line->size], above = families[line->size + 1];
        line->bold |= (same && same != line->family) || (!same && above && above != line->family);
    }
}

void pdf_styles_find(PdfLayout *layout)
{
    guint64 sizes[SIZES] = {0}, pitches[PITCHES] = {0};
    for (guint i = 0; i < layout->lines->len; i++) {
        const PdfLine *line = PDF_LINE(layout, i);
        if (!line->furniture && line->size < SIZES)
            sizes[line->size] += line->letters;
    }
    layout->body_size = (int)MAX(most(sizes, SIZES), 1);
    embolden(layout);
    for (guint i = 1; i < layout->lines->len; i++) {
        const PdfLine *above = PDF_LINE(layout, i - 1), *line = PDF_LINE(layout, i);
        int pitch = line->bottom - above->bottom;
        if (line->size == layout->body_size && above->size == line->size && abs(line->left - above->left) < line->size &&
            pitch > 0 && pitch < PITCHES && pitch * 2 < 5 * line->size)
            pitches[pitch] += line->letters;
    }
    guint pitch = most(pitches, PITCHES);
    layout->body_pitch = pitch ? (int)pitch : layout->body_size * 5 / 4;
}

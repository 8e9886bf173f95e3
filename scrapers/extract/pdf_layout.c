/* SPDX-License-Identifier: Apache-2.0
 * The life of a PdfLayout, and the small questions that several steps ask of a line; see pdf_layout.h. */
#include "scrapers/extract/pdf_layout.h"

#include <string.h>

#define STRING_BLOCK ((gsize)64 << 10)

static void block_clear(gpointer data)
{
    g_string_free(((PdfBlock *)data)->text, TRUE);
}

PdfLayout *pdf_layout_new(void)
{
    PdfLayout *layout = g_new0(PdfLayout, 1);
    layout->fonts = g_array_new(FALSE, TRUE, sizeof(PdfFont));
    layout->boxes = g_array_new(FALSE, TRUE, sizeof(PdfBox));
    layout->pages = g_array_new(FALSE, TRUE, sizeof(PdfPage));
    layout->lines = g_array_new(FALSE, TRUE, sizeof(PdfLine));
    layout->blocks = g_array_new(FALSE, TRUE, sizeof(PdfBlock));
    layout->outline = g_array_new(FALSE, TRUE, sizeof(PdfOutlineItem));
    layout->strings = g_string_chunk_new(STRING_BLOCK);
    g_array_set_clear_func(layout->blocks, block_clear);
    return layout;
}

void pdf_layout_free(PdfLayout *layout)
{
    if (!layout)
        return;
    g_array_unref(layout->fonts);
    g_array_unref(layout->boxes);
    g_array_unref(layout->pages);
    g_array_unref(layout->lines);
    g_array_unref(layout->blocks);
    g_array_unref(layout->outline);
    g_string_chunk_free(layout->strings);
    g_free(layout);
}

gboolean pdf_starts_lower(const char *text)
{
    return g_unichar_islower(g_utf8_get_char(text));
}

gboolean pdf_starts_upper(const char *text)
{
    while (*text && !g_unichar_isalnum(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    gunichar c = g_utf8_get_char(text);
    return g_unichar_isupper(c) || g_unichar_isdigit(c);
}

gboolean pdf_ends_sentence(const char *text, gsize length)
{
    const char *at = text + length;
    while (at > text) {
        at = g_utf8_prev_char(at);
        gunichar c = g_utf8_get_char(at);
        if (strchr(".?!:", (int)MIN(c, 127)) || c == 0x3002 || c == 0x2026)
            return TRUE;
        if (c != ' ' && c != ')' && c != ']' && c != '"' && c != '\'' && c != 0x201d && c != 0x2019 && c != 0xbb)
            return FALSE;
    }
    return FALSE;
}

gsize pdf_bullet_length(const char *text)
{
    static const gunichar bullets[] = {0x2022, 0x25cf, 0x25aa, 0x25a0, 0x25e6, 0x25cb, 0x2023, 0x2043, 0x25b6, 0x25ba,
                                       0x27a2, 0x2713, 0x2714, 0x2756, 0x25a1, 0x2610, 0xb7,   0x25c6, 0x2219};
    gunichar c = g_utf8_get_char(text);
    const char *next = *text ? g_utf8_next_char(text) : text;
    gsize blanks = strspn(next, " ");
    if ((c == '-' || c == 0x2013 || c == 0x2014 || c == 'o') && blanks > 0 && pdf_starts_upper(next) && next[blanks] >= 'A')
        return (gsize)(next - text) + blanks;
    for (gsize i = 0; i < G_N_ELEMENTS(bullets); i++)
        if (c == bullets[i])
            return (gsize)(next - text) + blanks;
    return 0;
}

static int middle_of(gpointer layout, guint index)
{
    const PdfLine *line = PDF_LINE((const PdfLayout *)layout, index);
    return line->top + line->bottom; /* twice the middle */
}

static gint compare_middles(gconstpointer a, gconstpointer b, gpointer layout)
{
    guint left = *(const guint *)a, right = *(const guint *)b;
    int difference = middle_of(layout, left) - middle_of(layout, right);
    return difference ? difference : (left > right) - (left < right);
}

static gint compare_lefts(gconstpointer a, gconstpointer b, gpointer layout)
{
    guint left = *(const guint *)a, right = *(const guint *)b;
    int difference = PDF_LINE((const PdfLayout *)layout, left)->left - PDF_LINE((const PdfLayout *)layout, right)->left;
    return difference ? difference : (left > right) - (left < right);
}

void pdf_sort_rows(PdfLayout *layout, GArray *lines)
{
    g_array_sort_with_data(lines, compare_middles, layout);
    for (guint i = 0; i < lines->len;) {
        guint end = i, first = g_array_index(lines, guint, i);
        int tolerance = MAX(PDF_LINE(layout, first)->size / 2, 2);
        while (end < lines->len && middle_of(layout, g_array_index(lines, guint, end)) - middle_of(layout, first) <= tolerance)
            end++;
        g_qsort_with_data(&g_array_index(lines, guint, i), (gint)(end - i), sizeof(guint), compare_lefts, layout);
        i = end;
    }
}

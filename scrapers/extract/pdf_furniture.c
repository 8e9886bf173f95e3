/* SPDX-License-Identifier: Apache-2.0
 * Running heads, running feet and page numbers; see pdf_layout.h.
 *
 * Furniture is what comes again: lines near the upper or the lower edge whose text, numbers aside, stands there on
 * several pages; lines anywhere that stand at the same place of most pages; and numbers alone at an edge. */
#include <string.h>

#include "scrapers/extract/pdf_layout.h"

#define EDGE 12          /* hundredths of the page's height that are an edge */
#define EDGE_LINES 4     /* lines from the edge inwards that may be furniture */
#define KEY_LIMIT 160    /* bytes of a line that are compared */
#define PLACE_GRAIN 8    /* units within which two lines are at the same place */

typedef struct Sighting {
    guint pages;
    guint last_page; /* counted from 1 */
} Sighting;

/* Where on the page a line is: 't' or 'b' near an edge, 'm' between. */
static char zone_of(const PdfPage *page, const PdfLine *line)
{
    int middle = (line->top + line->bottom) / 2;
    if (middle * 100 < page->height * EDGE)
        return 't';
    return middle * 100 > page->height * (100 - EDGE) ? 'b' : 'm';
}

/* Letters in lower case, each run of digits as "#", nothing else; the same line of two pages has the same key. */
static void make_key(const PdfLine *line, char zone, char key[KEY_LIMIT])
{
    gsize length = 0;
    key[length++] = zone;
    if (zone == 'm')
        length += (gsize)g_snprintf(key + length, 40, "%d,%d:", line->top / PLACE_GRAIN, line->left / PLACE_GRAIN);
    for (const char *at = line->text; *at && length < KEY_LIMIT - 8; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (g_unichar_isdigit(c) && key[length - 1] != '#')
            key[length++] = '#';
        else if (g_unichar_isalpha(c))
            length += (gsize)g_unichar_to_utf8(g_unichar_tolower(c), key + length);
    }
    key[length] = '\0';
}

static void count_page(const PdfLayout *layout, guint number, GHashTable *sightings)
{
    const PdfPage *page = PDF_PAGE(layout, number);
    for (guint i = 0; i < page->lines; i++) {
        char key[KEY_LIMIT];
        const PdfLine *line = PDF_LINE(layout, page->first_line + i);
        make_key(line, zone_of(page, line), key);
        Sighting *sighting = g_hash_table_lookup(sightings, key);
        if (!sighting) {
            sighting = g_new0(Sighting, 1);
            g_hash_table_insert(sightings, g_strdup(key), sighting);
        }
        sighting->pages += sighting->last_page != number + 1;
        sighting->last_page = number + 1;
    }
}

static gboolean is_page_number(const char *text)
{
    static const char *const shapes[] = {"#", "page#", "#of#", "page#of#", "p#", "##", "seite#", "pagina#"};
    char key[KEY_LIMIT];
    const PdfLine line = {.text = text};
    gboolean digits = FALSE, roman = *text != '\0';
    for (const char *at = text; *at; at++) {
        digits |= g_ascii_isdigit(*at);
        roman &= strchr("ivxIVX", *at) != NULL;
    }
    if (roman)
        return strlen(text) < 8;
    make_key(&line, 't', key);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes) && digits; i++)
        if (strcmp(key + 1, shapes[i]) == 0)
            return TRUE;
    return FALSE;
}

/* Whether no more than a few lines lie between a line and its edge of the page. `order` holds the page's lines by top. */
static gboolean is_outermost(guint rank, guint lines, char zone)
{
    return zone == 't' ? rank < EDGE_LINES : zone == 'b' && rank + EDGE_LINES >= lines;
}

static gint compare_tops(gconstpointer a, gconstpointer b, gpointer layout)
{
    const PdfLine *left = PDF_LINE((const PdfLayout *)layout, *(const guint *)a);
    const PdfLine *right = PDF_LINE((const PdfLayout *)layout, *(const guint *)b);
    return left->top != right->top ? left->top - right->top : left->left - right->left;
}

static void mark_page(PdfLayout *layout, guint number, GHashTable *sightings)
{
    const PdfPage *page = PDF_PAGE(layout, number);
    guint pages = layout->pages->len;
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < page->lines; i++) {
        guint index = page->first_line + i;
        g_array_append_val(order, index);
    }
    g_array_sort_with_data(order, compare_tops, layout);
    /* One row at the edge counts once, however many pieces it has. */
    guint rows = 0;
    g_autofree guint *ranks = g_new(guint, order->len + 1);
    for (guint i = 0; i < order->len; i++) {
        const PdfLine *line = PDF_LINE(layout, g_array_index(order, guint, i));
        const PdfLine *above = i ? PDF_LINE(layout, g_array_index(order, guint, i - 1)) : NULL;
        rows += above && line->top - above->top > line->size / 2;
        ranks[i] = rows;
    }
    for (guint i = 0; i < order->len; i++) {
        PdfLine *line = PDF_LINE(layout, g_array_index(order, guint, i));
        char key[KEY_LIMIT], zone = zone_of(page, line);
        make_key(line, zone, key);
        const Sighting *sighting = g_hash_table_lookup(sightings, key);
        gboolean outer = is_outermost(ranks[i], rows + 1, zone);
        gboolean again = sighting->pages >= (pages > 8 ? 3 : 2);
        gboolean everywhere = sighting->pages >= 3 && sighting->pages * 2 > pages;
        line->furniture = (outer && (again || is_page_number(line->text))) || everywhere;
    }
}

void pdf_furniture_mark(PdfLayout *layout)
{
    g_autoptr(GHashTable) sightings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < layout->pages->len; i++)
        count_page(layout, i, sightings);
    for (guint i = 0; i < layout->pages->len; i++)
        mark_page(layout, i, sightings);
}

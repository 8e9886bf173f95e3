/* SPDX-License-Identifier: Apache-2.0
 * Columns and the order in which a page is read; see pdf_layout.h.
 *
 * A page is cut at the gutter that has much text on either side and little across it. Lines across the gutter (a title,
 * a wide figure) are bars: what stands above a bar is read, left column first, before it, and what stands below after.
 * The columns are cut again in the same way, for pages of three and more.
 *
 * The file has an order of its own, which is right where a good typesetting program wrote it and arbitrary elsewhere.
 * Of the two, the one is taken that jumps less: in which a line more often has the next line right below it. */
#include <string.h>

#include "scrapers/extract/pdf_layout.h"

#define CUTS 3            /* deepest nesting of columns */
#define GRID 1024         /* steps across a page at which a gutter is looked for */
#define LEAST_LINES 4     /* in the smaller column */
#define LEAST_SHARE 8     /* the smaller column's part of the text: one in so many */

typedef struct Orderer {
    PdfLayout *layout;
    const PdfPage *page;
    guint next_column;
    GArray *order; /* guint: lines of the page as they are read */
} Orderer;

/* How much text ends left of each step, begins right of it, and lies across it. */
typedef struct Profile {
    gint64 left[GRID + 2], right[GRID + 2];
    gint64 left_lines[GRID + 2], right_lines[GRID + 2];
    gint64 all;
} Profile;

static guint step_of(const PdfPage *page, int x)
{
    return (guint)CLAMP((gint64)x * GRID / page->width, 0, GRID);
}

static void profile_lines(const Orderer *orderer, const guint *lines, guint count, Profile *profile)
{
    memset(profile, 0, sizeof *profile);
    for (guint i = 0; i < count; i++) {
        const PdfLine *line = PDF_LINE(orderer->layout, lines[i]);
        guint begin = step_of(orderer->page, line->left), end = step_of(orderer->page, line->right);
        guint weight = line->letters + 1;
        profile->all += weight;
        profile->left[end + 1] += weight; /* all of it is left of steps behind its end */
        profile->left_lines[end + 1]++;
        profile->right[begin] += weight;
        profile->right_lines[begin]++;
    }
    for (guint x = 1; x <= GRID; x++) {
        profile->left[x] += profile->left[x - 1];
        profile->left_lines[x] += profile->left_lines[x - 1];
    }
    for (guint x = GRID; x > 0; x--) {
        profile->right[x - 1] += profile->right[x];
        profile->right_lines[x - 1] += profile->right_lines[x];
    }
}

/* The middle of the best gutter, in page units; -1 when the lines make one column. */
static int find_gutter(const Orderer *orderer, const guint *lines, guint count)
{
    g_autofree Profile *profile = g_new(Profile, 1);
    if (count < 2 * LEAST_LINES)
        return -1;
    profile_lines(orderer, lines, count, profile);
    gint64 best = 0;
    guint first = 0, last = 0;
    for (guint x = 1; x < GRID; x++) {
        gint64 left = profile->left[x], right = profile->right[x], across = profile->all - left - right;
        gint64 score = MIN(left, right) - across / 4;
        if (MIN(left, right) * LEAST_SHARE < profile->all || profile->left_lines[x] < LEAST_LINES ||
            profile->right_lines[x] < LEAST_LINES || score < best)
            continue;
        if (score > best || x != last + 1)
            first = x;
        best = score;
        last = x;
    }
    return best > 0 ? (int)((gint64)(first + last) * orderer->page->width / (2 * GRID)) : -1;
}

static void order_region(Orderer *orderer, guint *lines, guint count, unsigned cuts);

/* One column, or a bar: lines from top to bottom. */
static void order_leaf(Orderer *orderer, const guint *lines, guint count)
{
    int left = G_MAXINT, right = G_MININT;
    for (guint i = 0; i < count; i++) {
        PdfLine *line = PDF_LINE(orderer->layout, lines[i]);
        line->column = orderer->next_column;
        left = MIN(left, line->left);
        right = MAX(right, line->right);
        PdfLine *above = i ? PDF_LINE(orderer->layout, lines[i - 1]) : NULL;
        if (above && MIN(above->bottom, line->bottom) - MAX(above->top, line->top) > MIN(above->size, line->size) / 2)
            above->row = line->row = TRUE;
    }
    for (guint i = 0; i < count; i++) {
        PdfLine *line = PDF_LINE(orderer->layout, lines[i]);
        line->column_left = left;
        line->column_right = right;
    }
    orderer->next_column++;
    g_array_append_vals(orderer->order, lines, count);
}

/* The lines between two bars: the left column, then the right one. */
static void order_band(Orderer *orderer, const guint *lines, guint count, int gutter, unsigned cuts)
{
    g_autofree guint *side = g_new(guint, count + 1);
    for (int right = 0; right < 2; right++) {
        guint taken = 0;
        for (guint i = 0; i < count; i++)
            if ((PDF_LINE(orderer->layout, lines[i])->left >= gutter) == right)
                side[taken++] = lines[i];
        if (taken > 0)
            order_region(orderer, side, taken, cuts + 1);
    }
}

static void order_region(Orderer *orderer, guint *lines, guint count, unsigned cuts)
{
    int gutter = cuts < CUTS ? find_gutter(orderer, lines, count) : -1;
    if (gutter < 0) {
        order_leaf(orderer, lines, count);
        return;
    }
    for (guint i = 0; i < count;) {
        guint end = i;
        const PdfLine *line = PDF_LINE(orderer->layout, lines[i]);
        gboolean bar = line->left < gutter && line->right > gutter;
        while (end < count) {
            line = PDF_LINE(orderer->layout, lines[end]);
            if ((line->left < gutter && line->right > gutter) != bar)
                break;
            end++;
        }
        if (bar)
            order_leaf(orderer, lines + i, end - i);
        else
            order_band(orderer, lines + i, end - i, gutter, cuts);
        i = end;
    }
}

static guint count_jumps(const PdfLayout *layout, const GArray *order)
{
    guint jumps = 0;
    for (guint i = 1; i < order->len; i++) {
        const PdfLine *above = PDF_LINE(layout, g_array_index(order, guint, i - 1));
        const PdfLine *line = PDF_LINE(layout, g_array_index(order, guint, i));
        gboolean below = line->top > above->top && line->top - above->bottom < 3 * line->size;
        gboolean under = MIN(line->right, above->right) > MAX(line->left, above->left);
        jumps += !below || !under;
    }
    return jumps;
}

/* Puts the page's lines into the given order; furniture goes to the end. */
static void apply_order(PdfLayout *layout, const PdfPage *page, const GArray *order)
{
    g_autofree PdfLine *sorted = g_new(PdfLine, page->lines + 1);
    guint count = 0;
    for (guint i = 0; i < order->len; i++)
        sorted[count++] = *PDF_LINE(layout, g_array_index(order, guint, i));
    for (guint i = 0; i < page->lines; i++)
        if (PDF_LINE(layout, page->first_line + i)->furniture)
            sorted[count++] = *PDF_LINE(layout, page->first_line + i);
    memcpy(PDF_LINE(layout, page->first_line), sorted, page->lines * sizeof *sorted);
}

void pdf_columns_order(PdfLayout *layout)
{
    guint next_column = 1;
    for (guint number = 0; number < layout->pages->len; number++) {
        const PdfPage *page = PDF_PAGE(layout, number);
        g_autoptr(GArray) file_order = g_array_new(FALSE, FALSE, sizeof(guint));
        for (guint i = 0; i < page->lines; i++) {
            guint index = page->first_line + i;
            if (!PDF_LINE(layout, index)->furniture)
                g_array_append_val(file_order, index);
        }
        if (file_order->len == 0)
            continue;
        g_autoptr(GArray) sorted = g_array_copy(file_order);
        pdf_sort_rows(layout, sorted);
        g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
        Orderer orderer = {layout, page, next_column, order};
        order_region(&orderer, (guint *)(gpointer)sorted->data, sorted->len, 0);
        next_column = orderer.next_column;
        apply_order(layout, page, count_jumps(layout, file_order) < count_jumps(layout, order) ? file_order : order);
    }
}

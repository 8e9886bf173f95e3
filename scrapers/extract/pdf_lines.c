/* SPDX-License-Identifier: Apache-2.0
 * Boxes to lines; see pdf_layout.h.
 *
 * A box goes to a line that was begun shortly before it in the file, when it continues it on the right or fills a hole
 * in it. The text of a line is written when all of its boxes are known: only then is it plain which font is the main
 * one, and so which small raised box is a citation number (left out) and which an exponent (written with "^"). */
#include <string.h>

#include "scrapers/extract/pdf_layout.h"

#define LOOK_BACK 12        /* lines */
#define GAP_NEXT 1.2        /* em that may lie between a box and the one before it in the file */
#define GAP_EARLIER 0.6     /* ... and one of an earlier line */
#define GAP_MARKER 4.0      /* ... and a bullet before it */
#define BLANK 0.14          /* em of a gap that is a blank */
#define BOXES_PER_LINE 4096 /* a cap against files that would make insertion slow */

typedef struct LineBuilder {
    PdfLayout *layout;
    guint page;
    GArray *last_boxes; /* guint, parallel to layout->lines: rightmost box of each line */
    GArray *counts;     /* guint: boxes of each line */
    GString *text;
} LineBuilder;

static int overlap(int a_low, int a_high, int b_low, int b_high)
{
    return MIN(a_high, b_high) - MAX(a_low, b_low);
}

static gboolean same_height(const PdfLine *line, const PdfBox *box)
{
    int common = overlap(line->top, line->bottom, box->top, box->bottom);
    return common * 5 >= 2 * MIN(line->bottom - line->top, box->bottom - box->top);
}

static gboolean box_fits(const PdfLine *line, const PdfBox *box, double em)
{
    if (!same_height(line, box))
        return FALSE;
    int size = MAX(line->size, box->size);
    if (box->left >= line->right - size / 2)
        return box->left - line->right <= em * size;
    return box->left >= line->left && box->right <= line->right + size && box->size < line->size;
}

static void insert_box(LineBuilder *builder, guint number, guint index)
{
    PdfLayout *layout = builder->layout;
    PdfLine *line = PDF_LINE(layout, number);
    PdfBox *box = PDF_BOX(layout, index);
    guint *last = &g_array_index(builder->last_boxes, guint, number);
    if (box->left >= PDF_BOX(layout, *last)->left) {
        PDF_BOX(layout, *last)->next = index;
        *last = index;
    } else {
        guint *link = &line->first_box;
        while (PDF_BOX(layout, *link)->left <= box->left)
            link = &PDF_BOX(layout, *link)->next;
        box->next = *link;
        *link = index;
    }
    if (box->size > line->size) { /* what stood there was raised text at the start of the line */
        line->top = box->top;
        line->bottom = box->bottom;
        line->size = box->size;
    }
    line->left = MIN(line->left, box->left);
    line->right = MAX(line->right, box->right);
    g_array_index(builder->counts, guint, number)++;
}

static void begin_line(LineBuilder *builder, guint index)
{
    const PdfBox *box = PDF_BOX(builder->layout, index);
    PdfLine line = {.left = box->left, .top = box->top, .right = box->right, .bottom = box->bottom, .size = box->size,
                    .first_box = index, .page = builder->page};
    guint one = 1;
    g_array_append_val(builder->layout->lines, line);
    g_array_append_val(builder->last_boxes, index);
    g_array_append_val(builder->counts, one);
}

static void place_box(LineBuilder *builder, guint first_line, guint index)
{
    const GArray *lines = builder->layout->lines;
    const PdfBox *box = PDF_BOX(builder->layout, index);
    guint stop = lines->len > first_line + LOOK_BACK ? lines->len - LOOK_BACK : first_line;
    for (guint i = lines->len; i > stop; i--) {
        double em = i == lines->len ? GAP_NEXT : GAP_EARLIER;
        if (box_fits(PDF_LINE(builder->layout, i - 1), box, em) && g_array_index(builder->counts, guint, i - 1) < BOXES_PER_LINE) {
            insert_box(builder, i - 1, index);
            return;
        }
    }
    begin_line(builder, index);
}

/* ---- The text of a line ----------------------------------------------------------------------------------------- */

/* The font that most of its letters are in decides size, weight and height of a line. */
static void find_main_font(const PdfLayout *layout, PdfLine *line)
{
    guint best = 0;
    const PdfBox *main_box = PDF_BOX(layout, line->first_box);
    line->bold = line->italic = TRUE;
    for (guint i = line->first_box; i != PDF_NONE; i = PDF_BOX(layout, i)->next) {
        const PdfBox *box = PDF_BOX(layout, i);
        line->letters += box->letters;
        line->bold &= box->bold || box->letters == 0;
        line->italic &= box->italic || box->letters == 0;
        if (box->letters > best) {
            best = box->letters;
            main_box = box;
        }
    }
    for (guint i = line->first_box; i != PDF_NONE; i = PDF_BOX(layout, i)->next)
        line->mixed |= PDF_BOX(layout, i)->letters > 0 && PDF_BOX(layout, i)->family != main_box->family;
    line->size = main_box->size;
    line->family = main_box->family;
    line->top = main_box->top;
    line->bottom = main_box->bottom;
}

static gboolean is_raised(const PdfLine *line, const PdfBox *box)
{
    int height = line->bottom - line->top;
    return box->size * 100 <= line->size * 87 && box->bottom * 8 <= line->bottom * 8 - height;
}

/* Whether raised text is nothing but numbers, dashes and the marks of footnotes. */
static gboolean is_mark(const char *text)
{
    static const gunichar marks[] = {0x2020, 0x2021, 0xa7, 0xb6, 0x2013, 0x2016, 0x2217, 0x2212};
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        gboolean known = c < 128 && (g_ascii_isdigit((char)c) || strchr(" ,;-*#[]()|.", (int)c));
        for (gsize i = 0; i < G_N_ELEMENTS(marks) && !known; i++)
            known = c == marks[i];
        gboolean letter = c >= 'a' && c <= 'h' && !g_ascii_isalpha(text[1]);
        if (!known && !letter)
            return FALSE;
    }
    return TRUE;
}

/* Whether a raised number behind this text is a power: behind ten, a unit of length or a lone letter ("R", "x"). */
static gboolean takes_power(const GString *before, const char *raised)
{
    static const char *const units[] = {"m", "cm", "mm", "km", "dm", "s", "sec", "min", "kg", "L", "l", "ml", "mL"};
    const char *end = before->str + before->len, *start = end;
    if (before->len == 0 || end[-1] == ' ')
        return FALSE;
    if (g_ascii_isdigit(end[-1])) {
        while (start > before->str && (g_ascii_isdigit(start[-1]) || start[-1] == '.'))
            start--;
        return end - start == 2 && memcmp(start, "10", 2) == 0;
    }
    while (start > before->str && g_unichar_isalpha(g_utf8_get_char(g_utf8_prev_char(start))))
        start = g_utf8_prev_char(start);
    gboolean negative = !g_ascii_isdigit(*raised);
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(start, units[i]) == 0)
            return negative || ((*raised == '2' || *raised == '3') && raised[1] == '\0');
    return g_utf8_strlen(start, -1) == 1 && raised[1] == '\0' && *start != 'a';
}

static void write_raised(GString *text, const char *raised)
{
    g_autofree char *tidy = g_strstrip(g_strdup(raised));
    gboolean sign = g_str_has_prefix(tidy, "-") || g_str_has_prefix(tidy, "\xe2\x88\x92") || g_str_has_prefix(tidy, "\xe2\x80\x93");
    gboolean digit = g_ascii_isdigit(*tidy);
    if (is_mark(tidy)) {
        if ((!digit && !sign) || !takes_power(text, tidy) || strpbrk(tidy, ",*"))
            return;
        g_string_append_printf(text, "^%s%s", sign ? "-" : "", sign ? g_utf8_next_char(tidy) : tidy);
        return;
    }
    gboolean charge = (digit || *tidy == '+') && text->len > 0 && g_ascii_isalnum(text->str[text->len - 1]);
    g_string_append_printf(text, "%s%s", charge ? "^" : "", tidy);
}

static void write_line(LineBuilder *builder, PdfLine *line)
{
    PdfLayout *layout = builder->layout;
    GString *text = builder->text;
    const PdfBox *before = NULL;
    g_string_truncate(text, 0);
    for (guint i = line->first_box; i != PDF_NONE; i = PDF_BOX(layout, i)->next) {
        const PdfBox *box = PDF_BOX(layout, i);
        gboolean gap = before && box->left - before->right > BLANK * line->size;
        before = box;
        if (is_raised(line, box)) {
            write_raised(text, box->text);
            continue;
        }
        if (gap)
            g_string_append_c(text, ' ');
        g_string_append(text, box->text);
    }
    g_strchug(text->str);
    char *out = text->str, last = ' ';
    for (const char *at = text->str; *at; at++)
        if (*at != ' ' || last != ' ')
            *out++ = last = *at;
    while (out > text->str && out[-1] == ' ')
        out--;
    line->text = g_string_chunk_insert_len(layout->strings, text->str, out - text->str);
}

/* Appends the boxes of the line on the right, which is left empty. */
static void merge_lines(LineBuilder *builder, guint left, guint right)
{
    PdfLine *line = PDF_LINE(builder->layout, left), *other = PDF_LINE(builder->layout, right);
    guint *last = &g_array_index(builder->last_boxes, guint, left);
    PDF_BOX(builder->layout, *last)->next = other->first_box;
    *last = g_array_index(builder->last_boxes, guint, right);
    other->first_box = PDF_NONE;
    line->right = MAX(line->right, other->right);
    if (other->size > line->size) {
        line->size = other->size;
        line->top = other->top;
        line->bottom = other->bottom;
    }
}

/* Whether a line is a bullet or a number of a list, which may stand far in front of its text. */
static gboolean is_marker(const PdfLayout *layout, const PdfLine *line)
{
    const PdfBox *box = PDF_BOX(layout, line->first_box);
    const char *text = box->text + strspn(box->text, " ");
    if (box->next != PDF_NONE)
        return FALSE;
    gsize digits = strspn(text, "0123456789");
    if (digits > 0 && digits < 4)
        return (text[digits] == '.' || text[digits] == ')') && text[digits + 1 + strspn(text + digits + 1, " ")] == '\0';
    gsize bullet = pdf_bullet_length(text);
    return bullet > 0 && text[bullet] == '\0';
}

/* Some files print all words in italics after all others. */
static void merge_rows(LineBuilder *builder, PdfPage *page)
{
    PdfLayout *layout = builder->layout;
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = page->first_line; i < layout->lines->len; i++)
        g_array_append_val(order, i);
    pdf_sort_rows(layout, order);
    for (guint i = 1; i < order->len; i++) {
        guint left = g_array_index(order, guint, i - 1), right = g_array_index(order, guint, i);
        const PdfLine *line = PDF_LINE(layout, left), *other = PDF_LINE(layout, right);
        int gap = other->left - line->right, size = MIN(line->size, other->size);
        int level = MIN(line->bottom, other->bottom) - MAX(line->top, other->top);
        double em = gap <= size * GAP_EARLIER ? GAP_EARLIER : is_marker(layout, line) ? GAP_MARKER : 0;
        if (level * 5 >= size * 4 && gap > -size / 2 && gap <= size * em) {
            merge_lines(builder, left, right);
            g_array_index(order, guint, i) = left;
        }
    }
    guint kept = page->first_line;
    for (guint i = page->first_line; i < layout->lines->len; i++)
        if (PDF_LINE(layout, i)->first_box != PDF_NONE)
            *PDF_LINE(layout, kept++) = *PDF_LINE(layout, i);
    g_array_set_size(layout->lines, kept);
    g_array_set_size(builder->last_boxes, kept);
    g_array_set_size(builder->counts, kept);
}

static void build_page(LineBuilder *builder)
{
    PdfLayout *layout = builder->layout;
    PdfPage *page = PDF_PAGE(layout, builder->page);
    page->first_line = layout->lines->len;
    for (guint i = 0; i < page->boxes; i++)
        place_box(builder, page->first_line, page->first_box + i);
    merge_rows(builder, page);
    page->lines = layout->lines->len - page->first_line;
    for (guint i = 0; i < page->lines; i++) {
        PdfLine *line = PDF_LINE(layout, page->first_line + i);
        find_main_font(layout, line);
        write_line(builder, line);
    }
}

void pdf_lines_build(PdfLayout *layout)
{
    LineBuilder builder = {.layout = layout, .text = g_string_new(NULL)};
    builder.last_boxes = g_array_new(FALSE, FALSE, sizeof(guint));
    builder.counts = g_array_new(FALSE, FALSE, sizeof(guint));
    for (builder.page = 0; builder.page < layout->pages->len; builder.page++)
        build_page(&builder);
    g_array_unref(builder.last_boxes);
    g_array_unref(builder.counts);
    g_string_free(builder.text, TRUE);
}

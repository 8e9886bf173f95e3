/* SPDX-License-Identifier: Apache-2.0
 * Lines to blocks: paragraphs, list items, captions, rows and labels; see pdf_layout.h.
 *
 * A line goes on with the block before it unless something says that it does not: another column, font or weight, a
 * wider gap, a bullet, an indented first line, or a short last line that ended a sentence. What kind of block it is shows
 * when it is whole. Last, paragraphs that a column's or a page's end cut in two, perhaps with a figure between, are
 * joined. */
#include <stdlib.h>
#include <string.h>

#include "scrapers/extract/pdf_layout.h"
#include "scrapers/extract/pdf_words.h"

#define LOOK_AHEAD 60  /* blocks between the parts of one paragraph */
#define LABEL_BYTES 3  /* no paragraph is this short */
#define CRUMB_WORDS 8  /* fewer than these, in another font than the body, are a label */

typedef struct BlockBuilder {
    PdfLayout *layout;
    const PdfWords *words;
    const PdfLine *above; /* the line before, in the open block */
    gboolean numbered;    /* the open block began with "1." */
} BlockBuilder;

static gboolean is_caption(const char *text)
{
    static const char *const names[] = {"Figure", "FIGURE", "Fig.", "FIG.", "Fig", "Table", "TABLE", "Box", "BOX", "Abbildung", "Tabelle", "Tableau"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!g_str_has_prefix(text, names[i]))
            continue;
        const char *number = text + strlen(names[i]);
        number += strspn(number, " S");
        return g_ascii_isdigit(*number) || ((*number == 'I' || *number == 'V') && strchr("IV .:", number[1]));
    }
    return FALSE;
}

/* "1." or "(1)" or "a)" and a blank. */
static gboolean is_numbered(const char *text)
{
    const char *at = text + (*text == '(');
    gsize digits = strspn(at, "0123456789");
    if (digits == 0 && g_ascii_isalpha(*at))
        digits = 1;
    if (digits == 0 || digits > 3)
        return FALSE;
    return (at[digits] == ')' || (at[digits] == '.' && g_ascii_isdigit(*at))) && at[digits + 1] == ' ';
}

static gboolean is_short(const PdfLine *line, int parts)
{
    return (line->column_right - line->right) * parts > line->column_right - line->column_left;
}

/* Another weight begins a block, except in the middle of a sentence that runs over the whole width. */
static gboolean same_style(const PdfLine *above, const PdfLine *line)
{
    if (abs(line->size - above->size) > 1)
        return FALSE;
    if (line->bold && above->bold)
        return line->mixed || above->mixed || line->family == above->family;
    gboolean ended = pdf_ends_sentence(above->text, strlen(above->text));
    return line->bold == above->bold || (line->bold && !ended && !is_short(above, 10));
}

static int expected_pitch(const PdfLayout *layout, const PdfLine *line)
{
    int pitch = layout->body_pitch * line->size / layout->body_size;
    return MAX(pitch, line->size);
}

/* Whether a line in the same column and style begins a block of its own. */
static gboolean begins_block(const BlockBuilder *builder, const PdfBlock *block, const PdfLine *line)
{
    const PdfLine *above = builder->above;
    int gap = line->bottom - above->bottom;
    int most = block->pitch ? block->pitch * 118 : expected_pitch(builder->layout, line) * 135;
    if (line->row || above->row || gap <= 0 || gap * 100 > most || pdf_bullet_length(line->text) > 0)
        return TRUE;
    if (block->lines == 1 && line->size == above->size && !line->bold && pdf_is_section_name(above->text))
        return TRUE;
    gboolean ended = pdf_ends_sentence(above->text, strlen(above->text));
    if (is_numbered(line->text) && (ended || builder->numbered || is_short(above, 5)))
        return TRUE;
    if (is_caption(line->text) && ended)
        return TRUE;
    int indent = line->left - above->left;
    if (block->kind == PDF_ITEM || builder->numbered) /* hanging: the lines behind the first one stand to its right */
        return indent < -line->size / 2 && ended;
    if (block->lines > 1 && indent * 10 >= line->size * 6 && (ended || is_short(above, 6)))
        return TRUE;
    if (block->lines == 1 && indent * 10 >= line->size * 6 && ended && !block->indented)
        return TRUE;
    return ended && is_short(above, 4) && pdf_starts_upper(line->text);
}

static gboolean continues_block(const BlockBuilder *builder, const PdfBlock *block, const PdfLine *line)
{
    const PdfLine *above = builder->above;
    return above && above->page == line->page && above->column == line->column && same_style(above, line) &&
           !begins_block(builder, block, line);
}

static void open_block(BlockBuilder *builder, const PdfLine *line)
{
    PdfBlock block = {.size = line->size, .bold = line->bold, .italic = line->italic, .left = line->left, .top = line->top,
                      .page = line->page, .column = line->column, .text = g_string_new(NULL)};
    gsize bullet = pdf_bullet_length(line->text);
    block.kind = line->row ? PDF_ROW : bullet ? PDF_ITEM : PDF_PARAGRAPH;
    block.level = 1;
    block.indented = line->left - line->column_left > line->size / 2;
    builder->numbered = is_numbered(line->text);
    g_array_append_val(builder->layout->blocks, block);
}

static void add_line(BlockBuilder *builder, const PdfLine *line)
{
    GArray *blocks = builder->layout->blocks;
    PdfBlock *block = blocks->len ? PDF_BLOCK(builder->layout, blocks->len - 1) : NULL;
    const char *text = line->text;
    /* A bullet in a font of its own may be a line of its own. */
    gboolean lone_bullet = block && block->kind == PDF_ITEM && block->text->len == 0 && builder->above->page == line->page;
    gboolean same_row = block && block->kind == PDF_ROW && builder->above && line->row && builder->above->column == line->column &&
                        line->top < builder->above->bottom && line->bottom > builder->above->top;
    if (same_row) {
        g_string_append(block->text, " | ");
        g_string_append(block->text, text);
        builder->above = line;
        return;
    }
    if (!lone_bullet && (!block || !continues_block(builder, block, line))) {
        open_block(builder, line);
        block = PDF_BLOCK(builder->layout, blocks->len - 1);
        if (block->kind == PDF_ITEM)
            text += pdf_bullet_length(text);
    }
    pdf_words_join(builder->words, block->text, text);
    if (block->lines == 1)
        block->pitch = line->bottom - builder->above->bottom;
    block->lines++;
    block->italic &= line->italic;
    block->full = !is_short(line, 10);
    builder->above = line;
}

/* ---- Kinds ------------------------------------------------------------------------------------------------------ */

static guint count_words(const char *text)
{
    guint words = *text != '\0';
    for (; *text; text++)
        words += *text == ' ';
    return words;
}

/* Whether more than a third of the characters are digits and signs. */
static gboolean is_figures(const char *text)
{
    guint letters = 0, others = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        letters += g_unichar_isalpha(c);
        others += c != ' ' && !g_unichar_isalpha(c);
    }
    return others * 2 > letters;
}

static void settle_kind(const PdfLayout *layout, PdfBlock *block)
{
    const char *text = block->text->str;
    gboolean small = abs(block->size - layout->body_size) > 1;
    guint words = count_words(text);
    gboolean ended = pdf_ends_sentence(text, block->text->len);
    if (block->kind == PDF_ROW || (block->lines == 1 && pdf_is_section_name(text)))
        return;
    if (block->text->len == 0)
        block->kind = PDF_GONE;
    else if (block->kind == PDF_PARAGRAPH && block->text->len <= LABEL_BYTES)
        block->kind = PDF_CRUMB;
    else if (strstr(text, ".....") || strstr(text, ". . . . ")) /* leaders to the page numbers of a table of contents */
        block->kind = PDF_CRUMB;
    else if (block->kind == PDF_PARAGRAPH && is_caption(text) && (small || block->bold || strpbrk(text, ".:|")))
        block->kind = PDF_CAPTION;
    else if (block->kind == PDF_PARAGRAPH && small && block->size < layout->body_size && words < CRUMB_WORDS && !block->bold)
        block->kind = PDF_CRUMB;
    else if (block->kind == PDF_PARAGRAPH && (words < 3 || (small && !ended)) && is_figures(text))
        block->kind = PDF_CRUMB;
}

/* One cell beside another may be a paragraph that stands in a box of its own, not a row of a table. */
static void settle_rows(PdfLayout *layout)
{
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        gboolean alone = (i == 0 || PDF_BLOCK(layout, i - 1)->kind != PDF_ROW) &&
                         (i + 1 == layout->blocks->len || PDF_BLOCK(layout, i + 1)->kind != PDF_ROW);
        if (block->kind == PDF_ROW && alone && !strstr(block->text->str, " | "))
            block->kind = PDF_PARAGRAPH;
    }
}

/* What follows the caption of a table in smaller print, up to the body's next paragraph, is the table. */
static void settle_tables(PdfLayout *layout)
{
    guint page = G_MAXUINT;
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        gboolean small = block->size < layout->body_size - 1;
        if (block->kind == PDF_CAPTION)
            page = g_ascii_strncasecmp(block->text->str, "tab", 3) == 0 ? block->page : G_MAXUINT;
        else if (!small || block->page != page || (block->lines == 1 && pdf_is_section_name(block->text->str)))
            page = G_MAXUINT;
        else if (block->kind == PDF_PARAGRAPH || block->kind == PDF_ITEM)
            block->kind = PDF_CRUMB;
    }
}

/* Items that stand further right than the item before are a level deeper. */
static void settle_levels(PdfLayout *layout)
{
    int lefts[4] = {0};
    unsigned depth = 0;
    guint column = 0;
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        if (block->kind != PDF_ITEM) {
            if (block->kind == PDF_PARAGRAPH)
                depth = 0;
            continue;
        }
        if (block->column != column)
            depth = 0;
        column = block->column;
        while (depth > 0 && block->left < lefts[depth - 1] - block->size / 2)
            depth--;
        if (depth == 0 || (block->left > lefts[depth - 1] + block->size / 2 && depth < G_N_ELEMENTS(lefts)))
            lefts[depth++] = block->left;
        block->level = depth;
    }
}

/* ---- Paragraphs in two parts ------------------------------------------------------------------------------------ */

static gboolean may_go_on(const PdfBlock *block)
{
    return (block->kind == PDF_PARAGRAPH || block->kind == PDF_ITEM) && block->text->len > 0 &&
           !pdf_ends_sentence(block->text->str, block->text->len);
}

static gboolean goes_on(const PdfBlock *block, const PdfBlock *next)
{
    if (next->kind != PDF_PARAGRAPH || abs(next->size - block->size) > 1 || next->bold != block->bold ||
        (next->page == block->page && next->column == block->column))
        return FALSE;
    if (pdf_starts_lower(next->text->str) || g_str_has_suffix(block->text->str, "-"))
        return TRUE;
    return block->full && block->lines > 1 && next->lines > 1 && !next->indented && next->page <= block->page + 1;
}

static void join_parts(PdfLayout *layout, const PdfWords *words)
{
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        guint end = MIN(layout->blocks->len, i + LOOK_AHEAD);
        for (guint j = i + 1; j < end && may_go_on(block) && block->size == layout->body_size; j++) {
            PdfBlock *next = PDF_BLOCK(layout, j);
            if (goes_on(block, next)) {
                pdf_words_join(words, block->text, next->text->str);
                block->page = next->page;
                block->column = next->column;
                block->full = next->full;
                block->lines += next->lines;
                next->kind = PDF_GONE;
            } else if (next->kind == PDF_HEADING || next->kind == PDF_ITEM ||
                       (next->kind == PDF_PARAGRAPH && abs(next->size - layout->body_size) <= 1)) {
                break;
            }
        }
    }
}

void pdf_blocks_build(PdfLayout *layout, const PdfWords *words)
{
    BlockBuilder builder = {.layout = layout, .words = words};
    for (guint i = 0; i < layout->lines->len; i++)
        if (!PDF_LINE(layout, i)->furniture)
            add_line(&builder, PDF_LINE(layout, i));
    settle_rows(layout);
    for (guint i = 0; i < layout->blocks->len; i++)
        settle_kind(layout, PDF_BLOCK(layout, i));
    settle_tables(layout);
    settle_levels(layout);
    pdf_headings_mark(layout);
    join_parts(layout, words);
}

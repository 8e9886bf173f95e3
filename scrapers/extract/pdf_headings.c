/* SPDX-License-Identifier: Apache-2.0
 * Which blocks are headings, and how deep; see pdf_layout.h.
 *
 * The document's bookmarks decide where they name a block. Elsewhere a heading is a short block that is set larger,
 * bolder or otherwise apart from the body. Its depth is the place of its style among the styles of all headings,
 * counted from the style that "Methods" and its like have; a number in front ("2.1") says it more surely. */
#include <stdlib.h>
#include <string.h>

#include "scrapers/extract/pdf_layout.h"

#define HEADING_BYTES 200
#define HEADING_LINES 4
#define HEADING_WORDS 25
#define STYLES 64
#define DEEPEST 3

typedef struct HeadingStyle {
    guint key; /* greater: more important */
    guint uses, section_names;
} HeadingStyle;

typedef struct HeadingStyles {
    HeadingStyle items[STYLES];
    guint count;
} HeadingStyles;

static gboolean is_upper_case(const char *text)
{
    guint upper = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (g_unichar_islower(c))
            return FALSE;
        upper += g_unichar_isupper(c);
    }
    return upper > 3;
}

static guint style_key(const PdfBlock *block)
{
    return (guint)MIN(block->size, 1000) * 8 + (block->bold ? 4 : 0) + (is_upper_case(block->text->str) ? 2 : 0) +
           (block->italic ? 0 : 1);
}

/* Skips "2.1 " or "2. " or "IV. "; *depth is the count of numbers, 0 if there is none. */
static const char *skip_number(const char *text, unsigned *depth)
{
    const char *at = text;
    *depth = 0;
    while (g_ascii_isdigit(*at)) {
        gsize digits = strspn(at, "0123456789");
        if (digits > 2)
            break;
        at += digits;
        (*depth)++;
        if (*at != '.')
            break;
        at++;
    }
    if (*depth == 0 || *at != ' ') {
        *depth = 0;
        return text;
    }
    return at + strspn(at, " ");
}

gboolean pdf_is_section_name(const char *text)
{
    static const char *const names[] = {
        "abstract", "summary", "background", "introduction", "methods", "methodology", "materials and methods", "results", "discussion",
        "results and discussion", "conclusion", "conclusions", "acknowledgements", "acknowledgments", "references", "recommendations",
    };
    unsigned depth;
    text = skip_number(text, &depth);
    gsize length = strlen(text);
    while (length > 0 && strchr(": .", text[length - 1]))
        length--;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strlen(names[i]) == length && g_ascii_strncasecmp(names[i], text, length) == 0)
            return TRUE;
    return FALSE;
}

static guint count_words(const char *text)
{
    guint words = *text != '\0';
    for (; *text; text++)
        words += *text == ' ';
    return words;
}

static gboolean is_mostly_letters(const char *text)
{
    guint letters = 0, others = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        letters += g_unichar_isalpha(c);
        others += c != ' ' && !g_unichar_isalpha(c);
    }
    return letters > 2 && letters > 2 * others;
}

/* Whether the next block that is read in full is text of the body, or a heading of some kind: a heading has a text. */
static gboolean has_text_below(const PdfLayout *layout, guint index)
{
    for (guint i = index + 1; i < MIN(layout->blocks->len, index + 4); i++) {
        const PdfBlock *next = PDF_BLOCK(layout, i);
        if (next->kind == PDF_PARAGRAPH || next->kind == PDF_ITEM || next->kind == PDF_HEADING || next->kind == PDF_ROW)
            return TRUE;
    }
    return FALSE;
}

/* A heading below the body's size must stand right over some lines of its own size: most small bold print is in tables. */
static gboolean heads_small_print(const PdfLayout *layout, guint index)
{
    const PdfBlock *block = PDF_BLOCK(layout, index);
    const PdfBlock *next = index + 1 < layout->blocks->len ? PDF_BLOCK(layout, index + 1) : NULL;
    return next && next->kind == PDF_PARAGRAPH && abs(next->size - block->size) <= 1 && next->column == block->column &&
           (next->lines > 1 || pdf_ends_sentence(next->text->str, next->text->len));
}

static gboolean stands_apart(const PdfLayout *layout, guint index)
{
    const PdfBlock *block = PDF_BLOCK(layout, index);
    const char *text = block->text->str;
    gboolean ended = pdf_ends_sentence(text, block->text->len) && text[block->text->len - 1] != ':' &&
                     text[block->text->len - 1] != '?';
    unsigned depth;
    int body = layout->body_size;
    gboolean numbered = skip_number(text, &depth) != text;
    if (block->size * 100 >= body * 110 && block->size >= body + 2)
        return !ended || block->bold || numbered;
    if (block->lines == 1 && pdf_is_section_name(text))
        return TRUE;
    if (block->size * 100 < body * 85 && !heads_small_print(layout, index))
        return FALSE;
    if (block->bold || is_upper_case(text))
        return !ended || numbered;
    return block->lines == 1 && !pdf_ends_sentence(text, block->text->len) &&
           block->italic && abs(block->size - body) <= 1;
}

static gboolean is_heading(const PdfLayout *layout, guint index)
{
    const PdfBlock *block = PDF_BLOCK(layout, index);
    const char *text = block->text->str;
    if (block->kind != PDF_PARAGRAPH || block->text->len > HEADING_BYTES || block->lines > HEADING_LINES ||
        count_words(text) > HEADING_WORDS || !pdf_starts_upper(text) || !is_mostly_letters(text))
        return FALSE;
    if (strchr(",;-/(", text[block->text->len - 1]))
        return FALSE;
    return stands_apart(layout, index) && has_text_below(layout, index);
}

/* ---- Bookmarks -------------------------------------------------------------------------------------------------- */

/* Letters and digits in lower case, so that spaces and numbering points do not matter. g_free. */
static char *fold(const char *text)
{
    GString *folded = g_string_new(NULL);
    for (; *text && folded->len < HEADING_BYTES; text = g_utf8_next_char(text))
        if (g_unichar_isalnum(g_utf8_get_char(text)))
            g_string_append_unichar(folded, g_unichar_tolower(g_utf8_get_char(text)));
    return g_string_free(folded, FALSE);
}

/* From folded text to level (as a pointer), the highest where a text comes twice. A single bookmark above all others is the document's and counts as none. */
static GHashTable *index_outline(const PdfLayout *layout)
{
    GHashTable *levels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint tops = 0;
    for (guint i = 0; i < layout->outline->len; i++)
        tops += g_array_index(layout->outline, PdfOutlineItem, i).level == 1;
    unsigned above = tops == 1 && layout->outline->len > 1 ? 1 : 0;
    for (guint i = 0; i < layout->outline->len; i++) {
        const PdfOutlineItem *item = &g_array_index(layout->outline, PdfOutlineItem, i);
        char *key = fold(item->text);
        guint known = GPOINTER_TO_UINT(g_hash_table_lookup(levels, key));
        if (item->level > above && strlen(key) > 2 && (!known || item->level - above < known))
            g_hash_table_insert(levels, key, GUINT_TO_POINTER(item->level - above));
        else
            g_free(key);
    }
    return levels;
}

static unsigned outline_level(GHashTable *outline, const PdfBlock *block)
{
    if (g_hash_table_size(outline) == 0 || block->kind != PDF_PARAGRAPH || block->text->len > HEADING_BYTES ||
        block->lines > HEADING_LINES)
        return 0;
    g_autofree char *key = fold(block->text->str);
    return GPOINTER_TO_UINT(g_hash_table_lookup(outline, key));
}

/* ---- Depth ------------------------------------------------------------------------------------------------------ */

static void count_style(HeadingStyles *styles, const PdfBlock *block)
{
    guint key = style_key(block), i = 0;
    while (i < styles->count && styles->items[i].key != key)
        i++;
    if (i == STYLES)
        return;
    if (i == styles->count)
        styles->items[styles->count++] = (HeadingStyle){.key = key};
    styles->items[i].uses++;
    styles->items[i].section_names += pdf_is_section_name(block->text->str);
}

static int compare_styles(const void *a, const void *b)
{
    guint left = ((const HeadingStyle *)a)->key, right = ((const HeadingStyle *)b)->key;
    return (left < right) - (left > right);
}

/* The style of the sections: the one that most section names have; without any, the greatest that is used twice. */
static guint find_anchor(const HeadingStyles *styles)
{
    guint best = 0;
    for (guint i = 0; i < styles->count; i++)
        if (styles->items[i].section_names > styles->items[best].section_names)
            best = i;
    if (styles->count == 0 || styles->items[best].section_names > 0)
        return best;
    for (guint i = 0; i < styles->count; i++)
        if (styles->items[i].uses > 1)
            return i;
    return 0;
}

static unsigned style_level(const HeadingStyles *styles, guint anchor, guint key)
{
    unsigned level = 1;
    for (guint i = anchor; i < styles->count && styles->items[i].key > key; i++)
        level++;
    return MIN(level, DEEPEST);
}

PdfBlock *pdf_title_block(PdfLayout *layout)
{
    PdfBlock *best = NULL;
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        const PdfBlock *first = PDF_BLOCK(layout, 0);
        if (block->page != first->page)
            break;
        if ((block->kind != PDF_PARAGRAPH && block->kind != PDF_HEADING) || block->text->len < 8 || block->text->len > 500 ||
            !is_mostly_letters(block->text->str) || pdf_is_section_name(block->text->str))
            continue;
        /* A name of one or two words is rather the journal's. */
        int weight = block->size * (count_words(block->text->str) > 2 ? 2 : 1);
        int best_weight = best ? best->size * (count_words(best->text->str) > 2 ? 2 : 1) : 0;
        if (weight > best_weight)
            best = block;
    }
    gboolean large = best && (best->size * 100 >= layout->body_size * 115 ||
                              (best->bold && !pdf_ends_sentence(best->text->str, best->text->len)));
    return large ? best : NULL;
}

void pdf_headings_mark(PdfLayout *layout)
{
    HeadingStyles styles = {.count = 0};
    g_autoptr(GHashTable) outline = index_outline(layout);
    const PdfBlock *title = pdf_title_block(layout);
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        unsigned level = outline_level(outline, block);
        if (block == title || (level == 0 && !is_heading(layout, i)))
            continue;
        block->kind = PDF_HEADING;
        block->level = level;
        count_style(&styles, block);
    }
    qsort(styles.items, styles.count, sizeof styles.items[0], compare_styles);
    guint anchor = find_anchor(&styles);
    for (guint i = 0; i < layout->blocks->len; i++) {
        PdfBlock *block = PDF_BLOCK(layout, i);
        unsigned depth;
        if (block->kind != PDF_HEADING || block->level)
            continue;
        skip_number(block->text->str, &depth);
        block->level = depth ? MIN(depth, DEEPEST) : style_level(&styles, anchor, style_key(block));
    }
}

/* SPDX-License-Identifier: Apache-2.0
 * Elements to text; see serialise.h. Recursion follows the tree, whose depth is capped. */
#include "scrapers/extract/serialise.h"

#include <stdlib.h>
#include <string.h>

#include "scrapers/extract/label.h"
#include "scrapers/extract/math_text.h"
#include "scrapers/extract/script.h"
#include "scrapers/extract/table.h"

#define LEVELS 6
#define LIST_DEPTH 8 /* deeper lists are no further indented */
#define LINE_LIMIT ((gsize)8 << 20)

typedef enum { BLOCK_NONE, BLOCK_PARAGRAPH, BLOCK_HEADING, BLOCK_ITEM, BLOCK_ROW } BlockKind;

/* Where the text of a list item stands. */
typedef enum { ITEM_OUTSIDE, ITEM_FRESH, ITEM_OPEN, ITEM_INTERRUPTED } ItemState;

typedef struct Writer {
    Buffer *out;
    Buffer line; /* the block under way */
    gboolean space; /* white space is due before the next word */
    guint breaks;   /* <br> since the last word */
    BlockKind last; /* kind of the block written last */
    guint list_depth;
    ItemState item;
    gboolean term_open; /* the last block is a <dt> that its <dd> goes on with */
    int rank[LEVELS + 1];
    gsize heading_start; /* of the headings at the end of `out` that nothing follows yet; or NO_HEADING */
    const char *title;   /* until the first heading was written */
    Noise least;
    gboolean tables, verbatim, one_line;
} Writer;

#define NO_HEADING G_MAXSIZE

static void walk(Writer *writer, xmlNode *node);

static void walk_children(Writer *writer, xmlNode *element)
{
    for (xmlNode *child = element->children; child; child = child->next)
        walk(writer, child);
}

/* Trims the block under way; FALSE when nothing is left of it. */
static gboolean finish_line(Writer *writer)
{
    Buffer *line = &writer->line;
    gsize length = line->length;
    while (length && (line->data[length - 1] == ' ' || line->data[length - 1] == '\n'))
        length--;
    buffer_truncate(line, length);
    writer->space = FALSE;
    writer->breaks = 0;
    return length > 0;
}

static void separate(Writer *writer, BlockKind kind)
{
    if (writer->last == BLOCK_NONE)
        return;
    gboolean close = writer->last == kind && (kind == BLOCK_ITEM || kind == BLOCK_ROW);
    buffer_append_string(writer->out, close ? "\n" : "\n\n");
}

static void write_block(Writer *writer, BlockKind kind, const char *prefix)
{
    if (kind != BLOCK_HEADING)
        writer->heading_start = NO_HEADING;
    separate(writer, kind);
    buffer_append_string(writer->out, prefix);
    buffer_append(writer->out, writer->line.data, writer->line.length);
    writer->last = kind;
    writer->term_open = FALSE;
    buffer_reset(&writer->line);
}

static void indent(char prefix[2 * LIST_DEPTH + 3], guint depth, const char *mark)
{
    depth = MIN(depth, LIST_DEPTH);
    memset(prefix, ' ', 2 * depth);
    g_strlcpy(prefix + 2 * depth, mark, 3);
}

/* Ends the block under way. Inside a list item the first block carries the dash and the next ones go on its line. */
static void flush(Writer *writer)
{
    char prefix[2 * LIST_DEPTH + 3];
    if (!finish_line(writer))
        return;
    guint depth = writer->list_depth ? writer->list_depth - 1 : 0;
    switch (writer->item) {
    case ITEM_OUTSIDE:
        write_block(writer, BLOCK_PARAGRAPH, "");
        return;
    case ITEM_FRESH:
        indent(prefix, depth, "- ");
        write_block(writer, BLOCK_ITEM, prefix);
        break;
    case ITEM_OPEN:
        buffer_append_string(writer->out, " ");
        buffer_append(writer->out, writer->line.data, writer->line.length);
        buffer_reset(&writer->line);
        break;
    case ITEM_INTERRUPTED:
        indent(prefix, depth + 1, "");
        write_block(writer, BLOCK_ITEM, prefix);
        break;
    }
    writer->item = ITEM_OPEN;
}

static void put_space_due(Writer *writer)
{
    if (!writer->line.length) {
        writer->space = FALSE;
        writer->breaks = 0;
        return;
    }
    char last = writer->line.data[writer->line.length - 1];
    if (writer->breaks && writer->item == ITEM_OUTSIDE && !writer->one_line)
        buffer_append_byte(&writer->line, '\n');
    else if ((writer->space || writer->breaks) && last != '\n' && last != ' ')
        buffer_append_byte(&writer->line, ' ');
    writer->space = FALSE;
    writer->breaks = 0;
}

static void put_verbatim(Writer *writer, const char *text)
{
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c == '\n' || c == '\t' || !character_is_invisible(c))
            buffer_append_codepoint(&writer->line, c);
    }
}

static void put_text(Writer *writer, const char *text)
{
    if (writer->verbatim) {
        put_verbatim(writer, text);
        return;
    }
    for (const char *at = text; *at;) {
        const char *start = at;
        while ((guchar)*at > ' ' && (guchar)*at < 0x7f)
            at++;
        if (at > start) {
            put_space_due(writer);
            buffer_append(&writer->line, start, (gsize)(at - start));
            continue;
        }
        gunichar c = g_utf8_get_char(at);
        at = g_utf8_next_char(at);
        if (g_unichar_isspace(c)) {
            writer->space = TRUE;
        } else if (!character_is_invisible(c)) {
            put_space_due(writer);
            buffer_append_codepoint(&writer->line, c);
        }
    }
}

static void walk_break(Writer *writer)
{
    if (writer->verbatim)
        buffer_append_byte(&writer->line, '\n');
    else if (writer->line.length && ++writer->breaks == 2 && !writer->one_line && writer->item == ITEM_OUTSIDE)
        flush(writer);
}

static gboolean punctuation_follows(const xmlNode *element)
{
    const xmlNode *next = element->next;
    return next && next->type == XML_TEXT_NODE && *next->content && strchr(".,;:)", *next->content);
}

/* Takes back the blank in front of a mark that is dropped; what comes behind the mark decides whether it is due again. */
static void drop_mark(Writer *writer, const xmlNode *mark)
{
    gboolean blank = writer->line.length && writer->line.data[writer->line.length - 1] == ' ';
    if (!blank)
        return;
    buffer_truncate(&writer->line, writer->line.length - 1);
    writer->space = !punctuation_follows(mark);
}

static void walk_script(Writer *writer, xmlNode *element)
{
    if (writer->space && tag_of(element) == GUMBO_TAG_SUP)
        put_space_due(writer);
    const char *before = writer->line.length ? writer->line.data : "";
    switch (script_kind(element, before, writer->line.length)) {
    case SCRIPT_MARK:
        drop_mark(writer, element);
        return;
    case SCRIPT_RAISED:
        while (writer->line.length && writer->line.data[writer->line.length - 1] == ' ')
            buffer_truncate(&writer->line, writer->line.length - 1);
        buffer_append_byte(&writer->line, '^');
        break;
    case SCRIPT_LOWERED:
        buffer_append_byte(&writer->line, '_');
        break;
    case SCRIPT_PLAIN:
        break;
    }
    walk_children(writer, element);
}

/* Formulas: the author's own text form if there is one, else the symbols on one line. */
static void walk_math(Writer *writer, xmlNode *math)
{
    const char *alternative = page_attribute(math, "alttext");
    if (alternative && *alternative) {
        put_text(writer, alternative);
        return;
    }
    g_auto(Buffer) text;
    buffer_init(&text, MATH_TEXT_LIMIT);
    math_text_append(math, &text);
    if (text.length)
        put_text(writer, text.data);
}

/* Both without case, punctuation and space. */
static gboolean reads_the_same(const char *a, const char *b)
{
    for (;;) {
        while (*a && !g_unichar_isalnum(g_utf8_get_char(a)))
            a = g_utf8_next_char(a);
        while (*b && !g_unichar_isalnum(g_utf8_get_char(b)))
            b = g_utf8_next_char(b);
        if (!*a || !*b)
            return *a == *b;
        if (g_unichar_tolower(g_utf8_get_char(a)) != g_unichar_tolower(g_utf8_get_char(b)))
            return FALSE;
        a = g_utf8_next_char(a);
        b = g_utf8_next_char(b);
    }
}

static void walk_heading(Writer *writer, xmlNode *element, int level)
{
    static const char *const marks[] = {"# ", "# ", "## ", "### "};
    flush(writer);
    gboolean one_line = writer->one_line;
    writer->one_line = TRUE;
    walk_children(writer, element);
    writer->one_line = one_line;
    if (!finish_line(writer))
        return;
    if (writer->item != ITEM_OUTSIDE || text_opens_with_label(writer->line.data)) {
        flush(writer);
        return;
    }
    if (writer->title && reads_the_same(writer->title, writer->line.data)) {
        buffer_reset(&writer->line);
        return;
    }
    gsize start = writer->heading_start == NO_HEADING ? writer->out->length : writer->heading_start;
    write_block(writer, BLOCK_HEADING, marks[writer->rank[level]]);
    writer->heading_start = start;
    writer->title = NULL;
}

/* Block by block, whatever list is around it. */
static void walk_apart(Writer *writer, xmlNode *element)
{
    flush(writer);
    ItemState item = writer->item;
    guint depth = writer->list_depth;
    gsize before = writer->out->length;
    writer->item = ITEM_OUTSIDE;
    writer->list_depth = 0;
    walk_children(writer, element);
    flush(writer);
    writer->item = item == ITEM_OPEN && writer->out->length > before ? ITEM_INTERRUPTED : item;
    writer->list_depth = depth;
}

static void walk_list(Writer *writer, xmlNode *element)
{
    flush(writer);
    ItemState item = writer->item;
    gsize before = writer->out->length;
    writer->list_depth++;
    writer->item = ITEM_OUTSIDE;
    walk_children(writer, element);
    flush(writer);
    writer->list_depth--;
    writer->item = item == ITEM_OPEN && writer->out->length > before ? ITEM_INTERRUPTED : item;
}

/* An item that holds headings or tables is a part of the page laid out as a list. */
static gboolean is_layout_item(xmlNode *item)
{
    for (xmlNode *node = item; node; node = page_next(node, item, TRUE))
        if (heading_level(tag_of(node)) || tag_of(node) == GUMBO_TAG_TABLE)
            return TRUE;
    return FALSE;
}

static void walk_item(Writer *writer, xmlNode *element)
{
    if (is_layout_item(element)) {
        walk_apart(writer, element);
        return;
    }
    flush(writer);
    guint depth = writer->list_depth;
    writer->list_depth = MAX(depth, 1);
    writer->item = ITEM_FRESH;
    walk_children(writer, element);
    flush(writer);
    writer->item = ITEM_OUTSIDE;
    writer->list_depth = depth;
}

static void walk_term(Writer *writer, xmlNode *element)
{
    if (is_layout_item(element)) {
        walk_apart(writer, element);
        return;
    }
    gboolean term = tag_of(element) == GUMBO_TAG_DT;
    flush(writer);
    if (!term && writer->term_open) {
        char last = writer->out->data[writer->out->length - 1];
        buffer_append_string(writer->out, last == ':' || last == '?' ? "" : ":");
        writer->item = ITEM_OPEN;
    } else {
        writer->item = ITEM_FRESH;
    }
    writer->term_open = FALSE;
    walk_children(writer, element);
    flush(writer);
    writer->term_open = term && writer->last == BLOCK_ITEM;
    writer->item = ITEM_OUTSIDE;
}

static void walk_definitions(Writer *writer, xmlNode *element)
{
    walk_list(writer, element);
    writer->term_open = FALSE;
}

/* Removes white space at the ends of lines, empty lines at both ends and all but one between. */
static void trim_lines(Buffer *text)
{
    gsize kept = 0, newlines = 0;
    for (gsize at = 0; at < text->length;) {
        char *line = text->data + at;
        char *end = memchr(line, '\n', text->length - at);
        gsize length = end ? (gsize)(end - line) : text->length - at;
        at += length + 1;
        while (length && g_ascii_isspace(line[length - 1]))
            length--;
        if (length) {
            while (kept && newlines--)
                text->data[kept++] = '\n';
            memmove(text->data + kept, line, length);
            kept += length;
            newlines = 0;
        }
        newlines = MIN(newlines + 1, 2);
    }
    buffer_truncate(text, kept);
}

static void walk_pre(Writer *writer, xmlNode *element)
{
    flush(writer);
    writer->verbatim = TRUE;
    walk_children(writer, element);
    writer->verbatim = FALSE;
    trim_lines(&writer->line);
    flush(writer);
}

/* The text of one cell on one line. */
static void write_cell(Writer *writer, xmlNode *cell)
{
    gsize before = writer->line.length;
    writer->one_line = TRUE;
    for (xmlNode *node = cell; node;) {
        gboolean into = node->type == XML_ELEMENT_NODE && facts_of(node)->noise < NOISE_CERTAIN;
        GumboTag tag = tag_of(node);
        if (node->type == XML_TEXT_NODE)
            put_text(writer, (const char *)node->content);
        else if (tag == GUMBO_TAG_SUP || tag == GUMBO_TAG_SUB)
            walk_script(writer, node);
        else if (tag == GUMBO_TAG_BR || tag_is_block(tag))
            writer->space = writer->line.length > before;
        node = page_next(node, cell, into && tag != GUMBO_TAG_SUP && tag != GUMBO_TAG_SUB);
    }
    writer->space = FALSE;
    writer->one_line = FALSE;
}

static void write_row(Writer *writer, xmlNode *row)
{
    gboolean first = TRUE, text = FALSE;
    for (xmlNode *cell = row->children; cell; cell = cell->next) {
        if (tag_of(cell) != GUMBO_TAG_TD && tag_of(cell) != GUMBO_TAG_TH)
            continue;
        for (guint i = 0; i < table_cell_span(cell); i++) {
            if (!first)
                buffer_append_string(&writer->line, " | ");
            gsize before = writer->line.length;
            if (i == 0)
                write_cell(writer, cell);
            text |= writer->line.length > before;
            first = FALSE;
        }
    }
    if (text)
        write_block(writer, BLOCK_ROW, "");
    buffer_reset(&writer->line);
}

static void walk_data_table(Writer *writer, xmlNode *table)
{
    flush(writer);
    if (!writer->tables)
        return;
    for (xmlNode *node = table->children; node;) {
        GumboTag tag = tag_of(node);
        if (tag == GUMBO_TAG_CAPTION) {
            walk_children(writer, node);
            flush(writer);
        } else if (tag == GUMBO_TAG_TR) {
            write_row(writer, node);
        }
        node = page_next(node, table, tag != GUMBO_TAG_TR && tag != GUMBO_TAG_CAPTION);
    }
    if (writer->last == BLOCK_ROW && writer->item == ITEM_OPEN)
        writer->item = ITEM_INTERRUPTED;
}

static void walk_block(Writer *writer, xmlNode *element)
{
    gboolean verbatim = writer->verbatim;
    flush(writer);
    writer->verbatim = FALSE;
    walk_children(writer, element);
    writer->verbatim = verbatim;
    flush(writer);
}

static void walk(Writer *writer, xmlNode *node)
{
    if (node->type == XML_TEXT_NODE) {
        put_text(writer, (const char *)node->content);
        return;
    }
    GumboTag tag = tag_of(node);
    int level = heading_level(tag);
    if (facts_of(node)->noise >= writer->least || writer->line.overflowed)
        return;
    if (level)
        walk_heading(writer, node, level);
    else if (tag == GUMBO_TAG_BR)
        walk_break(writer);
    else if (tag == GUMBO_TAG_SUP || tag == GUMBO_TAG_SUB)
        walk_script(writer, node);
    else if (tag == GUMBO_TAG_MATH)
        walk_math(writer, node);
    else if (tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_DIR || tag == GUMBO_TAG_MENU)
        walk_list(writer, node);
    else if (tag == GUMBO_TAG_DL)
        walk_definitions(writer, node);
    else if (tag == GUMBO_TAG_LI)
        walk_item(writer, node);
    else if (tag == GUMBO_TAG_DT || tag == GUMBO_TAG_DD)
        walk_term(writer, node);
    else if (tag == GUMBO_TAG_PRE && !writer->one_line)
        walk_pre(writer, node);
    else if (tag == GUMBO_TAG_TABLE && table_is_data(node))
        walk_data_table(writer, node);
    else if (tag == GUMBO_TAG_TABLE || tag == GUMBO_TAG_FIGURE)
        walk_apart(writer, node);
    else if (tag_is_block(tag) && !writer->one_line)
        walk_block(writer, node);
    else
        walk_children(writer, node);
}

/* The levels in use, by rank: h2, h4, h5, h6 become 1, 2, 3, 3. The title's own heading does not count. */
static void rank_headings(Writer *writer, const Selection *selection)
{
    gboolean used[LEVELS + 1] = {FALSE};
    for (guint i = 0; i < selection->elements->len; i++) {
        xmlNode *root = selection->elements->pdata[i];
        for (xmlNode *node = root; node;) {
            gboolean into = node->type == XML_ELEMENT_NODE && facts_of(node)->noise < selection->least;
            int level = into ? heading_level(tag_of(node)) : 0;
            if (level && !used[level]) {
                g_autofree char *text = page_text(node, 1024);
                used[level] = *text && !text_opens_with_label(text) && !(writer->title && reads_the_same(writer->title, text));
            }
            node = page_next(node, root, into);
        }
    }
    int rank = 0;
    for (int level = 1; level <= LEVELS; level++) {
        rank += used[level];
        writer->rank[level] = CLAMP(rank, 1, 3);
    }
}

void serialise(const Selection *selection, const char *title, gboolean tables, Buffer *out)
{
    Writer writer = {.out = out, .title = title, .least = selection->least, .tables = tables};
    writer.heading_start = NO_HEADING;
    buffer_init(&writer.line, LINE_LIMIT);
    rank_headings(&writer, selection);
    for (guint i = 0; i < selection->elements->len; i++) {
        walk(&writer, selection->elements->pdata[i]);
        flush(&writer);
    }
    if (writer.heading_start != NO_HEADING)
        buffer_truncate(out, writer.heading_start);
    while (out->length && out->data[out->length - 1] == '\n')
        buffer_truncate(out, out->length - 1);
    buffer_clear(&writer.line);
}

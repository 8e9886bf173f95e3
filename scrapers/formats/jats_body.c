/* SPDX-License-Identifier: Apache-2.0
 * The blocks of a JATS article, walked once in document order; see jats_walk.h. */
#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"

#define DOI_LINE 200 /* bytes of a paragraph that says nothing but the article's DOI */

JatsRole jats_role_of(const XmlNode *node)
{
    JatsRole role = jats_role(node->name);
    gboolean picture = node->name == XML_MEDIA || node->name == XML_GRAPHIC || node->name == XML_CHEM_STRUCT_WRAP;
    return role == JATS_FLOAT && picture && !xml_child(node, XML_CAPTION) ? JATS_OUT : role;
}

void jats_waiting(JatsWalk *walk)
{
    const XmlNode *node;
    while ((node = g_queue_pop_head(&walk->floats)))
        jats_float(walk, node);
    while ((node = g_queue_pop_head(&walk->notes)))
        jats_blocks(walk, node);
}

void jats_resume(JatsWalk *walk)
{
    static const char body[] = "# Main text";
    if (walk->heading_length)
        text_form_resume(&walk->form, walk->form.out.data + walk->heading, walk->heading_length);
    else
        text_form_resume(&walk->form, body, sizeof body - 1);
}

/* ---- Sections ------------------------------------------------------------------------------------------------ */

/* The heading's line, which begins behind the blank line before it. FALSE: it has no text. */
static gboolean write_heading(JatsWalk *walk, const XmlNode *label, const XmlNode *title)
{
    TextForm *form = &walk->form;
    gsize before = text_form_place(form).length;
    text_form_heading(form, walk->depth);
    if (label)
        jats_text(walk, label);
    if (label && title) {
        text_form_trim(form, ".:");
        text_form_mark(form, ": ");
    }
    if (title)
        jats_text(walk, title);
    text_form_trim(form, ":");
    text_form_end(form);
    if (form->out.length == before)
        return FALSE;
    while (form->out.data[before] == '\n')
        before++;
    walk->heading = before;
    walk->heading_length = form->out.length - before;
    return TRUE;
}

/* A heading and what stands under it. A section of which nothing is written leaves no heading. */
static void write_titled(JatsWalk *walk, const XmlNode *node, const XmlNode *label, const XmlNode *title)
{
    TextForm *form = &walk->form;
    TextFormPlace start = text_form_place(form);
    gboolean due = form->resume.length > 0;
    gsize heading = walk->heading, heading_length = walk->heading_length;
    if (!write_heading(walk, label, title)) {
        jats_blocks(walk, node);
        return;
    }
    gsize written = form->out.length;
    walk->depth++;
    jats_section(walk, node);
    jats_waiting(walk);
    walk->depth--;
    walk->heading = heading;
    walk->heading_length = heading_length;
    gboolean empty = form->out.length == written;
    if (empty)
        text_form_return(form, start);
    if (!empty || due)
        jats_resume(walk);
}

static void write_section(JatsWalk *walk, const XmlNode *section)
{
    const XmlNode *title = jats_heading(section);
    if (jats_section_is_out(section, walk->depth))
        g_ptr_array_add(walk->left_out, title ? xml_text_string(title, 200) : g_strdup(""));
    else if (title)
        write_titled(walk, section, NULL, title);
    else
        jats_blocks(walk, section);
}

/* ---- Boxes --------------------------------------------------------------------------------------------------- */

/* A box without headings is text like any other; one with headings waits until the text of its section ends. */
static void write_box(JatsWalk *walk, const XmlNode *box)
{
    if (jats_heading(box) || xml_below(box, XML_SEC))
        g_queue_push_tail(&walk->boxes, (gpointer)box);
    else
        jats_blocks(walk, box);
}

static void write_waiting_box(JatsWalk *walk, const XmlNode *box)
{
    const XmlNode *label = xml_child(box, XML_LABEL), *title = xml_child(box, XML_TITLE), *caption = xml_child(box, XML_CAPTION);
    if (!title)
        title = xml_child(caption, XML_TITLE);
    if (label || title)
        write_titled(walk, box, label, title);
    else
        jats_section(walk, box);
}

static void write_boxes(JatsWalk *walk)
{
    const XmlNode *box;
    while ((box = g_queue_pop_head(&walk->boxes)))
        write_waiting_box(walk, box);
}

/* ---- Paragraphs ---------------------------------------------------------------------------------------------- */

/* eLife's "DOI: http://dx.doi.org/..." under abstracts and captions. */
static gboolean is_doi_line(const XmlNode *node)
{
    const XmlNode *first = node->children;
    while (first && first->name == XML_TEXT && xml_is_blank(first))
        first = first->next;
    if (!first || (first->name != XML_BOLD && first->name != XML_TEXT) || !xml_child(node, XML_EXT_LINK))
        return FALSE;
    g_autofree char *text = xml_text_string(node, DOI_LINE);
    return text && g_str_has_prefix(text, "DOI: http") && !strchr(text + strlen("DOI: "), ' ');
}

void jats_continue(JatsWalk *walk)
{
    char prefix[80];
    guint indent = MIN(2 * walk->list_level, sizeof prefix - 1);
    memset(prefix, ' ', indent);
    prefix[indent] = '\0';
    text_form_begin(&walk->form, walk->list_level ? BLOCK_ITEM : BLOCK_PARAGRAPH, prefix);
}

static void write_paragraph(JatsWalk *walk, const XmlNode *node)
{
    if (is_doi_line(node))
        return;
    jats_continue(walk);
    jats_text(walk, node);
    text_form_end(&walk->form);
    if (walk->list_level == 0)
        jats_waiting(walk);
}

static void write_optional(JatsWalk *walk, const XmlNode *node)
{
    if (node)
        write_paragraph(walk, node);
}

static void write_container(JatsWalk *walk, const XmlNode *node)
{
    jats_blocks(walk, node);
}

/* Theorems, questions: the label and title are a line of their own. */
static void write_statement(JatsWalk *walk, const XmlNode *node)
{
    const XmlNode *label = xml_child(node, XML_LABEL), *title = xml_child(node, XML_TITLE);
    jats_continue(walk);
    if (label)
        jats_text(walk, label);
    text_form_space(&walk->form);
    if (title)
        jats_text(walk, title);
    text_form_end(&walk->form);
    jats_blocks(walk, node);
}

/* "Speaker: what he says". */
static void write_speech(JatsWalk *walk, const XmlNode *node)
{
    const XmlNode *speaker = xml_child(node, XML_SPEAKER), *first = xml_child(node, XML_P);
    jats_continue(walk);
    if (speaker) {
        jats_text(walk, speaker);
        text_form_trim(&walk->form, ":");
        if (text_form_is_open(&walk->form))
            text_form_mark(&walk->form, ": ");
    }
    if (first)
        jats_text(walk, first);
    text_form_end(&walk->form);
    for (const XmlNode *next = first ? xml_next(first, XML_P) : NULL; next; next = xml_next(next, XML_P))
        write_paragraph(walk, next);
    jats_waiting(walk);
}

/* ---- Lists --------------------------------------------------------------------------------------------------- */

/* The parts of an item go on its line: its paragraphs are joined; other blocks, such as lists one level deeper, follow. */
static void write_item_parts(JatsWalk *walk, const XmlNode *item)
{
    TextForm *form = &walk->form;
    for (const XmlNode *child = item->children; child; child = child->next) {
        JatsRole role = jats_role_of(child);
        if (child->name == XML_LABEL || role == JATS_OUT)
            continue;
        if (role == JATS_FLOAT) {
            g_queue_push_tail(&walk->floats, (gpointer)child);
        } else if (role <= JATS_PARAGRAPH || role == JATS_DISPLAY) {
            if (form->kind == BLOCK_NONE)
                jats_continue(walk);
            gboolean paragraph = role == JATS_PARAGRAPH || child->name == XML_TITLE;
            if (paragraph)
                text_form_space(form);
            if (paragraph)
                jats_text(walk, child);
            else
                jats_text_node(walk, child);
        } else {
            text_form_end(form);
            jats_block(walk, child);
        }
    }
}

static void write_list(JatsWalk *walk, const XmlNode *list)
{
    write_optional(walk, xml_child(list, XML_TITLE));
    walk->list_level++;
    XML_EACH(item, list, XML_LIST_ITEM) {
        text_form_item(&walk->form, walk->list_level);
        write_item_parts(walk, item);
        text_form_end(&walk->form);
    }
    walk->list_level--;
    if (walk->list_level == 0)
        jats_waiting(walk);
}

/* "- term: what it means", in a def-item or, as HTML has it, one behind the other. */
static void write_definition(JatsWalk *walk, const XmlNode *first)
{
    TextForm *form = &walk->form;
    gboolean named = FALSE;
    text_form_item(form, walk->list_level);
    for (const XmlNode *node = first; node; node = node->next) {
        if (node->name == XML_TERM) {
            if (node != first && xml_is(first, XML_TERM) && xml_is(first->parent, XML_DEF_LIST))
                break;
            if (named)
                text_form_mark(form, ", ");
            jats_text(walk, node);
            named = text_form_is_open(form);
        } else if (node->name == XML_DEF) {
            if (named) {
                text_form_trim(form, ":");
                text_form_mark(form, ":");
            }
            named = FALSE;
            write_item_parts(walk, node);
        }
    }
    text_form_end(form);
}

static void write_definition_items(JatsWalk *walk, const XmlNode *list)
{
    gboolean inside = FALSE;
    XML_EACH_ELEMENT(child, list) {
        if (child->name == XML_TERM && !inside)
            write_definition(walk, child);
        inside = child->name == XML_TERM;
        if (child->name == XML_DEF_ITEM)
            write_definition(walk, child->children);
        else if (child->name == XML_DIV)
            write_definition_items(walk, child);
    }
}

static void write_definitions(JatsWalk *walk, const XmlNode *list)
{
    write_optional(walk, xml_child(list, XML_TITLE));
    walk->list_level++;
    write_definition_items(walk, list);
    XML_EACH(inner, list, XML_DEF_LIST)
        write_definitions(walk, inner);
    walk->list_level--;
    if (walk->list_level == 0)
        jats_waiting(walk);
}

/* ---- Formulas, lines, tables --------------------------------------------------------------------------------- */

static void write_formula(JatsWalk *walk, const XmlNode *node)
{
    jats_continue(walk);
    jats_formula(walk, node);
    text_form_end(&walk->form);
}

static void append_raw(GString *raw, const XmlNode *parent)
{
    for (const XmlNode *node = parent->children; node; node = node->next) {
        if (node->name == XML_TEXT)
            g_string_append_len(raw, node->text, node->length);
        else if (node->name == XML_BREAK)
            g_string_append_c(raw, '\n');
        else if (jats_role(node->name) != JATS_OUT)
            append_raw(raw, node);
    }
}

/* Code: the lines of the source are lines of the text. */
static void write_lines(JatsWalk *walk, const XmlNode *node)
{
    g_autoptr(GString) raw = g_string_new(NULL);
    append_raw(raw, node);
    BlockKind kind = BLOCK_PARAGRAPH;
    for (const char *line = raw->str; *line;) {
        gsize length = strcspn(line, "\n");
        text_form_begin(&walk->form, kind, "");
        text_form_text(&walk->form, line, length);
        if (text_form_is_open(&walk->form))
            kind = BLOCK_LINE;
        line += length + (line[length] == '\n');
    }
    text_form_end(&walk->form);
}

static void write_verse_lines(JatsWalk *walk, const XmlNode *group, BlockKind *kind)
{
    XML_EACH_ELEMENT(child, group) {
        if (child->name == XML_VERSE_GROUP) {
            write_verse_lines(walk, child, kind);
        } else if (child->name != XML_LABEL) {
            text_form_begin(&walk->form, *kind, "");
            jats_text(walk, child);
            if (text_form_is_open(&walk->form))
                *kind = BLOCK_LINE;
        }
    }
}

static void write_verse(JatsWalk *walk, const XmlNode *group)
{
    BlockKind kind = BLOCK_PARAGRAPH;
    write_verse_lines(walk, group, &kind);
    text_form_end(&walk->form);
    jats_waiting(walk);
}

static void write_bare_table(JatsWalk *walk, const XmlNode *table)
{
    if (walk->options->tables || xml_child(table, XML_CAPTION))
        jats_float(walk, table);
}

/* ---- Blocks -------------------------------------------------------------------------------------------------- */

typedef void (*BlockWriter)(JatsWalk *walk, const XmlNode *node);

static const BlockWriter writers[] = {
    [JATS_PARAGRAPH] = write_paragraph, [JATS_SECTION] = write_section,         [JATS_CONTAINER] = write_container,
    [JATS_BOX] = write_box,             [JATS_STATEMENT] = write_statement,     [JATS_LIST] = write_list,
    [JATS_DEFINITIONS] = write_definitions, [JATS_FLOAT] = jats_float,          [JATS_TABLE] = write_bare_table,
    [JATS_DISPLAY] = write_formula,     [JATS_LINES] = write_lines,             [JATS_VERSE] = write_verse,
    [JATS_SPEECH] = write_speech,
};

void jats_block(JatsWalk *walk, const XmlNode *node)
{
    writers[jats_role_of(node)](walk, node);
}

/* What a container deals with itself, and what is nothing. */
static gboolean is_passed_over(const XmlNode *node, JatsRole role)
{
    return role == JATS_OUT || role == JATS_FACT || role == JATS_NOTES || node->name == XML_TITLE || node->name == XML_LABEL ||
           node->name == XML_SUBTITLE || node->name == XML_CAPTION;
}

static void write_blocks(JatsWalk *walk, const XmlNode *parent, gboolean section)
{
    TextForm *form = &walk->form;
    gboolean loose = FALSE; /* running text that stands in no paragraph */
    for (const XmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        JatsRole role = jats_role_of(node);
        if (node->name == XML_TEXT ? !loose && xml_is_blank(node) : is_passed_over(node, role))
            continue;
        if (role < JATS_PARAGRAPH) {
            if (!loose)
                jats_continue(walk);
            loose = TRUE;
            jats_text_node(walk, node);
            continue;
        }
        text_form_end(form);
        if (loose)
            jats_waiting(walk);
        loose = FALSE;
        if (section && role == JATS_SECTION)
            write_boxes(walk);
        jats_block(walk, node);
    }
    text_form_end(form);
    if (loose)
        jats_waiting(walk);
}

void jats_blocks(JatsWalk *walk, const XmlNode *parent)
{
    write_blocks(walk, parent, FALSE);
}

void jats_section(JatsWalk *walk, const XmlNode *parent)
{
    GQueue outer = walk->boxes;
    g_queue_init(&walk->boxes);
    const XmlNode *caption = xml_is(parent, XML_BOXED_TEXT) ? xml_child(parent, XML_CAPTION) : NULL;
    write_blocks(walk, caption, FALSE);
    write_blocks(walk, parent, TRUE);
    write_boxes(walk);
    walk->boxes = outer;
}

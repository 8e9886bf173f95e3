/* SPDX-License-Identifier: Apache-2.0
 * The blocks of a JATS article, walked once in document order; see jats_walk.h.
 *
 * What is left out: references, acknowledgements, notes, contributions, funding, lists of supplementary files. */
#include <string.h>

#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

typedef void (*BlockWriter)(JatsWalk *walk, const XmlNode *node, unsigned depth);

/* The first title or, without one, the label of a section or box. */
static const XmlNode *heading_of(const XmlNode *node)
{
    const XmlNode *title = xml_child(node, XML_TITLE);
    if (!title)
        title = xml_path(node, XML_CAPTION, XML_TITLE);
    g_autofree char *text = xml_text_string(title, 4096);
    return text ? title : xml_child(node, XML_LABEL);
}

/* Words that begin titles of back matter, and titles of a paper's own sections as well: "Disclosure to patients". */
static gboolean is_short_back_matter(const char *text)
{
    static const char *const starts[] = {"funding", "disclosure", "disclosures", "references", "financial support",
                                         "conflict of interest", NULL};
    static const char *const fillers[] = {"and", "of", "the", "for", "source", "sources", "statement", "statements", "support",
                                          "information", "acknowledgments", "acknowledgements", "acknowledgment", "cited",
                                          "acknowledgement", "conflict", "conflicts", "interest", "interests", "competing",
                                          "disclosure", "disclosures", "funding", "financial", "author", "authors", "notes",
                                          "declaration", "declarations", "role", "potential", "section", "details", "further",
                                          "reading", "grant", "grants", "sponsor", "sponsors", "sponsorship", NULL};
    gsize length = 0;
    for (gsize i = 0; starts[i]; i++)
        if (g_str_has_prefix(text, starts[i]) && !g_ascii_isalnum(text[strlen(starts[i])]))
            length = strlen(starts[i]);
    if (length == 0)
        return FALSE;
    g_auto(GStrv) words = g_strsplit_set(text + length, " .,:;/&()'", 32);
    for (char **word = words; *word; word++)
        if (**word && !g_strv_contains(fillers, *word))
            return FALSE;
    return TRUE;
}

static gboolean starts_with_one_of(const char *text, const char *const *starts)
{
    for (; *starts; starts++)
        if (g_str_has_prefix(text, *starts) && strlen(text) < strlen(*starts) + 40)
            return TRUE;
    return FALSE;
}

/* Sections that are about the paper rather than of it. Some titles say so wherever they stand. */
static gboolean is_back_matter(const char *title, unsigned depth)
{
    static const char *const anywhere[] = {"acknowledgement", "acknowledgment", "author contribution", "authors contribution",
                                           "author s contribution", "authors' contribution", "author's contribution",
                                           "competing interest", "conflict of interest statement", "conflicts of interest statement",
                                           "declaration of interest", "publisher's note", "pre-publication history",
                                           "prepublication history", NULL};
    static const char *const on_top[] = {"acknowledg", "conflicts of interest", "supplementary material", "supplemental material",
                                         "supplementary data", "supporting information", "additional files",
                                         "additional information and declarations", "data availability", "availability of data",
                                         "author details", NULL};
    g_autofree char *plain = g_utf8_strdown(title, -1);
    g_autoptr(GString) straight = g_string_new(plain);
    g_string_replace(straight, "\xe2\x80\x99", "'", 0);
    const char *text = straight->str + strspn(straight->str, "0123456789. ");
    return starts_with_one_of(text, anywhere) || (depth == 1 && (starts_with_one_of(text, on_top) || is_short_back_matter(text)));
}

static gboolean section_is_out(const XmlNode *section, unsigned depth)
{
    static const char *const types[] = {"supplementary-material", "COI-statement", "funding", "contributions",
                                        "data-availability", "ref-list", "ack"};
    const char *type = xml_attribute(section, XML_SEC_TYPE);
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    g_autofree char *title = xml_text_string(heading_of(section), 4096);
    return title && is_back_matter(title, depth);
}

static void write_heading(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    const XmlNode *heading = heading_of(node);
    if (!heading)
        return;
    text_form_heading(&walk->form, depth);
    jats_text(walk, heading);
    text_form_end(&walk->form);
}

static void write_section(JatsWalk *walk, const XmlNode *section, unsigned depth)
{
    if (section_is_out(section, depth))
        return;
    TextFormPlace start = text_form_place(&walk->form);
    write_heading(walk, section, depth);
    TextFormPlace heading = text_form_place(&walk->form);
    jats_blocks(walk, section, depth + 1);
    if (walk->form.out.length == heading.length)
        text_form_return(&walk->form, start); /* all that it held is left out */
}

static void write_paragraph(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    (void)depth;
    text_form_begin(&walk->form, BLOCK_PARAGRAPH, "");
    jats_text(walk, node);
    text_form_end(&walk->form);
    jats_pending_floats(walk);
}

static void write_container(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    jats_blocks(walk, node, depth);
}

static void write_box(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    write_heading(walk, node, depth);
    const XmlNode *caption = xml_child(node, XML_CAPTION);
    if (caption)
        jats_blocks(walk, caption, depth + 1);
    jats_blocks(walk, node, depth + 1);
}

/* The parts of an item go on its line: its paragraphs are joined; other blocks, such as lists one level deeper, follow. */
static void write_item_parts(JatsWalk *walk, const XmlNode *item, unsigned depth)
{
    TextForm *form = &walk->form;
    XML_EACH_ELEMENT(child, item) {
        if (xml_is(child, XML_LABEL))
            continue;
        if (jats_is_float(child)) {
            g_queue_push_tail(&walk->pending, (gpointer)child);
        } else if (xml_is(child, XML_P) || xml_is(child, XML_TITLE) || !jats_is_block(child)) {
            if (form->kind == BLOCK_NONE)
                text_form_begin(form, BLOCK_PARAGRAPH, "");
            text_form_space(form);
            jats_text(walk, child);
        } else {
            text_form_end(form);
            jats_block(walk, child, depth);
        }
    }
}

static void write_list(JatsWalk *walk, const XmlNode *list, unsigned depth)
{
    const XmlNode *title = xml_child(list, XML_TITLE);
    if (title)
        write_paragraph(walk, title, depth);
    walk->list_level++;
    for (const XmlNode *item = xml_child(list, XML_LIST_ITEM); item; item = xml_next(item, XML_LIST_ITEM)) {
        text_form_item(&walk->form, walk->list_level);
        write_item_parts(walk, item, depth);
        text_form_end(&walk->form);
    }
    walk->list_level--;
    if (walk->list_level == 0)
        jats_pending_floats(walk);
}

static void write_definitions(JatsWalk *walk, const XmlNode *list, unsigned depth)
{
    TextForm *form = &walk->form;
    const XmlNode *title = xml_child(list, XML_TITLE);
    if (title)
        write_paragraph(walk, title, depth);
    walk->list_level++;
    for (const XmlNode *item = xml_child(list, XML_DEF_ITEM); item; item = xml_next(item, XML_DEF_ITEM)) {
        const XmlNode *term = xml_child(item, XML_TERM);
        text_form_item(form, walk->list_level);
        if (term)
            jats_text(walk, term);
        gboolean named = text_form_is_open(form);
        for (const XmlNode *def = xml_child(item, XML_DEF); def; def = xml_next(def, XML_DEF)) {
            if (named && !g_str_has_suffix(form->line.data, ":")) {
                form->space = FALSE;
                text_form_mark(form, ":");
            }
            named = FALSE;
            write_item_parts(walk, def, depth);
        }
        text_form_end(form);
    }
    for (const XmlNode *inner = xml_child(list, XML_DEF_LIST); inner; inner = xml_next(inner, XML_DEF_LIST))
        write_definitions(walk, inner, depth);
    walk->list_level--;
    if (walk->list_level == 0)
        jats_pending_floats(walk);
}

static void write_formula(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    (void)depth;
    text_form_begin(&walk->form, BLOCK_PARAGRAPH, "");
    jats_formula(walk, node);
    text_form_end(&walk->form);
}

static void write_float(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    (void)depth;
    jats_float(walk, node);
}

static void append_raw(GString *raw, const XmlNode *parent)
{
    for (const XmlNode *node = parent->children; node; node = node->next) {
        if (node->name == XML_TEXT)
            g_string_append_len(raw, node->text, node->length);
        else
            append_raw(raw, node);
    }
}

/* Code and verse: the lines of the source are lines of the text. */
static void write_lines(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    (void)depth;
    g_autoptr(GString) raw = g_string_new(NULL);
    append_raw(raw, node);
    g_auto(GStrv) lines = g_strsplit(raw->str, "\n", -1);
    BlockKind kind = BLOCK_PARAGRAPH;
    for (char **line = lines; *line; line++) {
        text_form_begin(&walk->form, kind, "");
        text_form_string(&walk->form, *line);
        if (text_form_is_open(&walk->form))
            kind = BLOCK_LINE;
    }
    text_form_end(&walk->form);
}

static void write_nothing(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    (void)walk;
    (void)node;
    (void)depth;
}

static const BlockWriter block_writers[XML_NAME_COUNT] = {
    [XML_P] = write_paragraph,
    [XML_SEC] = write_section,
    [XML_LIST] = write_list,
    [XML_DEF_LIST] = write_definitions,
    [XML_DISP_QUOTE] = write_container,
    [XML_BOXED_TEXT] = write_box,
    [XML_FIG] = write_float,
    [XML_FIG_GROUP] = write_float,
    [XML_TABLE_WRAP] = write_float,
    [XML_TABLE_WRAP_GROUP] = write_float,
    [XML_DISP_FORMULA] = write_formula,
    [XML_DISP_FORMULA_GROUP] = write_container,
    [XML_PREFORMAT] = write_lines,
    [XML_CODE] = write_lines,
    [XML_VERSE_GROUP] = write_container,
    [XML_VERSE_LINE] = write_paragraph,
    [XML_SPEECH] = write_container,
    [XML_SPEAKER] = write_paragraph,
    [XML_STATEMENT] = write_box,
    [XML_ATTRIB] = write_paragraph,
    [XML_APP] = write_section,
    [XML_APP_GROUP] = write_container,
    [XML_GLOSSARY] = write_section,
    [XML_QUESTION] = write_container,
    [XML_ANSWER] = write_container,
    [XML_QUESTION_WRAP] = write_container,
    [XML_EXPLANATION] = write_container,
    [XML_LIST_ITEM] = write_container,
    [XML_TAXON_TREATMENT] = write_container,
    [XML_TREATMENT_SEC] = write_section,
    [XML_NOMENCLATURE] = write_paragraph,
    [XML_SUPPLEMENTARY_MATERIAL] = write_nothing,
    [XML_MEDIA] = write_nothing,
    [XML_GRAPHIC] = write_nothing,
    [XML_CHEM_STRUCT_WRAP] = write_nothing,
    [XML_ADDRESS] = write_nothing,
    [XML_ARRAY] = write_nothing,
    [XML_TABLE_WRAP_FOOT] = write_nothing,
    [XML_REF_LIST] = write_nothing,
    [XML_FN_GROUP] = write_nothing,
    [XML_ACK] = write_nothing,
    [XML_NOTES] = write_nothing,
    [XML_BIO] = write_nothing,
    [XML_SEC_META] = write_nothing,
    [XML_TREATMENT_META] = write_nothing,
    [XML_PERMISSIONS] = write_nothing,
    [XML_RELATED_ARTICLE] = write_nothing,
    [XML_KWD_GROUP] = write_nothing,
    [XML_OBJECT_ID] = write_nothing,
    [XML_TABLE] = write_nothing,
};

gboolean jats_is_block(const XmlNode *node)
{
    return block_writers[node->name] != NULL;
}

gboolean jats_is_left_out(const XmlNode *node)
{
    return block_writers[node->name] == write_nothing;
}

void jats_block(JatsWalk *walk, const XmlNode *node, unsigned depth)
{
    BlockWriter write = block_writers[node->name];
    if (write)
        write(walk, node, depth);
}

/* Whether a container's child is dealt with by the container: headings, labels, captions. */
static gboolean is_heading_part(const XmlNode *node)
{
    return xml_is(node, XML_TITLE) || xml_is(node, XML_LABEL) || xml_is(node, XML_SUBTITLE) || xml_is(node, XML_CAPTION);
}

void jats_blocks(JatsWalk *walk, const XmlNode *parent, unsigned depth)
{
    TextForm *form = &walk->form;
    gboolean loose = FALSE; /* running text that stands in no paragraph */
    for (const XmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        gboolean element = node->name != XML_TEXT;
        if (element ? is_heading_part(node) : !loose && xml_is_blank(node))
            continue;
        if (element && jats_is_block(node)) {
            text_form_end(form);
            loose = FALSE;
            jats_block(walk, node, depth);
            continue;
        }
        if (!loose)
            text_form_begin(form, BLOCK_PARAGRAPH, "");
        loose = TRUE;
        jats_text_node(walk, node);
    }
    text_form_end(form);
}

/* SPDX-License-Identifier: Apache-2.0
 * The blocks of a JATS article, walked once in document order; see jats_walk.h.
 *
 * What is left out: references, acknowledgements, notes, contributions, funding, lists of supplementary files. */
#include <string.h>

#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

typedef void (*BlockWriter)(JatsWalk *walk, const xmlNode *node, unsigned depth);

/* The first title or, without one, the label of a section or box. */
static const xmlNode *heading_of(const xmlNode *node)
{
    const xmlNode *title = xml_child(node, "title");
    if (!title)
        title = xml_path(node, "caption/title");
    g_autofree char *text = xml_text_string(title, 4096);
    return text ? title : xml_child(node, "label");
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

static gboolean section_is_out(const xmlNode *section, unsigned depth)
{
    static const char *const types[] = {"supplementary-material", "COI-statement", "funding", "contributions",
                                        "data-availability", "ref-list", "ack"};
    const char *type = xml_attribute(section, "sec-type");
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    g_autofree char *title = xml_text_string(heading_of(section), 4096);
    return title && is_back_matter(title, depth);
}

static void write_heading(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    const xmlNode *heading = heading_of(node);
    if (!heading)
        return;
    text_form_heading(&walk->form, depth);
    jats_text(walk, heading);
    text_form_end(&walk->form);
}

static void write_section(JatsWalk *walk, const xmlNode *section, unsigned depth)
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

static void write_paragraph(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    (void)depth;
    text_form_begin(&walk->form, BLOCK_PARAGRAPH, "");
    jats_text(walk, node);
    text_form_end(&walk->form);
    jats_pending_floats(walk);
}

static void write_container(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    jats_blocks(walk, node, depth);
}

static void write_box(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    write_heading(walk, node, depth);
    const xmlNode *caption = xml_child(node, "caption");
    if (caption)
        jats_blocks(walk, caption, depth + 1);
    jats_blocks(walk, node, depth + 1);
}

/* The parts of an item go on its line: its paragraphs are joined; other blocks, such as lists one level deeper, follow. */
static void write_item_parts(JatsWalk *walk, const xmlNode *item, unsigned depth)
{
    TextForm *form = &walk->form;
    XML_EACH_ELEMENT(child, item) {
        if (xml_is(child, "label"))
            continue;
        if (jats_is_float(child)) {
            g_queue_push_tail(&walk->pending, (gpointer)child);
        } else if (xml_is(child, "p") || xml_is(child, "title") || !jats_is_block(child)) {
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

static void write_list(JatsWalk *walk, const xmlNode *list, unsigned depth)
{
    const xmlNode *title = xml_child(list, "title");
    if (title)
        write_paragraph(walk, title, depth);
    walk->list_level++;
    for (const xmlNode *item = xml_child(list, "list-item"); item; item = xml_next(item, "list-item")) {
        text_form_item(&walk->form, walk->list_level);
        write_item_parts(walk, item, depth);
        text_form_end(&walk->form);
    }
    walk->list_level--;
    if (walk->list_level == 0)
        jats_pending_floats(walk);
}

static void write_definitions(JatsWalk *walk, const xmlNode *list, unsigned depth)
{
    TextForm *form = &walk->form;
    const xmlNode *title = xml_child(list, "title");
    if (title)
        write_paragraph(walk, title, depth);
    walk->list_level++;
    for (const xmlNode *item = xml_child(list, "def-item"); item; item = xml_next(item, "def-item")) {
        const xmlNode *term = xml_child(item, "term");
        text_form_item(form, walk->list_level);
        if (term)
            jats_text(walk, term);
        gboolean named = text_form_is_open(form);
        for (const xmlNode *def = xml_child(item, "def"); def; def = xml_next(def, "def")) {
            if (named && !g_str_has_suffix(form->line.data, ":")) {
                form->space = FALSE;
                text_form_mark(form, ":");
            }
            named = FALSE;
            write_item_parts(walk, def, depth);
        }
        text_form_end(form);
    }
    for (const xmlNode *inner = xml_child(list, "def-list"); inner; inner = xml_next(inner, "def-list"))
        write_definitions(walk, inner, depth);
    walk->list_level--;
    if (walk->list_level == 0)
        jats_pending_floats(walk);
}

static void write_formula(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    (void)depth;
    text_form_begin(&walk->form, BLOCK_PARAGRAPH, "");
    jats_formula(walk, node);
    text_form_end(&walk->form);
}

static void write_float(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    (void)depth;
    jats_float(walk, node);
}

static void append_raw(GString *raw, const xmlNode *parent)
{
    for (const xmlNode *node = parent->children; node; node = node->next) {
        if (node->type == XML_TEXT_NODE)
            g_string_append(raw, (const char *)node->content);
        else if (node->type == XML_ELEMENT_NODE)
            append_raw(raw, node);
    }
}

/* Code and verse: the lines of the source are lines of the text. */
static void write_lines(JatsWalk *walk, const xmlNode *node, unsigned depth)
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

static void write_nothing(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    (void)walk;
    (void)node;
    (void)depth;
}

static const struct {
    const char *name;
    BlockWriter write;
} block_writers[] = {
    {"p", write_paragraph},
    {"sec", write_section},
    {"list", write_list},
    {"def-list", write_definitions},
    {"disp-quote", write_container},
    {"boxed-text", write_box},
    {"fig", write_float},
    {"fig-group", write_float},
    {"table-wrap", write_float},
    {"table-wrap-group", write_float},
    {"disp-formula", write_formula},
    {"disp-formula-group", write_container},
    {"preformat", write_lines},
    {"code", write_lines},
    {"verse-group", write_container},
    {"verse-line", write_paragraph},
    {"speech", write_container},
    {"speaker", write_paragraph},
    {"statement", write_box},
    {"attrib", write_paragraph},
    {"app", write_section},
    {"app-group", write_container},
    {"glossary", write_section},
    {"question", write_container},
    {"answer", write_container},
    {"question-wrap", write_container},
    {"explanation", write_container},
    {"list-item", write_container},
    {"taxon-treatment", write_container},
    {"treatment-sec", write_section},
    {"nomenclature", write_paragraph},
    {"supplementary-material", write_nothing},
    {"media", write_nothing},
    {"graphic", write_nothing},
    {"chem-struct-wrap", write_nothing},
    {"address", write_nothing},
    {"array", write_nothing},
    {"table-wrap-foot", write_nothing},
    {"ref-list", write_nothing},
    {"fn-group", write_nothing},
    {"ack", write_nothing},
    {"notes", write_nothing},
    {"bio", write_nothing},
    {"sec-meta", write_nothing},
    {"treatment-meta", write_nothing},
    {"permissions", write_nothing},
    {"related-article", write_nothing},
    {"kwd-group", write_nothing},
    {"object-id", write_nothing},
    {"table", write_nothing},
};

static BlockWriter writer_of(const xmlNode *node)
{
    for (gsize i = 0; i < G_N_ELEMENTS(block_writers); i++)
        if (strcmp((const char *)node->name, block_writers[i].name) == 0)
            return block_writers[i].write;
    return NULL;
}

gboolean jats_is_block(const xmlNode *node)
{
    return writer_of(node) != NULL;
}

gboolean jats_is_left_out(const xmlNode *node)
{
    return writer_of(node) == write_nothing;
}

void jats_block(JatsWalk *walk, const xmlNode *node, unsigned depth)
{
    BlockWriter write = writer_of(node);
    if (write)
        write(walk, node, depth);
}

static gboolean is_blank_text(const xmlNode *node)
{
    const char *text = (const char *)node->content;
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Whether a container's child is dealt with by the container: headings, labels, captions. */
static gboolean is_heading_part(const xmlNode *node)
{
    return xml_is(node, "title") || xml_is(node, "label") || xml_is(node, "subtitle") || xml_is(node, "caption");
}

void jats_blocks(JatsWalk *walk, const xmlNode *parent, unsigned depth)
{
    TextForm *form = &walk->form;
    gboolean loose = FALSE; /* running text that stands in no paragraph */
    for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next) {
        gboolean element = node->type == XML_ELEMENT_NODE;
        if ((!element && (node->type != XML_TEXT_NODE || (!loose && is_blank_text(node)))) ||
            (element && is_heading_part(node)))
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

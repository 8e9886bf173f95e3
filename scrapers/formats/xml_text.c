/* SPDX-License-Identifier: Apache-2.0
 * A text walker over a libxml2 tree; see xml_text.h. */
#include "scrapers/formats/xml_text.h"

#include <string.h>

#include "scrapers/formats/xml_tree.h"

/* What the text of a superscript looks like. */
typedef struct ScriptLook {
    gboolean raised;  /* has letters, digits or signs: ^ or _ is needed */
    gboolean blank;   /* has white space inside: brackets are needed */
    gboolean ordinal; /* st, nd, rd, th */
    gboolean cites;   /* holds citations or footnote marks */
} ScriptLook;

/* Element names whose content is no part of the running text. */
static gboolean is_silent(const XmlNode *node)
{
    switch (node->name) {
    case XML_FN:
    case XML_INDEX_TERM:
    case XML_INDEX_TERM_RANGE_END:
    case XML_GRAPHIC:
    case XML_INLINE_GRAPHIC:
    case XML_MEDIA:
    case XML_OBJECT_ID:
    case XML_ALT_TEXT:
    case XML_LONG_DESC:
    case XML_PRIVATE_CHAR:
    case XML_GLYPH_DATA:
    case XML_MILESTONE_START:
    case XML_MILESTONE_END:
    case XML_ANNOTATION:
    case XML_ANNOTATION_XML:
    case XML_RT:
    case XML_RP:
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean xref_is_mark(const XmlNode *node)
{
    static const char *const types[] = {"fn", "table-fn", "corresp", "aff", "author-notes", "contrib"};
    const char *type = xml_attribute(node, XML_REF_TYPE);
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    return FALSE;
}

static gboolean xref_is_citation(const XmlNode *node)
{
    const char *type = xml_attribute(node, XML_REF_TYPE);
    return type && strcmp(type, "bibr") == 0;
}

static void look_at(const XmlNode *parent, ScriptLook *look)
{
    for (const XmlNode *node = parent->children; node; node = node->next) {
        if (node->name != XML_TEXT) {
            if (xml_is(node, XML_XREF) && (xref_is_mark(node) || xref_is_citation(node)))
                look->cites = TRUE;
            else if (!is_silent(node))
                look_at(node, look);
        }
        if (node->name != XML_TEXT)
            continue;
        g_autofree char *text = g_strstrip(g_strndup(node->text, node->length));
        for (const char *at = text; *at; at = g_utf8_next_char(at)) {
            gunichar character = g_utf8_get_char(at);
            look->blank |= g_unichar_isspace(character);
            look->raised |= g_unichar_isalnum(character) || character == '+' || character == '-' ||
                            character == 0x2212; /* MINUS SIGN */
        }
        look->ordinal |= strcmp(text, "st") == 0 || strcmp(text, "nd") == 0 || strcmp(text, "rd") == 0 ||
                         strcmp(text, "th") == 0 || strcmp(text, "TM") == 0;
    }
}

static void append_script(TextForm *form, const XmlNode *node, const char *mark, XmlInline special, gpointer user)
{
    ScriptLook look = {0};
    look_at(node, &look);
    gboolean glued = form->line.length > 0 && !form->space;
    if (look.cites || look.ordinal || !look.raised || (!glued && mark[0] == '_')) {
        xml_text_append(form, node, special, user);
        return;
    }
    text_form_mark(form, mark);
    if (look.blank)
        text_form_mark(form, "(");
    form->tight = TRUE; /* "10<sup> 6</sup>" */
    xml_text_append(form, node, special, user);
    form->tight = FALSE;
    gboolean space = form->space; /* "CO<sub>2 </sub>in air" */
    form->space = FALSE;
    if (look.blank)
        text_form_mark(form, ")");
    form->space = space;
}

/* Of several forms of one thing: TeX, MathML, then the first with text in it. */
static const XmlNode *best_alternative(const XmlNode *alternatives)
{
    static const XmlName best[] = {XML_TEX_MATH, XML_MATH, XML_TEXTUAL_FORM};
    for (gsize i = 0; i < G_N_ELEMENTS(best); i++) {
        const XmlNode *found = xml_child(alternatives, best[i]);
        if (found)
            return found;
    }
    XML_EACH_ELEMENT(child, alternatives)
        if (!is_silent(child))
            return child;
    return NULL;
}

static void append_element(TextForm *form, const XmlNode *node, XmlInline special, gpointer user)
{
    if (special && special(form, node, user))
        return;
    if (is_silent(node))
        return;
    if (node->name == XML_XREF && xref_is_mark(node)) { /* like a citation of nothing: its brackets go with it */
        text_form_cite_begin(form);
        text_form_cite_end(form);
        return;
    }
    if (node->name == XML_SUP) {
        append_script(form, node, "^", special, user);
    } else if (node->name == XML_SUB) {
        append_script(form, node, "_", special, user);
    } else if (node->name == XML_MATH) {
        mathml_append(form, node);
    } else if (node->name == XML_BREAK || node->name == XML_HR) {
        text_form_space(form);
    } else if (node->name == XML_ALTERNATIVES) {
        const XmlNode *best = best_alternative(node);
        if (best)
            append_element(form, best, special, user);
    } else if (node->name == XML_TAXON_NAME_PART) {
        if (node->previous && xml_is(node->previous, XML_TAXON_NAME_PART))
            text_form_space(form);
        xml_text_append(form, node, special, user);
    } else {
        xml_text_append(form, node, special, user);
    }
}

static gboolean is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static gsize blanks_with_newline(const char *text, gsize length, gboolean *newline)
{
    gsize size = 0;
    while (size < length && is_blank(text[size]))
        *newline |= text[size++] == '\n';
    return size;
}

static gboolean closes(const char *text, gsize length)
{
    if (length == 0)
        return FALSE;
    return strchr(";:)]", *text) || ((*text == '.' || *text == ',') && !(length > 1 && g_ascii_isdigit(text[1])));
}

/* Files that were indented by a program have line breaks between "(" and an element, and between an element and its
 * comma or full stop. Nobody means a blank there. */
static void append_text_node(TextForm *form, const char *text, gsize length)
{
    gboolean before = FALSE, after = FALSE;
    gsize start = blanks_with_newline(text, length, &before), end = length;
    gboolean opened = !form->space && form->line.length > 0 && strchr("([", form->line.data[form->line.length - 1]);
    if (before && (opened || closes(text + start, length - start))) {
        form->space = FALSE;
        text += start;
        length -= start;
        end = length;
    }
    while (end > 0 && is_blank(text[end - 1]))
        after |= text[--end] == '\n';
    text_form_text(form, text, length);
    if (after && end > 0 && (text[end - 1] == '(' || text[end - 1] == '['))
        form->space = FALSE;
}

void xml_text_append_node(TextForm *form, const XmlNode *node, XmlInline special, gpointer user)
{
    if (node->name == XML_TEXT)
        append_text_node(form, node->text, node->length);
    else
        append_element(form, node, special, user);
}

void xml_text_append(TextForm *form, const XmlNode *parent, XmlInline special, gpointer user)
{
    for (const XmlNode *node = parent->children; node; node = node->next)
        xml_text_append_node(form, node, special, user);
}

char *xml_text_string(const XmlNode *parent, gsize limit)
{
    if (!parent)
        return NULL;
    g_auto(TextForm) form;
    char *text = NULL;
    gsize length;
    text_form_init(&form, limit);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    xml_text_append(&form, parent, NULL, NULL);
    if (text_form_finish(&form, &text, &length) && length == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

/* SPDX-License-Identifier: Apache-2.0
 * Presentation MathML (W3C MathML 3) on one line; see xml_text.h. */
#include <string.h>

#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

static const xmlNode *element_at(const xmlNode *parent, unsigned index)
{
    XML_EACH_ELEMENT(child, parent)
        if (index-- == 0)
            return child;
    return NULL;
}

/* Whether the part is one symbol or number, so that it needs no brackets. */
static gboolean is_single(const xmlNode *node)
{
    static const char *const groups[] = {"mrow", "mstyle", "mpadded"};
    for (gsize i = 0; node && i < G_N_ELEMENTS(groups); i++)
        if (xml_is(node, groups[i])) {
            const xmlNode *only = element_at(node, 0);
            return !only || (!element_at(node, 1) && is_single(only));
        }
    return xml_is(node, "mi") || xml_is(node, "mn") || xml_is(node, "mo") || xml_is(node, "mtext") ||
           xml_is(node, "mfenced") || !node;
}

static void append_operand(TextForm *form, const xmlNode *node)
{
    gboolean bare = is_single(node);
    if (!bare)
        text_form_mark(form, "(");
    if (node)
        mathml_append(form, node);
    form->space = FALSE;
    if (!bare)
        text_form_mark(form, ")");
}

/* The parts of a script or fraction, each behind its mark. */
static void append_marked(TextForm *form, const xmlNode *node, const char *const *marks)
{
    append_operand(form, element_at(node, 0));
    for (unsigned i = 0; marks[i]; i++) {
        const xmlNode *part = element_at(node, i + 1);
        if (!part)
            return;
        text_form_mark(form, marks[i]);
        append_operand(form, part);
    }
}

static void append_root(TextForm *form, const xmlNode *node)
{
    gboolean square = xml_is(node, "msqrt");
    text_form_mark(form, square ? "sqrt(" : "root(");
    if (square) {
        XML_EACH_ELEMENT(child, node)
            mathml_append(form, child);
    } else if (element_at(node, 0)) {
        mathml_append(form, element_at(node, 0));
        if (element_at(node, 1)) {
            text_form_mark(form, ", ");
            mathml_append(form, element_at(node, 1));
        }
    }
    form->space = FALSE;
    text_form_mark(form, ")");
}

static void append_fenced(TextForm *form, const xmlNode *node)
{
    const char *separator = xml_attribute_or(node, "separators", ", ");
    text_form_string(form, xml_attribute_or(node, "open", "("));
    const xmlNode *first = element_at(node, 0);
    XML_EACH_ELEMENT(child, node) {
        if (child != first)
            text_form_string(form, separator);
        mathml_append(form, child);
    }
    form->space = FALSE;
    text_form_string(form, xml_attribute_or(node, "close", ")"));
}

static void append_table(TextForm *form, const xmlNode *table)
{
    gboolean first_row = TRUE;
    XML_EACH_ELEMENT(row, table) {
        if (!first_row)
            text_form_mark(form, "; ");
        first_row = FALSE;
        const xmlNode *first = element_at(row, 0);
        XML_EACH_ELEMENT(cell, row) {
            if (cell != first)
                text_form_mark(form, ", ");
            mathml_append(form, cell);
        }
    }
}

/* Operators that read better with blanks around them. */
static gboolean is_relation(const char *text)
{
    static const char *const relations[] = {"=", "<", ">", "+", "\xe2\x88\x92", "-", "\xc3\x97", "\xc2\xb1", "\xe2\x89\xa4",
                                            "\xe2\x89\xa5", "\xe2\x89\xa0", "\xe2\x89\x88", "\xe2\x88\x88", "\xe2\x86\x92",
                                            "\xe2\x88\xbc", "\xe2\x88\x9d", "\xe2\x89\xa1", ":="};
    for (gsize i = 0; i < G_N_ELEMENTS(relations); i++)
        if (strcmp(text, relations[i]) == 0)
            return TRUE;
    return FALSE;
}

static void append_operator(TextForm *form, const xmlNode *node)
{
    g_autofree char *text = xml_text_string(node, 256);
    if (!text || strcmp(text, "\xe2\x81\xa1") == 0 || strcmp(text, "\xe2\x81\xa2") == 0 || strcmp(text, "\xe2\x81\xa3") == 0)
        return; /* FUNCTION APPLICATION, INVISIBLE TIMES, INVISIBLE SEPARATOR */
    gboolean infix = is_relation(text) && node->prev && node->next;
    if (infix)
        text_form_space(form);
    text_form_string(form, text);
    if (infix || strcmp(text, ",") == 0)
        text_form_space(form);
}

static gboolean append_layout(TextForm *form, const xmlNode *node)
{
    static const struct {
        const char *name, *marks[3];
    } layouts[] = {{"mfrac", {"/"}},      {"msup", {"^"}},  {"msub", {"_"}},  {"msubsup", {"_", "^"}},
                   {"munder", {"_"}},     {"mover", {"^"}}, {"munderover", {"_", "^"}}};
    for (gsize i = 0; i < G_N_ELEMENTS(layouts); i++)
        if (xml_is(node, layouts[i].name)) {
            append_marked(form, node, layouts[i].marks);
            return TRUE;
        }
    return FALSE;
}

void mathml_append(TextForm *form, const xmlNode *node)
{
    if (append_layout(form, node))
        return;
    if (xml_is(node, "mi") || xml_is(node, "mn") || xml_is(node, "mtext") || xml_is(node, "ms")) {
        xml_text_append(form, node, NULL, NULL);
    } else if (xml_is(node, "mo")) {
        append_operator(form, node);
    } else if (xml_is(node, "msqrt") || xml_is(node, "mroot")) {
        append_root(form, node);
    } else if (xml_is(node, "mfenced")) {
        append_fenced(form, node);
    } else if (xml_is(node, "mtable")) {
        append_table(form, node);
    } else if (xml_is(node, "mspace")) {
        text_form_space(form);
    } else if (xml_is(node, "semantics")) {
        if (element_at(node, 0))
            mathml_append(form, element_at(node, 0));
    } else if (!xml_is(node, "annotation") && !xml_is(node, "annotation-xml") && !xml_is(node, "mphantom")) {
        XML_EACH_ELEMENT(child, node)
            mathml_append(form, child);
    }
}

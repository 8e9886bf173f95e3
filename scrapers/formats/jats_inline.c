/* SPDX-License-Identifier: Apache-2.0
 * Running text of a JATS paragraph: citations, mentions, formulas; see jats_walk.h. */
#include <string.h>

#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define FORMULA_LIMIT ((gsize)1 << 20)

/* TeX without the document around it and the dollar signs: what stands between \begin{document} and \end{document}. */
static char *bare_tex(char *tex)
{
    static const char begin[] = "\\begin{document}", end[] = "\\end{document}";
    char *start = strstr(tex, begin);
    start = start ? start + strlen(begin) : tex;
    char *stop = strstr(start, end);
    if (stop)
        *stop = '\0';
    g_strstrip(start);
    gsize length = strlen(start);
    while (length > 1 && start[0] == '$' && start[length - 1] == '$') {
        start[length - 1] = '\0';
        start++;
        length -= 2;
    }
    return g_strdup(g_strstrip(start));
}

/* The form of a formula to write: TeX, MathML or the formula's own text; never two of them. */
static const XmlNode *formula_source(const XmlNode *node)
{
    const XmlNode *alternatives = xml_child(node, XML_ALTERNATIVES);
    const XmlNode *from = alternatives ? alternatives : node;
    if (xml_is(node, XML_TEX_MATH) || xml_is(node, XML_MATH))
        return node;
    const XmlNode *tex = xml_child(from, XML_TEX_MATH);
    if (tex)
        return tex;
    const XmlNode *math = xml_child(from, XML_MATH);
    if (math)
        return math;
    return xml_child(from, XML_TEXTUAL_FORM) ? xml_child(from, XML_TEXTUAL_FORM) : node;
}

static gboolean skip_label(TextForm *form, const XmlNode *node, gpointer user)
{
    (void)form;
    (void)user;
    return xml_is(node, XML_LABEL);
}

static char *formula_text(const XmlNode *node)
{
    const XmlNode *source = formula_source(node);
    if (xml_is(source, XML_TEX_MATH)) {
        g_autofree char *tex = xml_text_string(source, FORMULA_LIMIT);
        return tex ? bare_tex(tex) : NULL;
    }
    g_auto(TextForm) form;
    char *text = NULL;
    gsize length = 0;
    text_form_init(&form, FORMULA_LIMIT);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    if (xml_is(source, XML_MATH))
        mathml_append(&form, source);
    else
        xml_text_append(&form, source, skip_label, NULL);
    if (!text_form_finish(&form, &text, &length) || length == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

void jats_formula(JatsWalk *walk, const XmlNode *node)
{
    g_autofree char *text = formula_text(node);
    if (!text || !*text) { /* only a picture of it: the words around it stay words */
        text_form_space(&walk->form);
        text_form_cite_begin(&walk->form);
        text_form_cite_end(&walk->form);
        text_form_space(&walk->form);
        return;
    }
    gboolean display = xml_is(node, XML_DISP_FORMULA);
    if (display)
        text_form_space(&walk->form);
    text_form_mark(&walk->form, "[formula]");
    text_form_string(&walk->form, text);
    walk->form.space = FALSE;
    text_form_mark(&walk->form, "[/formula]");
    if (display)
        text_form_space(&walk->form);
}

static void append_citation(JatsWalk *walk, const XmlNode *xref)
{
    g_auto(Buffer) quotes;
    buffer_init(&quotes, FORMULA_LIMIT);
    jats_references_quote(walk->references, xref, &quotes);
    text_form_cite_begin(&walk->form);
    if (!quotes.overflowed && quotes.length)
        text_form_text(&walk->form, quotes.data, quotes.length);
    text_form_cite_end(&walk->form);
}

static gboolean append_xref(JatsWalk *walk, const XmlNode *xref)
{
    const char *type = xml_attribute(xref, XML_REF_TYPE);
    if (type && strcmp(type, "bibr") == 0)
        append_citation(walk, xref);
    else if (type && (strcmp(type, "fig") == 0 || strcmp(type, "table") == 0))
        jats_float_mention(walk, xref);
    else
        return FALSE;
    return TRUE;
}

static gboolean is_formula(const XmlNode *node)
{
    return xml_is(node, XML_INLINE_FORMULA) || xml_is(node, XML_DISP_FORMULA) || xml_is(node, XML_TEX_MATH) ||
           xml_is(node, XML_MATH);
}

/* A block inside a paragraph ends what stands before it; what follows is a paragraph again. */
static void break_for_block(JatsWalk *walk, const XmlNode *node)
{
    text_form_end(&walk->form);
    jats_block(walk, node, 3);
    text_form_begin(&walk->form, BLOCK_PARAGRAPH, "");
}

/* "NIH (National Institutes of Health)", or as the author wrote it where he put a bracket or colon himself. */
static void append_definition(JatsWalk *walk, const XmlNode *def)
{
    TextForm *form = &walk->form;
    g_autofree char *text = xml_text_string(def, FORMULA_LIMIT);
    if (!text)
        return;
    gboolean bare = strchr(":(,;", *text) == NULL;
    form->space = bare || *text == '(';
    if (bare)
        text_form_string(form, "(");
    text_form_string(form, text);
    if (bare)
        text_form_string(form, ")");
}

static gboolean jats_special(TextForm *form, const XmlNode *node, gpointer user)
{
    JatsWalk *walk = user;
    (void)form;
    if (xml_is(node, XML_XREF))
        return append_xref(walk, node);
    if (is_formula(node)) {
        jats_formula(walk, node);
        return TRUE;
    }
    if (jats_is_float(node)) {
        g_queue_push_tail(&walk->pending, (gpointer)node);
        return TRUE;
    }
    if (xml_is(node, XML_DEF) && xml_is(node->parent, XML_ABBREV)) {
        append_definition(walk, node);
        return TRUE;
    }
    if (jats_is_left_out(node))
        return TRUE;
    if (jats_is_block(node)) {
        break_for_block(walk, node);
        return TRUE;
    }
    return xml_is(node, XML_LABEL) && node == node->parent->children;
}

void jats_text(JatsWalk *walk, const XmlNode *parent)
{
    xml_text_append(&walk->form, parent, jats_special, walk);
}

void jats_text_node(JatsWalk *walk, const XmlNode *node)
{
    xml_text_append_node(&walk->form, node, jats_special, walk);
}

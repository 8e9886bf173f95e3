/* SPDX-License-Identifier: Apache-2.0
 * Running text of a JATS article, and formulas in it; see jats_walk.h. */
#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"

#define FORMULA_LIMIT ((gsize)1 << 20)

/* ---- Formulas ------------------------------------------------------------------------------------------------ */

/* TeX without the document around it and the dollar signs: what stands between \begin{document} and \end{document}. */
static void append_tex(TextForm *form, const XmlNode *node)
{
    static const char begin[] = "\\begin{document}", end[] = "\\end{document}";
    g_autofree char *tex = xml_text_string(node, FORMULA_LIMIT);
    if (!tex)
        return;
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
    text_form_string(form, g_strstrip(start));
}

/* TeX that came with MathML: <annotation encoding="application/x-tex">. */
static const XmlNode *tex_annotation(const XmlNode *math)
{
    const XmlNode *semantics = xml_child(math, XML_SEMANTICS);
    XML_EACH(annotation, semantics, XML_ANNOTATION) {
        const char *encoding = xml_attribute(annotation, XML_ENCODING);
        g_autofree char *lower = encoding ? g_ascii_strdown(encoding, -1) : NULL;
        if (lower && strstr(lower, "tex"))
            return annotation;
    }
    return NULL;
}

static void append_math(TextForm *form, const XmlNode *math)
{
    const XmlNode *tex = tex_annotation(math);
    if (tex)
        append_tex(form, tex);
    else
        mathml_append(form, math);
}

/* Of a formula in TeX and in MathML one is written: TeX. */
static gboolean formula_part(TextForm *form, const XmlNode *node, gpointer user)
{
    gboolean has_tex = *(const gboolean *)user;
    if (node->name == XML_TEX_MATH)
        append_tex(form, node);
    else if (node->name == XML_MATH && !has_tex)
        append_math(form, node);
    return node->name == XML_TEX_MATH || node->name == XML_MATH || node->name == XML_LABEL;
}

static char *formula_text(const XmlNode *node)
{
    const XmlNode *alternatives = xml_child(node, XML_ALTERNATIVES);
    gboolean has_tex = xml_child(alternatives ? alternatives : node, XML_TEX_MATH) != NULL;
    g_auto(TextForm) form;
    char *text = NULL;
    gsize length = 0;
    text_form_init(&form, FORMULA_LIMIT);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    if (node->name == XML_TEX_MATH)
        append_tex(&form, node);
    else if (node->name == XML_MATH)
        append_math(&form, node);
    else
        xml_text_append(&form, node, formula_part, &has_tex);
    if (!text_form_finish(&form, &text, &length) || length == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

/* Some put names into <inline-formula> for the sake of their looks. */
static gboolean is_words(const XmlNode *node)
{
    for (const XmlNode *child = node->children; child; child = child->next) {
        if (child->name != XML_TEXT) {
            gboolean looks = child->name == XML_ITALIC || child->name == XML_BOLD || child->name == XML_SC;
            if (!looks || !is_words(child))
                return FALSE;
            continue;
        }
        gboolean letter = FALSE;
        for (guint32 i = 0; i < child->length; i++) {
            letter |= g_ascii_isalpha(child->text[i]);
            if (!g_ascii_isalpha(child->text[i]) && !strchr(" \t\r\n.,", child->text[i]))
                return FALSE;
        }
        if (letter && child->length < 4)
            return FALSE; /* "xy" */
    }
    return node->children != NULL;
}

void jats_formula(JatsWalk *walk, const XmlNode *node)
{
    TextForm *form = &walk->form;
    if (node->name == XML_INLINE_FORMULA && is_words(node)) {
        jats_text(walk, node);
        return;
    }
    g_autofree char *text = formula_text(node);
    gboolean display = node->name == XML_DISP_FORMULA;
    if (!text) { /* only a picture of it: the words around it stay words */
        text_form_space(form);
        text_form_cite_begin(form);
        text_form_cite_end(form);
        text_form_space(form);
        return;
    }
    if (display)
        text_form_space(form);
    text_form_mark(form, "[formula]");
    text_form_string(form, text);
    form->space = FALSE;
    text_form_mark(form, "[/formula]");
    if (display)
        text_form_space(form);
}

/* ---- Blocks in running text ---------------------------------------------------------------------------------- */

/* A block inside a paragraph ends what stands before it; what follows goes on as a paragraph. In a caption or cell the words
 * of the block are words of the line. */
static void append_block(JatsWalk *walk, const XmlNode *node)
{
    if (walk->in_line) {
        text_form_space(&walk->form);
        jats_text(walk, node);
        text_form_space(&walk->form);
        return;
    }
    text_form_end(&walk->form);
    jats_block(walk, node);
    jats_continue(walk);
}

/* ---- Running text -------------------------------------------------------------------------------------------- */

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

static void append_reference(JatsWalk *walk, const XmlNode *citation)
{
    g_autofree char *quote = jats_reference_quote(citation);
    text_form_cite_begin(&walk->form);
    text_form_string(&walk->form, quote);
    text_form_cite_end(&walk->form);
}

/* A part of something that is not here: the words of most of them are words of the text. */
static gboolean append_part(JatsWalk *walk, const XmlNode *node)
{
    if (node->name == XML_DEF && xml_is(node->parent, XML_ABBREV)) {
        append_definition(walk, node);
        return TRUE;
    }
    if (walk->in_line)
        text_form_space(&walk->form);
    return node->name == XML_LABEL && (walk->in_line || node == node->parent->children);
}

static gboolean jats_special(TextForm *form, const XmlNode *node, gpointer user)
{
    JatsWalk *walk = user;
    (void)form;
    switch (jats_role_of(node)) {
    case JATS_INLINE:
    case JATS_UNKNOWN:
        return FALSE;
    case JATS_PART:
        return append_part(walk, node);
    case JATS_FACT:
        return node->name != XML_RELATED_ARTICLE;
    case JATS_OUT:
    case JATS_NOTES:
        return TRUE;
    case JATS_XREF:
        return jats_xref(walk, node);
    case JATS_FORMULA:
    case JATS_DISPLAY:
        jats_formula(walk, node);
        return TRUE;
    case JATS_CITATION:
        append_reference(walk, node);
        return TRUE;
    case JATS_FOOTNOTE:
        jats_note(walk, node);
        return TRUE;
    case JATS_FLOAT:
        if (!walk->in_line)
            g_queue_push_tail(&walk->floats, (gpointer)node);
        return TRUE;
    default:
        append_block(walk, node);
        return TRUE;
    }
}

void jats_text(JatsWalk *walk, const XmlNode *parent)
{
    xml_text_append(&walk->form, parent, jats_special, walk);
}

void jats_text_node(JatsWalk *walk, const XmlNode *node)
{
    xml_text_append_node(&walk->form, node, jats_special, walk);
}

char *jats_line(JatsWalk *walk, const XmlNode *parent)
{
    TextForm outer = walk->form;
    gboolean in_line = walk->in_line;
    char *text = NULL;
    gsize length = 0;
    text_form_init(&walk->form, FORMULA_LIMIT);
    text_form_begin(&walk->form, BLOCK_PARAGRAPH, "");
    walk->in_line = TRUE;
    jats_text(walk, parent);
    if (text_form_finish(&walk->form, &text, &length) && length == 0)
        g_clear_pointer(&text, g_free);
    text_form_clear(&walk->form);
    walk->form = outer;
    walk->in_line = in_line;
    walk->cited = NULL;
    return text;
}

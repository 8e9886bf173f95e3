/* SPDX-License-Identifier: Apache-2.0
 * Presentation MathML (W3C MathML 3) on one line; see xml_text.h. */
#include <string.h>

#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

static const XmlNode *element_at(const XmlNode *parent, unsigned index)
{
    XML_EACH_ELEMENT(child, parent)
        if (index-- == 0)
            return child;
    return NULL;
}

static gboolean is_operator(const XmlNode *node, const char *sign)
{
    g_autofree char *text = xml_is(node, XML_MO) ? xml_text_string(node, 16) : NULL;
    return text && strcmp(text, sign) == 0;
}

static gboolean is_accented(const XmlNode *node);

/* "(", anything without round brackets, ")": a row that needs no further brackets. */
static gboolean is_bracketed(const XmlNode *row)
{
    unsigned count = 0, last = 0;
    XML_EACH_ELEMENT(child, row) {
        if (is_operator(child, count == 0 ? "(" : ")"))
            last = count;
        else if (count == 0 || is_operator(child, "("))
            return FALSE;
        else if (last > 0)
            return FALSE; /* more behind the closing bracket */
        count++;
    }
    return count > 1 && last == count - 1;
}

/* Whether the part is one symbol or number, so that it needs no brackets. */
static gboolean is_single(const XmlNode *node)
{
    static const XmlName groups[] = {XML_MROW, XML_MSTYLE, XML_MPADDED};
    for (gsize i = 0; node && i < G_N_ELEMENTS(groups); i++)
        if (xml_is(node, groups[i])) {
            const XmlNode *only = element_at(node, 0);
            return !only || (!element_at(node, 1) && is_single(only)) || is_bracketed(node);
        }
    return xml_is(node, XML_MI) || xml_is(node, XML_MN) || xml_is(node, XML_MO) || xml_is(node, XML_MTEXT) ||
           xml_is(node, XML_MFENCED) || !node || is_accented(node);
}

static void append_operand(TextForm *form, const XmlNode *node)
{
    gboolean bare = is_single(node);
    if (!bare)
        text_form_mark(form, "(");
    form->tight = TRUE;
    if (node)
        mathml_append(form, node);
    form->tight = FALSE;
    form->space = FALSE;
    if (!bare)
        text_form_mark(form, ")");
}

/* The combining character for a sign that stands over one letter; NULL: another sign. */
static const char *combining_accent(const XmlNode *sign)
{
    static const char *const accents[][2] = {
        {"^", "\xcc\x82"},        {"\xcb\x86", "\xcc\x82"},     {"\xcc\x82", "\xcc\x82"},     /* hat */
        {"~", "\xcc\x83"},        {"\xcb\x9c", "\xcc\x83"},     {"\xcc\x83", "\xcc\x83"},     /* tilde */
        {"\xc2\xaf", "\xcc\x84"}, {"\xe2\x80\xbe", "\xcc\x84"}, {"\xe2\x88\x92", "\xcc\x84"}, /* bar */
        {"\xcb\x89", "\xcc\x84"}, {"\xcc\x84", "\xcc\x84"},     {"\xcc\x85", "\xcc\x84"},
        {".", "\xcc\x87"},        {"\xcb\x99", "\xcc\x87"},     {"\xe2\x86\x92", "\xe2\x83\x97"}, /* dot, vector */
    };
    g_autofree char *text = sign ? xml_text_string(sign, 16) : NULL;
    for (gsize i = 0; text && i < G_N_ELEMENTS(accents); i++)
        if (strcmp(text, accents[i][0]) == 0)
            return accents[i][1];
    return NULL;
}

static const XmlNode *only_letter(const XmlNode *node)
{
    while (node && (xml_is(node, XML_MROW) || xml_is(node, XML_MSTYLE)) && !element_at(node, 1))
        node = element_at(node, 0);
    g_autofree char *text = node && xml_is(node, XML_MI) ? xml_text_string(node, 16) : NULL;
    return text && g_utf8_strlen(text, -1) == 1 ? node : NULL;
}

static gboolean is_accented(const XmlNode *node)
{
    return xml_is(node, XML_MOVER) && only_letter(element_at(node, 0)) && combining_accent(element_at(node, 1));
}

/* A letter with its accent is one symbol, "x" with a hat over it. */
static gboolean append_accented(TextForm *form, const XmlNode *node)
{
    if (!is_accented(node))
        return FALSE;
    mathml_append(form, only_letter(element_at(node, 0)));
    text_form_mark(form, combining_accent(element_at(node, 1)));
    return TRUE;
}

/* The parts of a script or fraction, each behind its mark. */
static void append_marked(TextForm *form, const XmlNode *node, const char *const *marks)
{
    append_operand(form, element_at(node, 0));
    for (unsigned i = 0; marks[i]; i++) {
        const XmlNode *part = element_at(node, i + 1);
        if (!part)
            return;
        text_form_mark(form, marks[i]);
        append_operand(form, part);
    }
}

/* The next element, from `node` itself on. */
static const XmlNode *element_from(const XmlNode *node)
{
    while (node && !xml_is_element(node))
        node = node->next;
    return node;
}

/* Pairs of a lower and an upper script, up to the end or to where those before the base begin. Returns where it stopped. */
static const XmlNode *append_script_pairs(TextForm *form, const XmlNode *script)
{
    for (gboolean lower = TRUE; (script = element_from(script)) && !xml_is(script, XML_MPRESCRIPTS); lower = !lower, script = script->next) {
        if (xml_is(script, XML_NONE))
            continue;
        text_form_mark(form, lower ? "_" : "^");
        append_operand(form, script);
    }
    return script;
}

/* A base with scripts on both sides, as isotopes and tensors have them: "^3He", "_6^14C", "R_ij^kl". */
static void append_multiscripts(TextForm *form, const XmlNode *node)
{
    const XmlNode *base = element_at(node, 0), *before = xml_child(node, XML_MPRESCRIPTS);
    if (before)
        append_script_pairs(form, before->next);
    if (!base || base == before)
        return;
    append_operand(form, base);
    append_script_pairs(form, base->next);
}

static void append_root(TextForm *form, const XmlNode *node)
{
    gboolean square = xml_is(node, XML_MSQRT);
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

/* One separator for each gap; the last one of the list serves all further gaps. Returns where the next one stands. */
static const char *append_separator(TextForm *form, const char *separators)
{
    separators += strspn(separators, " \t\r\n");
    if (*separators == '\0')
        return separators;
    const char *next = g_utf8_next_char(separators);
    form->space = FALSE;
    text_form_text(form, separators, (gsize)(next - separators));
    text_form_space(form);
    return next[strspn(next, " \t\r\n")] ? next : separators;
}

static void append_fenced(TextForm *form, const XmlNode *node)
{
    const char *separators = xml_attribute_or(node, XML_SEPARATORS, ",");
    text_form_string(form, xml_attribute_or(node, XML_OPEN, "("));
    const XmlNode *first = element_at(node, 0);
    XML_EACH_ELEMENT(child, node) {
        if (child != first)
            separators = append_separator(form, separators);
        mathml_append(form, child);
    }
    form->space = FALSE;
    text_form_string(form, xml_attribute_or(node, XML_CLOSE, ")"));
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

/* Tables set equations below each other, with a column for the sign: only columns of values have commas between them. */
static gboolean is_column_gap(const char *left, const char *right)
{
    if (!left || !right || is_relation(left))
        return FALSE;
    gunichar first[2] = {g_utf8_get_char(right), 0};
    g_autofree char *sign = g_ucs4_to_utf8(first, 1, NULL, NULL, NULL);
    return !sign || !is_relation(sign) || g_ascii_isdigit(right[strlen(sign)]);
}

static void append_table(TextForm *form, const XmlNode *table)
{
    gboolean first_row = TRUE;
    XML_EACH_ELEMENT(row, table) {
        if (!first_row)
            text_form_mark(form, "; ");
        first_row = FALSE;
        g_autofree char *left = NULL;
        XML_EACH_ELEMENT(cell, row) {
            char *text = xml_text_string(cell, 4096);
            if (is_column_gap(left, text))
                text_form_mark(form, ",");
            text_form_space(form);
            mathml_append(form, cell);
            g_free(left);
            left = text;
        }
    }
}

/* Something that a sign can stand behind as an infix: not an opening bracket, a comma or another sign. */
static gboolean has_operand_before(const XmlNode *node)
{
    const XmlNode *other = node->previous;
    while (other && other->name == XML_TEXT)
        other = other->previous;
    if (!other || !xml_is(other, XML_MO))
        return other != NULL;
    g_autofree char *sign = xml_text_string(other, 16);
    return sign && !strchr("([{,;", *sign) && !is_relation(sign);
}

static gboolean has_element_behind(const XmlNode *node)
{
    for (const XmlNode *other = node->next; other; other = other->next)
        if (other->name != XML_TEXT)
            return TRUE;
    return FALSE;
}

static void append_operator(TextForm *form, const XmlNode *node)
{
    g_autofree char *text = xml_text_string(node, 256);
    if (!text || strcmp(text, "\xe2\x81\xa1") == 0 || strcmp(text, "\xe2\x81\xa2") == 0 || strcmp(text, "\xe2\x81\xa3") == 0)
        return; /* FUNCTION APPLICATION, INVISIBLE TIMES, INVISIBLE SEPARATOR */
    gboolean infix = is_relation(text) && has_operand_before(node) && has_element_behind(node);
    if (infix)
        text_form_space(form);
    text_form_string(form, text);
    if (infix || strcmp(text, ",") == 0)
        text_form_space(form);
}

static gboolean append_layout(TextForm *form, const XmlNode *node)
{
    static const struct {
        XmlName name;
        const char *marks[3];
    } layouts[] = {{XML_MFRAC, {"/"}},      {XML_MSUP, {"^"}},  {XML_MSUB, {"_"}},  {XML_MSUBSUP, {"_", "^"}},
                   {XML_MUNDER, {"_"}},     {XML_MOVER, {"^"}}, {XML_MUNDEROVER, {"_", "^"}}};
    for (gsize i = 0; i < G_N_ELEMENTS(layouts); i++)
        if (xml_is(node, layouts[i].name)) {
            append_marked(form, node, layouts[i].marks);
            return TRUE;
        }
    return FALSE;
}

void mathml_append(TextForm *form, const XmlNode *node)
{
    if (append_accented(form, node) || append_layout(form, node))
        return;
    if (xml_is(node, XML_MI) || xml_is(node, XML_MN) || xml_is(node, XML_MTEXT) || xml_is(node, XML_MS)) {
        xml_text_append(form, node, NULL, NULL);
    } else if (xml_is(node, XML_MO)) {
        append_operator(form, node);
    } else if (xml_is(node, XML_MSQRT) || xml_is(node, XML_MROOT)) {
        append_root(form, node);
    } else if (xml_is(node, XML_MMULTISCRIPTS)) {
        append_multiscripts(form, node);
    } else if (xml_is(node, XML_MFENCED)) {
        append_fenced(form, node);
    } else if (xml_is(node, XML_MTABLE)) {
        append_table(form, node);
    } else if (xml_is(node, XML_MSPACE)) {
        text_form_space(form);
    } else if (xml_is(node, XML_SEMANTICS)) {
        if (element_at(node, 0))
            mathml_append(form, element_at(node, 0));
    } else if (!xml_is(node, XML_ANNOTATION) && !xml_is(node, XML_ANNOTATION_XML) && !xml_is(node, XML_MPHANTOM)) {
        XML_EACH_ELEMENT(child, node)
            mathml_append(form, child);
    }
}

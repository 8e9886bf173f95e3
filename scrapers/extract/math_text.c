/* SPDX-License-Identifier: Apache-2.0
 * MathML's layouts as operators; see scrapers/extract/math_text.h. */
#include "scrapers/extract/math_text.h"

#include <string.h>

#define DEPTH_LIMIT 64u /* deeper parts are left out; each level renders its parts once */

static gboolean is_named(const xmlNode *node, const char *name)
{
    return node && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *next_element(xmlNode *node)
{
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

/* Where one number follows another without a sign, a space keeps them apart. */
static void append_token(const char *text, Buffer *out)
{
    while (*text) {
        gsize blank = strspn(text, " \t\r\n\f"), word = strcspn(text + blank, " \t\r\n\f");
        gboolean digits = word && out->length && g_ascii_isdigit(text[blank]) && g_ascii_isdigit(out->data[out->length - 1]);
        if ((blank && word && out->length && out->data[out->length - 1] != '(') || digits)
            buffer_append_byte(out, ' ');
        buffer_append(out, text + blank, word);
        text += blank + word;
    }
}

static void append_children(xmlNode *node, unsigned depth, Buffer *out);

/* One symbol or number, or something in brackets of its own. */
static gboolean is_single(const Buffer *part)
{
    if (part->length > 1 && part->data[0] == '(' && !memchr(part->data + 1, '(', part->length - 1))
        return part->data[part->length - 1] == ')';
    gboolean number = part->length > 0;
    for (gsize i = 0; i < part->length; i++)
        number &= g_ascii_isdigit(part->data[i]) || part->data[i] == '.';
    return number || g_utf8_strlen(part->length ? part->data : "", (gssize)part->length) <= 1;
}

static void append_element(xmlNode *node, unsigned depth, Buffer *out);

/* What a row of one element holds. */
static xmlNode *unwrap(xmlNode *node)
{
    for (xmlNode *only; is_named(node, "mrow") || is_named(node, "mstyle") || is_named(node, "mpadded"); node = only) {
        only = next_element(node->children);
        if (!only || next_element(only->next))
            break;
    }
    return node;
}

static void append_operand(xmlNode *node, unsigned depth, Buffer *out)
{
    g_auto(Buffer) part;
    node = unwrap(node);
    buffer_init(&part, MATH_TEXT_LIMIT);
    append_element(node, depth, &part);
    gboolean bare = is_single(&part) || is_named(node, "mi") || is_named(node, "mtext");
    buffer_append_string(out, bare ? "" : "(");
    buffer_append(out, part.data, part.length);
    buffer_append_string(out, bare ? "" : ")");
    out->overflowed |= part.overflowed;
}

/* The parts of a script or fraction, each behind its mark. */
static void append_marked(xmlNode *node, const char *const *marks, unsigned depth, Buffer *out)
{
    xmlNode *part = next_element(node->children);
    if (part)
        append_operand(part, depth, out);
    for (unsigned i = 0; part && marks[i] && (part = next_element(part->next)); i++) {
        buffer_append_string(out, marks[i]);
        append_operand(part, depth, out);
    }
}

/* Pairs of a lower and an upper script, up to the end or to where those before the base begin. */
static void append_script_pairs(xmlNode *script, unsigned depth, Buffer *out)
{
    gboolean lower = TRUE;
    for (; (script = next_element(script)) && !is_named(script, "mprescripts"); lower = !lower, script = script->next) {
        if (is_named(script, "none"))
            continue;
        buffer_append_string(out, lower ? "_" : "^");
        append_operand(script, depth, out);
    }
}

/* A base with scripts on both sides, as isotopes and tensors have them: "^3He", "_6^14C". */
static void append_multiscripts(xmlNode *node, unsigned depth, Buffer *out)
{
    xmlNode *base = next_element(node->children), *before = base;
    while (before && !is_named(before, "mprescripts"))
        before = next_element(before->next);
    if (before)
        append_script_pairs(before->next, depth, out);
    if (!base || base == before)
        return;
    append_operand(base, depth, out);
    append_script_pairs(base->next, depth, out);
}

static void append_root(xmlNode *node, unsigned depth, Buffer *out)
{
    xmlNode *radicand = next_element(node->children), *index = radicand ? next_element(radicand->next) : NULL;
    buffer_append_string(out, "root(");
    if (radicand)
        append_element(radicand, depth, out);
    if (index) {
        buffer_append_string(out, ", ");
        append_element(index, depth, out);
    }
    buffer_append_byte(out, ')');
}

static gboolean append_layout(xmlNode *node, unsigned depth, Buffer *out)
{
    static const struct {
        const char *name;
        const char *marks[3];
    } layouts[] = {{"mfrac", {"/"}},  {"msup", {"^"}},  {"msub", {"_"}}, {"msubsup", {"_", "^"}},
                   {"munder", {"_"}}, {"mover", {"^"}}, {"munderover", {"_", "^"}}};
    for (gsize i = 0; i < G_N_ELEMENTS(layouts); i++)
        if (is_named(node, layouts[i].name)) {
            append_marked(node, layouts[i].marks, depth, out);
            return TRUE;
        }
    return FALSE;
}

static void append_element(xmlNode *node, unsigned depth, Buffer *out)
{
    if (depth == DEPTH_LIMIT || out->overflowed || is_named(node, "annotation") || is_named(node, "annotation-xml") ||
        is_named(node, "mphantom"))
        return;
    if (append_layout(node, depth + 1, out))
        return;
    if (is_named(node, "mroot")) {
        append_root(node, depth + 1, out);
        return;
    }
    if (is_named(node, "mmultiscripts")) {
        append_multiscripts(node, depth + 1, out);
        return;
    }
    gboolean square = is_named(node, "msqrt");
    buffer_append_string(out, square ? "sqrt(" : "");
    append_children(node, depth + 1, out);
    buffer_append_string(out, square ? ")" : "");
}

static void append_children(xmlNode *node, unsigned depth, Buffer *out)
{
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_TEXT_NODE)
            append_token((const char *)child->content, out);
        else if (child->type == XML_ELEMENT_NODE)
            append_element(child, depth, out);
    }
}

void math_text_append(xmlNode *math, Buffer *out)
{
    g_auto(Buffer) text;
    buffer_init(&text, MATH_TEXT_LIMIT);
    append_children(math, 0, &text);
    buffer_append(out, text.data, text.length);
}

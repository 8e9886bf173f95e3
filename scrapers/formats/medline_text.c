/* SPDX-License-Identifier: Apache-2.0
 * See medline_text.h. The rules themselves are those of xml_text.c, which works on trees. */
#include "scrapers/formats/medline_text.h"

#include <string.h>

#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

/* What the text of a superscript looks like. */
typedef struct ScriptLook {
    gboolean raised;  /* has letters, digits or signs: ^ or _ is needed */
    gboolean blank;   /* has white space inside: brackets are needed */
    gboolean ordinal; /* st, nd, rd, th */
} ScriptLook;

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- Character data ------------------------------------------------------------------------------------------ */

/* Steps over the comment, instruction or CDATA section at `at`; the text of the last is appended. */
static const char *decode_section(const char *at, Buffer *out)
{
    const char *close;
    if (at[1] == '?')
        return strstr(at, "?>") + 2;
    if (at[2] == '-')
        return strstr(at + 4, "-->") + 3;
    at += strlen("<![CDATA[");
    close = strstr(at, "]]>");
    buffer_append(out, at, (gsize)(close - at));
    return close + 3;
}

/* The character data of [at, end), which holds no tags: in place if nothing is to decode, else in `room`. */
static const char *decode_text(const char *at, const char *end, Buffer *room, gsize *length)
{
    *length = (gsize)(end - at);
    if (!memchr(at, '&', *length) && !memchr(at, '<', *length))
        return at;
    buffer_reset(room);
    while (at < end) {
        const char *from = at;
        while (at < end && *at != '&' && *at != '<')
            at++;
        buffer_append(room, from, (gsize)(at - from));
        if (at < end)
            at = *at == '&' ? xml_tape_decode(at, room) : decode_section(at, room);
    }
    *length = room->length;
    return room->data ? room->data : "";
}

static gboolean closes(const char *text, gsize length)
{
    gboolean digit = length > 1 && g_ascii_isdigit(text[1]);
    return length > 0 && (strchr(";:)]", *text) || ((*text == '.' || *text == ',') && !digit));
}

/* Files that were indented by a program have line breaks between "(" and an element, and between an element and its
 * comma or full stop. Nobody means a blank there. */
static void append_text_node(TextForm *form, const char *text, gsize length)
{
    gboolean before = FALSE, after = FALSE;
    gsize start = 0, end = length;
    while (start < length && is_blank(text[start]))
        before |= text[start++] == '\n';
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

/* ---- Elements ------------------------------------------------------------------------------------------------ */

typedef struct Walk {
    const XmlTape *tape;
    TextForm *form;
    gboolean marks;
    Buffer room; /* for decoded text */
} Walk;

static void look_at_text(const char *text, gsize length, ScriptLook *look)
{
    while (length > 0 && is_blank(*text))
        text++, length--;
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        look->blank |= g_unichar_isspace(character);
        look->raised |= g_unichar_isalnum(character) || character == '+' || character == '-' || character == 0x2212; /* MINUS SIGN */
    }
    look->ordinal |= length == 2 && (memcmp(text, "st", 2) == 0 || memcmp(text, "nd", 2) == 0 || memcmp(text, "rd", 2) == 0 ||
                                     memcmp(text, "th", 2) == 0 || memcmp(text, "TM", 2) == 0);
}

/* Calls for each run of text and each child of an element, in order; `child` is TAPE_NONE for text. */
typedef void (*PartFunction)(Walk *walk, const char *text, gsize length, guint32 child, gpointer user);

static void walk_parts(Walk *walk, guint32 element, PartFunction function, gpointer user)
{
    const XmlTape *tape = walk->tape;
    const TapeElement *elements = tape->elements;
    guint32 child = element + 1, last = elements[element].next, at = elements[element].content;
    for (;;) {
        guint32 stop = child < last ? elements[child].start : elements[element].content_end;
        if (stop > at) {
            gsize length;
            const char *text = decode_text(tape->bytes + at, tape->bytes + stop, &walk->room, &length);
            function(walk, text, length, TAPE_NONE, user);
        }
        if (child >= last)
            return;
        function(walk, NULL, 0, child, user);
        at = elements[child].end;
        child = elements[child].next;
    }
}

/* Whether what is inside an element is on the tape, so that it can be walked. */
static gboolean has_parts(const XmlTape *tape, guint32 element)
{
    guint32 name = tape->elements[element].name;
    return name == TAPE_NONE || tape->vocabulary[name].treatment == TAPE_READ;
}

static void look_at_part(Walk *walk, const char *text, gsize length, guint32 child, gpointer user)
{
    if (child == TAPE_NONE)
        look_at_text(text, length, user);
    else if (has_parts(walk->tape, child))
        walk_parts(walk, child, look_at_part, user); /* as deep as TAPE_DEPTH_LIMIT */
}

static void append_part(Walk *walk, const char *text, gsize length, guint32 child, gpointer user);

static void append_script(Walk *walk, guint32 element, const char *mark)
{
    ScriptLook look = {0};
    TextForm *form = walk->form;
    walk_parts(walk, element, look_at_part, &look);
    gboolean glued = form->line.length > 0 && !form->space;
    if (look.ordinal || !look.raised || (!glued && mark[0] == '_')) {
        walk_parts(walk, element, append_part, NULL);
        return;
    }
    text_form_mark(form, mark);
    if (look.blank)
        text_form_mark(form, "(");
    form->tight = TRUE; /* "10<sup> 6</sup>" */
    walk_parts(walk, element, append_part, NULL);
    form->tight = FALSE;
    gboolean space = form->space; /* "CO<sub>2 </sub>in air" */
    form->space = FALSE;
    if (look.blank)
        text_form_mark(form, ")");
    form->space = space;
}

/* A formula is rare, and is read as a tree. */
static char *formula_line(const XmlTape *tape, guint32 element)
{
    const TapeElement *formula = &tape->elements[element];
    ParseFailure failure = {0};
    g_autoptr(XmlTree) tree = xml_tree_parse(tape->bytes + formula->start, formula->end - formula->start, &failure);
    g_auto(TextForm) form;
    char *text = NULL;
    gsize length = 0;
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    if (tree)
        mathml_append(&form, tree->root);
    if (!text_form_finish(&form, &text, &length) || length == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

static void append_formula(Walk *walk, guint32 element)
{
    g_autofree char *line = formula_line(walk->tape, element);
    if (!line)
        return;
    if (walk->marks)
        text_form_mark(walk->form, "[formula]");
    text_form_string(walk->form, line);
    if (!walk->marks)
        return;
    walk->form->space = FALSE;
    text_form_mark(walk->form, "[/formula]");
}

static void append_part(Walk *walk, const char *text, gsize length, guint32 child, gpointer user)
{
    (void)user;
    if (child == TAPE_NONE) {
        append_text_node(walk->form, text, length);
        return;
    }
    switch (walk->tape->elements[child].name) {
    case MEDLINE_sup:
        append_script(walk, child, "^");
        break;
    case MEDLINE_sub:
        append_script(walk, child, "_");
        break;
    case MEDLINE_math:
        append_formula(walk, child);
        break;
    default:
        if (has_parts(walk->tape, child))
            walk_parts(walk, child, append_part, NULL);
    }
}

void medline_text_append(TextForm *form, const XmlTape *tape, guint32 element, gboolean marks)
{
    Walk walk = {.tape = tape, .form = form, .marks = marks};
    buffer_init(&walk.room, RECORD_LIMIT);
    walk_parts(&walk, element, append_part, NULL);
    buffer_clear(&walk.room);
}

/* ---- Lines --------------------------------------------------------------------------------------------------- */

/* Whether the bytes are a line as they stand: no mark-up, no reference, no white space but single blanks inside. */
static gboolean is_plain_line(const char *text, gsize length)
{
    gboolean blank = TRUE;
    for (gsize i = 0; i < length; i++) {
        guchar c = (guchar)text[i];
        if (c < ' ' || c == '<' || c == '&' || c == 0x7f || c == 0xc2 || c == 0xe2 || c == 0xe3 || (c == ' ' && blank))
            return FALSE;
        blank = c == ' ';
    }
    return !blank;
}

static void copy_line(Buffer *line, TextForm *form)
{
    text_form_end(form);
    line->overflowed |= form->out.overflowed;
    buffer_append(line, form->out.data, form->out.length);
    text_form_clear(form);
}

void medline_text_line(Buffer *line, const XmlTape *tape, guint32 element)
{
    const TapeElement *at = &tape->elements[element];
    const char *text = tape->bytes + at->content;
    gsize length = at->content_end - at->content;
    buffer_reset(line);
    if (is_plain_line(text, length)) {
        buffer_append(line, text, length);
        return;
    }
    TextForm form;
    text_form_init(&form, line->limit);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    medline_text_append(&form, tape, element, FALSE);
    copy_line(line, &form);
}

gboolean medline_attribute_line(Buffer *line, const XmlTape *tape, guint32 element, const char *name)
{
    const char *value;
    gsize length;
    buffer_reset(line);
    if (!xml_tape_attribute(tape, element, name, &value, &length))
        return FALSE;
    if (is_plain_line(value, length)) {
        buffer_append(line, value, length);
        return length > 0;
    }
    TextForm form;
    g_auto(Buffer) room;
    buffer_init(&room, line->limit);
    text_form_init(&form, line->limit);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    const char *text = decode_text(value, value + length, &room, &length);
    text_form_text(&form, text, length);
    copy_line(line, &form);
    return line->length > 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * The start tags of an HTML page; see scrapers/fetch/tag_scanner.h. */
#include "scrapers/fetch/tag_scanner.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#define REFERENCE_MAX 32 /* bytes of the longest character reference that is looked at */

static gboolean is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r';
}

static gboolean slice_is(const TagSlice *slice, const char *name)
{
    return slice->length == strlen(name) && !g_ascii_strncasecmp(slice->data, name, slice->length);
}

gboolean tag_is(const Tag *tag, const char *name)
{
    return slice_is(&tag->name, name);
}

const TagSlice *tag_attribute(const Tag *tag, const char *key)
{
    for (unsigned i = 0; i < tag->attributes; i++)
        if (slice_is(&tag->keys[i], key))
            return &tag->values[i];
    return NULL;
}

static void skip_past(TagScanner *scanner, const char *mark)
{
    const char *rest = scanner->data + scanner->position;
    const char *found = memmem(rest, scanner->length - scanner->position, mark, strlen(mark));
    scanner->position = found ? (gsize)(found - scanner->data) + strlen(mark) : scanner->length;
}

static void skip_spaces(TagScanner *scanner)
{
    while (scanner->position < scanner->length && is_space(scanner->data[scanner->position]))
        scanner->position++;
}

static TagSlice take_until(TagScanner *scanner, const char *stops)
{
    TagSlice slice = {scanner->data + scanner->position, 0};
    while (scanner->position < scanner->length) {
        char byte = scanner->data[scanner->position];
        if (byte && (is_space(byte) || strchr(stops, byte)))
            break;
        scanner->position++;
    }
    slice.length = (gsize)(scanner->data + scanner->position - slice.data);
    return slice;
}

static TagSlice take_value(TagScanner *scanner)
{
    char quote = scanner->position < scanner->length ? scanner->data[scanner->position] : '\0';
    if (quote != '"' && quote != '\'')
        return take_until(scanner, ">");
    TagSlice slice = {scanner->data + ++scanner->position, 0};
    const char *end = memchr(slice.data, quote, scanner->length - scanner->position);
    slice.length = end ? (gsize)(end - slice.data) : scanner->length - scanner->position;
    scanner->position += slice.length + (end != NULL);
    return slice;
}

/* The first byte belongs to the name whatever it is, even "=". */
static void take_attribute(TagScanner *scanner, Tag *tag)
{
    TagSlice key = {scanner->data + scanner->position++, 1}, value = {NULL, 0};
    key.length += take_until(scanner, "=/>").length;
    skip_spaces(scanner);
    if (scanner->position < scanner->length && scanner->data[scanner->position] == '=') {
        scanner->position++;
        skip_spaces(scanner);
        value = take_value(scanner);
    }
    if (tag->attributes < TAG_ATTRIBUTES_MAX) {
        tag->keys[tag->attributes] = key;
        tag->values[tag->attributes++] = value;
    }
}

/* FALSE: the page ends inside the tag, which then is none. */
static gboolean take_tag(TagScanner *scanner, Tag *tag)
{
    tag->name = take_until(scanner, "/>");
    tag->attributes = 0;
    for (;;) {
        skip_spaces(scanner);
        if (scanner->position >= scanner->length)
            return FALSE;
        char byte = scanner->data[scanner->position];
        if (byte == '>') {
            scanner->position++;
            return TRUE;
        }
        if (byte == '/')
            scanner->position++;
        else
            take_attribute(scanner, tag);
    }
}

/* What is inside these is text, up to their end tag. */
static void skip_raw_text(TagScanner *scanner, const Tag *tag)
{
    static const char *const raw[] = {"script", "style", "title", "textarea", "xmp", "noembed", "noframes"};
    gboolean is_raw = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(raw); i++)
        is_raw |= tag_is(tag, raw[i]);
    while (is_raw && scanner->position < scanner->length) {
        skip_past(scanner, "</");
        if (scanner->length - scanner->position >= tag->name.length &&
            !g_ascii_strncasecmp(scanner->data + scanner->position, tag->name.data, tag->name.length))
            return;
    }
}

gboolean tag_scanner_next(TagScanner *scanner, Tag *tag)
{
    for (;;) {
        skip_past(scanner, "<");
        if (scanner->position >= scanner->length)
            return FALSE;
        const char *next = scanner->data + scanner->position;
        gsize left = scanner->length - scanner->position;
        if (left >= 3 && !memcmp(next, "!--", 3)) {
            /* "<!-->" is a whole comment: its end may share the dashes of its beginning. */
            scanner->position += 1;
            if (left >= 4 && next[3] == '>')
                scanner->position += 3;
            else if (left >= 5 && !memcmp(next + 3, "->", 2))
                scanner->position += 4;
            else {
                scanner->position += 2;
                skip_past(scanner, "-->");
            }
        } else if (*next == '!' || *next == '?' || *next == '/') {
            skip_past(scanner, ">");
        } else if (g_ascii_isalpha(*next)) {
            if (!take_tag(scanner, tag))
                return FALSE;
            skip_raw_text(scanner, tag);
            return TRUE;
        }
    }
}

/* Appends the character that a reference at `text` ("&amp;", "&#38;", "&#x26;") stands for; the bytes it
 * takes, or 0. */
static gsize append_reference(GString *out, const char *text, gsize length)
{
    const char *semicolon = memchr(text, ';', MIN(length, REFERENCE_MAX));
    if (!semicolon)
        return 0;
    g_autofree char *name = g_strndup(text + 1, (gsize)(semicolon - text - 1));
    guint64 code = 0;
    if (name[0] == '#') {
        gboolean hexadecimal = name[1] == 'x' || name[1] == 'X';
        if (!g_ascii_string_to_unsigned(name + 1 + hexadecimal, hexadecimal ? 16 : 10, 1, 0x10ffff, &code, NULL))
            return 0;
    } else {
        const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)name);
        code = entity ? entity->value : 0;
    }
    if (code == 0 || !g_unichar_validate((gunichar)code))
        return 0;
    g_string_append_unichar(out, (gunichar)code);
    return (gsize)(semicolon - text) + 1;
}

char *tag_value(const TagSlice *value)
{
    GString *out = g_string_sized_new(value->length);
    for (gsize i = 0; i < value->length;) {
        gsize taken = value->data[i] == '&' ? append_reference(out, value->data + i, value->length - i) : 0;
        if (!taken && value->data[i])
            g_string_append_c(out, value->data[i]);
        i += MAX(taken, 1);
    }
    return g_string_free(out, FALSE);
}

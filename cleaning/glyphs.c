/* SPDX-License-Identifier: Apache-2.0
 * The rule "glyphs": characters of the private use areas, which mean something in one font only, become what they show.
 *
 * Word processors put the fonts Symbol and Wingdings at U+F020 to U+F0FF, and Adobe's Symbol has the parts of tall
 * brackets at U+F8E5 to U+F8FE (Adobe Symbol Encoding); both come along with PDF and Word. Where the two fonts differ the
 * four bullets of lists are taken from Wingdings and all else from Symbol. A private character that is known from nowhere
 * goes, except before a number: there it may have been a sign such as "less than", and U+FFFD says that one is lost.
 */
#include <string.h>
#include <unicode/utf8.h>

#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

#define REPLACEMENT 0xfffd

/* What Symbol shows for the bytes 0x20 to 0x7e and 0xa0 to 0xfe; 0: nothing that Unicode has. */
static const guint16 symbol_low[] = {
    ' ', '!', 0x2200, '#', 0x2203, '%', '&', 0x220b, '(', ')', 0x2217, '+', ',', 0x2212, '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    0x2245, 0x391, 0x392, 0x3a7, 0x394, 0x395, 0x3a6, 0x393, 0x397, 0x399, 0x3d1, 0x39a, 0x39b, 0x39c, 0x39d, 0x39f,
    0x3a0, 0x398, 0x3a1, 0x3a3, 0x3a4, 0x3a5, 0x3c2, 0x3a9, 0x39e, 0x3a8, 0x396, '[', 0x2234, ']', 0x22a5, '_',
    0x203e, 0x3b1, 0x3b2, 0x3c7, 0x3b4, 0x3b5, 0x3c6, 0x3b3, 0x3b7, 0x3b9, 0x3d5, 0x3ba, 0x3bb, 0x3bc, 0x3bd, 0x3bf,
    0x3c0, 0x3b8, 0x3c1, 0x3c3, 0x3c4, 0x3c5, 0x3d6, 0x3c9, 0x3be, 0x3c8, 0x3b6, '{', '|', '}', 0x223c,
};
static const guint16 symbol_high[] = {
    0x20ac, 0x3d2, 0x2032, 0x2264, 0x2044, 0x221e, 0x192, 0x25aa, 0x2666, 0x2665, 0x2660, 0x2194, 0x2190, 0x2191, 0x2192, 0x2193,
    0xb0, 0xb1, 0x2033, 0x2265, 0xd7, 0x221d, 0x2202, 0x2022, 0xf7, 0x2260, 0x2261, 0x2248, 0x2026, 0, 0, 0x21b5,
    0x2135, 0x2111, 0x211c, 0x2118, 0x2297, 0x2295, 0x2205, 0x2229, 0x222a, 0x2283, 0x2287, 0x2284, 0x2282, 0x2286, 0x2208, 0x2209,
    0x2220, 0x2207, 0xae, 0xa9, 0x2122, 0x220f, 0x221a, 0x22c5, 0x27a2, 0x2227, 0x2228, 0x21d4, 0x21d0, 0x21d1, 0x21d2, 0x21d3,
    0x25ca, 0x27e8, 0xae, 0xa9, 0x2122, 0x2211, 0x239b, 0x239c, 0x239d, 0x23a1, 0x23a2, 0x23a3, 0x23a7, 0x23a8, 0x23a9, 0x23aa,
    0, 0x27e9, 0x222b, 0x2320, 0x23ae, 0x2321, 0x239e, 0x239f, 0x23a0, 0x23a4, 0x23a5, 0x23a6, 0x2713, 0x23ac, 0x23ad,
};
static const guint16 bracket_parts[] = { /* from U+F8E5 */
    0x203e, 0, 0, 0xae, 0xa9, 0x2122, 0x239b, 0x239c, 0x239d, 0x23a1, 0x23a2, 0x23a3, 0x23a7,
    0x23a8, 0x23a9, 0x23aa, 0x23ae, 0x239e, 0x239f, 0x23a0, 0x23a4, 0x23a5, 0x23a6, 0x23ab, 0x23ac, 0x23ad,
};

static gint32 shown(gint32 c)
{
    if (c >= 0xf020 && c - 0xf020 < (gint32)G_N_ELEMENTS(symbol_low))
        return symbol_low[c - 0xf020];
    if (c >= 0xf0a0 && c - 0xf0a0 < (gint32)G_N_ELEMENTS(symbol_high))
        return symbol_high[c - 0xf0a0];
    if (c >= 0xf8e5 && c - 0xf8e5 < (gint32)G_N_ELEMENTS(bracket_parts))
        return bracket_parts[c - 0xf8e5];
    return 0;
}

static gboolean before_number(const char *text, gsize at, gsize length)
{
    while (at < length && text[at] == ' ')
        at++;
    return at < length && g_ascii_isdigit(text[at]);
}

guint64 rule_glyphs(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_GLYPH, &c); at = c.end) {
        char bytes[U8_MAX_LENGTH];
        gsize count = 0;
        gint32 glyph = shown(c.code);
        if (!glyph && before_number(text, c.end, length))
            glyph = REPLACEMENT;
        if (glyph)
            U8_APPEND_UNSAFE(bytes, count, glyph);
        editor_replace(&editor, c.start, c.end, bytes, count);
    }
    return editor_finish(&editor);
}

/* SPDX-License-Identifier: Apache-2.0
 * Classes of characters; see cleaning/characters.h. */
#include "cleaning/characters.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf8.h>

#include "cleaning/scan.h"

static gboolean is_plain(char byte)
{
    return (byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\t';
}

static gsize skip_plain(const char *text, gsize at, gsize length)
{
    while (at + SCAN_BLOCK <= length) {
        ScanBlock block = scan_load(text + at);
        /* Bytes from 0x80 are negative here, so one comparison finds them and the controls. */
        ScanBlock odd = ((block < 0x20) & (block != '\n') & (block != '\t')) | (block == 0x7f);
        if (scan_any(odd))
            break;
        at += SCAN_BLOCK;
    }
    while (at < length && is_plain(text[at]))
        at++;
    return at;
}

/* Ranges of common characters that stay as they are, whatever surrounds them: in NFC, visible, no space. */
static gboolean is_good(UChar32 c)
{
    return (c >= 0x00a1 && c <= 0x02ff && c != 0x00ad) || (c >= 0x0388 && c <= 0x0482) || (c >= 0x2010 && c <= 0x2027) ||
           (c >= 0x2030 && c <= 0x205e) || (c >= 0x2070 && c <= 0x20cf) || (c >= 0x2150 && c <= 0x2328) ||
           (c >= 0x2500 && c <= 0x2adb) || (c >= 0x3400 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3);
}

static gboolean is_odd_space(UChar32 c)
{
    return c == 0x00a0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Controls, line separators, zero-width and directional controls, joiners, byte order marks, annotations, tags,
 * non-characters. */
static gboolean is_control(UChar32 c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x034f || c == 0x061c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc) ||
           (c >= 0xe0000 && c <= 0xe007f) || U_IS_UNICODE_NONCHAR(c);
}

static gboolean is_private(UChar32 c)
{
    return (c >= 0xe000 && c <= 0xf8ff) || (c >= 0xf0000 && c <= 0x10ffff);
}

/* Characters below U+0300 never take part in composition. */
static gboolean may_compose(UChar32 c)
{
    return c >= 0x0300 && (u_getIntPropertyValue(c, UCHAR_NFC_QUICK_CHECK) != UNORM_YES || u_getCombiningClass(c) != 0);
}

static guint class_of(UChar32 c)
{
    if (c < 0)
        return CHARACTER_INVALID;
    if (is_control(c))
        return CHARACTER_CONTROL;
    if (is_odd_space(c))
        return CHARACTER_SPACE;
    if (c == 0x00ad)
        return CHARACTER_SOFT_HYPHEN;
    if (c >= 0xfb00 && c <= 0xfb06)
        return CHARACTER_LIGATURE;
    if (is_private(c))
        return CHARACTER_GLYPH;
    return may_compose(c) ? CHARACTER_MARK : 0;
}

/* The classes of the character that stands from `at` to `next`. */
static guint classes_at(const char *text, gsize next, gsize length, UChar32 c)
{
    if (is_good(c)) {
        gboolean lead = c >= 0x00c2 && c <= 0x00f4;
        return lead && next < length && (guint8)text[next] >= 0x80 ? CHARACTER_MISREAD : 0;
    }
    return class_of(c);
}

guint characters_survey(const char *text, gsize length)
{
    guint classes = 0;
    for (gsize at = 0; (at = skip_plain(text, at, length)) < length;) {
        UChar32 c;
        U8_NEXT(text, at, length, c);
        classes |= classes_at(text, at, length, c);
    }
    return classes;
}

gboolean characters_next(const char *text, gsize at, gsize length, guint classes, Character *character)
{
    while ((at = skip_plain(text, at, length)) < length) {
        UChar32 c;
        character->start = at;
        U8_NEXT(text, at, length, c);
        if (classes_at(text, at, length, c) & classes) {
            character->end = at;
            character->code = c;
            return TRUE;
        }
    }
    return FALSE;
}

gint32 characters_before(const char *text, gsize at)
{
    UChar32 c = 0;
    gsize start = at;
    while (start > 0 && at - start < 4 && ((guint8)text[--start] & 0xc0) == 0x80)
        ;
    if (start < at)
        U8_NEXT(text, start, at, c);
    return c;
}

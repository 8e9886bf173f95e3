/* SPDX-License-Identifier: Apache-2.0
 * The rule "unicode": valid UTF-8 in Normalization Form C (UAX #15), without characters that no reader can see.
 *
 * Plain ASCII is skipped in blocks. Of the rest, characters below U+0300 never take part in composition; for those
 * above, ICU decides, and only the few characters around a mark that may combine are handed to it. Real text has no
 * more than 30 marks on one base (UAX #15, stream-safe text format); further ones are removed, which also keeps hostile
 * runs of marks from costing quadratic time in the reordering of marks.
 */
#include "cleaning/rules.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "cleaning/edit.h"
#include "cleaning/scan.h"

#define MARKS_LIMIT 30
#define REPLACEMENT "\357\277\275" /* U+FFFD */

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

static gboolean may_compose(UChar32 c)
{
    return u_getIntPropertyValue(c, UCHAR_NFC_QUICK_CHECK) != UNORM_YES || u_getCombiningClass(c) != 0;
}

static gboolean is_odd_space(UChar32 c)
{
    return c == 0x00a0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Zero-width and directional controls, byte order marks, annotations, tags, non-characters. */
static gboolean is_invisible(UChar32 c)
{
    return c == 0x00ad || c == 0x034f || c == 0x061c || c == 0x180e || c == 0x200b || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc) ||
           (c >= 0xe0000 && c <= 0xe007f) || U_IS_UNICODE_NONCHAR(c);
}

/* Where the character before `at` starts. */
static gsize previous(const char *text, gsize at)
{
    gsize start = at;
    while (start > 0 && at - start < 4 && ((guint8)text[--start] & 0xc0) == 0x80)
        ;
    return start;
}

/* The joiners U+200C and U+200D spell words in Arabic and Indic scripts and build emoji; elsewhere they are dirt. */
static gboolean joins(const char *text, gsize at)
{
    UChar32 before = 0;
    gsize position = previous(text, at);
    if (position < at)
        U8_NEXT(text, position, at, before);
    return before >= 0x1f000 || before == 0xfe0f ||
           (before >= 0x0600 && (U_GET_GC_MASK(before) & (U_GC_L_MASK | U_GC_M_MASK)) != 0);
}

static const char *ligature(UChar32 c)
{
    static const char *const letters[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    return c >= 0xfb00 && c <= 0xfb06 ? letters[c - 0xfb00] : NULL;
}

/* Parts of tall brackets, which Adobe's Symbol font has in the private area: PDF text brings them along. */
static UChar32 bracket_part(UChar32 c)
{
    static const UChar32 parts[] = {0x239b, 0x239c, 0x239d, 0x23a1, 0x23a2, 0x23a3, 0x23a7, 0x23a8, 0x23a9, 0x23aa,
                                    0x23ae, 0x239e, 0x239f, 0x23a0, 0x23a4, 0x23a5, 0x23a6, 0x23ab, 0x23ac, 0x23ad};
    return c >= 0xf8eb && c <= 0xf8fe ? parts[c - 0xf8eb] : 0;
}

static void replace_character(Editor *editor, gsize from, gsize to, UChar32 with)
{
    char bytes[U8_MAX_LENGTH];
    gsize count = 0;
    U8_APPEND_UNSAFE(bytes, count, with);
    editor_replace(editor, from, to, bytes, count);
}

/* Collects the characters from `at` to the next place where normalisation may be cut. Returns that place. */
static gsize take_segment(const UNormalizer2 *nfc, const Editor *editor, gsize at, UChar *units, int32_t *count)
{
    unsigned marks = 0;
    *count = 0;
    for (gsize next = at; at < editor->length; at = next) {
        UChar32 c;
        U8_NEXT(editor->text, next, editor->length, c);
        if (c < 0 || (*count && unorm2_hasBoundaryBefore(nfc, c)))
            break;
        if (marks++ > MARKS_LIMIT)
            continue;
        U16_APPEND_UNSAFE(units, *count, c);
    }
    return at;
}

static gsize compose(Editor *editor, gsize at, UChar32 c)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    UChar source[2 * (MARKS_LIMIT + 2)], composed[8 * (MARKS_LIMIT + 2)];
    char bytes[3 * G_N_ELEMENTS(composed)];
    /* A mark composes with the character before it; what an earlier edit wrote there waits for the next pass. */
    gboolean joined = at > editor->copied && !unorm2_hasBoundaryBefore(nfc, c);
    gsize from = joined ? previous(editor->text, at) : at;
    int32_t source_count, composed_count, byte_count;
    gsize end = take_segment(nfc, editor, from, source, &source_count);
    composed_count = unorm2_normalize(nfc, source, source_count, composed, G_N_ELEMENTS(composed), &status);
    u_strToUTF8(bytes, sizeof bytes, &byte_count, composed, composed_count, &status);
    if (U_SUCCESS(status))
        editor_replace(editor, from, end, bytes, (gsize)byte_count);
    return end;
}

static gsize edit_control(Editor *editor, gsize at)
{
    char byte = editor->text[at];
    gsize next = at + 1;
    if (byte == '\r' && next < editor->length && editor->text[next] == '\n')
        next++;
    gboolean breaks = byte == '\r' || byte == '\v' || byte == '\f';
    editor_replace(editor, at, next, "\n", breaks ? 1 : 0);
    return next;
}

static gsize edit_character(Editor *editor, gsize at)
{
    if ((guint8)editor->text[at] < 0x80)
        return edit_control(editor, at);
    gsize next = at;
    UChar32 c;
    U8_NEXT(editor->text, next, editor->length, c);
    if (is_good(c))
        return next;
    if (c < 0)
        editor_replace(editor, at, next, REPLACEMENT, strlen(REPLACEMENT));
    else if (c == 0x85 || c == 0x2028 || c == 0x2029)
        editor_replace(editor, at, next, "\n", 1);
    else if (is_odd_space(c))
        editor_replace(editor, at, next, " ", 1);
    else if (c < 0xa0 || is_invisible(c) || ((c == 0x200c || c == 0x200d) && !joins(editor->text, at)))
        editor_replace(editor, at, next, "", 0);
    else if (ligature(c))
        editor_replace(editor, at, next, ligature(c), strlen(ligature(c)));
    else if (bracket_part(c))
        replace_character(editor, at, next, bracket_part(c));
    else if (may_compose(c))
        return compose(editor, at, c);
    return next;
}

guint64 rule_unicode(const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; (at = skip_plain(text, at, length)) < length;)
        at = edit_character(&editor, at);
    return editor_finish(&editor);
}

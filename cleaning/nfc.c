/* SPDX-License-Identifier: Apache-2.0
 * The rule "nfc": Unicode Normalization Form C (UAX #15), so that "é" is one character however it was typed.
 *
 * ICU decides; only the few characters around a mark that may combine are handed to it. Real text has no more than 30
 * marks on one base (UAX #15, stream-safe text format); further ones are removed, which also keeps hostile runs of marks
 * from costing quadratic time in the reordering of marks.
 */
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

#define MARKS_LIMIT 30

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

/* Composes around the mark; returns the position to go on from. */
static gsize compose(Editor *editor, const Character *mark)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    UChar source[2 * (MARKS_LIMIT + 2)], composed[8 * (MARKS_LIMIT + 2)];
    char bytes[3 * G_N_ELEMENTS(composed)];
    int32_t source_count, composed_count, byte_count;
    gsize from = mark->start;
    /* A mark composes with the character before it; what an earlier edit wrote there waits for the next pass. */
    if (from > editor->copied && !unorm2_hasBoundaryBefore(nfc, mark->code))
        while (((guint8)editor->text[--from] & 0xc0) == 0x80 && from > editor->copied)
            ;
    gsize end = take_segment(nfc, editor, from, source, &source_count);
    composed_count = unorm2_normalize(nfc, source, source_count, composed, G_N_ELEMENTS(composed), &status);
    u_strToUTF8(bytes, sizeof bytes, &byte_count, composed, composed_count, &status);
    if (U_SUCCESS(status))
        editor_replace(editor, from, end, bytes, (gsize)byte_count);
    return MAX(end, mark->end);
}

guint64 rule_nfc(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_MARK, &c);)
        at = compose(&editor, &c);
    return editor_finish(&editor);
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "lines": a line without any letter or digit, of whatever script, is rules and ornaments and goes.
 *
 * The line becomes empty rather than vanishing, so that the blocks that it kept apart stay apart; a bullet without text
 * vanishes, so that its list stays one. Doses ("500/125") and Chinese lines are text.
 */
#include "cleaning/rules.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "cleaning/edit.h"
#include "cleaning/scan.h"

static gboolean says_something(const char *text, gsize from, gsize to)
{
    while (from < to) {
        UChar32 c = (guint8)text[from];
        if (c < 0x80) {
            if (g_ascii_isalnum(c))
                return TRUE;
            from++;
            continue;
        }
        U8_NEXT(text, from, to, c);
        if (c >= 0 && (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK)) != 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_empty_item(const char *text, gsize from, gsize to)
{
    while (from < to && text[from] == ' ')
        from++;
    return from < to && text[from] == '-' && scan_is_blank(text, from + 1, to);
}

guint64 rule_lines(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0, end; at < length; at = end + 1) {
        end = scan_line_end(text, at, length);
        if (g_ascii_isalnum(text[at]) || says_something(text, at, end) || scan_is_blank(text, at, end))
            continue;
        editor_replace(&editor, at, is_empty_item(text, at, end) ? MIN(end + 1, length) : end, "", 0);
    }
    return editor_finish(&editor);
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "controls": characters that no reader can see go, and every kind of line end becomes a newline.
 *
 * Newline and tab stay. Carriage returns, vertical tabs, form feeds, NEL and the separators U+2028 and U+2029 end a line.
 * Other controls, zero-width and directional marks, byte order marks, tags and non-characters go. The joiners U+200C and
 * U+200D spell words in Arabic and Indic scripts and build emoji; they stay behind such letters and go elsewhere.
 */
#include <string.h>
#include <unicode/uchar.h>

#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

static gboolean ends_line(gint32 c)
{
    return c == '\r' || c == '\v' || c == '\f' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static gboolean joins(const char *text, const Character *c)
{
    if (c->code != 0x200c && c->code != 0x200d)
        return FALSE;
    gint32 before = characters_before(text, c->start);
    return before >= 0x1f000 || before == 0xfe0f ||
           (before >= 0x0600 && (U_GET_GC_MASK(before) & (U_GC_L_MASK | U_GC_M_MASK)) != 0);
}

guint64 rule_controls(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_CONTROL, &c); at = c.end) {
        if (joins(text, &c))
            continue;
        if (c.code == '\r' && c.end < length && text[c.end] == '\n')
            c.end++;
        editor_replace(&editor, c.start, c.end, "\n", ends_line(c.code) ? 1 : 0);
    }
    return editor_finish(&editor);
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "ligatures": the Latin ligatures of typesetting, U+FB00 to U+FB06, become their letters. Letters of an alphabet
 * that only look like ligatures ("æ", "œ", "ĳ") stay. */
#include <string.h>

#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

guint64 rule_ligatures(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    static const char *const letters[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_LIGATURE, &c); at = c.end)
        editor_replace(&editor, c.start, c.end, letters[c.code - 0xfb00], strlen(letters[c.code - 0xfb00]));
    return editor_finish(&editor);
}

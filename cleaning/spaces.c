/* SPDX-License-Identifier: Apache-2.0
 * The rule "spaces": no-break, thin, wide and other blanks become U+0020, so that "5 mg" is one sequence of tokens. */
#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

guint64 rule_spaces(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_SPACE, &c); at = c.end)
        editor_replace(&editor, c.start, c.end, " ", 1);
    return editor_finish(&editor);
}

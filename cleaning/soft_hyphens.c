/* SPDX-License-Identifier: Apache-2.0
 * The rule "soft-hyphens": U+00AD says where a word may be broken and goes; where it stands at the end of a line and the
 * next line begins with a small letter, the word was broken there, and is whole again. */
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

/* Where the word goes on that is broken at `at`; `at` itself where none is. */
static gsize continuation(const char *text, gsize at, gsize length)
{
    gsize next = at;
    while (next < length && text[next] == ' ')
        next++;
    if (next == length || text[next] != '\n')
        return at;
    for (next++; next < length && text[next] == ' ';)
        next++;
    UChar32 letter = 0;
    gsize behind = next;
    if (next < length)
        U8_NEXT(text, behind, length, letter);
    return letter > 0 && u_islower(letter) ? next : at;
}

guint64 rule_soft_hyphens(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_SOFT_HYPHEN, &c);) {
        at = continuation(text, c.end, length);
        editor_replace(&editor, c.start, at, "", 0);
    }
    return editor_finish(&editor);
}

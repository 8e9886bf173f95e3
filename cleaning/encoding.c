/* SPDX-License-Identifier: Apache-2.0
 * The rule "encoding": bytes that are no UTF-8 (RFC 3629) become U+FFFD, one for each maximal part of a character, as
 * the Unicode Standard recommends. It cannot be switched off: every other rule relies on valid UTF-8. */
#include <string.h>

#include "cleaning/characters.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"

#define REPLACEMENT "\357\277\275" /* U+FFFD */

guint64 rule_encoding(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    Character c;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; characters_next(text, at, length, CHARACTER_INVALID, &c); at = c.end)
        editor_replace(&editor, c.start, c.end, REPLACEMENT, strlen(REPLACEMENT));
    return editor_finish(&editor);
}

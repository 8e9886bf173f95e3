/* SPDX-License-Identifier: Apache-2.0
 * The rule "lists": a bullet of any kind at the start of a line becomes "- ". Indentation and numbers stay.
 *
 * Glyphs that are never anything else need no blank behind them; "*", "+", "-" and dashes do ("-5 mg" and "*p < 0.05"
 * are no items). Bullets of the private use area come from the Symbol and Wingdings fonts of word processors.
 */
#include "cleaning/rules.h"

#include <string.h>

#include "cleaning/edit.h"
#include "cleaning/scan.h"

static const char *const glyphs[] = {
    "•", "‣", "⁃", "∙", "◦", "▪", "▫", "■", "□", "●", "○", "◆", "◇", "❖", "➢", "➤", "►", "▶", "✓", "✔", "❑", "❒",
    "\357\202\267" /* U+F0B7 */, "\357\202\247" /* U+F0A7 */, "\357\203\230" /* U+F0D8 */, "\357\203\274" /* U+F0FC */,
};

static const char *const blank_separated[] = {"-", "*", "+", "·", "–", "—", "―", "‐", "‑", "‒"};

static gsize match(const char *const *list, gsize count, const char *text, gsize at, gsize length)
{
    for (gsize i = 0; i < count; i++) {
        gsize size = strlen(list[i]);
        if (length - at >= size && memcmp(text + at, list[i], size) == 0)
            return at + size;
    }
    return at;
}

static gsize skip_blanks(const char *text, gsize at, gsize length)
{
    while (at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at;
}

static gsize skip_glyphs(const char *text, gsize at, gsize length)
{
    for (gsize next; (next = match(glyphs, G_N_ELEMENTS(glyphs), text, at, length)) > at;)
        at = skip_blanks(text, next, length);
    return at;
}

/* Where the text of the item starts whose bullet is at `at`; `at` where there is no bullet or no text behind it. */
static gsize item_text(const char *text, gsize at, gsize length)
{
    gsize behind = match(blank_separated, G_N_ELEMENTS(blank_separated), text, at, length);
    gsize start = skip_blanks(text, behind, length);
    if (behind > at && start == behind)
        return at;
    start = skip_glyphs(text, start, length);
    return start < length && text[start] != '\n' ? start : at;
}

static gboolean may_be_bullet(char byte)
{
    return byte == '-' || byte == '*' || byte == '+' || (byte & 0x80);
}

guint64 rule_lists(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0; at < length; at = scan_line_end(text, at, length) + 1) {
        gsize bullet = skip_blanks(text, at, length);
        if (bullet == length || !may_be_bullet(text[bullet]))
            continue;
        gsize start = item_text(text, bullet, length);
        if (start > bullet)
            editor_replace(&editor, bullet, start, "- ", 2);
    }
    return editor_finish(&editor);
}

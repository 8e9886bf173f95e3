/* SPDX-License-Identifier: Apache-2.0
 * The rule "short-lines": lines of fewer words than min_line_words go, which in text from PDF are running heads, page
 * furniture and bits of figures. Headings, list items and lines with a digit stay: a dose may stand alone. The line becomes
 * empty rather than vanishing, so that the blocks that it kept apart stay apart. */
#include "cleaning/edit.h"
#include "cleaning/rules.h"
#include "cleaning/scan.h"

/* Counts up to `enough`; 0 for lines that stay whatever they count. */
static guint64 words_of(const char *text, gsize from, gsize to, guint64 enough)
{
    guint64 words = 0;
    gboolean inside = FALSE;
    for (; from < to && words < enough; from++) {
        gboolean white = text[from] == ' ' || text[from] == '\t';
        words += !white && !inside;
        inside = !white;
    }
    return words;
}

static gboolean may_go(const char *text, gsize from, gsize to)
{
    while (from < to && (text[from] == ' ' || text[from] == '\t'))
        from++;
    if (from == to || text[from] == '#' || text[from] == '-')
        return FALSE;
    for (; from < to; from++)
        if (g_ascii_isdigit(text[from]) || (guint8)text[from] >= 0xe3) /* scripts without blanks count no words */
            return FALSE;
    return TRUE;
}

guint64 rule_short_lines(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    guint64 least = context->settings->min_line_words;
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0, end; at < length; at = end + 1) {
        end = scan_line_end(text, at, length);
        if (words_of(text, at, end, least) < least && may_go(text, at, end))
            editor_replace(&editor, at, end, "", 0);
    }
    return editor_finish(&editor);
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "remove-lines": lines that a source has around its texts, named by its remove_lines, go.
 *
 * A name is a whole line, "Skip to main content"; a "*" at its start or end stands for anything: "Last updated*",
 * "*All rights reserved*". ASCII letters match without regard to case. Marks of headings and list items and blanks at both
 * ends of a line are not compared. Lines of more than LINE_LIMIT bytes are paragraphs and stay.
 */
#include <string.h>

#include "cleaning/edit.h"
#include "cleaning/rules.h"
#include "cleaning/scan.h"

#define LINE_LIMIT 1000

static gboolean ends_with(const char *line, gsize length, const char *name, gsize size)
{
    return length >= size && g_ascii_strncasecmp(line + length - size, name, size) == 0;
}

static gboolean contains(const char *line, gsize length, const char *name, gsize size)
{
    for (gsize at = 0; at + size <= length; at++)
        if (g_ascii_strncasecmp(line + at, name, size) == 0)
            return TRUE;
    return FALSE;
}

static gboolean matches(const char *line, gsize length, const char *name)
{
    gsize size = strlen(name);
    gboolean open_start = size > 0 && name[0] == '*', open_end = size > 1 && name[size - 1] == '*';
    name += open_start;
    size -= open_start + open_end;
    if (!size)
        return FALSE;
    if (open_start && open_end)
        return contains(line, length, name, size);
    if (open_start)
        return ends_with(line, length, name, size);
    return (open_end || length == size) && length >= size && g_ascii_strncasecmp(line, name, size) == 0;
}

static gboolean is_named(const RecipeStrings *names, const char *text, gsize from, gsize to)
{
    while (from < to && strchr("#- \t", text[from]))
        from++;
    while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\t'))
        to--;
    if (from == to || to - from > LINE_LIMIT)
        return FALSE;
    for (unsigned i = 0; i < names->count; i++)
        if (matches(text + from, to - from, names->items[i]))
            return TRUE;
    return FALSE;
}

guint64 rule_remove_lines(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    for (gsize at = 0, end; at < length; at = end + 1) {
        end = scan_line_end(text, at, length);
        if (is_named(&context->settings->remove_lines, text, at, end))
            editor_replace(&editor, at, MIN(end + 1, length), "", 0);
    }
    return editor_finish(&editor);
}

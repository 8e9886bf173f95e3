/* SPDX-License-Identifier: Apache-2.0
 * The rule "blank-lines": at most one blank line, none at the start and the end, no blanks at line ends. */
#include "cleaning/rules.h"

#include <string.h>

#include "cleaning/edit.h"

static gboolean is_white(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

/* The white space around the newline at `newline` becomes one newline or two; the indentation behind it stays. */
static gsize edit_break(Editor *editor, gsize newline)
{
    const char *text = editor->text;
    gsize from = newline, to = newline + 1, breaks = 1;
    while (from > editor->copied && is_white(text[from - 1]))
        from--;
    for (gsize at = to; at < editor->length && is_white(text[at]); at++)
        if (text[at] == '\n') {
            breaks++;
            to = at + 1;
        }
    editor_replace(editor, from, to, "\n\n", MIN(breaks, 2));
    return to;
}

static gsize trimmed_start(const char *text, gsize length)
{
    gsize start = 0;
    for (gsize at = 0; at < length && is_white(text[at]); at++)
        if (text[at] == '\n')
            start = at + 1;
    return start;
}

static gsize trimmed_end(const char *text, gsize from, gsize length)
{
    while (length > from && is_white(text[length - 1]))
        length--;
    return length;
}

guint64 rule_blank_lines(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    editor_init(&editor, text, length, out);
    gsize start = trimmed_start(text, length), end = trimmed_end(text, start, length);
    editor_replace(&editor, 0, start, "", 0);
    for (gsize at = start; at < end;) {
        const char *newline = memchr(text + at, '\n', end - at);
        if (!newline)
            break;
        at = edit_break(&editor, (gsize)(newline - text));
    }
    editor_replace(&editor, end, length, "", 0);
    return editor_finish(&editor);
}

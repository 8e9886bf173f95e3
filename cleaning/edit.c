/* SPDX-License-Identifier: Apache-2.0
 * Left-to-right edits of a text; see cleaning/edit.h. */
#include "cleaning/edit.h"

#include <string.h>

/* How far apart the two brackets of an emptied pair may stand: "(; , )" but never a whole line of dashes. */
#define FILLER_LIMIT 16

void editor_init(Editor *editor, const char *text, gsize length, Buffer *out)
{
    buffer_reset(out);
    *editor = (Editor){.text = text, .length = length, .out = out};
}

void editor_flush(Editor *editor, gsize position)
{
    if (!editor->out->length)
        buffer_reserve(editor->out, editor->length);
    if (position > editor->copied)
        buffer_append(editor->out, editor->text + editor->copied, position - editor->copied);
    editor->copied = MAX(editor->copied, position);
}

void editor_replace(Editor *editor, gsize from, gsize to, const char *with, gsize with_length)
{
    if (to - from == with_length && memcmp(editor->text + from, with, with_length) == 0)
        return;
    editor_flush(editor, from);
    buffer_append(editor->out, with, with_length);
    editor->copied = to;
    editor->edits++;
}

static char last_written(const Editor *editor)
{
    return editor->out->length ? editor->out->data[editor->out->length - 1] : '\n';
}

/* A bracket that closes, of text or of a caption's mark. */
static gboolean closes(const Editor *editor, gsize at)
{
    const char *text = editor->text;
    return at < editor->length &&
           (text[at] == ')' || text[at] == ']' || (at + 1 < editor->length && text[at] == '[' && text[at + 1] == '/'));
}

static gboolean attaches_left(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || (byte && strchr(".,;:!?)]}", byte));
}

static gsize close_gap(Editor *editor, gsize to)
{
    char next = to < editor->length ? editor->text[to] : '\n';
    gboolean ends = closes(editor, to); /* "(12 cases, )" */
    if (ends || attaches_left(next)) {
        gsize kept = editor->out->length;
        while (kept && strchr(ends ? " ,;" : " ", editor->out->data[kept - 1]) && editor->out->data[kept - 1])
            kept--;
        buffer_truncate(editor->out, kept);
    }
    char last = last_written(editor);
    if (last == '\n')
        while (to < editor->length && editor->text[to] == ' ')
            to++;
    else if (last == '(' || last == '[') /* "( , project 8)" */
        while (to < editor->length && editor->text[to] && strchr(" ,;", editor->text[to]))
            to++;
    return to;
}

static gboolean is_filler(char byte)
{
    return byte && strchr(" ,;.:&-", byte);
}

/* "(" written and ")" ahead with only separators between: both go. */
static gboolean drop_empty_pair(Editor *editor, gsize *to)
{
    static const char pairs[] = "()[]<>";
    gsize open = editor->out->length, close = *to;
    while (open && editor->out->length - open < FILLER_LIMIT && is_filler(editor->out->data[open - 1]))
        open--;
    while (close < editor->length && close - *to < FILLER_LIMIT && is_filler(editor->text[close]))
        close++;
    if (!open || close == editor->length || !editor->out->data[open - 1])
        return FALSE;
    const char *pair = strchr(pairs, editor->out->data[open - 1]);
    if (!pair || (pair - pairs) % 2 != 0 || editor->text[close] != pair[1])
        return FALSE;
    buffer_truncate(editor->out, open - 1);
    *to = close + 1;
    return TRUE;
}

gsize editor_cut(Editor *editor, gsize from, gsize to)
{
    editor_flush(editor, from);
    do
        to = close_gap(editor, to);
    while (drop_empty_pair(editor, &to));
    gboolean stop = to < editor->length && editor->text[to] == '.' && last_written(editor) == '.'; /* "Inc. ()." */
    if (stop && !(to + 1 < editor->length && editor->text[to + 1] == '.'))
        to++;
    editor->copied = to;
    editor->edits++;
    return to;
}

guint64 editor_finish(Editor *editor)
{
    if (editor->edits)
        editor_flush(editor, editor->length);
    return editor->edits;
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "headings": every section heading (cleaning/outline.h) is "# ", "## " or "### ", by its depth, with one blank line
 * before and after. */
#include <string.h>

#include "cleaning/outline.h"
#include "cleaning/rules.h"
#include "cleaning/scan.h"

/* Writes text[from, to) without the blank lines at its end. */
static void append_block(Buffer *out, const char *text, gsize from, gsize to)
{
    while (to > from && (text[to - 1] == '\n' || text[to - 1] == ' ' || text[to - 1] == '\t'))
        to--;
    buffer_append(out, text + from, to - from);
}

static gsize skip_blank_lines(const char *text, gsize at, gsize length)
{
    for (gsize end; at < length && scan_is_blank(text, at, end = scan_line_end(text, at, length));)
        at = MIN(end + 1, length);
    return at;
}

static void append_heading(Buffer *out, const char *text, const Heading *heading)
{
    if (out->length)
        buffer_append(out, "\n\n", 2);
    buffer_append(out, "###", heading->depth);
    if (heading->words == heading->words_end)
        return;
    buffer_append_byte(out, ' ');
    buffer_append(out, text + heading->words, heading->words_end - heading->words);
}

static gboolean is_canonical(const char *text, const Heading *heading)
{
    return heading->level == heading->depth && heading->words == heading->start + heading->depth + 1 &&
           text[heading->start] == '#' && text[heading->start + heading->depth] == ' ' &&
           (heading->words_end == heading->end || text[heading->words_end] == '\n');
}

/* Returns how many headings are written in another way. */
static guint64 write_headings(const char *text, gsize length, const GArray *headings, Buffer *out)
{
    guint64 edits = 0;
    gsize at = 0;
    for (guint i = 0; i < headings->len; i++) {
        const Heading *heading = &g_array_index(headings, Heading, i);
        if (heading->start > at && out->length)
            buffer_append(out, "\n\n", 2);
        append_block(out, text, at, heading->start);
        append_heading(out, text, heading);
        edits += !is_canonical(text, heading);
        at = skip_blank_lines(text, heading->end, length);
    }
    if (at < length && out->length)
        buffer_append(out, "\n\n", 2);
    buffer_append(out, text + at, length - at);
    return edits;
}

guint64 rule_headings(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    g_autoptr(GArray) headings = outline_find(text, length);
    if (!headings)
        return 0;
    buffer_reset(out);
    guint64 edits = write_headings(text, length, headings, out);
    gboolean same = out->length == length && (!length || memcmp(out->data, text, length) == 0);
    return same ? 0 : MAX(edits, 1); /* the blank lines around headings count as one */
}

/* SPDX-License-Identifier: Apache-2.0
 * Cuts at headings; see store/sections.h. */
#include "store/sections.h"

#include <string.h>

#define LEVELS 3
#define HEADING_BYTES 1024 /* of a heading that are compared */

/* 1 to 3; 0: the line is no heading. */
static int level_of(const char *line, const char *end)
{
    int level = 0;
    while (line + level < end && line[level] == '#')
        level++;
    return level <= LEVELS && level && line + level < end && line[level] == ' ' ? level : 0;
}

static gboolean is_lead(gunichar c, gboolean with_digits)
{
    return g_unichar_isspace(c) || g_unichar_ispunct(c) || (with_digits && g_unichar_isdigit(c));
}

static const char *skip_lead(const char *text, gboolean with_digits)
{
    while (*text && is_lead(g_utf8_get_char(text), with_digits))
        text = g_utf8_next_char(text);
    return text;
}

static gboolean begins_with(const char *heading, const char *name)
{
    const char *own = skip_lead(name, FALSE);
    g_autofree char *folded_name = g_utf8_casefold(own, -1);
    g_autofree char *folded =
        g_utf8_casefold(skip_lead(heading, !g_unichar_isdigit(g_utf8_get_char(own))), -1);
    return *folded_name && g_str_has_prefix(folded, folded_name);
}

/* The level of the line when it is a heading that matches one of the names; else 0. */
static int match(const char *line, const char *end, char *const *names)
{
    int level = level_of(line, end);
    if (!level)
        return 0;
    g_autofree char *raw = g_strndup(line + level, (gsize)MIN(end - line - level, HEADING_BYTES));
    g_autofree char *heading = g_utf8_make_valid(raw, -1);
    for (; *names; names++)
        if (begins_with(heading, *names))
            return level;
    return 0;
}

static const char *end_of_line(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (gsize)(end - line));
    return newline ? newline : end;
}

static const char *next_line(const char *line_end, const char *end)
{
    return line_end < end ? line_end + 1 : end;
}

gboolean sections_start(Buffer *text, char *const *names)
{
    const char *end = text->data + text->length;
    for (const char *line = text->data, *stop; line < end; line = next_line(stop, end)) {
        stop = end_of_line(line, end);
        if (!match(line, stop, names))
            continue;
        gsize kept = (gsize)(end - line);
        memmove(text->data, line, kept);
        buffer_truncate(text, kept);
        return TRUE;
    }
    return FALSE;
}

guint64 sections_stop(Buffer *text, char *const *names)
{
    const char *end = text->data + text->length;
    gsize kept = 0;
    guint64 removed = 0;
    int cut = 0; /* the level of the heading that began the cut; 0: none */
    for (const char *line = text->data, *stop; line < end; line = next_line(stop, end)) {
        stop = end_of_line(line, end);
        int level = level_of(line, stop), matched = match(line, stop, names);
        if (matched && (!cut || matched <= cut)) {
            cut = matched;
            removed++;
        } else if (cut && level && level <= cut) {
            cut = 0;
        }
        if (cut)
            continue;
        gsize length = (gsize)(next_line(stop, end) - line);
        memmove(text->data + kept, line, length);
        kept += length;
    }
    while (kept && text->data[kept - 1] == '\n')
        kept--;
    buffer_truncate(text, kept);
    return removed;
}

/* SPDX-License-Identifier: Apache-2.0
 * The headings of a text; see cleaning/outline.h. */
#include "cleaning/outline.h"

#include <string.h>

#include "cleaning/scan.h"

#define UNDERLINED_LIMIT 200 /* bytes of a line that may be a setext heading */

static gsize trim_end(const char *text, gsize from, gsize to)
{
    while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\t'))
        to--;
    return to;
}

static gboolean read_atx(const char *text, gsize at, gsize end, Heading *heading)
{
    gsize words = at;
    while (words < end && text[words] == '#')
        words++;
    if (words == at || (words < end && text[words] != ' ' && text[words] != '\t'))
        return FALSE;
    heading->level = (unsigned)MIN(words - at, 64);
    while (words < end && (text[words] == ' ' || text[words] == '\t'))
        words++;
    gsize words_end = trim_end(text, words, end), closing = words_end;
    while (closing > words && text[closing - 1] == '#')
        closing--;
    if (closing < words_end && (closing == words || text[closing - 1] == ' '))
        words_end = trim_end(text, words, closing);
    heading->words = words;
    heading->words_end = words_end;
    return TRUE;
}

/* The level that an underline gives to the line above it: 1, 2, or 0 when it is none. */
static unsigned underline_level(const char *text, gsize at, gsize end)
{
    end = trim_end(text, at, end);
    gsize next = at;
    while (next < end && text[next] == text[at])
        next++;
    if (next != end || end - at < 3)
        return 0;
    return text[at] == '=' ? 1 : text[at] == '-' ? 2 : 0;
}

static gboolean read_setext(const char *text, gsize at, gsize end, gsize length, gboolean after_blank, Heading *heading)
{
    gsize under = end + 1;
    if (under >= length || (text[under] != '=' && text[under] != '-') || !after_blank)
        return FALSE;
    gsize words_end = trim_end(text, at, end);
    if (words_end == at || words_end - at > UNDERLINED_LIMIT || strchr(" \t-|=", text[at]))
        return FALSE;
    gsize under_end = scan_line_end(text, under, length);
    heading->level = underline_level(text, under, under_end);
    heading->words = at;
    heading->words_end = words_end;
    heading->end = MIN(under_end + 1, length);
    return heading->level > 0;
}

static GArray *find(const char *text, gsize length)
{
    GArray *headings = NULL;
    gboolean after_blank = TRUE;
    for (gsize at = 0, next; at < length; at = next) {
        gsize end = scan_line_end(text, at, length);
        Heading heading = {.start = at, .end = MIN(end + 1, length)};
        next = heading.end;
        if ((text[at] == '#' && read_atx(text, at, end, &heading)) ||
            read_setext(text, at, end, length, after_blank, &heading)) {
            if (!headings)
                headings = g_array_new(FALSE, FALSE, sizeof(Heading));
            g_array_append_val(headings, heading);
            next = heading.end;
            after_blank = TRUE;
            continue;
        }
        after_blank = scan_is_blank(text, at, end);
        if (headings && !after_blank)
            g_array_index(headings, Heading, headings->len - 1).followed = TRUE;
    }
    return headings;
}

/* `levels` is the stack of the levels of the headings that are open; there are at most 64 different ones. */
static void set_depths(GArray *headings)
{
    unsigned levels[65], open = 0;
    for (guint i = 0; i < headings->len; i++) {
        Heading *heading = &g_array_index(headings, Heading, i);
        while (open && levels[open - 1] >= heading->level)
            open--;
        levels[open++] = heading->level;
        heading->depth = MIN(open, OUTLINE_DEEPEST);
    }
}

GArray *outline_find(const char *text, gsize length)
{
    GArray *headings = find(text, length);
    if (headings)
        set_depths(headings);
    return headings;
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "headings": every section heading is "# ", "## " or "### " with one blank line before and after.
 *
 * Read: ATX headings with any number of "#" and closing ones, and setext headings, a line underlined with "=" or "-"
 * (CommonMark 4.2, 4.3). Levels: the depth of a heading is one more than that of the last heading above it with fewer
 * "#", so the top is 1 and no level is skipped; deeper than 3 is written as 3.
 * A heading with nothing under it goes, and so does its parent if that leaves the parent with nothing: "References" of
 * a text whose references went. One that a deeper heading follows stays, and at depth 3 one that another of depth 3
 * follows stays too, since that one may have been deeper in the original.
 */
#include "cleaning/rules.h"

#include <string.h>

#include "cleaning/scan.h"

#define DEEPEST 3
#define UNDERLINED_LIMIT 200 /* bytes of a line that may be a setext heading */

typedef struct Heading {
    gsize start;       /* of its first line */
    gsize end;         /* behind its last newline, or the end of the text */
    gsize words;       /* its text */
    gsize words_end;
    unsigned level;    /* as written: number of "#" */
    unsigned depth;    /* 1 to DEEPEST */
    gboolean followed; /* text stands between it and the next heading */
    gboolean gone;
} Heading;

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

static GArray *find_headings(const char *text, gsize length)
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
        heading->depth = MIN(open, DEEPEST);
    }
}

static void mark_empty(GArray *headings)
{
    unsigned next_depth = 0; /* of the next heading that stays; 0 at the end of the text */
    for (guint i = headings->len; i-- > 0;) {
        Heading *heading = &g_array_index(headings, Heading, i);
        gboolean has_child = next_depth > heading->depth || (next_depth == heading->depth && next_depth == DEEPEST);
        heading->gone = heading->words == heading->words_end || (!heading->followed && !has_child);
        if (heading->gone && heading->followed)
            next_depth = DEEPEST + 1; /* an empty "##" goes, the text under it is its parent's */
        else if (!heading->gone)
            next_depth = heading->depth;
    }
}

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
    buffer_append_byte(out, ' ');
    buffer_append(out, text + heading->words, heading->words_end - heading->words);
}

static gboolean is_canonical(const char *text, const Heading *heading)
{
    return heading->level == heading->depth && heading->words == heading->start + heading->depth + 1 &&
           text[heading->start] == '#' && text[heading->start + heading->depth] == ' ' &&
           (heading->words_end == heading->end || text[heading->words_end] == '\n');
}

/* Returns how many headings went or are written in another way. */
static guint64 write_headings(const char *text, gsize length, const GArray *headings, Buffer *out)
{
    guint64 edits = 0;
    gsize at = 0;
    for (guint i = 0; i < headings->len; i++) {
        const Heading *heading = &g_array_index(headings, Heading, i);
        if (heading->start > at && out->length)
            buffer_append(out, "\n\n", 2);
        append_block(out, text, at, heading->start);
        if (!heading->gone)
            append_heading(out, text, heading);
        edits += heading->gone || !is_canonical(text, heading);
        at = skip_blank_lines(text, heading->end, length);
    }
    if (at < length && out->length)
        buffer_append(out, "\n\n", 2);
    buffer_append(out, text + at, length - at);
    return edits;
}

guint64 rule_headings(const char *text, gsize length, Buffer *out)
{
    g_autoptr(GArray) headings = find_headings(text, length);
    if (!headings)
        return 0;
    set_depths(headings);
    mark_empty(headings);
    buffer_reset(out);
    guint64 edits = write_headings(text, length, headings, out);
    gboolean same = out->length == length && (!length || memcmp(out->data, text, length) == 0);
    return same ? 0 : MAX(edits, 1); /* the blank lines around headings count as one */
}

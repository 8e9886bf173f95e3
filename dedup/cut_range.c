/* SPDX-License-Identifier: Apache-2.0
 * Cuts that leave readable text; see dedup/cut_range.h. */
#include "dedup/cut_range.h"

#include <string.h>
#include <unicode/utf8.h>
#include <wchar.h>

#include "dedup/word_list.h"

static gboolean is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Behind punctuation, but before a bracket that may open a mark such as [bib_ref]. */
static gsize skip_punctuation(const char *text, gsize length, gsize position)
{
    while (position < length && !g_ascii_isspace(text[position]) && text[position] != '[') {
        gsize next = position;
        UChar32 character;
        U8_NEXT((const guint8 *)text, next, length, character);
        if (word_character(character))
            break;
        position = next;
    }
    return position;
}

/* Before brackets and quotation marks that open what was closed behind the words. */
static gsize skip_opening(const char *text, gsize start)
{
    while (start > 0) {
        gint32 before = (gint32)start; /* a document's text is far shorter than that */
        UChar32 character;
        U8_PREV((const guint8 *)text, 0, before, character);
        if (character <= 0 || !wcschr(L"({\"'\u2018\u201c\u00ab", (wchar_t)character))
            break;
        start = (gsize)before;
    }
    return start;
}

/* Where the line begins, if nothing but blanks and punctuation stands between there and `start`; else `start`. */
static gsize line_start(const char *text, gsize start)
{
    gsize begin = start;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    for (gsize i = begin; i < start; i++)
        if (!is_blank(text[i]) && !g_ascii_ispunct(text[i]))
            return start;
    return memchr(text + begin, '[', start - begin) ? start : begin;
}

Cut cut_range(const char *text, gsize length, gsize start, gsize end)
{
    gsize closed = skip_punctuation(text, length, end);
    start = closed > end ? skip_opening(text, start) : start;
    end = closed;
    gsize begin = line_start(text, start), behind = end;
    while (behind < length && is_blank(text[behind]))
        behind++;
    gboolean ends_line = behind == length || text[behind] == '\n' || text[behind] == '\r';
    if ((begin == 0 || text[begin - 1] == '\n') && ends_line) {
        while (behind < length && g_ascii_isspace(text[behind]) && !is_blank(text[behind]))
            behind++;
        return (Cut){begin, behind - begin};
    }
    if (start == 0 || g_ascii_isspace(text[start - 1]))
        end = behind;
    return (Cut){start, end - start};
}

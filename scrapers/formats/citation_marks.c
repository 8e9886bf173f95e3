/* SPDX-License-Identifier: Apache-2.0
 * One pass over a line with marked citations; see citation_marks.h. */
#include "scrapers/formats/citation_marks.h"

#include <string.h>

/* The length of the separator at `at`: what may stand between two citations of one group. 0: none. */
static gsize separator_length(const char *at, const char *end)
{
    static const char *const words[] = {"\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x88\x92", "and ", "& "};
    if (at < end && strchr(",;- ", *at) && *at)
        return 1;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize size = strlen(words[i]);
        if ((gsize)(end - at) >= size && memcmp(at, words[i], size) == 0)
            return size;
    }
    return 0;
}

/* Appends one replacement with a blank before it, unless nothing or an opening bracket stands there. */
static void append_citation(Buffer *out, const char *text, gsize length)
{
    if (length == 0)
        return;
    if (out->length > 0 && !strchr(" ([{/", out->data[out->length - 1]))
        buffer_append_byte(out, ' ');
    buffer_append(out, text, length);
}

/* Copies a group of citations that begins at `at` (a begin mark), and returns its end. *filled counts those that were
 * not empty; *blank tells whether a blank stood between two of them. Separators between two members are dropped; `and` survives between citations that are words of a sentence
 * only when nothing but blanks would be lost, which is never: a group is a list. */
static const char *append_group(Buffer *out, const char *at, const char *end, unsigned *filled, gboolean *blank)
{
    for (;;) {
        const char *close = memchr(at, *CITATION_END, (gsize)(end - at));
        if (!close)
            return end;
        append_citation(out, at + 1, (gsize)(close - at) - 1);
        *filled += close - at > 1;
        at = close + 1;
        const char *next = at;
        for (gsize step; (step = separator_length(next, end)); next += step)
            ;
        if (next >= end || *next != *CITATION_BEGIN)
            return at;
        *blank |= memchr(at, ' ', (gsize)(next - at)) != NULL;
        at = next;
    }
}

static void trim_blank(Buffer *out)
{
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        buffer_truncate(out, out->length - 1);
}

/* The position of an opening bracket that ends `out`, blanks aside; out->length if there is none. */
static gsize opening_bracket(const Buffer *out)
{
    gsize at = out->length;
    while (at > 0 && out->data[at - 1] == ' ')
        at--;
    return at > 0 && strchr("[(", out->data[at - 1]) ? at - 1 : out->length;
}

static const char *closing_bracket(const char *at, const char *end, char open)
{
    while (at < end && (*at == ' ' || *at == ',' || *at == ';'))
        at++;
    return at < end && *at == (open == '[' ? ']' : ')') ? at : NULL;
}

/* Handles the group at `at`: brackets that hold nothing but the group go. Returns where to read on. */
static const char *resolve_group(Buffer *out, const char *at, const char *end)
{
    unsigned filled = 0;
    gboolean blank = FALSE;
    gsize bracket = opening_bracket(out);
    gboolean opened = bracket < out->length;
    char open = opened ? out->data[bracket] : 0;
    g_auto(Buffer) group;
    buffer_init(&group, out->limit);
    const char *behind = append_group(&group, at, end, &filled, &blank);
    const char *close = opened ? closing_bracket(behind, end, open) : NULL;
    if (close) {
        buffer_truncate(out, bracket);
        behind = close + 1;
    }
    if (filled > 0) {
        append_citation(out, group.data, group.length);
        if (end - behind > 1 && *behind == ' ' && strchr(".,;", behind[1]))
            behind++;
        if (behind < end && (g_ascii_isalnum(*behind) || (guchar)*behind >= 0x80 || strchr("([", *behind)))
            buffer_append_byte(out, ' ');
        return behind;
    }
    if (blank && out->length > 0 && behind < end && *behind != ' ' && out->data[out->length - 1] != ' ')
        buffer_append_byte(out, ' '); /* two marks with a blank between them, and none around */
    /* An empty group must not leave ", )" or two blanks. */
    if (out->length == 0 || out->data[out->length - 1] == ' ') {
        while (behind < end && *behind == ' ')
            behind++;
    }
    if (behind >= end || strchr(".,;:)]", *behind))
        trim_blank(out);
    if (behind < end && strchr(")]", *behind))
        while (out->length > 0 && strchr(",; ", out->data[out->length - 1]))
            buffer_truncate(out, out->length - 1);
    return behind;
}

void citation_marks_resolve(Buffer *line)
{
    Buffer out;
    buffer_init(&out, line->limit);
    const char *at = line->data, *end = line->data + line->length;
    while (at < end) {
        const char *mark = memchr(at, *CITATION_BEGIN, (gsize)(end - at));
        buffer_append(&out, at, (gsize)((mark ? mark : end) - at));
        at = mark ? resolve_group(&out, mark, end) : end;
    }
    trim_blank(&out);
    out.overflowed |= line->overflowed;
    buffer_clear(line);
    *line = out;
}

/* SPDX-License-Identifier: Apache-2.0
 * The rule "boilerplate", and which lines may be some; see cleaning/boilerplate.h. */
#include "cleaning/boilerplate.h"

#include <string.h>
#include <xxhash.h>

#include "cleaning/digits.h"
#include "cleaning/edit.h"
#include "cleaning/rules.h"
#include "cleaning/units.h"

#define LINE_LIMIT 1000

gboolean boilerplate_has(const Boilerplate *boilerplate, guint64 hash)
{
    gsize low = 0, high = boilerplate->hashes->len;
    while (low < high) {
        gsize middle = (low + high) / 2;
        guint64 at = g_array_index(boilerplate->hashes, guint64, middle);
        if (at == hash)
            return TRUE;
        if (at < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return FALSE;
}

static gboolean has_measure(const char *line, gsize length)
{
    for (gsize at = 0; (at = digits_find(line, at, length)) < length;) {
        at = digits_end(line, at, length);
        if (unit_follows(line, at, length))
            return TRUE;
    }
    return FALSE;
}

/* Letters and digits, in small letters; of what is not ASCII all but Latin-1's signs and general punctuation. */
static gsize fold(const char *line, gsize length, char *folded)
{
    gsize count = 0;
    for (gsize at = 0; at < length; at++) {
        guint8 byte = (guint8)line[at];
        if (byte == 0xc2)
            at++;
        else if (byte == 0xe2)
            at += 2;
        else if (byte >= 0x80 || g_ascii_isalnum(line[at]))
            folded[count++] = g_ascii_tolower(line[at]);
    }
    return count;
}

static guint64 count_words(const char *line, gsize length)
{
    guint64 words = 0;
    for (gsize at = 0; at < length; at++)
        words += line[at] != ' ' && line[at] != '\t' && (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t');
    return words;
}

guint64 boilerplate_hash(const char *line, gsize length, guint64 least_words)
{
    char folded[LINE_LIMIT];
    if (!length || length > LINE_LIMIT || line[0] == '#' || count_words(line, length) < least_words || has_measure(line, length))
        return 0;
    gsize count = fold(line, length, folded);
    guint64 hash = count ? XXH3_64bits(folded, count) : 0;
    return hash + (count && !hash);
}

/* The end of the line behind BOILERPLATE_LINES of them. */
static gsize first_lines_end(const char *text, gsize length)
{
    gsize at = 0;
    for (unsigned lines = 0; lines < BOILERPLATE_LINES && at < length; lines++)
        at = MIN(scan_line_end(text, at, length) + 1, length);
    return at;
}

static gsize last_lines_start(const char *text, gsize from, gsize length)
{
    gsize at = length;
    for (unsigned lines = 0; lines < BOILERPLATE_LINES && at > from; lines++) {
        const char *newline = at > from + 1 ? memrchr(text + from, '\n', at - from - 1) : NULL;
        at = newline ? (gsize)(newline - text) + 1 : from;
    }
    return at;
}

static void visit_range(const char *text, gsize from, gsize to, guint64 least_words, BoilerplateVisit visit, gpointer user)
{
    for (gsize at = from, end; at < to; at = end + 1) {
        end = scan_line_end(text, at, to);
        guint64 hash = boilerplate_hash(text + at, end - at, least_words);
        if (hash)
            visit(user, hash, at, end);
    }
}

void boilerplate_visit(const char *text, gsize length, guint64 least_words, BoilerplateVisit visit, gpointer user)
{
    gsize first = first_lines_end(text, length), last = last_lines_start(text, first, length);
    visit_range(text, 0, first, least_words, visit, user);
    visit_range(text, last, length, least_words, visit, user);
}

typedef struct Remover {
    Editor editor;
    const Boilerplate *boilerplate;
} Remover;

static void remove_line(gpointer user, guint64 hash, gsize start, gsize end)
{
    Remover *remover = user;
    if (boilerplate_has(remover->boilerplate, hash))
        editor_replace(&remover->editor, start, MIN(end + 1, remover->editor.length), "", 0);
}

guint64 rule_boilerplate(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Remover remover = {.boilerplate = context->boilerplate};
    editor_init(&remover.editor, text, length, out);
    boilerplate_visit(text, length, context->settings->boilerplate_words, remove_line, &remover);
    return editor_finish(&remover.editor);
}

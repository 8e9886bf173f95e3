/* SPDX-License-Identifier: Apache-2.0
 * Measures over words and characters; see cleaning/measure.h. */
#include "cleaning/measure.h"

#include <string.h>

void measure_begin(Measure *measure, const char *text, gsize length, gboolean exact)
{
    measure->text = text;
    measure->length = length;
    measure->exact = exact;
    measure->has_words = measure->has_lines = measure->has_bounds = FALSE;
}

void measure_clear(Measure *measure)
{
    words_clear(&measure->words);
    g_free(measure->table);
    *measure = (Measure){0};
}

const Words *measure_words(Measure *measure)
{
    if (!measure->has_words)
        words_split(&measure->words, measure->text, measure->length);
    measure->has_words = TRUE;
    return &measure->words;
}

gpointer measure_table(Measure *measure, gsize bytes)
{
    if (bytes > measure->table_size) {
        g_free(measure->table);
        measure->table = g_malloc(bytes);
        measure->table_size = bytes;
    }
    memset(measure->table, 0, bytes);
    return measure->table;
}

guint64 text_characters(const char *text, gsize length)
{
    guint64 characters = 0;
    for (gsize i = 0; i < length; i++)
        characters += ((guint8)text[i] & 0xc0) != 0x80;
    return characters;
}

double measure_word_length(Measure *measure)
{
    const Words *words = measure_words(measure);
    if (!words->count)
        return 0;
    guint64 white = measure->length - words->bytes; /* a byte each */
    return (double)(text_characters(measure->text, measure->length) - white) / (double)words->count;
}

/* "#" anywhere but in front of a heading. */
static guint64 count_hashes(const char *text, gsize length)
{
    guint64 count = 0;
    for (gsize at = 0; at < length;) {
        const char *hash = memchr(text + at, '#', length - at);
        if (!hash)
            break;
        gsize from = (gsize)(hash - text);
        for (at = from; at < length && text[at] == '#';)
            at++;
        if (from > 0 && text[from - 1] != '\n')
            count += at - from;
    }
    return count;
}

/* "..." and "…". */
static guint64 count_ellipses(const char *text, gsize length)
{
    guint64 count = 0;
    for (gsize at = 0; at + 2 < length;) {
        const char *dots = memmem(text + at, length - at, "...", 3);
        if (!dots)
            break;
        for (at = (gsize)(dots - text); at < length && text[at] == '.';)
            at++;
        count++;
    }
    for (gsize at = 0; at + 2 < length;) {
        const char *sign = memmem(text + at, length - at, "…", 3);
        if (!sign)
            break;
        at = (gsize)(sign - text) + 3;
        count++;
    }
    return count;
}

double measure_symbols(Measure *measure)
{
    guint64 words = MAX(measure_words(measure)->count, 1);
    guint64 hashes = count_hashes(measure->text, measure->length), ellipses = count_ellipses(measure->text, measure->length);
    return (double)MAX(hashes, ellipses) / (double)words;
}

static gboolean has_letter(const char *word, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (g_ascii_isalpha(word[i]) || (guint8)word[i] >= 0xc3) /* U+00C0 and above are letters, near enough */
            return TRUE;
    return FALSE;
}

double measure_words_with_letters(Measure *measure)
{
    const Words *words = measure_words(measure);
    guint64 with_letters = 0;
    for (gsize i = 0; i < words->count; i++)
        with_letters += has_letter(measure->text + words->items[i].start, words->items[i].length) != 0;
    return words->count ? (double)with_letters / (double)words->count : 1;
}

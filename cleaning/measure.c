/* SPDX-License-Identifier: Apache-2.0
 * Measures over words and characters; see cleaning/measure.h. */
#include "cleaning/measure.h"

#include <string.h>

#include "cleaning/scan.h"

void measure_begin(Measure *measure, const char *text, gsize length, gboolean exact)
{
    measure->text = text;
    measure->length = length;
    measure->exact = exact;
    measure->has_words = measure->has_prose = measure->has_lines = measure->has_bounds = measure->has_characters = FALSE;
}

void measure_clear(Measure *measure)
{
    words_clear(&measure->words);
    words_clear(&measure->prose);
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

/* The next bracket from `at` on that opens one of two tags of `size` bytes; `length`: there is none. */
static inline gsize next_tag(const char *text, gsize at, gsize length, const char *one, const char *other, gsize size)
{
    while (at + size <= length) {
        const char *bracket = memchr(text + at, '[', length - at);
        if (!bracket)
            return length;
        at = (gsize)(bracket - text);
        if (at + size <= length && (memcmp(bracket, one, size) == 0 || memcmp(bracket, other, size) == 0))
            return at;
        at++;
    }
    return length;
}

/* The next reference mark from `at` on, [*from, *to); FALSE: there is none that is closed. */
static gboolean next_mark(const char *text, gsize at, gsize length, gsize *from, gsize *to)
{
    *from = next_tag(text, at, length, "[bib_ref]", "[fig_ref]", strlen("[bib_ref]"));
    gsize close = next_tag(text, *from, length, "[/bib_ref]", "[/fig_ref]", strlen("[/bib_ref]"));
    *to = close + strlen("[/bib_ref]");
    return close < length;
}

const Words *measure_prose(Measure *measure)
{
    const Words *words = measure_words(measure);
    gsize from, to, word = 0;
    if (!measure->has_prose) {
        measure->prose.count = 0;
        measure->prose_length = measure->length;
        for (gsize at = 0; next_mark(measure->text, at, measure->length, &from, &to); at = to) {
            measure->prose_length -= to - from;
            word = words_copy(&measure->prose, words, word, from);
            while (word < words->count && words->items[word].start < to)
                word++;
        }
        if (word)
            words_copy(&measure->prose, words, word, measure->length);
    }
    measure->has_prose = TRUE;
    return measure->prose_length < measure->length ? &measure->prose : words;
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
    gsize at = 0;
    while (at + SCAN_BLOCK <= length) {
        ScanBlock sum = {0}; /* of -1 for each byte that begins a character; at most 127 of them */
        for (unsigned i = 0; i < 127 && at + SCAN_BLOCK <= length; i++, at += SCAN_BLOCK)
            sum += scan_load(text + at) > (signed char)0xbf;
        for (unsigned i = 0; i < SCAN_BLOCK; i++)
            characters += (guint64)-sum[i];
    }
    for (; at < length; at++)
        characters += ((guint8)text[at] & 0xc0) != 0x80;
    return characters;
}

gboolean measure_has_blanks(Measure *measure)
{
    const Words *words = measure_words(measure);
    return 2 * words->wide <= words->count;
}

double measure_word_length(Measure *measure)
{
    const Words *words = measure_words(measure);
    if (!words->count)
        return 0;
    if (!measure->has_characters)
        measure->characters = text_characters(measure->text, measure->length);
    measure->has_characters = TRUE;
    guint64 white = measure->length - words->bytes; /* a byte each */
    return (double)(measure->characters - white) / (double)words->count;
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
    for (gsize at = 0; (at = scan_pair(text, at, length, '.', '.', (char)0x80, (char)0xa6)) + 2 < length;) {
        gboolean dots = text[at] == '.' && text[at + 2] == '.', sign = text[at] != '.' && at > 0 && text[at - 1] == (char)0xe2;
        count += dots || sign;
        for (at += 2; dots && at < length && text[at] == '.';)
            at++;
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

double measure_words_with_letters(Measure *measure, double limit)
{
    const Words *words = measure_words(measure);
    gsize with_letters = 0, enough = measure->exact ? G_MAXSIZE : (gsize)(limit * (double)words->count) + 1;
    for (gsize i = 0; i < words->count && with_letters < enough; i++)
        with_letters += has_letter(measure->text + words->items[i].start, words->items[i].length) != 0;
    return words->count ? (double)with_letters / (double)words->count : 1;
}

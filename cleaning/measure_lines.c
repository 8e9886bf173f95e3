/* SPDX-License-Identifier: Apache-2.0
 * Counts over lines and paragraphs, repeated ones among them; see cleaning/measure.h.
 *
 * Gopher's fractions: a line or paragraph is a duplicate when the same bytes stood above. Equal XXH3 hashes of 64 bits
 * count as equal bytes. */
#include <string.h>
#include <xxhash.h>

#include "cleaning/measure.h"
#include "cleaning/scan.h"

#define LONG_LINE_WORDS 10

/* A set of hashes: open addressing over a table that is at most half full. 0 stands for an empty place. */
typedef struct HashSet {
    guint64 *slots;
    gsize mask;
} HashSet;

/* TRUE: it was there already. */
static gboolean set_add(HashSet *set, guint64 hash)
{
    hash += !hash;
    gsize at = hash & set->mask;
    while (set->slots[at] && set->slots[at] != hash)
        at = (at + 1) & set->mask;
    gboolean found = set->slots[at] != 0;
    set->slots[at] = hash;
    return found;
}

static gsize count_newlines(const char *text, gsize length)
{
    gsize count = 0, at = 0;
    while ((at = scan_line_end(text, at, length)) < length) {
        count++;
        at++;
    }
    return count;
}

static gboolean ends_with(const char *text, gsize from, gsize to, const char *suffix)
{
    gsize size = strlen(suffix);
    return to - from >= size && memcmp(text + to - size, suffix, size) == 0;
}

static void count_line(Measure *measure, HashSet *set, gsize from, gsize to, gsize words)
{
    LineCounts *counts = &measure->lines;
    const char *text = measure->text;
    counts->lines++;
    counts->bullets += text[from] == '-' && from + 1 < to && text[from + 1] == ' ';
    counts->ellipses += ends_with(text, from, to, "...") || ends_with(text, from, to, "…");
    counts->long_lines += words > LONG_LINE_WORDS;
    if (set_add(set, XXH3_64bits(text + from, to - from))) {
        counts->duplicates++;
        counts->duplicate_bytes += to - from;
    }
}

static void count_paragraph(Measure *measure, HashSet *set, gsize from, gsize to)
{
    LineCounts *counts = &measure->lines;
    counts->paragraphs++;
    if (set_add(set, XXH3_64bits_withSeed(measure->text + from, to - from, 1))) {
        counts->duplicate_paragraphs++;
        counts->duplicate_paragraph_bytes += to - from;
    }
}

static void count_lines(Measure *measure, HashSet *set)
{
    const Words *words = measure_words(measure);
    gsize word = 0, paragraph = G_MAXSIZE, paragraph_end = 0;
    for (gsize at = 0, end; at < measure->length; at = end + 1) {
        end = scan_line_end(measure->text, at, measure->length);
        gsize first = word;
        while (word < words->count && words->items[word].start < end)
            word++;
        if (word == first) { /* blank */
            if (paragraph != G_MAXSIZE)
                count_paragraph(measure, set, paragraph, paragraph_end);
            paragraph = G_MAXSIZE;
            continue;
        }
        if (paragraph == G_MAXSIZE)
            paragraph = words->items[first].start;
        paragraph_end = words->items[word - 1].start + words->items[word - 1].length;
        count_line(measure, set, words->items[first].start, paragraph_end, word - first);
    }
    if (paragraph != G_MAXSIZE)
        count_paragraph(measure, set, paragraph, paragraph_end);
}

const LineCounts *measure_lines(Measure *measure)
{
    if (measure->has_lines)
        return &measure->lines;
    measure_words(measure);
    gsize size = 16, entries = 2 * (count_newlines(measure->text, measure->length) + 1); /* a line and a paragraph each */
    while (size < 2 * entries)
        size *= 2;
    HashSet set = {measure_table(measure, size * sizeof *set.slots), size - 1};
    measure->lines = (LineCounts){0};
    count_lines(measure, &set);
    measure->has_lines = TRUE;
    return &measure->lines;
}

/* SPDX-License-Identifier: Apache-2.0
 * The drops "too-short" and "too-long": characters are code points, words are what blanks separate.
 *
 * Chinese and Japanese put no blanks between words: there each character counts as one. */
#include "cleaning/rules.h"

guint64 text_characters(const char *text, gsize length)
{
    guint64 characters = 0;
    for (gsize i = 0; i < length; i++)
        characters += ((guint8)text[i] & 0xc0) != 0x80;
    return characters;
}

/* U+3000 to U+9FFF: kana and Han begin with these bytes. */
static gboolean is_word_by_itself(char byte)
{
    return (guint8)byte >= 0xe3 && (guint8)byte <= 0xe9;
}

/* Words in the text, counted up to `enough`. */
static guint64 count_words(const char *text, gsize length, guint64 enough)
{
    guint64 words = 0;
    gboolean inside = FALSE;
    for (gsize i = 0; i < length && words < enough; i++) {
        gboolean white = text[i] == ' ' || text[i] == '\n' || text[i] == '\t';
        words += is_word_by_itself(text[i]) || (!white && !inside);
        inside = !white;
    }
    return words;
}

gboolean drop_length(const RecipeClean *settings, const char *text, gsize length, CleanReport *report)
{
    /* A character has at most four bytes: most texts need no counting. */
    guint64 characters = length;
    if (length / 4 < settings->min_characters || length > settings->max_characters)
        characters = text_characters(text, length);
    g_strlcpy(report->detail, "characters", sizeof report->detail);
    if (characters < settings->min_characters)
        return drop_document(report, "too-short", (double)characters, (double)settings->min_characters);
    if (characters > settings->max_characters)
        return drop_document(report, "too-long", (double)characters, (double)settings->max_characters);
    guint64 words = count_words(text, length, settings->min_words);
    g_strlcpy(report->detail, "words", sizeof report->detail);
    if (words < settings->min_words)
        return drop_document(report, "too-short", (double)words, (double)settings->min_words);
    report->detail[0] = '\0';
    return TRUE;
}

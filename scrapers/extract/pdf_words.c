/* SPDX-License-Identifier: Apache-2.0
 * The words of a document, and the hyphens at its line ends; see pdf_words.h. */
#include "scrapers/extract/pdf_words.h"

#include <string.h>

#define WORD_LIMIT 64 /* bytes; longer ones are not looked up */
#define SOFT_HYPHEN "\xc2\xad"

struct PdfWords {
    GHashTable *known; /* in lower case; with and without inner hyphens */
};

/* First parts that are words' own when the document does not say otherwise. */
static const char *const joined_parts[] = {"all", "cross", "ex", "half", "high", "long", "low", "quasi", "self", "short", "well"};

static gboolean is_word_character(gunichar c)
{
    return g_unichar_isalnum(c) || c == 0xad;
}

static void lower(GString *out, const char *text, gsize length)
{
    g_string_truncate(out, 0);
    for (const char *at = text; at < text + length; at = g_utf8_next_char(at))
        if (g_utf8_get_char(at) != 0xad)
            g_string_append_unichar(out, g_unichar_tolower(g_utf8_get_char(at)));
}

static void learn(PdfWords *words, GString *scratch, const char *text, gsize length)
{
    if (length < 2 || length > WORD_LIMIT)
        return;
    lower(scratch, text, length);
    if (!g_hash_table_contains(words->known, scratch->str))
        g_hash_table_add(words->known, g_strdup(scratch->str));
}

static gboolean ends_in_hyphen(const char *text)
{
    return g_str_has_suffix(text, "-") || g_str_has_suffix(text, SOFT_HYPHEN);
}

/* Learns the runs of letters in a line and the compounds that hyphens make of them. A run that a line's end cuts is no
 * word: `broken` tells that the line before ended in a hyphen. */
static void learn_line(PdfWords *words, GString *scratch, const char *text, gboolean broken)
{
    const char *compound = NULL;
    gboolean first = TRUE, cut = ends_in_hyphen(text);
    for (const char *at = text; *at;) {
        const char *start = at;
        while (*at && is_word_character(g_utf8_get_char(at)))
            at = g_utf8_next_char(at);
        gboolean whole = !(first && broken) && !(cut && at[0] == '-' && at[1] == '\0');
        if (at > start && whole)
            learn(words, scratch, start, (gsize)(at - start));
        first = FALSE;
        if (at > start && compound && whole)
            learn(words, scratch, compound, (gsize)(at - compound));
        if (at > start && !compound && whole)
            compound = start;
        if (*at != '-' || at == start)
            compound = NULL;
        if (*at)
            at = g_utf8_next_char(at);
    }
}

PdfWords *pdf_words_new(const PdfLayout *layout)
{
    PdfWords *words = g_new(PdfWords, 1);
    words->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GString *scratch = g_string_new(NULL);
    gboolean broken = FALSE;
    for (guint i = 0; i < layout->lines->len; i++) {
        const PdfLine *line = PDF_LINE(layout, i);
        if (line->furniture)
            continue;
        learn_line(words, scratch, line->text, broken);
        broken = ends_in_hyphen(line->text);
    }
    g_string_free(scratch, TRUE);
    return words;
}

void pdf_words_free(PdfWords *words)
{
    if (!words)
        return;
    g_hash_table_unref(words->known);
    g_free(words);
}

static gboolean knows(const PdfWords *words, const char *left, gsize left_length, const char *between, const char *right,
                      gsize right_length)
{
    g_autoptr(GString) tail = g_string_new(NULL);
    g_autoptr(GString) word = g_string_new(NULL);
    lower(word, left, left_length);
    lower(tail, right, right_length);
    g_string_append(word, between);
    g_string_append_len(word, tail->str, (gssize)tail->len);
    return g_hash_table_contains(words->known, word->str);
}

static gboolean is_joined_part(const char *text, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(joined_parts); i++)
        if (strlen(joined_parts[i]) == length && g_ascii_strncasecmp(text, joined_parts[i], length) == 0)
            return TRUE;
    return FALSE;
}

/* Whether the hyphen that `text` ends in is part of the word that goes on in `next`. */
static gboolean hyphen_stays(const PdfWords *words, const char *text, gsize length, const char *next)
{
    const char *end = text + length - 1, *start = end, *stop = next;
    while (start > text && is_word_character(g_utf8_get_char(g_utf8_prev_char(start))))
        start = g_utf8_prev_char(start);
    while (*stop && is_word_character(g_utf8_get_char(stop)))
        stop = g_utf8_next_char(stop);
    gsize left = (gsize)(end - start), right = (gsize)(stop - next);
    if (left == 0 || right == 0 || left > WORD_LIMIT || right > WORD_LIMIT || !pdf_starts_lower(next) ||
        g_ascii_isdigit(end[-1]))
        return TRUE;
    if (knows(words, start, left, "", next, right))
        return FALSE;
    if (knows(words, start, left, "-", next, right) || is_joined_part(start, left))
        return TRUE;
    return left > 2 && right > 3 && knows(words, start, left, "", "", 0) && knows(words, "", 0, "", next, right);
}

void pdf_words_join(const PdfWords *words, GString *text, const char *next)
{
    if (text->len == 0) {
        g_string_append(text, next);
        return;
    }
    if (g_str_has_suffix(text->str, SOFT_HYPHEN)) {
        g_string_truncate(text, text->len - strlen(SOFT_HYPHEN));
    } else if (text->str[text->len - 1] == '-' && text->len > 1 && text->str[text->len - 2] != ' ') {
        if (!hyphen_stays(words, text->str, text->len, next))
            g_string_truncate(text, text->len - 1);
    } else if (text->str[text->len - 1] != '/') {
        g_string_append_c(text, ' ');
    }
    g_string_append(text, next);
}

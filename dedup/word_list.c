/* SPDX-License-Identifier: Apache-2.0
 * Words with their places; see dedup/word_list.h. */
#include "dedup/word_list.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

gboolean word_character(gint32 character)
{
    if (character < 0x80)
        return character >= 0 && g_ascii_isalnum(character);
    return (U_GET_GC_MASK(character) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0;
}

static void reserve_folded(WordList *list, gsize length)
{
    gsize needed = 2 * length + U8_MAX_LENGTH; /* a character of two bytes or more may become one of four */
    if (needed <= list->folded_size)
        return;
    g_free(list->folded);
    list->folded = g_malloc(needed);
    list->folded_size = needed;
}

static void add_word(WordList *list, const Word *word)
{
    if (list->count == list->words_size) {
        list->words_size = MAX(256, 2 * list->words_size);
        list->words = g_renew(Word, list->words, list->words_size);
    }
    list->words[list->count++] = *word;
}

void word_list_run(WordList *list, const char *text, gsize length)
{
    const guint8 *bytes = (const guint8 *)text;
    gsize folded = 0;
    Word word = {0};
    gboolean inside = FALSE;
    reserve_folded(list, length);
    list->count = 0;
    for (gsize position = 0; position <= length;) {
        gsize start = position;
        UChar32 character = -1; /* the end, and bytes that are no UTF-8, separate words */
        if (position < length)
            U8_NEXT(bytes, position, length, character);
        else
            position++;
        gboolean belongs = word_character(character);
        if (belongs && !inside)
            word = (Word){.start = (guint32)start, .folded = (guint32)folded};
        if (belongs)
            U8_APPEND_UNSAFE((guint8 *)list->folded, folded, u_tolower(character));
        if (inside && !belongs) {
            word.end = (guint32)start;
            word.folded_length = (guint32)folded - word.folded;
            add_word(list, &word);
        }
        inside = belongs;
    }
}

void word_list_clear(WordList *list)
{
    g_free(list->words);
    g_free(list->folded);
    *list = (WordList){0};
}

gboolean word_list_equal(const WordList *a, gsize i, const WordList *b, gsize k, gsize count)
{
    for (gsize end = i + count; i < end; i++, k++) {
        const Word *left = &a->words[i], *right = &b->words[k];
        if (left->folded_length != right->folded_length ||
            memcmp(a->folded + left->folded, b->folded + right->folded, left->folded_length) != 0)
            return FALSE;
    }
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0
 * Language detection; see cleaning/language.h. */
#include "cleaning/language.h"

#include <string.h>


#define SAMPLE_PIECES 10
#define SAMPLE_PIECE 500
#define WORD_LIMIT 100 /* how far to look for the end of a word; scripts without blanks have none */

static gboolean is_white(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t';
}

/* The first word boundary from `at` on, or, where none is near, the first character boundary. */
static gsize next_boundary(const char *text, gsize at, gsize length)
{
    gsize limit = MIN(length, at + WORD_LIMIT);
    for (gsize white = at; white < limit; white++)
        if (is_white(text[white]))
            return white;
    while (at < length && ((guint8)text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

Cld2Guess language_detect(const char *text, gsize length)
{
    if (length <= SAMPLE_PIECES * SAMPLE_PIECE)
        return cld2_detect(text, length);
    char sample[SAMPLE_PIECES * (SAMPLE_PIECE + WORD_LIMIT + 1) + 1];
    gsize used = 0, stride = (length - SAMPLE_PIECE) / (SAMPLE_PIECES - 1);
    for (gsize i = 0; i < SAMPLE_PIECES; i++) {
        gsize from = i ? next_boundary(text, i * stride, length) : 0;
        gsize to = next_boundary(text, MIN(i * stride + SAMPLE_PIECE, length), length);
        memcpy(sample + used, text + from, to - from);
        used += to - from;
        sample[used++] = ' ';
    }
    sample[used] = '\0';
    return cld2_detect(sample, used);
}

Cld2Guess language_measure(Measure *measure)
{
    if (english_is_sure(english_shares(&measure->english, measure_words(measure), measure->text)))
        return (Cld2Guess){"en", 1};
    return language_detect(measure->text, measure->length);
}

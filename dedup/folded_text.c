/* SPDX-License-Identifier: Apache-2.0
 * Words in lower case, zero bytes between; see dedup/folded_text.h. */
#include "dedup/folded_text.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

FoldedText *folded_text_new(void)
{
    FoldedText *folded = g_new0(FoldedText, 1);
    folded->backend = fold_backend();
    return folded;
}

void folded_text_free(FoldedText *folded)
{
    if (!folded)
        return;
    g_free(folded->bytes);
    g_free(folded);
}

/* A character of two bytes or more may become one of four. */
static void reserve(FoldedText *folded, gsize length)
{
    gsize needed = 2 * length + U8_MAX_LENGTH + FOLD_BLOCK + FOLDED_PADDING;
    if (needed <= folded->size)
        return;
    g_free(folded->bytes);
    folded->bytes = g_malloc(needed);
    folded->size = needed;
}

/* One character above 127; returns the position behind it. */
static gsize fold_character(FoldedText *folded, const guint8 *text, gsize position, gsize length)
{
    UChar32 character;
    U8_NEXT(text, position, length, character);
    if (character >= 0 && (U_GET_GC_MASK(character) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0)
        U8_APPEND_UNSAFE(folded->bytes, folded->length, u_tolower(character));
    else
        folded->bytes[folded->length++] = 0;
    return position;
}

void folded_text_set(FoldedText *folded, const char *text, gsize length)
{
    const guint8 *bytes = (const guint8 *)text;
    reserve(folded, length);
    folded->length = 0;
    gsize position = 0;
    for (;;) {
        gsize ascii = folded->backend->ascii(bytes + position, length - position, folded->bytes + folded->length);
        position += ascii;
        folded->length += ascii;
        if (position == length)
            break;
        while (position < length && bytes[position] >= 0x80)
            position = fold_character(folded, bytes, position, length);
    }
    memset(folded->bytes + folded->length, 0, FOLDED_PADDING);
}

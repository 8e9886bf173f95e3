/* SPDX-License-Identifier: Apache-2.0
 * The hash of a normalised title; see dedup/title.h. */
#include "dedup/title.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/buffer.h"

/* Titles are compared by their first bytes; no real title is longer. */
#define LONGEST ((gsize)64 << 10)

Hash128 title_hash(const char *title, guint32 *characters)
{
    *characters = 0;
    g_auto(Buffer) buffer;
    buffer_init(&buffer, 4 * LONGEST);
    gsize length = title ? strnlen(title, LONGEST) : 0;
    for (gsize position = 0; position < length;) {
        UChar32 character;
        U8_NEXT(title, position, length, character);
        if (character < 0 || (U_GET_GC_MASK(character) & (U_GC_L_MASK | U_GC_N_MASK)) == 0)
            continue;
        buffer_append_codepoint(&buffer, (gunichar)u_tolower(character));
        ++*characters;
    }
    return hash128(buffer.data, buffer.length);
}

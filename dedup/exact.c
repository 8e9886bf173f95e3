/* SPDX-License-Identifier: Apache-2.0
 * The hash of a text without case and spacing; see dedup/exact.h. */
#include "dedup/exact.h"

Hash128 exact_hash(const char *text, gsize length, char *scratch)
{
    gsize written = 0;
    for (gsize i = 0; i < length; i++) {
        char byte = text[i];
        gboolean space = byte == ' ' || (byte >= '\t' && byte <= '\r');
        if (!space)
            scratch[written++] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
        else if (written > 0 && scratch[written - 1] != ' ')
            scratch[written++] = ' ';
    }
    if (written > 0 && scratch[written - 1] == ' ')
        written--;
    return hash128(scratch, written);
}

/* SPDX-License-Identifier: Apache-2.0
 * The hash of a text without case and spacing; see dedup/exact.h. */
#include "dedup/exact.h"

static inline char fold(char byte)
{
    if (byte >= '\t' && byte <= '\r')
        return ' ';
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

Hash128 exact_hash(const char *text, gsize length, char *scratch)
{
    gsize written = 0;
    char before = ' ';
    for (gsize i = 0; i < length; i++) {
        char byte = fold(text[i]);
        /* Written in any case, kept or not: a branch on white space would be mispredicted at every word. */
        scratch[written] = byte;
        written += (gsize)((byte != ' ') | (before != ' '));
        before = byte;
    }
    if (written > 0 && scratch[written - 1] == ' ')
        written--;
    return hash128(scratch, written);
}

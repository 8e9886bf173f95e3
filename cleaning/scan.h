/* SPDX-License-Identifier: Apache-2.0
 * cleaning/scan.h - sixteen bytes at a time: how the rules skip text that cannot interest them.
 *
 * A rule looks for a byte or a pair of bytes that may start an edit, and reads nothing else closely. The blocks are the
 * vector extension of gcc and clang, which becomes SSE2, NEON or plain words. Comparisons give -1 or 0 in each lane.
 * Loads are unaligned; the caller keeps sixteen bytes (seventeen for a pair) inside the text.
 */
#ifndef CLEANING_SCAN_H
#define CLEANING_SCAN_H

#include <glib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SCAN_BLOCK 16
typedef signed char ScanBlock __attribute__((vector_size(SCAN_BLOCK)));

static inline ScanBlock scan_load(const char *bytes)
{
    ScanBlock block;
    memcpy(&block, bytes, sizeof block);
    return block;
}

static inline gboolean scan_any(ScanBlock lanes)
{
    guint64 words[2];
    memcpy(words, &lanes, sizeof words);
    return (words[0] | words[1]) != 0;
}

/* Is the byte one of a set of characters below U+0040? The set is an OR of SCAN_IN. */
#define SCAN_IN(character) (G_GUINT64_CONSTANT(1) << (character))
static inline gboolean scan_in(char byte, guint64 set)
{
    return (guint8)byte < 64 && (set >> byte & 1);
}

/* A bit for each lane, the first lane's lowest. */
static inline guint scan_mask(ScanBlock lanes)
{
#if defined(__SSE2__) /* one instruction that the compilers do not find by themselves */
    return (guint)_mm_movemask_epi8((__m128i)lanes);
#else
    guint64 words[2];
    memcpy(words, &lanes, sizeof words);
    /* Each byte is 0 or 255; the product gathers the lowest bits of eight bytes in the highest byte. */
    const guint64 ones = G_GUINT64_CONSTANT(0x0101010101010101), gather = G_GUINT64_CONSTANT(0x0102040810204080);
    guint64 low = (GUINT64_FROM_LE(words[0]) & ones) * gather >> 56, high = (GUINT64_FROM_LE(words[1]) & ones) * gather >> 56;
    return (guint)(low | high << 8);
#endif
}

/* The first place from `at` on at which two bytes in a row are `a`, `b` or `c`, `d`; `length` or more where there is none. */
static inline gsize scan_pair(const char *text, gsize at, gsize length, char a, char b, char c, char d)
{
    for (; at + SCAN_BLOCK < length; at += SCAN_BLOCK) {
        ScanBlock here = scan_load(text + at), ahead = scan_load(text + at + 1);
        ScanBlock found = ((here == a) & (ahead == b)) | ((here == c) & (ahead == d));
        if (scan_any(found))
            return at + (gsize)__builtin_ctz(scan_mask(found));
    }
    for (; at + 1 < length; at++)
        if ((text[at] == a && text[at + 1] == b) || (text[at] == c && text[at + 1] == d))
            return at;
    return length;
}

/* The end of the line that starts at or before `at`: the position of its newline, or `length`. */
static inline gsize scan_line_end(const char *text, gsize at, gsize length)
{
    const char *newline = at < length ? memchr(text + at, '\n', length - at) : NULL;
    return newline ? (gsize)(newline - text) : length;
}

static inline gboolean scan_is_blank(const char *text, gsize from, gsize to)
{
    while (from < to && (text[from] == ' ' || text[from] == '\t'))
        from++;
    return from == to;
}

#endif

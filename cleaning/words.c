/* SPDX-License-Identifier: Apache-2.0
 * A text cut at its white space, sixty-four bytes at a time; see cleaning/words.h. */
#include "cleaning/words.h"

#include <string.h>

#include "cleaning/scan.h"

#define STEP 64 /* bytes: as many as a mask has bits */

#define PRIME_1 G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define PRIME_2 G_GUINT64_CONSTANT(0xc2b2ae3d27d4eb4f)

static inline guint64 load(const char *bytes, gsize count)
{
    guint64 word = 0;
    memcpy(&word, bytes, count);
    return GUINT64_FROM_LE(word);
}

static inline guint32 fold(guint64 hash)
{
    hash ^= hash >> 29;
    hash *= PRIME_2;
    return (guint32)(hash >> 32);
}

/* `safe`: eight bytes may be read from `word`, however short it is. */
static inline guint32 hash_word(const char *word, gsize length, gboolean safe)
{
    if (length <= 8) {
        guint64 bytes = safe ? load(word, 8) : load(word, length);
        if (length < 8)
            bytes &= (G_GUINT64_CONSTANT(1) << (8 * length)) - 1;
        return fold((bytes ^ length) * PRIME_1);
    }
    guint64 hash = length;
    for (gsize at = 0; at + 8 < length; at += 8)
        hash = (hash ^ load(word + at, 8)) * PRIME_1, hash ^= hash >> 32;
    return fold((hash ^ load(word + length - 8, 8)) * PRIME_1);
}

guint32 word_hash(const char *word, gsize length)
{
    return hash_word(word, length, FALSE);
}

static void reserve(Words *words, gsize more)
{
    if (words->count + more <= words->capacity)
        return;
    words->capacity = MAX(2 * words->capacity, words->count + more + 1024);
    words->items = g_renew(Word, words->items, words->capacity);
}

static inline void append(Words *words, const char *text, gsize start, gsize end, gsize length)
{
    words->items[words->count++] = (Word){(guint32)start, (guint32)(end - start), hash_word(text + start, end - start, start + 8 <= length)};
    words->bytes += end - start;
}

static gboolean is_wide(char byte)
{
    return (guint8)byte >= 0xe3 && (guint8)byte <= 0xe9;
}

/* A run without blanks that holds wide characters: each of these is a word, and so is what stands between them. */
static void append_wide(Words *words, const char *text, gsize start, gsize end, gsize length)
{
    reserve(words, end - start + STEP);
    for (gsize at = start; at < end;) {
        gsize next = at + 1;
        if (is_wide(text[at])) {
            next = MIN(at + 3, end);
            words->wide++;
        } else {
            while (next < end && !is_wide(text[next]))
                next++;
        }
        append(words, text, at, next, length);
        at = next;
    }
}

/* A bit for each of sixty-four bytes: white space; *wide: there may be wide characters. */
static guint64 read_step(const char *bytes, gboolean *wide)
{
    guint64 white = 0;
    ScanBlock any = {0};
    for (unsigned i = 0; i < STEP / SCAN_BLOCK; i++) {
        ScanBlock block = scan_load(bytes + i * SCAN_BLOCK);
        white |= (guint64)scan_mask((block >= 0) & (block <= 0x20)) << (i * SCAN_BLOCK);
        any |= (block >= (signed char)0xe3) & (block <= (signed char)0xe9);
    }
    *wide = scan_any(any);
    return white;
}

void words_split(Words *words, const char *text, gsize length)
{
    char tail[STEP];
    gsize start = 0, wide_end = 0; /* of the word at hand; behind the last step with wide characters */
    guint64 before = 1;            /* was the byte before white? */
    words->count = words->wide = 0;
    words->bytes = 0;
    for (gsize at = 0; at <= length; at += STEP) {
        gboolean wide;
        const char *bytes = text + at;
        if (length - at < STEP) {
            memset(tail, ' ', sizeof tail);
            memcpy(tail, bytes, length - at);
            bytes = tail;
        }
        guint64 white = read_step(bytes, &wide), changes = white ^ (white << 1 | before);
        before = white >> 63;
        if (wide)
            wide_end = at + STEP;
        reserve(words, STEP);
        for (; changes; changes &= changes - 1) {
            gsize position = at + (gsize)__builtin_ctzll(changes);
            if (!(white >> (position - at) & 1))
                start = position;
            else if (wide_end > start)
                append_wide(words, text, start, position, length);
            else
                append(words, text, start, position, length);
        }
    }
}

gsize words_copy(Words *words, const Words *from, gsize first, gsize end)
{
    gsize last = first;
    while (last < from->count && from->items[last].start + from->items[last].length <= end)
        last++;
    if (last > first) {
        reserve(words, last - first);
        memcpy(words->items + words->count, from->items + first, (last - first) * sizeof *words->items);
        words->count += last - first;
    }
    return last;
}

void words_clear(Words *words)
{
    g_free(words->items);
    *words = (Words){0};
}

/* SPDX-License-Identifier: Apache-2.0
 * A text cut at its white space, sixty-four bytes at a time; see cleaning/words.h. */
#include "cleaning/words.h"

#include <string.h>

#include "cleaning/scan.h"

#define STEP 64 /* bytes: as many as a mask has bits */
#define BATCH 512 /* words that are hashed at once: they are still in the cache */

#define PRIME_1 G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define PRIME_2 G_GUINT64_CONSTANT(0xc2b2ae3d27d4eb4f)
#define PRIME_3 G_GUINT64_CONSTANT(0x165667b19e3779f9)

static inline guint64 load(const char *bytes)
{
    guint64 word;
    memcpy(&word, bytes, sizeof word);
    return GUINT64_FROM_LE(word);
}

static inline guint32 fold(guint64 hash)
{
    hash ^= hash >> 29;
    hash *= PRIME_2;
    return (guint32)(hash >> 32);
}

/* Sixteen bytes may be read from `word`, however short it is. Most words have no more, and take no branch: a window on
 * `mask` blanks out what is behind them. */
static inline guint32 hash_word(const char *word, gsize length)
{
    static const char mask[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    const char *window = mask + 16 - MIN(length, 16);
    guint64 low = load(word) & load(window), high = load(word + 8) & load(window + 8);
    guint64 hash = (low ^ length) * PRIME_1 + (high ^ high >> 31) * PRIME_3;
    for (gsize at = 16; at < length; at += 8) {
        guint64 rest = load(word + MIN(at, length - 8));
        hash = ((hash ^ hash >> 32) + rest) * PRIME_1;
    }
    return fold(hash);
}

static guint32 hash_last_word(const char *word, gsize length)
{
    char copy[32] = {0};
    if (length > sizeof copy - 16)
        return hash_word(word, length);
    memcpy(copy, word, length);
    return hash_word(copy, length);
}

guint32 word_hash(const char *word, gsize length)
{
    return hash_last_word(word, length);
}

static void reserve(Words *words, gsize more)
{
    if (words->count + more <= words->capacity)
        return;
    words->capacity = MAX(2 * words->capacity, words->count + more + 1024);
    words->items = g_renew(Word, words->items, words->capacity);
}

/* Hashes come later, for many words in a row: the loop that finds words and the one that hashes them are both short. */
static inline void append(Words *words, gsize start, gsize end)
{
    words->items[words->count++] = (Word){(guint32)start, (guint32)(end - start), 0};
}

/* Those from the index `first` on. */
static void hash_words(Words *words, gsize first, const char *text, gsize length)
{
    guint64 bytes = 0;
    for (gsize i = first; i < words->count; i++) {
        Word *word = &words->items[i];
        const char *start = text + word->start;
        word->hash = word->start + 16 <= length ? hash_word(start, word->length) : hash_last_word(start, word->length);
        bytes += word->length;
    }
    words->bytes += bytes;
}

static gboolean is_wide(char byte)
{
    return (guint8)byte >= 0xe3 && (guint8)byte <= 0xe9;
}

/* A run without blanks that holds wide characters: each of these is a word, and so is what stands between them. */
static void append_wide(Words *words, const char *text, gsize start, gsize end)
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
        append(words, at, next);
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

typedef struct Splitter {
    Words *words;
    const char *text;
    gsize start;    /* of the word at hand, when `inside` */
    gsize wide_end; /* behind the last step with wide characters */
    gboolean inside;
} Splitter;

static inline void end_word(Splitter *splitter, gsize start, gsize end)
{
    if (splitter->wide_end > start)
        append_wide(splitter->words, splitter->text, start, end);
    else
        append(splitter->words, start, end);
}

/* The words that lie in a step at `at`, none of them wide. */
static inline guint64 append_all(Words *words, gsize at, guint64 starts, guint64 ends)
{
    Word *word = words->items + words->count;
    for (; ends; ends &= ends - 1, starts &= starts - 1) {
        int start = __builtin_ctzll(starts);
        word->start = (guint32)at + (guint32)start;
        word->length = (guint32)(__builtin_ctzll(ends) - start);
        word++;
    }
    words->count = (gsize)(word - words->items);
    return starts;
}

/* The words that end in a step at `at`. A word starts where white space ends, and the other way round. */
static inline void split_step(Splitter *splitter, gsize at, guint64 white)
{
    guint64 shifted = white << 1 | !splitter->inside, starts = ~white & shifted, ends = white & ~shifted;
    if (splitter->inside && ends) {
        end_word(splitter, splitter->start, at + (gsize)__builtin_ctzll(ends));
        ends &= ends - 1;
        splitter->inside = FALSE;
    }
    if (splitter->wide_end > at)
        for (; ends; ends &= ends - 1, starts &= starts - 1)
            end_word(splitter, at + (gsize)__builtin_ctzll(starts), at + (gsize)__builtin_ctzll(ends));
    else
        starts = append_all(splitter->words, at, starts, ends);
    if (starts) {
        splitter->start = at + (gsize)__builtin_ctzll(starts);
        splitter->inside = TRUE;
    }
}

void words_split(Words *words, const char *text, gsize length)
{
    char tail[STEP];
    Splitter splitter = {.words = words, .text = text};
    gsize hashed = 0;
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
        guint64 white = read_step(bytes, &wide);
        if (wide)
            splitter.wide_end = at + STEP;
        reserve(words, STEP);
        split_step(&splitter, at, white);
        if (words->count - hashed >= BATCH) {
            hash_words(words, hashed, text, length);
            hashed = words->count;
        }
    }
    hash_words(words, hashed, text, length);
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

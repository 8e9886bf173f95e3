/* SPDX-License-Identifier: Apache-2.0
 * Words and their hashes; see dedup/word.h. */
#include "dedup/word.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define VECTOR 16
#define BLOCK 64 /* bytes whose borders of words fit one mask */
/* Zero bytes behind the folded text: a whole block, and what a word's last load may read past it. */
#define PADDING (BLOCK + VECTOR)

typedef guint8 Bytes __attribute__((vector_size(VECTOR)));

struct WordHasher {
    guint8 *folded; /* the text as words in lower case, separated by zero bytes */
    gsize folded_length;
    gsize folded_size;
    guint64 *hashes;
    gsize count;
    gsize size;
};

WordHasher *word_hasher_new(void)
{
    return g_new0(WordHasher, 1);
}

void word_hasher_free(WordHasher *hasher)
{
    if (!hasher)
        return;
    g_free(hasher->folded);
    g_free(hasher->hashes);
    g_free(hasher);
}

static guint8 fold_byte(guint8 byte)
{
    guint8 lower = byte | 0x20;
    if ((guint8)(lower - 'a') < 26)
        return lower;
    return (guint8)(byte - '0') < 10 ? byte : 0;
}

/* fold_byte of VECTOR bytes; FALSE and nothing written when one of them is not ASCII. */
static inline gboolean fold_vector(const guint8 *text, guint8 *folded)
{
    guint64 halves[2];
    memcpy(halves, text, VECTOR);
    if ((halves[0] | halves[1]) & 0x8080808080808080u)
        return FALSE;
    Bytes bytes;
    memcpy(&bytes, text, VECTOR);
    Bytes lower = bytes | 0x20;
    Bytes letters = (Bytes)(lower - 'a' < 26), digits = (Bytes)(bytes - '0' < 10);
    Bytes result = (lower & letters) | (bytes & digits);
    memcpy(folded, &result, VECTOR);
    return TRUE;
}

/* One character of any length; returns the position behind it. */
static gsize fold_character(WordHasher *hasher, const guint8 *text, gsize position, gsize length)
{
    if (text[position] < 0x80) {
        hasher->folded[hasher->folded_length++] = fold_byte(text[position]);
        return position + 1;
    }
    UChar32 character;
    U8_NEXT(text, position, length, character);
    if (character >= 0 && (U_GET_GC_MASK(character) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0)
        U8_APPEND_UNSAFE(hasher->folded, hasher->folded_length, u_tolower(character));
    else
        hasher->folded[hasher->folded_length++] = 0;
    return position;
}

/* A character of two bytes or more may become one of four. */
static void reserve_folded(WordHasher *hasher, gsize length)
{
    gsize needed = 2 * length + U8_MAX_LENGTH + PADDING;
    if (needed <= hasher->folded_size)
        return;
    g_free(hasher->folded);
    hasher->folded = g_malloc(needed);
    hasher->folded_size = needed;
}

static void fold(WordHasher *hasher, const guint8 *text, gsize length)
{
    reserve_folded(hasher, length);
    hasher->folded_length = 0;
    gsize position = 0;
    while (position < length) {
        if (length - position >= VECTOR && fold_vector(text + position, hasher->folded + hasher->folded_length)) {
            position += VECTOR;
            hasher->folded_length += VECTOR;
            continue;
        }
        gsize end = MIN(position + VECTOR, length);
        while (position < end)
            position = fold_character(hasher, text, position, length);
    }
    memset(hasher->folded + hasher->folded_length, 0, PADDING);
}

/* Bit i: byte i of the block belongs to a word. */
static inline guint64 word_mask(const guint8 *block)
{
    guint64 mask = 0;
    for (unsigned part = 0; part < BLOCK / VECTOR; part++) {
        Bytes bytes;
        guint64 halves[2];
        memcpy(&bytes, block + part * VECTOR, VECTOR);
        bytes = (Bytes)(bytes != 0) & 1;
        memcpy(halves, &bytes, VECTOR);
        for (unsigned half = 0; half < 2; half++) {
            /* The product gathers the lowest bit of each byte in the uppermost byte. */
            guint64 gathered = (GUINT64_FROM_LE(halves[half]) * 0x0102040810204080u) >> 56;
            mask |= gathered << (part * VECTOR + half * 8);
        }
    }
    return mask;
}

static inline guint64 fold_product(guint64 a, guint64 b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (guint64)product ^ (guint64)(product >> 64);
}

static inline guint64 load_u64(const guint8 *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

/* All ones in the lowest `bytes` bytes, for 0 to 8 and more. */
static inline guint64 keep_bytes(gsize bytes)
{
    return bytes >= 8 ? G_MAXUINT64 : ((guint64)1 << (8 * bytes)) - 1;
}

/* At least VECTOR bytes must be readable from `word` on, and from every VECTORth byte of it. */
static inline guint64 hash_word(const guint8 *word, gsize length)
{
    guint64 hash = length * 0x9e3779b97f4a7c15u;
    while (length > VECTOR) {
        hash = fold_product(load_u64(word) ^ hash ^ 0xa0761d6478bd642fu, load_u64(word + 8) ^ 0xe7037ed1a0b428dbu);
        word += VECTOR;
        length -= VECTOR;
    }
    guint64 low = load_u64(word) & keep_bytes(length);
    guint64 high = load_u64(word + 8) & keep_bytes(length > 8 ? length - 8 : 0);
    hash = fold_product(low ^ hash ^ 0xa0761d6478bd642fu, high ^ 0xe7037ed1a0b428dbu);
    return fold_product(hash ^ 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u);
}

static inline void add_word(WordHasher *hasher, gsize start, gsize end)
{
    hasher->hashes[hasher->count++] = hash_word(hasher->folded + start, end - start);
}

/* A block begins or ends at most as many words as it has bytes. */
static void reserve_hashes(WordHasher *hasher)
{
    if (hasher->size - hasher->count >= BLOCK)
        return;
    hasher->size = MAX(1024, 2 * hasher->size);
    hasher->hashes = g_renew(guint64, hasher->hashes, hasher->size);
}

static void hash_words(WordHasher *hasher)
{
    hasher->count = 0;
    gsize start = 0;
    guint64 inside = 0; /* 1: a word that began at `start` goes on */
    /* The padding ends a word that ends with the text. */
    for (gsize block = 0; block <= hasher->folded_length; block += BLOCK) {
        guint64 mask = word_mask(hasher->folded + block);
        guint64 borders = mask ^ (mask << 1 | inside);
        reserve_hashes(hasher);
        for (; borders; borders &= borders - 1) {
            gsize place = block + (gsize)__builtin_ctzll(borders);
            if (inside)
                add_word(hasher, start, place);
            start = place;
            inside ^= 1;
        }
    }
}

guint64 *word_hasher_run(WordHasher *hasher, const char *text, gsize length, gsize *count)
{
    fold(hasher, (const guint8 *)text, length);
    hash_words(hasher);
    *count = hasher->count;
    return hasher->hashes;
}

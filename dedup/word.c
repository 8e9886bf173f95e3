/* SPDX-License-Identifier: Apache-2.0
 * Words and their hashes; see dedup/word.h. */
#include "dedup/word.h"

#include <string.h>

#define VECTOR 16 /* bytes of a word that are hashed at once */
#define BATCH 128 /* blocks whose borders are listed at once */

struct WordHasher {
    guint64 *hashes;
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
    g_free(hasher->hashes);
    g_free(hasher);
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

/* From VECTOR - n on: n bytes of ones, then zeros. */
static const guint8 ones_then_zeros[2 * VECTOR] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* At least VECTOR bytes must be readable from `word` on, and from every VECTORth byte of it. */
static inline guint64 hash_word(const guint8 *word, gsize length)
{
    guint64 hash = length * 0x9e3779b97f4a7c15u;
    while (length > VECTOR) {
        hash = fold_product(load_u64(word) ^ hash ^ 0xa0761d6478bd642fu, load_u64(word + 8) ^ 0xe7037ed1a0b428dbu);
        word += VECTOR;
        length -= VECTOR;
    }
    const guint8 *keep = ones_then_zeros + VECTOR - length;
    guint64 low = load_u64(word) & load_u64(keep), high = load_u64(word + 8) & load_u64(keep + 8);
    return fold_product(low ^ hash ^ 0xa0761d6478bd642fu, high ^ 0xe7037ed1a0b428dbu);
}

/* A batch ends at most as many words as half of its bytes, and one that began before. */
static guint64 *reserve(WordHasher *hasher, gsize count)
{
    gsize needed = count + BATCH * FOLD_BLOCK / 2 + 1;
    if (needed > hasher->size) {
        hasher->size = MAX(needed, 2 * hasher->size);
        hasher->hashes = g_renew(guint64, hasher->hashes, hasher->size);
    }
    return hasher->hashes + count;
}

/* Whole words of a list of borders. */
static gsize hash_words(const guint8 *bytes, const guint32 *places, gsize borders, guint64 *hashes)
{
    for (gsize i = 0; i < borders / 2; i++)
        hashes[i] = hash_word(bytes + places[2 * i], places[2 * i + 1] - places[2 * i]);
    return borders / 2;
}

guint64 *word_hasher_run(WordHasher *hasher, const FoldedText *folded, gsize *count)
{
    guint32 places[1 + BATCH * FOLD_BLOCK];
    gsize open = 0; /* 1: the batch before began a word, whose place is the first */
    gsize begun = 0;
    *count = 0;
    /* The padding ends a word that ends with the text. */
    gsize blocks = folded->length / FOLD_BLOCK + 1;
    for (gsize block = 0; block < blocks; block += BATCH) {
        const guint8 *bytes = folded->bytes + block * FOLD_BLOCK;
        gsize borders = open + folded->backend->borders(bytes, MIN(BATCH, blocks - block), open, places + open);
        guint64 *hashes = reserve(hasher, *count);
        if (open && borders > 1) {
            *hashes = hash_word(folded->bytes + begun, (gsize)(bytes - folded->bytes) + places[1] - begun);
            *count += 1 + hash_words(bytes, places + 2, borders - 2, hashes + 1);
        } else {
            *count += hash_words(bytes, places, borders, hashes);
        }
        if (borders % 2 && borders > open)
            begun = block * FOLD_BLOCK + places[borders - 1];
        open = borders % 2;
    }
    return hasher->hashes;
}

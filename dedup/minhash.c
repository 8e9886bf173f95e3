/* SPDX-License-Identifier: Apache-2.0
 * Fast Similarity Sketching; see dedup/minhash.h. */
#include "dedup/minhash.h"

#include <string.h>

/* A position: the round in the upper bits, then the value. */
#define VALUE_BITS 28
#define EMPTY G_MAXUINT32

/* A bijection, another one for each round or position. */
static inline guint64 rehash(guint64 hash, guint64 number)
{
    hash = (hash ^ number * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    hash = (hash ^ (hash >> 32)) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 32);
}

/* Written in any case, changed or not: a branch on it would be mispredicted often. */
static inline void throw(guint64 hash, guint32 round, unsigned permutations, guint32 *signature)
{
    guint32 place = (guint32)((hash >> 32) * permutations >> 32);
    guint32 value = round << VALUE_BITS | (guint32)hash >> (32 - VALUE_BITS);
    guint32 before = signature[place];
    signature[place] = value < before ? value : before;
}

static gboolean has_empty(const guint32 *signature, unsigned permutations)
{
    guint32 highest = 0;
    for (unsigned i = 0; i < permutations; i++)
        highest = MAX(highest, signature[i]);
    return highest == EMPTY;
}

static void fill(const guint64 *hashes, gsize count, guint32 *signature, unsigned place)
{
    guint64 lowest = G_MAXUINT64;
    for (gsize i = 0; i < count; i++)
        lowest = MIN(lowest, rehash(hashes[i], MINHASH_ROUNDS + place));
    signature[place] = (guint32)MINHASH_ROUNDS << VALUE_BITS | (guint32)(lowest >> (64 - VALUE_BITS));
}

void minhash_sign(const guint64 *hashes, gsize count, guint32 *signature, unsigned permutations)
{
    memset(signature, 0xff, permutations * sizeof signature[0]);
    if (count == 0)
        return;
    for (gsize i = 0; i < count; i++)
        throw(hashes[i], 0, permutations, signature);
    for (guint32 round = 1; round < MINHASH_ROUNDS && has_empty(signature, permutations); round++) {
        for (gsize i = 0; i < count; i++)
            throw(rehash(hashes[i], round), round, permutations, signature);
    }
    for (unsigned place = 0; place < permutations; place++) {
        if (signature[place] == EMPTY)
            fill(hashes, count, signature, place);
    }
}

#define LANES 4

typedef guint32 Lanes __attribute__((vector_size(LANES * sizeof(guint32))));

unsigned minhash_matches(const void *a, const void *b, unsigned permutations)
{
    const char *left = a, *right = b;
    Lanes counts = {0};
    unsigned i = 0;
    for (; i + LANES <= permutations; i += LANES) {
        Lanes x, y;
        memcpy(&x, left + i * sizeof(guint32), sizeof x);
        memcpy(&y, right + i * sizeof(guint32), sizeof y);
        counts -= (Lanes)(x == y); /* all ones is minus one */
    }
    unsigned matches = counts[0] + counts[1] + counts[2] + counts[3];
    for (; i < permutations; i++)
        matches += memcmp(left + i * sizeof(guint32), right + i * sizeof(guint32), sizeof(guint32)) == 0;
    return matches;
}

/* SPDX-License-Identifier: Apache-2.0
 * Fast Similarity Sketching; see dedup/minhash.h. */
#include "dedup/minhash.h"

#include <string.h>

#include "dedup/minhash_round.h"

/* A position: the round in the upper bits, then the value. */
#define VALUE_BITS 28

/* Written in any case, changed or not: a branch on it would be mispredicted often. */
static inline void throw(guint64 hash, guint32 round, unsigned permutations, guint32 *signature)
{
    guint32 place = minhash_place(hash, permutations);
    guint32 value = round << VALUE_BITS | (guint32)hash >> (32 - VALUE_BITS);
    guint32 before = signature[place];
    signature[place] = value < before ? value : before;
}

static void throw_again(const MinhashBackend *backend, const guint64 *hashes, gsize count, guint32 round,
                        const guint64 *empty, unsigned permutations, guint32 *signature)
{
    guint64 kept[MINHASH_BLOCK + MINHASH_SPARE];
    for (gsize first = 0; first < count; first += MINHASH_BLOCK) {
        gsize found = backend->choose(hashes + first, MIN(count - first, MINHASH_BLOCK), round, empty, permutations, kept);
        for (gsize i = 0; i < found; i++)
            throw(kept[i], round, permutations, signature);
    }
}

static void fill(const guint64 *hashes, gsize count, guint32 *signature, unsigned place)
{
    guint64 lowest = G_MAXUINT64;
    for (gsize i = 0; i < count; i++)
        lowest = MIN(lowest, minhash_rehash(hashes[i], MINHASH_ROUNDS + place));
    signature[place] = (guint32)MINHASH_ROUNDS << VALUE_BITS | (guint32)(lowest >> (64 - VALUE_BITS));
}

void minhash_sign(const guint64 *hashes, gsize count, guint32 *signature, unsigned permutations)
{
    memset(signature, 0xff, permutations * sizeof signature[0]);
    if (count == 0)
        return;
    for (gsize i = 0; i < count; i++)
        throw(hashes[i], 0, permutations, signature);
    const MinhashBackend *backend = minhash_backend(permutations);
    guint64 empty[(MINHASH_MAX_PERMUTATIONS + 63) / 64];
    gboolean holes = backend->mark(signature, permutations, empty);
    for (guint32 round = 1; round < MINHASH_ROUNDS && holes; round++) {
        throw_again(backend, hashes, count, round, empty, permutations, signature);
        holes = backend->mark(signature, permutations, empty);
    }
    for (unsigned place = 0; holes && place < permutations; place++) {
        if (signature[place] == MINHASH_EMPTY)
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

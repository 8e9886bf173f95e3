/* SPDX-License-Identifier: Apache-2.0
 * The choice of instruction set, and the loops without vectors; see dedup/minhash_round.h. */
#include "dedup/minhash_round.h"

const MinhashBackend *minhash_backend(unsigned permutations)
{
#if defined(__x86_64__)
    if (permutations <= MINHASH_AVX512_MOST && __builtin_cpu_supports("avx512dq"))
        return &minhash_backend_avx512;
#endif
    return &minhash_backend_portable;
}

static gboolean mark(const guint32 *signature, unsigned permutations, guint64 *empty)
{
    guint64 any = 0;
    for (unsigned first = 0; first < permutations; first += 64) {
        guint64 word = 0;
        for (unsigned i = 0; i < MIN(permutations - first, 64); i++)
            word |= (guint64)(signature[first + i] == MINHASH_EMPTY) << i;
        empty[first / 64] = word;
        any |= word;
    }
    return any != 0;
}

/* Written in any case, kept or not: a branch on it would be mispredicted often. */
static gsize choose(const guint64 *hashes, gsize count, guint64 round, const guint64 *empty, unsigned permutations, guint64 *kept)
{
    gsize found = 0;
    for (gsize i = 0; i < count; i++) {
        guint64 hash = minhash_rehash(hashes[i], round);
        guint32 place = minhash_place(hash, permutations);
        kept[found] = hash;
        found += empty[place / 64] >> place % 64 & 1;
    }
    return found;
}

const MinhashBackend minhash_backend_portable = {"portable", mark, choose};

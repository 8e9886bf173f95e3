/* SPDX-License-Identifier: Apache-2.0
 * dedup/minhash_round.h - the later rounds of a MinHash signature: which elements fall into positions that are still empty.
 *
 * A value of an earlier round is smaller than those of a later one (dedup/minhash.h), so a later round can change nothing but what
 * is empty; after the first round that is a few positions of a hundred. A round therefore rehashes all elements, which vectors do
 * well, and hands on the few that matter.
 *
 * `mark` sets bit p of `empty` where position p of the signature is MINHASH_EMPTY; FALSE: none is.
 *
 * `choose` takes at most MINHASH_BLOCK elements, and what `mark` wrote. Those that fall where a position is empty are written to `kept` in
 * the order of the elements, rehashed; it has room for MINHASH_BLOCK + MINHASH_SPARE numbers. The number of them is returned.
 *
 * minhash_backend chooses when the program runs: AVX-512 for up to MINHASH_AVX512_MOST positions, portable loops otherwise. Both give the
 * same numbers.
 */
#ifndef DEDUP_MINHASH_ROUND_H
#define DEDUP_MINHASH_ROUND_H

#include <glib.h>

#define MINHASH_EMPTY G_MAXUINT32
#define MINHASH_BLOCK 512
#define MINHASH_SPARE 8
#define MINHASH_AVX512_MOST 512 /* bits of one register */

typedef struct MinhashBackend {
    const char *name; /* "avx512" or "portable" */
    gboolean (*mark)(const guint32 *signature, unsigned permutations, guint64 *empty);
    gsize (*choose)(const guint64 *hashes, gsize count, guint64 round, const guint64 *empty, unsigned permutations, guint64 *kept);
} MinhashBackend;

const MinhashBackend *minhash_backend(unsigned permutations);

extern const MinhashBackend minhash_backend_portable;
#if defined(__x86_64__)
extern const MinhashBackend minhash_backend_avx512;
#endif

/* A bijection, another one for each round. */
#define MINHASH_STEP 0x9e3779b97f4a7c15u
#define MINHASH_FIRST 0xff51afd7ed558ccdu
#define MINHASH_SECOND 0xc4ceb9fe1a85ec53u

static inline guint64 minhash_rehash(guint64 hash, guint64 round)
{
    hash = (hash ^ round * MINHASH_STEP) * MINHASH_FIRST;
    hash = (hash ^ (hash >> 32)) * MINHASH_SECOND;
    return hash ^ (hash >> 32);
}

/* The position that a hash falls into. */
static inline guint32 minhash_place(guint64 hash, unsigned permutations)
{
    return (guint32)((hash >> 32) * permutations >> 32);
}

#endif

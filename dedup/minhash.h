/* SPDX-License-Identifier: Apache-2.0
 * dedup/minhash.h - MinHash signatures: the share of equal positions estimates the Jaccard similarity of two sets.
 *
 * Broder, "On the resemblance and containment of documents" (1997). Position i of a signature is the smallest value of
 * p_i(h) = a_i * h + b_i mod 2^32 over all elements, where h is the upper half of the element's 64-bit hash, a_i is odd
 * and both come from the seed. p_i is a bijection of the 32-bit numbers whose upper bits depend on every bit of h
 * (multiply-shift hashing: Dietzfelbinger et al. 1997), and it costs one multiplication in a SIMD lane. Every element
 * counts. Because h is itself a good hash, the estimate is unbiased up to |union| / 2^32, with the variance of
 * independent draws, J (1 - J) / permutations; tests/unit/test_minhash.c measures both.
 *
 * Sequence: m = minhash_new(112, seed); minhash_sign(m, hashes, n, signature); minhash_free(m).
 * `signature` is room for `permutations` numbers; an empty set signs as all ones. A MinHash is immutable and may be
 * used by many threads. The instruction set is chosen when the program runs and never changes a result.
 */
#ifndef DEDUP_MINHASH_H
#define DEDUP_MINHASH_H

#include <glib.h>

#define MINHASH_MAX_PERMUTATIONS 4096

typedef struct MinHash MinHash;

MinHash *minhash_new(unsigned permutations, guint64 seed); /* 1 <= permutations <= MINHASH_MAX_PERMUTATIONS */
void minhash_free(MinHash *minhash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MinHash, minhash_free)
void minhash_sign(const MinHash *minhash, const guint64 *hashes, gsize count, guint32 *signature);
/* The share of equal positions, 0 to 1. */
double minhash_estimate(const guint32 *a, const guint32 *b, unsigned permutations);

/* The implementations, fastest first, for tests and benchmarks. minhash_use takes one by name ("avx512", "avx2",
 * "scalar") and returns FALSE when this machine or build does not have it. */
extern const char *const minhash_backend_names[];
gboolean minhash_use(MinHash *minhash, const char *backend);
const char *minhash_backend(const MinHash *minhash);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * MinHash with AVX2: 32 permutations at a time stay in registers; see dedup/minhash_backend.h. */
#include "dedup/minhash_backend.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define LANES 8

AVX2 static inline __m256i load(const guint32 *numbers)
{
    return _mm256_load_si256((const __m256i *)(const void *)numbers);
}

AVX2 static inline __m256i lower(__m256i lowest, __m256i multiply, __m256i hash, __m256i add)
{
    return _mm256_min_epu32(lowest, _mm256_add_epi32(_mm256_mullo_epi32(multiply, hash), add));
}

AVX2 static void four_vectors(const guint32 *multiply, const guint32 *add, const guint64 *hashes, gsize count,
                              guint32 *lowest)
{
    __m256i a0 = load(multiply), a1 = load(multiply + LANES), a2 = load(multiply + 2 * LANES),
            a3 = load(multiply + 3 * LANES);
    __m256i b0 = load(add), b1 = load(add + LANES), b2 = load(add + 2 * LANES), b3 = load(add + 3 * LANES);
    __m256i m0 = load(lowest), m1 = load(lowest + LANES), m2 = load(lowest + 2 * LANES), m3 = load(lowest + 3 * LANES);
    for (gsize k = 0; k < count; k++) {
        __m256i hash = _mm256_set1_epi32((int)(hashes[k] >> 32));
        m0 = lower(m0, a0, hash, b0);
        m1 = lower(m1, a1, hash, b1);
        m2 = lower(m2, a2, hash, b2);
        m3 = lower(m3, a3, hash, b3);
    }
    __m256i *out = (__m256i *)(void *)lowest;
    _mm256_store_si256(out, m0);
    _mm256_store_si256(out + 1, m1);
    _mm256_store_si256(out + 2, m2);
    _mm256_store_si256(out + 3, m3);
}

AVX2 static void two_vectors(const guint32 *multiply, const guint32 *add, const guint64 *hashes, gsize count,
                             guint32 *lowest)
{
    __m256i a0 = load(multiply), a1 = load(multiply + LANES);
    __m256i b0 = load(add), b1 = load(add + LANES);
    __m256i m0 = load(lowest), m1 = load(lowest + LANES);
    for (gsize k = 0; k < count; k++) {
        __m256i hash = _mm256_set1_epi32((int)(hashes[k] >> 32));
        m0 = lower(m0, a0, hash, b0);
        m1 = lower(m1, a1, hash, b1);
    }
    _mm256_store_si256((__m256i *)(void *)lowest, m0);
    _mm256_store_si256((__m256i *)(void *)(lowest + LANES), m1);
}

AVX2 void minhash_loop_avx2(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes,
                            gsize count, guint32 *lowest)
{
    gsize i = 0;
    for (; i + 4 * LANES <= width; i += 4 * LANES)
        four_vectors(multiply + i, add + i, hashes, count, lowest + i);
    for (; i < width; i += 2 * LANES)
        two_vectors(multiply + i, add + i, hashes, count, lowest + i);
}

#endif

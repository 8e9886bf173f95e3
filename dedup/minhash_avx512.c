/* SPDX-License-Identifier: Apache-2.0
 * MinHash with AVX-512F: 112 permutations at a time stay in registers; see dedup/minhash_backend.h. */
#include "dedup/minhash_backend.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))
#define LANES 16

AVX512 static inline __m512i load(const guint32 *numbers)
{
    return _mm512_load_si512((const void *)numbers);
}

AVX512 static inline __m512i lower(__m512i lowest, __m512i multiply, __m512i hash, __m512i add)
{
    return _mm512_min_epu32(lowest, _mm512_add_epi32(_mm512_mullo_epi32(multiply, hash), add));
}

/* Seven vectors are the default recipe's 112 permutations; 7 x 3 registers and two temporaries of the 32. */
AVX512 static void seven_vectors(const guint32 *multiply, const guint32 *add, const guint64 *hashes, gsize count,
                                 guint32 *lowest)
{
    __m512i a0 = load(multiply), a1 = load(multiply + LANES), a2 = load(multiply + 2 * LANES),
            a3 = load(multiply + 3 * LANES);
    __m512i a4 = load(multiply + 4 * LANES), a5 = load(multiply + 5 * LANES), a6 = load(multiply + 6 * LANES);
    __m512i b0 = load(add), b1 = load(add + LANES), b2 = load(add + 2 * LANES), b3 = load(add + 3 * LANES);
    __m512i b4 = load(add + 4 * LANES), b5 = load(add + 5 * LANES), b6 = load(add + 6 * LANES);
    __m512i m0 = load(lowest), m1 = load(lowest + LANES), m2 = load(lowest + 2 * LANES), m3 = load(lowest + 3 * LANES);
    __m512i m4 = load(lowest + 4 * LANES), m5 = load(lowest + 5 * LANES), m6 = load(lowest + 6 * LANES);
    for (gsize k = 0; k < count; k++) {
        __m512i hash = _mm512_set1_epi32((int)(hashes[k] >> 32));
        m0 = lower(m0, a0, hash, b0);
        m1 = lower(m1, a1, hash, b1);
        m2 = lower(m2, a2, hash, b2);
        m3 = lower(m3, a3, hash, b3);
        m4 = lower(m4, a4, hash, b4);
        m5 = lower(m5, a5, hash, b5);
        m6 = lower(m6, a6, hash, b6);
    }
    _mm512_store_si512(lowest, m0);
    _mm512_store_si512(lowest + LANES, m1);
    _mm512_store_si512(lowest + 2 * LANES, m2);
    _mm512_store_si512(lowest + 3 * LANES, m3);
    _mm512_store_si512(lowest + 4 * LANES, m4);
    _mm512_store_si512(lowest + 5 * LANES, m5);
    _mm512_store_si512(lowest + 6 * LANES, m6);
}

AVX512 static void one_vector(const guint32 *multiply, const guint32 *add, const guint64 *hashes, gsize count,
                              guint32 *lowest)
{
    __m512i a = load(multiply), b = load(add), m = load(lowest);
    for (gsize k = 0; k < count; k++)
        m = lower(m, a, _mm512_set1_epi32((int)(hashes[k] >> 32)), b);
    _mm512_store_si512(lowest, m);
}

AVX512 void minhash_loop_avx512(const guint32 *multiply, const guint32 *add, gsize width, const guint64 *hashes,
                                gsize count, guint32 *lowest)
{
    gsize i = 0;
    for (; i + 7 * LANES <= width; i += 7 * LANES)
        seven_vectors(multiply + i, add + i, hashes, count, lowest + i);
    for (; i < width; i += LANES)
        one_vector(multiply + i, add + i, hashes, count, lowest + i);
}

#endif

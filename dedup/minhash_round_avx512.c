/* SPDX-License-Identifier: Apache-2.0
 * A round with AVX-512, eight elements at a time; see dedup/minhash_round.h. */
#include "dedup/minhash_round.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512dq,popcnt")))
#define LANES 8

AVX512 static inline __m512i rehash(__m512i hashes, __m512i step)
{
    hashes = _mm512_mullo_epi64(_mm512_xor_si512(hashes, step), _mm512_set1_epi64((gint64)MINHASH_FIRST));
    hashes = _mm512_xor_si512(hashes, _mm512_srli_epi64(hashes, 32));
    hashes = _mm512_mullo_epi64(hashes, _mm512_set1_epi64((gint64)MINHASH_SECOND));
    return _mm512_xor_si512(hashes, _mm512_srli_epi64(hashes, 32));
}

/* The bits of `empty` at these places: a permutation finds the word, a shift the bit. */
AVX512 static inline __mmask8 are_empty(__m512i places, __m512i empty)
{
    __m512i words = _mm512_permutexvar_epi64(_mm512_srli_epi64(places, 6), empty);
    __m512i bits = _mm512_srlv_epi64(words, _mm512_and_si512(places, _mm512_set1_epi64(63)));
    return _mm512_test_epi64_mask(bits, _mm512_set1_epi64(1));
}

#define WIDE 16

AVX512 static gboolean mark(const guint32 *signature, unsigned permutations, guint64 *empty)
{
    guint64 words[LANES] = {0}, any = 0;
    for (unsigned i = 0; i < permutations; i += WIDE) {
        __mmask16 there = permutations - i >= WIDE ? 0xffff : (__mmask16)((1u << (permutations - i)) - 1);
        __m512i values = _mm512_maskz_loadu_epi32(there, signature + i);
        guint64 bits = _mm512_mask_cmpeq_epi32_mask(there, values, _mm512_set1_epi32((gint32)MINHASH_EMPTY));
        words[i / 64] |= bits << i % 64;
        any |= bits;
    }
    memcpy(empty, words, (permutations + 63) / 64 * sizeof words[0]);
    return any != 0;
}

AVX512 static gsize choose(const guint64 *hashes, gsize count, guint64 round, const guint64 *empty, unsigned permutations, guint64 *kept)
{
    guint64 words[LANES] = {0};
    memcpy(words, empty, (permutations + 63) / 64 * sizeof words[0]);
    __m512i all = _mm512_loadu_si512(words), step = _mm512_set1_epi64((gint64)(round * MINHASH_STEP));
    gsize found = 0;
    for (gsize i = 0; i < count; i += LANES) {
        __mmask8 there = count - i >= LANES ? 0xff : (__mmask8)((1u << (count - i)) - 1);
        __m512i rehashed = rehash(_mm512_maskz_loadu_epi64(there, hashes + i), step);
        __m512i places = _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(rehashed, 32), _mm512_set1_epi64(permutations)), 32);
        __mmask8 good = are_empty(places, all) & there;
        _mm512_storeu_si512(kept + found, _mm512_maskz_compress_epi64(good, rehashed));
        found += (gsize)__builtin_popcount(good);
    }
    return found;
}

const MinhashBackend minhash_backend_avx512 = {"avx512", mark, choose};

#endif

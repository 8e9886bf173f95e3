/* SPDX-License-Identifier: Apache-2.0
 * Folding with AVX-512, 64 bytes at a time; see dedup/fold.h. */
#include "dedup/fold.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,bmi,popcnt")))
#define VECTOR 64

AVX512 static inline __mmask64 within(__m512i bytes, char low, char high)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(low)), _mm512_set1_epi8((char)(high - low)));
}

AVX512 static inline void fold(__m512i bytes, guint8 *folded)
{
    __m512i lower = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    __m512i result = _mm512_or_si512(_mm512_maskz_mov_epi8(within(lower, 'a', 'z'), lower),
                                     _mm512_maskz_mov_epi8(within(bytes, '0', '9'), bytes));
    _mm512_storeu_si512(folded, result);
}

AVX512 gsize fold_ascii_avx512(const guint8 *text, gsize length, guint8 *folded)
{
    for (gsize position = 0; position < length; position += VECTOR) {
        gsize left = length - position;
        __mmask64 wanted = left >= VECTOR ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
        __m512i bytes = _mm512_maskz_loadu_epi8(wanted, text + position);
        fold(bytes, folded + position);
        __mmask64 above = _mm512_movepi8_mask(bytes);
        if (above)
            return position + (gsize)__builtin_ctzll(above);
    }
    return length;
}

/* As in fold_avx2.c. */
#define USUAL 24

AVX512 static inline guint32 *list_bits(guint64 bits, guint32 base, guint32 *out)
{
    unsigned count = (unsigned)__builtin_popcountll(bits);
    guint32 *end = out + count;
    for (unsigned i = 0; i < USUAL; i++, bits &= bits - 1)
        out[i] = base + (guint32)_tzcnt_u64(bits);
    for (unsigned i = USUAL; i < count; i++, bits &= bits - 1)
        out[i] = base + (guint32)_tzcnt_u64(bits);
    return end;
}

AVX512 gsize fold_borders_avx512(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places)
{
    guint32 *out = places;
    for (gsize block = 0; block < blocks; block++, folded += FOLD_BLOCK) {
        __m512i bytes = _mm512_loadu_si512(folded);
        guint64 mask = _mm512_test_epi8_mask(bytes, bytes);
        out = list_bits(mask ^ (mask << 1 | inside), (guint32)(block * FOLD_BLOCK), out);
        inside = mask >> 63;
    }
    return (gsize)(out - places);
}

#endif

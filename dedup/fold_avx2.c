/* SPDX-License-Identifier: Apache-2.0
 * Folding with AVX2, 32 bytes at a time; see dedup/fold.h. */
#include "dedup/fold.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define VECTOR 32

AVX2 static inline __m256i load(const guint8 *bytes)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

/* All ones where low <= byte <= high, as unsigned numbers. */
AVX2 static inline __m256i within(__m256i bytes, char low, char high)
{
    __m256i above = _mm256_sub_epi8(bytes, _mm256_set1_epi8(low));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(above, _mm256_set1_epi8((char)(high - low))), above);
}

AVX2 static inline void fold(__m256i bytes, guint8 *folded)
{
    __m256i lower = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    __m256i result = _mm256_or_si256(_mm256_and_si256(lower, within(lower, 'a', 'z')),
                                     _mm256_and_si256(bytes, within(bytes, '0', '9')));
    _mm256_storeu_si256((__m256i *)(void *)folded, result);
}

AVX2 gsize fold_ascii_avx2(const guint8 *text, gsize length, guint8 *folded)
{
    gsize position = 0;
    for (; length - position >= VECTOR; position += VECTOR) {
        __m256i bytes = load(text + position);
        fold(bytes, folded + position);
        guint32 above = (guint32)_mm256_movemask_epi8(bytes);
        if (above)
            return position + (gsize)__builtin_ctz(above);
    }
    guint8 rest[VECTOR] = {0};
    if (length > position)
        memcpy(rest, text + position, length - position);
    __m256i bytes = load(rest);
    fold(bytes, folded + position);
    guint32 above = (guint32)_mm256_movemask_epi8(bytes);
    return above ? position + (gsize)__builtin_ctz(above) : length;
}

/* Writes the places of the lowest USUAL bits in any case, so that no branch depends on how many words a block has; few
 * blocks have more. What is written too much, the next block overwrites. */
#define USUAL 24

AVX2 static inline guint32 *list_bits(guint64 bits, guint32 base, guint32 *out)
{
    unsigned count = (unsigned)__builtin_popcountll(bits);
    guint32 *end = out + count;
    for (unsigned i = 0; i < USUAL; i++, bits &= bits - 1)
        out[i] = base + (guint32)_tzcnt_u64(bits);
    for (unsigned i = USUAL; i < count; i++, bits &= bits - 1)
        out[i] = base + (guint32)_tzcnt_u64(bits);
    return end;
}

AVX2 gsize fold_borders_avx2(const guint8 *folded, gsize blocks, guint64 inside, guint32 *places)
{
    const __m256i zero = _mm256_setzero_si256();
    guint32 *out = places;
    for (gsize block = 0; block < blocks; block++, folded += FOLD_BLOCK) {
        guint64 low = (guint32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(folded), zero));
        guint64 high = (guint32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(folded + VECTOR), zero));
        guint64 mask = ~(high << 32 | low);
        out = list_bits(mask ^ (mask << 1 | inside), (guint32)(block * FOLD_BLOCK), out);
        inside = mask >> 63;
    }
    return (gsize)(out - places);
}

#endif

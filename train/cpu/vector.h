/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/vector.h - one register of numbers at the level of processors that a file is compiled for.
 *
 * Where a level has registers worth programming for (AVX2 with FMA, AVX-512), CPU_VECTOR_BYTES is their size, and there are the
 * type Vector, of CPU_LANES numbers, and what is done with it here. Sums, products and comparisons are the compiler's own.
 */
#ifndef TRAIN_CPU_VECTOR_H
#define TRAIN_CPU_VECTOR_H

#include "train/real.h"

#if defined __AVX512F__
#define CPU_VECTOR_BYTES 64
#elif defined __AVX2__ && defined __FMA__
#define CPU_VECTOR_BYTES 32
#endif

#ifdef CPU_VECTOR_BYTES
#include <immintrin.h>

#define CPU_LANES (CPU_VECTOR_BYTES / (int)sizeof(real))
typedef real Vector __attribute__((vector_size(CPU_VECTOR_BYTES)));

/* The intrinsic of this name for these registers and this type. */
#if CPU_VECTOR_BYTES == 64 && defined TRAIN_FLOAT64
#define CPU_INTRINSIC(name) _mm512_##name##_pd
#elif CPU_VECTOR_BYTES == 64
#define CPU_INTRINSIC(name) _mm512_##name##_ps
#elif defined TRAIN_FLOAT64
#define CPU_INTRINSIC(name) _mm256_##name##_pd
#else
#define CPU_INTRINSIC(name) _mm256_##name##_ps
#endif

static inline Vector vector_load(const real *from)
{
    return CPU_INTRINSIC(loadu)(from);
}

static inline void vector_store(real *to, Vector values)
{
    CPU_INTRINSIC(storeu)(to, values);
}

static inline Vector vector_spread(real value)
{
    return CPU_INTRINSIC(set1)(value);
}

/* a * b + c, rounded once. */
static inline Vector vector_fma(Vector a, Vector b, Vector c)
{
    return CPU_INTRINSIC(fmadd)(a, b, c);
}

/* The lower, and the upper, halves of a and b, their numbers by turns. */
#if CPU_VECTOR_BYTES == 64 && !defined TRAIN_FLOAT64
#define VECTOR_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define VECTOR_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif CPU_VECTOR_BYTES == 64 || !defined TRAIN_FLOAT64
#define VECTOR_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define VECTOR_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define VECTOR_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define VECTOR_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

#endif
#endif

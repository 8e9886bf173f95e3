/* SPDX-License-Identifier: Apache-2.0
 * Sums on the CPU: of two arrays, and of squares; see train/ops.h. */
#include "train/cpu/cpu.h"

void cpu_add(Backend *backend, real *out, const real *x, const real *y, gsize count)
{
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(count, CPU_CHUNK); piece++) {
        gsize end = MIN(count, (piece + 1) * CPU_CHUNK);
        SIMD
        for (gsize i = piece * CPU_CHUNK; i < end; i++)
            out[i] = x[i] + y[i];
    }
}

static double square_sum_of(const real *x, gsize count)
{
    double sum = 0;
    SIMD_SUM(sum)
    for (gsize i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

double cpu_square_sum(Backend *backend, const real *x, gsize count)
{
    gsize pieces = cpu_pieces(count, CPU_CHUNK);
    g_autofree double *partial = g_new(double, MAX(pieces, 1));
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < pieces; piece++)
        partial[piece] = square_sum_of(x + piece * CPU_CHUNK, MIN(CPU_CHUNK, count - piece * CPU_CHUNK));
    double sum = 0;
    for (gsize piece = 0; piece < pieces; piece++)
        sum += partial[piece];
    return sum;
}

/* SPDX-License-Identifier: Apache-2.0
 * RMSNorm on the CPU; see train/ops.h. */
#include <tgmath.h>

#include "train/cpu/cpu.h"

#define COLUMNS 32

static void forward_row(real *out, real *inverse, const real *x, const real *weight, real epsilon, gsize width)
{
    real sum = 0;
    SIMD_SUM(sum)
    for (gsize c = 0; c < width; c++)
        sum += x[c] * x[c];
    real scale = 1 / sqrt(sum / (real)width + epsilon);
    *inverse = scale;
    SIMD
    for (gsize c = 0; c < width; c++)
        out[c] = x[c] * scale * weight[c];
}

void cpu_rmsnorm_forward(Backend *backend, real *out, real *inverse, const real *x, const real *weight, double epsilon,
                         gsize rows, gsize width)
{
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(rows, CPU_ROWS); piece++)
        for (gsize r = piece * CPU_ROWS; r < MIN(rows, (piece + 1) * CPU_ROWS); r++)
            forward_row(out + r * width, inverse + r, x + r * width, weight, (real)epsilon, width);
}

static void backward_row(real *dx, const real *dout, const real *x, const real *weight, real inverse, gsize width)
{
    real sum = 0;
    SIMD_SUM(sum)
    for (gsize c = 0; c < width; c++)
        sum += dout[c] * weight[c] * x[c];
    real shared = sum * inverse * inverse / (real)width;
    SIMD
    for (gsize c = 0; c < width; c++)
        dx[c] += inverse * (dout[c] * weight[c] - x[c] * shared);
}

static void backward_columns(real *dweight, const real *dout, const real *x, const real *inverse, gsize rows, gsize width,
                             gsize first, gsize end)
{
    for (gsize r = 0; r < rows; r++) {
        SIMD
        for (gsize c = first; c < end; c++)
            dweight[c] += dout[r * width + c] * x[r * width + c] * inverse[r];
    }
}

void cpu_rmsnorm_backward(Backend *backend, real *dx, real *dweight, const real *dout, const real *x, const real *weight,
                          const real *inverse, gsize rows, gsize width)
{
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(rows, CPU_ROWS); piece++)
        for (gsize r = piece * CPU_ROWS; r < MIN(rows, (piece + 1) * CPU_ROWS); r++)
            backward_row(dx + r * width, dout + r * width, x + r * width, weight, inverse[r], width);
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(width, COLUMNS); piece++)
        backward_columns(dweight, dout, x, inverse, rows, width, piece * COLUMNS, MIN(width, (piece + 1) * COLUMNS));
}

/* SPDX-License-Identifier: Apache-2.0
 * Sums on the CPU: of two arrays, and of squares; see train/ops.h. */
#include "train/cpu/cpu.h"

typedef struct Sum {
    real *out;
    const real *x, *y;
    gsize count;
} Sum;

static void add_piece(gsize piece, gconstpointer user)
{
    const Sum *s = user;
    gsize end = MIN(s->count, (piece + 1) * CPU_CHUNK);
    SIMD
    for (gsize i = piece * CPU_CHUNK; i < end; i++)
        s->out[i] = s->x[i] + s->y[i];
}

void cpu_add(Backend *backend, real *out, const real *x, const real *y, gsize count)
{
    Sum s = {out, x, y, count};
    cpu_run(backend, count, cpu_pieces(count, CPU_CHUNK), add_piece, &s);
}

typedef struct SquareSum {
    double *partial; /* of each piece */
    const real *x;
    gsize count;
} SquareSum;

static void square_piece(gsize piece, gconstpointer user)
{
    const SquareSum *s = user;
    gsize end = MIN(s->count, (piece + 1) * CPU_CHUNK);
    double sum = 0;
    SIMD_SUM(sum)
    for (gsize i = piece * CPU_CHUNK; i < end; i++)
        sum += (double)s->x[i] * (double)s->x[i];
    s->partial[piece] = sum;
}

double cpu_square_sum(Backend *backend, const real *x, gsize count)
{
    gsize pieces = cpu_pieces(count, CPU_CHUNK);
    g_autofree double *partial = g_new(double, MAX(pieces, 1));
    SquareSum s = {partial, x, count};
    cpu_run(backend, count, pieces, square_piece, &s);
    double sum = 0;
    for (gsize piece = 0; piece < pieces; piece++)
        sum += partial[piece];
    return sum;
}

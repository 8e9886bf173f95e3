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

static void cpu_add(Backend *backend, real *out, const real *x, const real *y, gsize count)
{
    Sum s = {out, x, y, count};
    cpu_run(backend, count, cpu_pieces(count, CPU_CHUNK), add_piece, &s);
}

static void cpu_accumulate(Backend *backend, wide *to, const wide *from, gsize count)
{
    cpu_add(backend, to, to, from, count);
}

typedef struct SquareSum {
    double *partial; /* of each chunk */
    const wide *x;
    gsize count;
} SquareSum;

static double sum_of_squares(const wide *x, gsize count)
{
    double sum = 0;
    SIMD_SUM(sum)
    for (gsize i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static void square_chunk(gsize chunk, gconstpointer user)
{
    const SquareSum *s = user;
    gsize at = chunk * CPU_CHUNK;
    s->partial[chunk] = sum_of_squares(s->x + at, MIN(CPU_CHUNK, s->count - at));
}

static double square_sum(Backend *backend, const wide *x, gsize count)
{
    gsize chunks = cpu_pieces(count, CPU_CHUNK);
    g_autofree double *partial = g_new(double, MAX(chunks, 1));
    SquareSum s = {partial, x, count};
    cpu_run(backend, count, chunks, square_chunk, &s);
    double sum = 0;
    for (gsize chunk = 0; chunk < chunks; chunk++)
        sum += partial[chunk];
    return sum;
}

static void cpu_square_sums(Backend *backend, double *sums, const wide *x, const Piece *pieces, gsize count)
{
    for (gsize i = 0; i < count; i++)
        sums[i] = square_sum(backend, x + pieces[i].offset, pieces[i].count);
}

void CPU_AT_LEVEL(cpu_reduce)(Backend *backend)
{
    backend->add = cpu_add;
    backend->accumulate = cpu_accumulate;
    backend->square_sums = cpu_square_sums;
}

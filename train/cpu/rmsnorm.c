/* SPDX-License-Identifier: Apache-2.0
 * RMSNorm on the CPU; see train/ops.h. */
#include <tgmath.h>

#include "train/cpu/cpu.h"

#define COLUMNS 32

typedef struct Norm {
    real *out, *inverse; /* forward */
    real *dx, *dweight;  /* backward */
    const real *dout, *x, *weight, *saved_inverse;
    real epsilon;
    gsize rows, width;
} Norm;

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

static void forward_rows(gsize piece, gconstpointer user)
{
    const Norm *n = user;
    for (gsize r = piece * CPU_ROWS; r < MIN(n->rows, (piece + 1) * CPU_ROWS); r++)
        forward_row(n->out + r * n->width, n->inverse + r, n->x + r * n->width, n->weight, n->epsilon, n->width);
}

void cpu_rmsnorm_forward(Backend *backend, real *out, real *inverse, const real *x, const real *weight, double epsilon,
                         gsize rows, gsize width)
{
    Norm n = {.out = out, .inverse = inverse, .x = x, .weight = weight, .epsilon = (real)epsilon, .rows = rows, .width = width};
    cpu_run(backend, rows * width * 2, cpu_pieces(rows, CPU_ROWS), forward_rows, &n);
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

static void backward_rows(gsize piece, gconstpointer user)
{
    const Norm *n = user;
    gsize width = n->width;
    for (gsize r = piece * CPU_ROWS; r < MIN(n->rows, (piece + 1) * CPU_ROWS); r++)
        backward_row(n->dx + r * width, n->dout + r * width, n->x + r * width, n->weight, n->saved_inverse[r], width);
}

/* The gradient of the weights sums over rows: threads divide the columns. */
static void backward_columns(gsize piece, gconstpointer user)
{
    const Norm *n = user;
    gsize width = n->width, end = MIN(width, (piece + 1) * COLUMNS);
    for (gsize r = 0; r < n->rows; r++) {
        const real *dout = n->dout + r * width, *x = n->x + r * width;
        SIMD
        for (gsize c = piece * COLUMNS; c < end; c++)
            n->dweight[c] += dout[c] * x[c] * n->saved_inverse[r];
    }
}

void cpu_rmsnorm_backward(Backend *backend, real *dx, real *dweight, const real *dout, const real *x, const real *weight,
                          const real *inverse, gsize rows, gsize width)
{
    Norm n = {.dx = dx, .dweight = dweight, .dout = dout, .x = x, .weight = weight, .saved_inverse = inverse,
              .rows = rows, .width = width};
    cpu_run(backend, rows * width * 3, cpu_pieces(rows, CPU_ROWS), backward_rows, &n);
    cpu_run(backend, rows * width * 2, cpu_pieces(width, COLUMNS), backward_columns, &n);
}

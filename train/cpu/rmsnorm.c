/* SPDX-License-Identifier: Apache-2.0
 * RMSNorm on the CPU; see train/ops.h. */
#include <string.h>
#include <tgmath.h>

#include "train/cpu/cpu.h"

typedef struct Norm {
    real *sum, *out; /* forward; `sum` where there is something to add */
    wide *inverse;
    real *dx; /* backward */
    wide *partial; /* of the gradient of the weights, by each piece */
    const real *dout, *x, *y, *weight;
    const wide *saved_inverse;
    real epsilon;
    gsize rows, width;
} Norm;

static void forward_row(real *out, wide *inverse, const real *x, const real *weight, real epsilon, gsize width)
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

static void cpu_rmsnorm_forward(Backend *backend, real *out, wide *inverse, const real *x, const real *weight, double epsilon,
                                gsize rows, gsize width)
{
    Norm n = {.out = out,
              .inverse = inverse,
              .x = x,
              .weight = weight,
              .epsilon = (real)epsilon,
              .rows = rows,
              .width = width};
    cpu_run(backend, rows * width * 2, cpu_pieces(rows, CPU_ROWS), forward_rows, &n);
}

static void add_and_forward_rows(gsize piece, gconstpointer user)
{
    const Norm *n = user;
    gsize width = n->width;
    for (gsize r = piece * CPU_ROWS; r < MIN(n->rows, (piece + 1) * CPU_ROWS); r++) {
        real *sum = n->sum + r * width;
        const real *x = n->x + r * width, *y = n->y + r * width;
        SIMD
        for (gsize c = 0; c < width; c++)
            sum[c] = x[c] + y[c];
        forward_row(n->out + r * width, n->inverse + r, sum, n->weight, n->epsilon, width);
    }
}

static void cpu_add_rmsnorm_forward(Backend *backend, real *sum, real *out, wide *inverse, const real *x, const real *y, const real *weight,
                                    double epsilon, gsize rows, gsize width)
{
    Norm n = {.sum = sum, .out = out, .inverse = inverse, .x = x, .y = y, .weight = weight, .epsilon = (real)epsilon, .rows = rows, .width = width};
    cpu_run(backend, rows * width * 3, cpu_pieces(rows, CPU_ROWS), add_and_forward_rows, &n);
}

/* dx, and what the row adds to the gradient of the weights. */
static void backward_row(real *dx, wide *dweight, const real *dout, const real *x, const real *weight, real inverse, gsize width)
{
    real sum = 0;
    SIMD_SUM(sum)
    for (gsize c = 0; c < width; c++)
        sum += dout[c] * weight[c] * x[c];
    real shared = sum * inverse * inverse / (real)width;
    SIMD
    for (gsize c = 0; c < width; c++) {
        dx[c] = cpu_fma(inverse, cpu_fma(-x[c], shared, dout[c] * weight[c]), dx[c]);
        dweight[c] = cpu_fma(dout[c], x[c] * inverse, dweight[c]);
    }
}

/* A piece sums the gradient of the weights over its rows by itself, so that dout and x are read once. */
static void backward_rows(gsize piece, gconstpointer user)
{
    const Norm *n = user;
    gsize width = n->width;
    wide *dweight = n->partial + piece * width;
    memset(dweight, 0, width * sizeof *dweight);
    for (gsize r = piece * CPU_ROWS; r < MIN(n->rows, (piece + 1) * CPU_ROWS); r++)
        backward_row(n->dx + r * width, dweight, n->dout + r * width, n->x + r * width, n->weight, n->saved_inverse[r], width);
}

static void add_partial_sums(wide *dweight, const wide *partial, gsize pieces, gsize width)
{
    for (gsize piece = 0; piece < pieces; piece++) {
        SIMD
        for (gsize c = 0; c < width; c++)
            dweight[c] += partial[piece * width + c];
    }
}

static void cpu_rmsnorm_backward(Backend *backend, real *dx, wide *dweight, const real *dout, const real *x,
                                 const real *weight, const wide *inverse, gsize rows, gsize width)
{
    gsize pieces = cpu_pieces(rows, CPU_ROWS);
    g_autofree wide *partial = g_new(wide, MAX(pieces * width, 1));
    Norm n = {.dx = dx,
              .partial = partial,
              .dout = dout,
              .x = x,
              .weight = weight,
              .saved_inverse = inverse,
              .rows = rows,
              .width = width};
    cpu_run(backend, rows * width * 5, pieces, backward_rows, &n);
    add_partial_sums(dweight, partial, pieces, width);
}

void CPU_AT_LEVEL(cpu_rmsnorm)(Backend *backend)
{
    backend->rmsnorm_forward = cpu_rmsnorm_forward;
    backend->rmsnorm_backward = cpu_rmsnorm_backward;
    backend->add_rmsnorm_forward = cpu_add_rmsnorm_forward;
}

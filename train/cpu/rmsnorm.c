/* SPDX-License-Identifier: Apache-2.0
 * RMSNorm on the CPU; see train/ops.h. */
#include <tgmath.h>

#include "train/cpu/cpu.h"

#define COLUMNS 32

typedef struct Norm {
    real *sum, *out; /* forward; `sum` where there is something to add */
    wide *inverse;
    real *dx; /* backward */
    wide *dweight;
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

static void cpu_rmsnorm_backward(Backend *backend, real *dx, wide *dweight, const real *dout, const real *x,
                                 const real *weight, const wide *inverse, gsize rows, gsize width)
{
    Norm n = {.dx = dx,
              .dweight = dweight,
              .dout = dout,
              .x = x,
              .weight = weight,
              .saved_inverse = inverse,
              .rows = rows,
              .width = width};
    cpu_run(backend, rows * width * 3, cpu_pieces(rows, CPU_ROWS), backward_rows, &n);
    cpu_run(backend, rows * width * 2, cpu_pieces(width, COLUMNS), backward_columns, &n);
}

void CPU_AT_LEVEL(cpu_rmsnorm)(Backend *backend)
{
    backend->rmsnorm_forward = cpu_rmsnorm_forward;
    backend->rmsnorm_backward = cpu_rmsnorm_backward;
    backend->add_rmsnorm_forward = cpu_add_rmsnorm_forward;
}

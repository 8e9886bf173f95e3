/* SPDX-License-Identifier: Apache-2.0
 * Linear layers on the CPU: tiles of one output matrix, each a BLAS product on one thread; see train/ops.h. */
#include "train/cpu/cpu.h"

/* Large enough for BLAS to reach its speed, small enough to occupy a few threads on a small model. */
#define TILE_ROWS 128
#define TILE_COLUMNS 512

typedef struct Tile {
    gsize row, rows, column, columns;
} Tile;

static gsize tile_count(gsize rows, gsize columns)
{
    return cpu_pieces(rows, TILE_ROWS) * cpu_pieces(columns, TILE_COLUMNS);
}

static Tile tile_at(gsize number, gsize rows, gsize columns)
{
    gsize across = cpu_pieces(columns, TILE_COLUMNS);
    gsize row = number / across * TILE_ROWS, column = number % across * TILE_COLUMNS;
    return (Tile){row, MIN(TILE_ROWS, rows - row), column, MIN(TILE_COLUMNS, columns - column)};
}

typedef struct Linear {
    real *to;
    const real *a, *b;
    gsize rows, inputs, outputs;
} Linear;

static void forward_tile(gsize number, gconstpointer user)
{
    const Linear *l = user;
    Tile t = tile_at(number, l->rows, l->outputs);
    cpu_gemm(CblasNoTrans, CblasTrans, t.rows, t.columns, l->inputs, 1, l->a + t.row * l->inputs, l->inputs,
             l->b + t.column * l->inputs, l->inputs, 0, l->to + t.row * l->outputs + t.column, l->outputs);
}

static void cpu_linear_forward(Backend *backend, real *out, const real *x, const real *weight, gsize rows, gsize inputs,
                               gsize outputs)
{
    Linear l = {out, x, weight, rows, inputs, outputs};
    cpu_run(backend, rows * inputs * outputs / 8, tile_count(rows, outputs), forward_tile, &l);
}

static void backward_input_tile(gsize number, gconstpointer user)
{
    const Linear *l = user;
    Tile t = tile_at(number, l->rows, l->inputs);
    cpu_gemm(CblasNoTrans, CblasNoTrans, t.rows, t.columns, l->outputs, 1, l->a + t.row * l->outputs, l->outputs,
             l->b + t.column, l->inputs, 0, l->to + t.row * l->inputs + t.column, l->inputs);
}

static void cpu_linear_backward_input(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows,
                                      gsize inputs, gsize outputs)
{
    Linear l = {dx, dout, weight, rows, inputs, outputs};
    cpu_run(backend, rows * inputs * outputs / 8, tile_count(rows, inputs), backward_input_tile, &l);
}

static void backward_weight_tile(gsize number, gconstpointer user)
{
    const Linear *l = user;
    Tile t = tile_at(number, l->outputs, l->inputs);
    cpu_gemm(CblasTrans, CblasNoTrans, t.rows, t.columns, l->rows, 1, l->a + t.row, l->outputs, l->b + t.column,
             l->inputs, 1, l->to + t.row * l->inputs + t.column, l->inputs);
}

static void cpu_linear_backward_weight(Backend *backend, wide *dweight, const real *dout, const real *x, gsize rows,
                                       gsize inputs, gsize outputs)
{
    Linear l = {dweight, dout, x, rows, inputs, outputs};
    cpu_run(backend, rows * inputs * outputs / 8, tile_count(outputs, inputs), backward_weight_tile, &l);
}

void CPU_AT_LEVEL(cpu_linear)(Backend *backend)
{
    backend->linear_forward = cpu_linear_forward;
    backend->linear_backward_input = cpu_linear_backward_input;
    backend->linear_backward_weight = cpu_linear_backward_weight;
}

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

void cpu_linear_forward(Backend *backend, real *out, const real *x, const real *weight, gsize rows, gsize inputs, gsize outputs)
{
    PARALLEL_FOR(backend->threads)
    for (gsize number = 0; number < tile_count(rows, outputs); number++) {
        Tile t = tile_at(number, rows, outputs);
        cpu_gemm(CblasNoTrans, CblasTrans, t.rows, t.columns, inputs, 1, x + t.row * inputs, inputs, weight + t.column * inputs,
                 inputs, 0, out + t.row * outputs + t.column, outputs);
    }
}

void cpu_linear_backward_input(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows, gsize inputs,
                               gsize outputs)
{
    PARALLEL_FOR(backend->threads)
    for (gsize number = 0; number < tile_count(rows, inputs); number++) {
        Tile t = tile_at(number, rows, inputs);
        cpu_gemm(CblasNoTrans, CblasNoTrans, t.rows, t.columns, outputs, 1, dout + t.row * outputs, outputs, weight + t.column,
                 inputs, 0, dx + t.row * inputs + t.column, inputs);
    }
}

void cpu_linear_backward_weight(Backend *backend, real *dweight, const real *dout, const real *x, gsize rows, gsize inputs,
                                gsize outputs)
{
    PARALLEL_FOR(backend->threads)
    for (gsize number = 0; number < tile_count(outputs, inputs); number++) {
        Tile t = tile_at(number, outputs, inputs);
        cpu_gemm(CblasTrans, CblasNoTrans, t.rows, t.columns, rows, 1, dout + t.row, outputs, x + t.column, inputs, 1,
                 dweight + t.row * inputs + t.column, inputs);
    }
}

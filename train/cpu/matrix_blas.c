/* SPDX-License-Identifier: Apache-2.0
 * Products of matrices by OpenBLAS, on one thread each; see train/cpu/matrix.h. */
#include "train/cpu/matrix.h"

#ifndef CPU_VECTOR_BYTES

#include <cblas.h>

/* Large enough for BLAS to reach its speed, small enough to occupy a few threads on a small model. */
#define PIECE_ROWS 128
#define PIECE_COLUMNS 512

gsize cpu_matrix_packed_size(gsize depth, gsize columns)
{
    return 0;
}

CpuFactor cpu_matrix_pack(real *memory, Matrix matrix, gsize depth, gsize columns)
{
    return (CpuFactor){.matrix = matrix, .depth = depth};
}

#ifdef TRAIN_FLOAT64
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

void cpu_matrix_multiply(real *c, gsize stride, Matrix a, const CpuFactor *b, gsize rows, gsize columns, gsize depth, gboolean add)
{
    GEMM(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b->matrix.transposed ? CblasTrans : CblasNoTrans, (blasint)rows,
         (blasint)columns, (blasint)depth, 1, a.at, (blasint)a.stride, b->matrix.at, (blasint)b->matrix.stride, add, c, (blasint)stride);
}

typedef struct Product {
    real *c;
    gsize stride;
    Matrix a, b;
    gsize rows, columns, depth;
    gboolean add;
} Product;

static void multiply_piece(gsize piece, gconstpointer user)
{
    const Product *p = user;
    gsize across = cpu_pieces(p->columns, PIECE_COLUMNS);
    gsize row = piece / across * PIECE_ROWS, column = piece % across * PIECE_COLUMNS;
    CpuFactor b = {.matrix = cpu_matrix_part(p->b, 0, column)};
    cpu_matrix_multiply(p->c + row * p->stride + column, p->stride, cpu_matrix_part(p->a, row, 0), &b, MIN(PIECE_ROWS, p->rows - row),
                        MIN(PIECE_COLUMNS, p->columns - column), p->depth, p->add);
}

void cpu_matrix_product(Backend *backend, real *c, gsize stride, Matrix a, Matrix b, gsize rows, gsize columns, gsize depth, gboolean add)
{
    Product p = {c, stride, a, b, rows, columns, depth, add};
    cpu_run(backend, rows * columns * depth / 8, cpu_pieces(rows, PIECE_ROWS) * cpu_pieces(columns, PIECE_COLUMNS), multiply_piece, &p);
}

#endif

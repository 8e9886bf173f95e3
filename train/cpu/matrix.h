/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/matrix.h - products of matrices: on all threads for linear layers, on one for attention.
 *
 *   cpu_matrix_product(backend, c, stride, a, b, rows, columns, depth, add);
 *
 * writes (or adds, if `add`) a b to c: c [rows, columns], a [rows, depth], b [depth, columns]. A Matrix says where its numbers lie.
 *
 * On one thread, where one right factor serves for several left ones, it is packed once:
 *
 *   real *memory = ... cpu_matrix_packed_size(depth, columns) ...;
 *   CpuFactor b = cpu_matrix_pack(memory, right, depth, columns);
 *   cpu_matrix_multiply(c, stride, a, &b, rows, columns, depth, add);
 *
 * `memory` and what `right` points to must stay until the last product; a product may use the first columns and the first rows
 * (`depth`) of the factor alone.
 *
 * Two files implement this. matrix_panels.c, at levels with registers to program (train/cpu/vector.h): panels of both factors are copied to
 * where a kernel reads them in order, a sum stays in a register for CPU_MATRIX_DEPTH products (Goto and van de Geijn 2008). Each
 * element's sum follows from `depth` alone, so it is the same for any number of threads and any cut into pieces. matrix_blas.c: elsewhere
 * OpenBLAS, on pieces cut by shape.
 */
#ifndef TRAIN_CPU_MATRIX_H
#define TRAIN_CPU_MATRIX_H

#include "train/cpu/cpu.h"
#include "train/cpu/vector.h"

/* Element (i, j) is at[i * stride + j]; at[j * stride + i] if transposed. */
typedef struct Matrix {
    const real *at;
    gsize stride;
    gboolean transposed;
} Matrix;

/* A right factor, ready for products. */
typedef struct CpuFactor {
    Matrix matrix;
    const real *panels;
    gsize depth;
} CpuFactor;

#define cpu_matrix_product CPU_AT_LEVEL(cpu_matrix_product)
#define cpu_matrix_packed_size CPU_AT_LEVEL(cpu_matrix_packed_size)
#define cpu_matrix_pack CPU_AT_LEVEL(cpu_matrix_pack)
#define cpu_matrix_multiply CPU_AT_LEVEL(cpu_matrix_multiply)

void cpu_matrix_product(Backend *backend, real *c, gsize stride, Matrix a, Matrix b, gsize rows, gsize columns, gsize depth, gboolean add);
gsize cpu_matrix_packed_size(gsize depth, gsize columns); /* in numbers */
CpuFactor cpu_matrix_pack(real *memory, Matrix matrix, gsize depth, gsize columns);
void cpu_matrix_multiply(real *c, gsize stride, Matrix a, const CpuFactor *b, gsize rows, gsize columns, gsize depth, gboolean add);

/* The part of a matrix that begins at (row, column). */
static inline Matrix cpu_matrix_part(Matrix m, gsize row, gsize column)
{
    m.at += m.transposed ? column * m.stride + row : row * m.stride + column;
    return m;
}

#endif

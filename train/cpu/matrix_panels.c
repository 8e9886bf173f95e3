/* SPDX-License-Identifier: Apache-2.0
 * Products of matrices from panels; see train/cpu/matrix.h.
 *
 * A panel of the right factor has COLUMNS columns, their numbers of one row side by side. A panel of the left factor has up to ROWS
 * rows and DEPTH columns. The kernel keeps the sums of one such pair, ROWS x COLUMNS numbers, in registers: 28 of 32 with AVX-512, 12
 * of 16 with AVX2. While it goes through the panels of the right factor, which come from the second cache, the left one stays in the first. */
#include <string.h>

#include "train/cpu/matrix.h"

#ifdef CPU_VECTOR_BYTES

#define COLUMNS (2 * CPU_LANES)
#define DEPTH 256
#if CPU_VECTOR_BYTES == 64
#define ROWS 14
#else
#define ROWS 6
#endif
/* Of one piece of a product on all threads: its panels of the right factor are half a megabyte at most. Where there are several threads,
 * pieces get fewer rows, down to PIECE_ROWS, until there are PIECES for each. */
#define PIECE_COLUMNS 512
#define PIECE_ROWS (8 * ROWS)
#define PIECES 3

#define INLINE static inline __attribute__((always_inline))
#define FOR_EACH_ROW _Pragma("GCC unroll 16") for (gsize r = 0; r < rows; r++)

/* ---- The kernel ---------------------------------------------------------------------------------------------- */

/* Where the kernel finds the numbers of a left panel: row r of column k is at[r * row_step + k * depth_step]. */
typedef struct LeftPanel {
    real at[ROWS * (DEPTH + CPU_LANES)];
} LeftPanel;

/* A matrix by rows is copied as it lies, in rows of a length that does not let them meet in the same lines of the cache. */
#define ROW_STEP (DEPTH + CPU_LANES)

typedef struct Panels {
    const real *left, *right;
    real *c;
    gsize stride, depth, columns;
    gboolean add;
} Panels;

INLINE void store_row(const Panels *p, real *c, Vector first, Vector second)
{
    if (p->columns >= COLUMNS) {
        vector_store(c, p->add ? vector_load(c) + first : first);
        vector_store(c + CPU_LANES, p->add ? vector_load(c + CPU_LANES) + second : second);
        return;
    }
    real sums[COLUMNS];
    vector_store(sums, first);
    vector_store(sums + CPU_LANES, second);
    for (gsize j = 0; j < p->columns; j++)
        c[j] = p->add ? c[j] + sums[j] : sums[j];
}

/* rows, row_step and depth_step are constants wherever this is expanded. */
INLINE void multiply_panels(const Panels *p, gsize rows, gsize row_step, gsize depth_step)
{
    const real *left = p->left, *right = p->right;
    Vector sums[ROWS][2];
    FOR_EACH_ROW
        sums[r][0] = sums[r][1] = vector_spread(0);
    for (gsize k = 0; k < p->depth; k++, left += depth_step, right += COLUMNS) {
        Vector first = vector_load(right), second = vector_load(right + CPU_LANES);
        FOR_EACH_ROW {
            Vector value = vector_spread(left[r * row_step]);
            sums[r][0] = vector_fma(value, first, sums[r][0]);
            sums[r][1] = vector_fma(value, second, sums[r][1]);
        }
    }
    FOR_EACH_ROW
        store_row(p, p->c + r * p->stride, sums[r][0], sums[r][1]);
}

#define CASE(rows) \
    case rows: \
        if (by_rows) \
            multiply_panels(p, rows, ROW_STEP, 1); \
        else \
            multiply_panels(p, rows, 1, ROWS); \
        break;

static void multiply_rows(const Panels *p, gsize rows, gboolean by_rows)
{
    switch (rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if ROWS > 6
        CASE(7)
        CASE(8)
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
        CASE(13)
        CASE(14)
#endif
    }
}

/* ---- Panels -------------------------------------------------------------------------------------------------- */

/* Rows and columns of `from` change places: a zip of the halves of the list, as often as it can be halved. */
static void transpose_square(real *to, const real *from, gsize stride)
{
    Vector a[CPU_LANES], b[CPU_LANES];
#pragma GCC unroll 16
    for (int i = 0; i < CPU_LANES; i++)
        a[i] = vector_load(from + (gsize)i * stride);
#pragma GCC unroll 4
    for (int stage = 1; stage < CPU_LANES; stage *= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < CPU_LANES / 2; i++) {
            b[2 * i] = VECTOR_ZIP_LOW(a[i], a[i + CPU_LANES / 2]);
            b[2 * i + 1] = VECTOR_ZIP_HIGH(a[i], a[i + CPU_LANES / 2]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < CPU_LANES; i++)
            a[i] = b[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < CPU_LANES; i++)
        vector_store(to + i * COLUMNS, a[i]);
}

static void pack_transposed(real *to, Matrix m, gsize depth, gsize columns)
{
    gsize whole = columns < COLUMNS ? 0 : depth / CPU_LANES * CPU_LANES;
    for (gsize k = 0; k < whole; k += CPU_LANES) {
        transpose_square(to + k * COLUMNS, m.at + k, m.stride);
        transpose_square(to + k * COLUMNS + CPU_LANES, m.at + CPU_LANES * m.stride + k, m.stride);
    }
    for (gsize k = whole; k < depth; k++)
        for (gsize j = 0; j < COLUMNS; j++)
            to[k * COLUMNS + j] = j < columns ? m.at[j * m.stride + k] : 0;
}

static void pack_by_rows(real *to, Matrix m, gsize depth, gsize columns)
{
    for (gsize k = 0; k < depth; k++, to += COLUMNS) {
        const real *from = m.at + k * m.stride;
        if (columns >= COLUMNS) {
            vector_store(to, vector_load(from));
            vector_store(to + CPU_LANES, vector_load(from + CPU_LANES));
        } else {
            memcpy(to, from, columns * sizeof(real));
            memset(to + columns, 0, (COLUMNS - columns) * sizeof(real));
        }
    }
}

gsize cpu_matrix_packed_size(gsize depth, gsize columns)
{
    return depth * cpu_pieces(columns, COLUMNS) * COLUMNS;
}

CpuFactor cpu_matrix_pack(real *memory, Matrix matrix, gsize depth, gsize columns)
{
    for (gsize column = 0; column < columns; column += COLUMNS) {
        real *to = memory + column * depth;
        if (matrix.transposed)
            pack_transposed(to, cpu_matrix_part(matrix, 0, column), depth, columns - column);
        else
            pack_by_rows(to, cpu_matrix_part(matrix, 0, column), depth, columns - column);
    }
    return (CpuFactor){matrix, memory, depth};
}

INLINE void copy(real *to, const real *from, gsize count)
{
    gsize i = 0;
    for (; i + CPU_LANES <= count; i += CPU_LANES)
        vector_store(to + i, vector_load(from + i));
    for (; i < count; i++)
        to[i] = from[i];
}

/* The rows of a transposed matrix are columns of the panel. `rows` is a constant where it matters, in a whole panel. */
INLINE void pack_left_columns(LeftPanel *panel, const Matrix *m, gsize rows, gsize depth)
{
    for (gsize k = 0; k < depth; k++)
        __builtin_memcpy(panel->at + k * ROWS, m->at + k * m->stride, rows * sizeof(real));
}

static void pack_left(LeftPanel *panel, Matrix m, gsize rows, gsize depth)
{
    if (!m.transposed)
        for (gsize r = 0; r < rows; r++)
            copy(panel->at + r * ROW_STEP, m.at + r * m.stride, depth);
    else if (rows == ROWS)
        pack_left_columns(panel, &m, ROWS, depth);
    else
        pack_left_columns(panel, &m, rows, depth);
}

/* ---- Products ------------------------------------------------------------------------------------------------ */

/* A slice of DEPTH columns of a, or fewer, with the rows of b from `first`. */
static void multiply_slice(const Panels *whole, Matrix a, const CpuFactor *b, gsize first, gsize rows)
{
    LeftPanel left;
    Panels p = *whole;
    for (gsize row = 0; row < rows; row += ROWS) {
        gsize count = MIN(ROWS, rows - row);
        pack_left(&left, cpu_matrix_part(a, row, first), count, p.depth);
        p.left = left.at;
        for (gsize column = 0; column < whole->columns; column += COLUMNS) {
            p.right = b->panels + column * b->depth + first * COLUMNS;
            p.c = whole->c + row * p.stride + column;
            p.columns = whole->columns - column;
            multiply_rows(&p, count, !a.transposed);
        }
    }
}

void cpu_matrix_multiply(real *c, gsize stride, Matrix a, const CpuFactor *b, gsize rows, gsize columns, gsize depth, gboolean add)
{
    Panels p = {.c = c, .stride = stride, .columns = columns, .add = add};
    for (gsize first = 0; first < depth; first += DEPTH) {
        p.depth = MIN(DEPTH, depth - first);
        multiply_slice(&p, a, b, first, rows);
        p.add = TRUE;
    }
}

typedef struct Product {
    Backend *backend;
    real *c;
    gsize stride;
    Matrix a, b;
    gsize rows, columns, depth;
    gboolean add;
    gsize piece_rows, piece_columns;
} Product;

static void multiply_piece(gsize piece, gconstpointer user)
{
    const Product *p = user;
    gsize across = cpu_pieces(p->columns, p->piece_columns);
    gsize row = piece / across * p->piece_rows, column = piece % across * p->piece_columns;
    gsize rows = MIN(p->piece_rows, p->rows - row), columns = MIN(p->piece_columns, p->columns - column);
    real *memory = cpu_pool_borrow(p->backend->state, cpu_matrix_packed_size(MIN(DEPTH, p->depth), columns) * sizeof(real));
    for (gsize first = 0; first < p->depth; first += DEPTH) {
        gsize depth = MIN(DEPTH, p->depth - first);
        CpuFactor b = cpu_matrix_pack(memory, cpu_matrix_part(p->b, first, column), depth, columns);
        cpu_matrix_multiply(p->c + row * p->stride + column, p->stride, cpu_matrix_part(p->a, row, first), &b, rows, columns, depth,
                            p->add || first > 0);
    }
    cpu_pool_give_back(p->backend->state, memory);
}

/* The size of the parts of `count`, all but equal, none above `most`, each but the last a multiple of `unit`. */
static gsize even_part(gsize count, gsize most, gsize unit)
{
    return cpu_pieces(cpu_pieces(count, cpu_pieces(count, most)), unit) * unit;
}

void cpu_matrix_product(Backend *backend, real *c, gsize stride, Matrix a, Matrix b, gsize rows, gsize columns, gsize depth, gboolean add)
{
    if (!rows || !columns)
        return;
    Product p = {backend, c, stride, a, b, rows, columns, depth, add, rows, 0};
    unsigned threads = cpu_pool_threads(backend->state);
    p.piece_columns = even_part(columns, PIECE_COLUMNS, COLUMNS);
    gsize across = cpu_pieces(columns, p.piece_columns);
    if (threads > 1)
        p.piece_rows = even_part(rows, MAX(rows * across / (PIECES * threads), PIECE_ROWS), ROWS);
    cpu_run(backend, rows * columns * depth / 8, cpu_pieces(rows, p.piece_rows) * across, multiply_piece, &p);
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention_product.cuh - what the forward and the backward share: tiles in, the two products, tiles out.
 *
 * A warp owns MATRICES times 16 rows and keeps its accumulators in registers. With two matrices every right operand
 * that is read from shared memory serves two products: one matrix would ask shared memory for as many bytes in a
 * clock (128) as it can give while tensor cores run at their peak.
 */
#ifndef TRAIN_CUDA_ATTENTION_PRODUCT_CUH
#define TRAIN_CUDA_ATTENTION_PRODUCT_CUH

#include "train/cuda/attention.h"
#include "train/cuda/attention_tile.h"
#include "train/cuda/warp.cuh"

#define LOG2_E 1.4426950408889634f
#define LN_2 0.6931471805599453f

/* Where in a tile the calling thread begins to copy, of all that copy `THREADS / chunks` rows at once. */
template <int HEAD>
WARP_FUNCTION uint32_t tile_thread_row(void)
{
    return warp_thread() / (HEAD / TILE_CHUNK);
}

template <int HEAD>
WARP_FUNCTION uint32_t tile_thread_chunk(void)
{
    return warp_thread() % (HEAD / TILE_CHUNK);
}

/* The thread's own pointer into rows of one head, for tile_load. */
template <int HEAD>
WARP_FUNCTION const uint16_t *tile_source(const uint16_t *rows, size_t stride)
{
    return rows + tile_thread_row<HEAD>() * stride + tile_thread_chunk<HEAD>() * TILE_CHUNK;
}

/* Begins to copy `valid` rows from tile_source on into a tile of ROWS; the rest become zero, unread. The pointer
 * walks, because the compiler would keep a pointer for every row that it could compute ahead. */
template <int HEAD, int ROWS, int THREADS>
WARP_FUNCTION void tile_load(uint32_t tile, const uint16_t *source, size_t stride, uint32_t valid)
{
    const uint32_t rows = THREADS / (HEAD / TILE_CHUNK), row = tile_thread_row<HEAD>();
    static_assert(ROWS % rows == 0 && rows % 8 == 0, "every thread copies as many chunks, to one place of the swizzle");
    tile += tile_byte(row, tile_thread_chunk<HEAD>(), ROWS);
    WARP_UNROLL
    for (uint32_t i = 0; i < ROWS; i += rows, source += rows * stride)
        warp_copy_16(tile + tile_byte(i, 0, ROWS), source, row + i < valid);
}

/* Fragments of the warp's rows of a tile, [matrix][16 numbers of the head], for the first KEPT of them. */
template <int HEAD, int MATRICES, int KEPT>
WARP_FUNCTION void tile_keep(uint32_t kept[MATRICES][KEPT][4], uint32_t left)
{
    const uint32_t lane = warp_thread() & 31;
    left += tile_byte(tile_left_row(lane), tile_left_chunk(lane), ATTENTION_BLOCK);
    WARP_UNROLL
    for (int k = 0; k < KEPT; k++)
        WARP_UNROLL
        for (int m = 0; m < MATRICES; m++)
            warp_load_matrices(kept[m][k], tile_forward(left, 2 * k, ATTENTION_BLOCK) + tile_byte(m * 16, 0, ATTENTION_BLOCK));
}

/* scores = left right^T: the warp's rows of one tile by COLUMNS rows of another, summed over the head. Of the left, what
 * is kept in registers (tile_keep; NULL for none) need not be read again. */
template <int HEAD, int MATRICES, int COLUMNS, int KEPT>
WARP_FUNCTION void tile_scores(float scores[MATRICES][COLUMNS / 8][4],
                               const uint32_t kept[MATRICES][KEPT ? KEPT : 1][4], uint32_t left, uint32_t right)
{
    const uint32_t lane = warp_thread() & 31;
    left += tile_byte(tile_left_row(lane), tile_left_chunk(lane), ATTENTION_BLOCK);
    right += tile_byte(tile_right_row(lane), tile_right_chunk(lane), COLUMNS);
    WARP_UNROLL
    for (int m = 0; m < MATRICES; m++)
        WARP_UNROLL
        for (int n = 0; n < COLUMNS / 8; n++)
            scores[m][n][0] = scores[m][n][1] = scores[m][n][2] = scores[m][n][3] = 0;
    WARP_UNROLL
    for (int k = 0; k < HEAD / 16; k++) {
        uint32_t read[MATRICES][4], b[4];
        WARP_UNROLL
        for (int m = 0; m < MATRICES; m++)
            if (k >= KEPT)
                warp_load_matrices(read[m], tile_forward(left, 2 * k, ATTENTION_BLOCK) + tile_byte(m * 16, 0, ATTENTION_BLOCK));
        WARP_UNROLL
        for (int n = 0; n < COLUMNS / 8; n += 2) {
            warp_load_matrices(b, tile_forward(right, 2 * k, COLUMNS) + tile_byte(n * 8, 0, COLUMNS));
            WARP_UNROLL
            for (int m = 0; m < MATRICES; m++) {
                const uint32_t *a = k < KEPT ? kept[m][k] : read[m];
                warp_mma(scores[m][n], a, b[0], b[1]);
                warp_mma(scores[m][n + 1], a, b[2], b[3]);
            }
        }
    }
}

/* Scores become left operands of the next product: [matrix][16 columns]. */
template <int MATRICES, int COLUMNS>
WARP_FUNCTION void tile_pack(uint32_t packed[MATRICES][COLUMNS / 16][4], const float scores[MATRICES][COLUMNS / 8][4])
{
    WARP_UNROLL
    for (int m = 0; m < MATRICES; m++)
        WARP_UNROLL
        for (int n = 0; n < COLUMNS / 8; n++) {
            packed[m][n / 2][n % 2 * 2] = warp_pack(scores[m][n][0], scores[m][n][1]);
            packed[m][n / 2][n % 2 * 2 + 1] = warp_pack(scores[m][n][2], scores[m][n][3]);
        }
}

/* sum += left right: packed scores of COLUMNS columns by a tile of as many rows. */
template <int HEAD, int MATRICES, int COLUMNS>
WARP_FUNCTION void tile_accumulate(float sum[MATRICES][HEAD / 8][4], const uint32_t left[MATRICES][COLUMNS / 16][4],
                                   uint32_t right)
{
    const uint32_t lane = warp_thread() & 31;
    right += tile_byte(tile_left_row(lane), tile_left_chunk(lane), COLUMNS);
    WARP_UNROLL
    for (int k = 0; k < COLUMNS / 16; k++)
        WARP_UNROLL
        for (int n = 0; n < HEAD / 8; n += 2) {
            uint32_t b[4];
            warp_load_transposed(b, tile_forward(right, n, COLUMNS) + tile_byte(k * 16, 0, COLUMNS));
            WARP_UNROLL
            for (int m = 0; m < MATRICES; m++) {
                warp_mma(sum[m][n], left[m][k], b[0], b[1]);
                warp_mma(sum[m][n + 1], left[m][k], b[2], b[3]);
            }
        }
}

/* Writes the warp's `valid` first rows, by way of its own rows of a tile that it no longer needs, so that global
 * memory is written in whole chunks. */
template <int HEAD, int MATRICES>
WARP_FUNCTION void tile_store(uint16_t *to, size_t stride, const float rows[MATRICES][HEAD / 8][4], float scale,
                              uint32_t tile, uint32_t valid)
{
    const uint32_t lane = warp_thread() & 31, chunks = HEAD / TILE_CHUNK;
    warp_barrier();
    WARP_UNROLL
    for (int m = 0; m < MATRICES; m++)
        WARP_UNROLL
        for (int n = 0; n < HEAD / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i += 2)
                warp_shared_store(tile + tile_byte(m * 16 + tile_accumulator_row(lane, i), n, ATTENTION_BLOCK) +
                                      tile_accumulator_column(lane, i) * 2,
                                  warp_pack(rows[m][n][i] * scale, rows[m][n][i + 1] * scale));
    warp_barrier();
    WARP_UNROLL
    for (uint32_t i = 0; i < MATRICES * 16 * chunks / 32; i++) {
        uint32_t row = (lane + i * 32) / chunks, chunk = lane % chunks;
        if (row < valid)
            warp_global_store(to + row * stride + chunk * TILE_CHUNK,
                              warp_shared_load(tile + tile_byte(row, chunk, ATTENTION_BLOCK)));
    }
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention_product.cuh - what the forward and the backward share: tiles in, the two products, tiles out.
 *
 * A warp owns `matrices` times 16 rows and keeps its accumulators in registers. There are two ways to multiply. Warps
 * alone (mma.sync, from compute capability 8.0 on) read their operands from shared memory first. With two matrices
 * every right operand read serves two products: one matrix would ask shared memory for as many bytes in a clock (128)
 * as it can give while these tensor cores run at their peak. Warp groups (wgmma, compute capability 9.0 alone) are
 * four warps that multiply 64 rows, with right operands that tensor cores read themselves; fragments of the
 * accumulator are those of one matrix of mma.sync, so that all else is the same.
 */
#ifndef TRAIN_CUDA_ATTENTION_PRODUCT_CUH
#define TRAIN_CUDA_ATTENTION_PRODUCT_CUH

#include "train/cuda/attention.h"
#include "train/cuda/attention_tile.h"
#include "train/cuda/warp.cuh"
#include "train/cuda/warp_group.cuh"

#define LOG2_E 1.4426950408889634f
#define LN_2 0.6931471805599453f

/* The shape of a kernel: STEP rows of the streamed tiles in a step; KEPT times 16 numbers of a left operand stay in
 * registers. A unit is the threads that skip a step together. */
template <int HEAD_SIZE, int MATRICES, int STEP, int KEPT, bool GROUP>
struct TileShape {
    static const int head_size = HEAD_SIZE, matrices = MATRICES, step = STEP, kept = KEPT;
    static const bool group = GROUP;
    static const uint32_t warp_rows = MATRICES * 16, threads = ATTENTION_BLOCK / warp_rows * 32;
    static const uint32_t unit_threads = GROUP ? 128 : 32, unit_rows = unit_threads / 32 * warp_rows;
    static const uint32_t own = ATTENTION_BLOCK * HEAD_SIZE * 2, streamed = STEP * HEAD_SIZE * 2; /* bytes of tiles */
    typedef float Scores[MATRICES][STEP / 8][4];
    typedef uint32_t Packed[MATRICES][STEP / 16][4];
    typedef float Sum[MATRICES][HEAD_SIZE / 8][4];
    typedef uint32_t Kept[MATRICES][KEPT ? KEPT : 1][4];
};

/* Where in a tile the calling thread begins to copy, of all that copy threads / chunks rows at once. */
template <typename P>
WARP_FUNCTION uint32_t tile_thread_row(void)
{
    return warp_thread() / (P::head_size / TILE_CHUNK);
}

template <typename P>
WARP_FUNCTION uint32_t tile_thread_chunk(void)
{
    return warp_thread() % (P::head_size / TILE_CHUNK);
}

/* The thread's own pointer into rows of one head, for tile_load. */
template <typename P>
WARP_FUNCTION const uint16_t *tile_source(const uint16_t *rows, size_t stride)
{
    return rows + tile_thread_row<P>() * stride + tile_thread_chunk<P>() * TILE_CHUNK;
}

/* Begins to copy `valid` rows from tile_source on into a tile of ROWS; the rest become zero, unread. The pointer
 * walks, because the compiler would keep a pointer for every row that it could compute ahead. */
template <typename P, int ROWS>
WARP_FUNCTION void tile_load(uint32_t tile, const uint16_t *source, size_t stride, uint32_t valid)
{
    const uint32_t rows = P::threads / (P::head_size / TILE_CHUNK), row = tile_thread_row<P>();
    static_assert(ROWS % rows == 0 && rows % 8 == 0, "every thread copies as many chunks, to one place of the swizzle");
    tile += tile_byte(row, tile_thread_chunk<P>(), ROWS);
    WARP_UNROLL
    for (uint32_t i = 0; i < ROWS; i += rows, source += rows * stride)
        warp_copy_16(tile + tile_byte(i, 0, ROWS), source, row + i < valid);
}

/* Waits until all threads' copies have arrived; all threads are done with what they read before. */
template <typename P>
WARP_FUNCTION void tile_arrive(void)
{
    warp_copy_wait();
    if (P::group)
        warp_group_publish();
    warp_block_barrier();
}

/* Fragments of the warp's rows of a tile, [matrix][16 numbers of the head], for the first that are to be kept. */
template <typename P>
WARP_FUNCTION void tile_keep(typename P::Kept kept, uint32_t left)
{
    const uint32_t lane = warp_thread() & 31;
    left += tile_byte(tile_left_row(lane), tile_left_chunk(lane), ATTENTION_BLOCK);
    WARP_UNROLL
    for (int k = 0; k < P::kept; k++)
        WARP_UNROLL
        for (int m = 0; m < P::matrices; m++)
            warp_load_matrices(kept[m][k],
                               tile_forward(left, 2 * k, ATTENTION_BLOCK) + tile_byte(m * 16, 0, ATTENTION_BLOCK));
}

/* scores = left right^T by one warp: its own rows of one tile by the streamed rows of another. */
template <typename P>
WARP_FUNCTION void tile_warp_scores(typename P::Scores scores, typename P::Kept kept, uint32_t left, uint32_t right)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::step / 8; n++)
            scores[m][n][0] = scores[m][n][1] = scores[m][n][2] = scores[m][n][3] = 0;
    const uint32_t lane = warp_thread() & 31;
    left += tile_byte(tile_left_row(lane), tile_left_chunk(lane), ATTENTION_BLOCK);
    right += tile_byte(tile_right_row(lane), tile_right_chunk(lane), P::step);
    WARP_UNROLL
    for (int k = 0; k < P::head_size / 16; k++) {
        uint32_t read[P::matrices][4], b[4];
        WARP_UNROLL
        for (int m = 0; m < P::matrices; m++)
            if (k >= P::kept)
                warp_load_matrices(read[m], tile_forward(left, 2 * k, ATTENTION_BLOCK) +
                                                tile_byte(m * 16, 0, ATTENTION_BLOCK));
        WARP_UNROLL
        for (int n = 0; n < P::step / 8; n += 2) {
            warp_load_matrices(b, tile_forward(right, 2 * k, P::step) + tile_byte(n * 8, 0, P::step));
            WARP_UNROLL
            for (int m = 0; m < P::matrices; m++) {
                const uint32_t *a = k < P::kept ? kept[m][k] : read[m];
                warp_mma(scores[m][n], a, b[0], b[1]);
                warp_mma(scores[m][n + 1], a, b[2], b[3]);
            }
        }
    }
}

/* Begins scores = left right^T by a warp group; `left` is its first row, not the warp's. */
template <typename P>
WARP_FUNCTION void tile_group_begin_scores(typename P::Scores scores, uint32_t left, uint32_t right)
{
    static_assert(!P::group || P::step == 64 || P::step == 128, "columns of products");
    WARP_UNROLL
    for (int k = 0; k < P::head_size / 16; k++) {
        const uint64_t a = tile_descriptor(left + tile_panel_byte(2 * k, ATTENTION_BLOCK));
        const uint64_t b = tile_descriptor(right + tile_panel_byte(2 * k, P::step));
        if constexpr (P::step == 128)
            warp_group_mma_wide(scores[0], a, b, k > 0);
        else
            warp_group_mma(scores[0], a, b, k > 0);
    }
}

template <typename P>
WARP_FUNCTION void tile_group_scores(typename P::Scores scores, uint32_t left, uint32_t right)
{
    warp_group_begin();
    tile_group_begin_scores<P>(scores, left, right);
    warp_group_commit();
    warp_group_wait<0>();
    warp_group_settle<P::step / 8>(scores[0]);
}

/* scores = left right^T, summed over the head. `left` is the first row of the warp, or of its group. Of the left,
 * what is kept in registers (tile_keep; NULL for none) need not be read again. */
template <typename P>
WARP_FUNCTION void tile_scores(typename P::Scores scores, typename P::Kept kept, uint32_t left, uint32_t right)
{
    if constexpr (P::group)
        tile_group_scores<P>(scores, left, right);
    else
        tile_warp_scores<P>(scores, kept, left, right);
}

/* Scores become left operands of the next product: [matrix][16 columns]. */
template <typename P>
WARP_FUNCTION void tile_pack(typename P::Packed packed, typename P::Scores scores)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::step / 8; n++) {
            packed[m][n / 2][n % 2 * 2] = warp_pack(scores[m][n][0], scores[m][n][1]);
            packed[m][n / 2][n % 2 * 2 + 1] = warp_pack(scores[m][n][2], scores[m][n][3]);
        }
}

template <typename P>
WARP_FUNCTION void tile_warp_accumulate(typename P::Sum sum, typename P::Packed left, uint32_t right)
{
    const uint32_t lane = warp_thread() & 31;
    right += tile_byte(tile_left_row(lane), tile_left_chunk(lane), P::step);
    WARP_UNROLL
    for (int k = 0; k < P::step / 16; k++)
        WARP_UNROLL
        for (int n = 0; n < P::head_size / 8; n += 2) {
            uint32_t b[4];
            warp_load_transposed(b, tile_forward(right, n, P::step) + tile_byte(k * 16, 0, P::step));
            WARP_UNROLL
            for (int m = 0; m < P::matrices; m++) {
                warp_mma(sum[m][n], left[m][k], b[0], b[1]);
                warp_mma(sum[m][n + 1], left[m][k], b[2], b[3]);
            }
        }
}

/* Begins sum += left right by a warp group. */
template <typename P>
WARP_FUNCTION void tile_group_begin_accumulating(typename P::Sum sum, typename P::Packed left, uint32_t right)
{
    WARP_UNROLL
    for (int k = 0; k < P::step / 16; k++)
        WARP_UNROLL
        for (int n = 0; n < P::head_size / 8; n += TILE_PANEL)
            warp_group_mma_registers(
                &sum[0][n], left[0][k],
                tile_descriptor(right + tile_panel_byte(n, P::step) + tile_byte(k * 16, 0, P::step)));
}

template <typename P>
WARP_FUNCTION void tile_group_accumulate(typename P::Sum sum, typename P::Packed left, uint32_t right)
{
    warp_group_begin();
    tile_group_begin_accumulating<P>(sum, left, right);
    warp_group_commit();
    warp_group_wait<0>();
    warp_group_settle<P::head_size / 8>(sum[0]);
}

/* sum += left right: packed scores by a streamed tile, whose rows are the scores' columns. */
template <typename P>
WARP_FUNCTION void tile_accumulate(typename P::Sum sum, typename P::Packed left, uint32_t right)
{
    if constexpr (P::group)
        tile_group_accumulate<P>(sum, left, right);
    else
        tile_warp_accumulate<P>(sum, left, right);
}

/* Before tile_store: products of a group read the rows of all four warps, and those of the other warps may be under way
 * when one has waited for its own. */
template <typename P>
WARP_FUNCTION void tile_finish(void)
{
    if (P::group)
        warp_block_barrier();
}

/* Writes the warp's `valid` first rows, by way of its own rows of a tile that nobody needs any more, so that global
 * memory is written in whole chunks. */
template <typename P>
WARP_FUNCTION void tile_store(uint16_t *to, size_t stride, typename P::Sum rows, float scale, uint32_t tile,
                              uint32_t valid)
{
    const uint32_t lane = warp_thread() & 31, chunks = P::head_size / TILE_CHUNK;
    warp_barrier();
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::head_size / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i += 2)
                warp_shared_store(tile + tile_byte(m * 16 + tile_accumulator_row(lane, i), n, ATTENTION_BLOCK) +
                                      tile_accumulator_column(lane, i) * 2,
                                  warp_pack(rows[m][n][i] * scale, rows[m][n][i + 1] * scale));
    warp_barrier();
    WARP_UNROLL
    for (uint32_t i = 0; i < P::warp_rows * chunks / 32; i++) {
        uint32_t row = (lane + i * 32) / chunks, chunk = lane % chunks;
        if (row < valid)
            warp_global_store(to + row * stride + chunk * TILE_CHUNK,
                              warp_shared_load(tile + tile_byte(row, chunk, ATTENTION_BLOCK)));
    }
}

#endif

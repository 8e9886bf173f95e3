/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention_tile.h - where things lie: the index arithmetic of the flash attention kernels.
 *
 * Plain functions of integers, for nvcc and for the compiler of the host alike, so that
 * tests/unit/test_cuda_attention.cc proves on any machine what the GPU computes with. Rows and columns of a segment
 * are counted from its first row.
 *
 * A tile is some rows of one head in shared memory, moved in chunks of 16 bytes (8 numbers). It lies in panels of 64
 * columns, one after the other; a row of a panel is 128 bytes, which are all 32 banks. ldmatrix reads the same chunk
 * of eight rows at once. Unswizzled, these would all lie in the same four banks; the chunk's index is xored with the
 * row's last three bits, which spreads the eight over all of them. It is also what the hardware calls its swizzle of
 * 128 bytes, so that the warp group products of Hopper can read the same tiles.
 *
 * Fragments, by the PTX ISA (mma.m16n8k16, ldmatrix): of the accumulator, lane l holds the rows l / 4 and l / 4 + 8
 * and the columns 2 (l % 4) and one further, as c[0], c[1], c[2], c[3]. Two accumulators side by side, packed to
 * bfloat16, are exactly the left operand of the next product: probabilities go from one product to the next without
 * leaving registers.
 */
#ifndef TRAIN_CUDA_ATTENTION_TILE_H
#define TRAIN_CUDA_ATTENTION_TILE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __CUDACC__
#define TILE_FUNCTION static __host__ __device__ __forceinline__
#else
#define TILE_FUNCTION static inline
#endif

#define TILE_CHUNK 8 /* numbers of bfloat16 in 16 bytes */

#define TILE_PANEL 8 /* chunks */
#define TILE_ROW 128 /* bytes of a row of a panel */

/* Byte of a chunk within its tile, which has so many rows. */
TILE_FUNCTION uint32_t tile_byte(uint32_t row, uint32_t chunk, uint32_t rows)
{
    return (chunk / TILE_PANEL * rows + row) * TILE_ROW + ((chunk % TILE_PANEL) ^ (row & 7)) * 16;
}

/* The address `chunks` (even) chunks further on in the same row, from one of a chunk 0 or 1. Tiles begin at multiples
 * of TILE_ROW: one xor where adding would need the row again. */
TILE_FUNCTION uint32_t tile_forward(uint32_t address, uint32_t chunks, uint32_t rows)
{
    return (address ^ chunks % TILE_PANEL * 16) + chunks / TILE_PANEL * rows * TILE_ROW;
}

/* The byte of a chunk of the first row as the hardware's swizzle wants it: before the xor. */
TILE_FUNCTION uint32_t tile_panel_byte(uint32_t chunk, uint32_t rows)
{
    return chunk / TILE_PANEL * rows * TILE_ROW + chunk % TILE_PANEL * 16;
}

/* What tells a warp group's product where an operand lies (PTX ISA, "Matrix descriptor"): address, distance of groups
 * of eight rows, both in units of 16 bytes, and the swizzle of 128 bytes. The other distance has no meaning for
 * operands that are one panel wide. Panels must begin at multiples of eight rows, because the xor takes its bits from
 * addresses. */
TILE_FUNCTION uint64_t tile_descriptor(uint32_t address)
{
    return (uint64_t)1 << 62 | (uint64_t)(8 * TILE_ROW / 16) << 32 | (uint64_t)1 << 16 | (address & 0x3ffff) >> 4;
}

/* ldmatrix.x4 takes the addresses of matrix 0's eight rows from lanes 0 to 7, of matrix 1's from lanes 8 to 15, ...
 * The left operand, 16 rows by two chunks: matrices down, then right. Transposed, the same four are the right
 * operands of two products whose columns are the two chunks and whose summed index is the row. */
TILE_FUNCTION uint32_t tile_left_row(uint32_t lane)
{
    return lane & 15;
}

TILE_FUNCTION uint32_t tile_left_chunk(uint32_t lane)
{
    return lane >> 4;
}

/* The right operands of two products whose columns are 16 rows of the tile and whose summed index runs along two
 * chunks: matrices right, then down. */
TILE_FUNCTION uint32_t tile_right_row(uint32_t lane)
{
    return (lane & 7) + (lane >> 4) * 8;
}

TILE_FUNCTION uint32_t tile_right_chunk(uint32_t lane)
{
    return lane >> 3 & 1;
}

/* Row and column of element i of lane's accumulator. */
TILE_FUNCTION uint32_t tile_accumulator_row(uint32_t lane, uint32_t i)
{
    return (lane >> 2) + (i >> 1) * 8;
}

TILE_FUNCTION uint32_t tile_accumulator_column(uint32_t lane, uint32_t i)
{
    return (lane & 3) * 2 + (i & 1);
}

/* Keys after the segment's end need no mask of their own: a query that sees one is after the end too, and its row is
 * never stored. What is loaded in their place is zero, hence finite. */
TILE_FUNCTION bool tile_visible(uint32_t query, uint32_t key)
{
    return key <= query;
}

/* How many of `count` rows from `first` on lie before `end`. */
TILE_FUNCTION uint32_t tile_rows(uint32_t first, uint32_t count, uint32_t end)
{
    return first >= end ? 0 : end - first < count ? end - first : count;
}

/* Does any pair of queries [query, query + queries) and keys [key, key + keys) see each other? Do some not? */
TILE_FUNCTION bool tile_any_visible(uint32_t query, uint32_t queries, uint32_t key)
{
    return tile_visible(query + queries - 1, key);
}

TILE_FUNCTION bool tile_any_hidden(uint32_t query, uint32_t key, uint32_t keys)
{
    return !tile_visible(query, key + keys - 1);
}

/* How many keys, from the segment's first, the block of queries at `first` has to see. */
TILE_FUNCTION uint32_t tile_keys_seen(uint32_t first, uint32_t block, uint32_t length)
{
    return first + block < length ? first + block : length;
}

/* Steps of `step` queries, from `first` on, that see the block of keys at `first`. */
TILE_FUNCTION uint32_t tile_query_steps(uint32_t first, uint32_t length, uint32_t step)
{
    return (length - first + step - 1) / step;
}

#endif

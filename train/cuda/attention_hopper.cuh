/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention_hopper.cuh - producers and consumers: what the kernels of attention for Hopper share.
 *
 * A block has two groups of warps that consume, and a third, of which one warp produces: it has boxes copied into buffers.
 * Each place in shared memory that boxes go to has a pair of barriers (warp_tensor.cuh): one tells that they have come,
 * the other that nobody needs them any more. Buffers serve in turn, as a ring.
 *
 * As many blocks as multiprocessors are started, and take tiles until there are none. Tables have the longest first, and
 * blocks take theirs back and forth, so that none gets the longest each time. Which block computes a tile has no part in
 * its result.
 *
 * P, the shape of a kernel, is a TileShape (attention_product.cuh) and has, besides: stages, the buffers of a ring; box, the
 * rows of a box; arrivals, the byte of the first barrier; pairs of barriers, of which pair 0 is the own tiles'.
 */
#ifndef TRAIN_CUDA_ATTENTION_HOPPER_CUH
#define TRAIN_CUDA_ATTENTION_HOPPER_CUH

#include "train/cuda/attention_product.cuh"
#include "train/cuda/warp_tensor.cuh"

#define CONSUMERS 2 /* groups */
#define GROUP_THREADS 128
#define GROUP_WARPS 4
#define HOPPER_THREADS ((CONSUMERS + 1) * GROUP_THREADS)
/* What is left of a multiprocessor's 65,536 registers for each thread of a consumer when those of the producer have given
 * back all but PRODUCER_REGISTERS. */
#define PRODUCER_REGISTERS 40
#define CONSUMER_REGISTERS 232
/* Named barriers: the turn of a group, and that of the group's own warps. */
#define BARRIER_TURN 1
#define BARRIER_GROUP (BARRIER_TURN + CONSUMERS)

/* The buffer that comes next, and the parity of its phase. */
typedef struct Ring {
    uint32_t stage, parity;
} Ring;

template <typename P>
WARP_FUNCTION void ring_advance(Ring *ring)
{
    ring->stage++;
    if (ring->stage == P::stages) {
        ring->stage = 0;
        ring->parity ^= 1;
    }
}

template <typename P>
WARP_FUNCTION uint32_t full_of(uint32_t pair)
{
    return warp_shared() + P::arrivals + pair * 16;
}

template <typename P>
WARP_FUNCTION uint32_t free_of(uint32_t pair)
{
    return full_of<P>(pair) + 8;
}

template <typename P>
WARP_FUNCTION void open_arrivals(void)
{
    if (warp_thread() == 0) {
        for (uint32_t pair = 0; pair < P::pairs; pair++) {
            warp_arrival_open(full_of<P>(pair), 1);
            warp_arrival_open(free_of<P>(pair), CONSUMERS * GROUP_WARPS);
        }
        warp_arrivals_publish();
    }
    warp_block_barrier();
}

/* A consumer's warp needs it no more. */
WARP_FUNCTION void release(uint32_t arrival)
{
    if (warp_thread() % 32 == 0)
        warp_arrive(arrival);
}

/* All tiles in rounds of one a block, every other round backwards. */
WARP_FUNCTION uint32_t tile_of_round(uint32_t grid, uint32_t round)
{
    return round * grid + (round & 1 ? grid - 1 - warp_block() : warp_block());
}

/* One thread begins to copy `rows` rows of a head into a tile of as many. */
template <typename P>
WARP_FUNCTION void load_boxes(const TensorMap *map, uint32_t to, uint32_t rows, uint32_t column, uint32_t row,
                              uint32_t arrival)
{
    for (uint32_t panel = 0; panel < P::head_size / TENSOR_BOX_COLUMNS; panel++)
        for (uint32_t r = 0; r < rows; r += P::box)
            warp_tensor_load(to + (panel * rows + r) * TILE_ROW, map, column + panel * TENSOR_BOX_COLUMNS, row + r,
                             arrival);
}

#endif

/* SPDX-License-Identifier: Apache-2.0
 * The forward of flash attention; see train/cuda/attention.h.
 *
 * A block of four warps owns 128 queries of one head, 32 to a warp, and goes over the keys from the segment's first
 * to its own last, 32 in a step. The next step's keys and values are on their way while it computes with this one's,
 * in the other of two buffers: one barrier a step says both that this step's have arrived and that the other buffer
 * is free.
 *
 * Per thread at head size 128: 128 registers of output, 32 of scores, and 32 of queries, which is half of them; the
 * other half is read from shared memory again in every step. At head size 64 all queries stay in registers. Blocks of
 * one head's group lie side by side in the grid, so that they find each other's keys and values in the second-level
 * cache.
 */
#include "train/cuda/attention_product.cuh"
#include "train/cuda/attention_softmax.cuh"

/* With warps alone all queries of head size 64, and half of 128, are kept in registers. Blocks to a multiprocessor
 * are what its registers allow. */
template <int HEAD_SIZE, bool GROUP>
struct Forward : TileShape<HEAD_SIZE, GROUP ? 1 : 2, GROUP ? 64 : 32, GROUP ? 0 : 4, GROUP> {
    typedef TileShape<HEAD_SIZE, GROUP ? 1 : 2, GROUP ? 64 : 32, GROUP ? 0 : 4, GROUP> Shape;
    static const int blocks = GROUP ? 2 : HEAD_SIZE == 64 ? 3 : 2;
    /* Shared memory: the queries, then two buffers of keys and values. */
    static const uint32_t buffer = 2 * Shape::streamed, bytes = Shape::own + 2 * buffer;
};

typedef struct ForwardArguments {
    const AttentionBlock *blocks;
    const uint16_t *qkv;
    uint16_t *out;
    float *lse;
    uint32_t heads, kv_heads;
    float scale; /* of the scores, in units of log 2 */
} ForwardArguments;

/* One step of a warp: scores, softmax, values. `queries` is the first row of its unit. */
template <typename P>
WARP_FUNCTION void forward_step(Softmax<P> *softmax, typename P::Sum out, typename P::Kept kept, uint32_t queries,
                                uint32_t buffer, uint32_t row, uint32_t key, float scale)
{
    typename P::Scores scores;
    typename P::Packed packed;
    tile_scores<P>(scores, kept, queries, buffer);
    if (tile_any_hidden(row, key, P::step))
        hide_later<P>(scores, row, key);
    Correction<P> correction;
    if (softmax_raise<P>(softmax, &correction, scores, scale)) {
        softmax_correct_sums<P>(softmax, &correction);
        softmax_correct<P>(out, &correction);
    }
    softmax_add<P>(softmax, scores, scale);
    tile_pack<P>(packed, scores);
    tile_accumulate<P>(out, packed, buffer + P::streamed);
}

/* Begins to copy a step's keys and values; `kv` is the thread's own pointer to them (tile_source). */
template <typename P>
WARP_FUNCTION void load_step(const ForwardArguments *a, uint32_t buffer, const uint16_t *kv, size_t stride,
                             uint32_t valid)
{
    tile_load<P, P::step>(buffer, kv, stride, valid);
    tile_load<P, P::step>(buffer + P::streamed, kv + a->kv_heads * P::head_size, stride, valid);
}

template <typename P>
__global__ void __launch_bounds__(P::threads, P::blocks) attention_forward_kernel(ForwardArguments a)
{
    const size_t stride = (size_t)(a.heads + 2 * a.kv_heads) * P::head_size;
    const uint32_t head = warp_block() % a.heads, group = head / (a.heads / a.kv_heads);
    const uint32_t warp_row = warp_thread() / 32 * P::warp_rows;
    const uint32_t unit_row = warp_thread() / P::unit_threads * P::unit_rows;
    AttentionBlock block = warp_read_block(a.blocks + warp_block() / a.heads);
    const uint32_t first = block.first - block.begin, length = block.end - block.begin;
    const uint32_t keys = tile_keys_seen(first, ATTENTION_BLOCK, length);
    const uint16_t *q = a.qkv + block.first * stride + head * P::head_size;
    const uint16_t *kv = tile_source<P>(a.qkv + block.begin * stride + (a.heads + group) * P::head_size, stride);
    uint32_t buffer = warp_shared() + P::own;
    const uint32_t both = 2 * buffer + P::buffer; /* the sum of the two buffers' addresses */

    tile_load<P, ATTENTION_BLOCK>(warp_shared(), tile_source<P>(q, stride), stride, length - first);
    load_step<P>(&a, buffer, kv, stride, keys);

    typename P::Sum out = {};
    typename P::Kept kept;
    Softmax<P> softmax;
    softmax_begin<P>(&softmax);
    const uint32_t unit = warp_shared() + tile_byte(unit_row, 0, ATTENTION_BLOCK);
    if (P::kept) {
        tile_arrive<P>();
        tile_keep<P>(kept, unit);
    }
    for (uint32_t key = 0; key < keys; key += P::step) {
        tile_arrive<P>();
        kv += P::step * stride;
        if (key + P::step < keys)
            load_step<P>(&a, both - buffer, kv, stride, keys - key - P::step);
        if (first + unit_row < keys && tile_any_visible(first + unit_row, P::unit_rows, key))
            forward_step<P>(&softmax, out, kept, unit, buffer, first + warp_row, key, a.scale);
        buffer = both - buffer;
    }

    tile_finish<P>();
    block = warp_read_block(a.blocks + warp_block() / a.heads);
    const uint32_t valid = tile_rows(block.first + warp_row, P::warp_rows, block.end);
    const size_t at = (size_t)(block.first + warp_row) * a.heads + warp_block() % a.heads;
    softmax_finish<P>(&softmax, out, a.lse + at, a.heads, a.scale, valid);
    tile_store<P>(a.out + at * P::head_size, (size_t)a.heads * P::head_size, out, 1,
                  warp_shared() + tile_byte(warp_row, 0, ATTENTION_BLOCK), valid);
}

template <typename P>
static int launch_forward(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv, void *stream)
{
    ForwardArguments a = {plan->by_queries, qkv, out, lse, plan->heads, plan->kv_heads,
                          LOG2_E / sqrtf((float)plan->head_size)};
    return warp_launch(attention_forward_kernel<P>, plan->blocks * plan->heads, P::threads, P::bytes, stream, a);
}

int attention_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv, void *stream)
{
    return plan->head_size == 64 ? launch_forward<Forward<64, false>>(plan, out, lse, qkv, stream)
                                 : launch_forward<Forward<128, false>>(plan, out, lse, qkv, stream);
}

int attention_group_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv,
                                   void *stream)
{
    return plan->head_size == 64 ? launch_forward<Forward<64, true>>(plan, out, lse, qkv, stream)
                                 : launch_forward<Forward<128, true>>(plan, out, lse, qkv, stream);
}

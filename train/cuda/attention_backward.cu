/* SPDX-License-Identifier: Apache-2.0
 * The backward of flash attention; see train/cuda/attention.h.
 *
 * Three kernels. The first writes, for each row and query head, what the others want of it: the softmax's denominator
 * and delta = dout . out. The other two are one and the same, seen from two sides:
 *
 *                          own tiles      streamed tiles    a step adds
 *     dq, by queries       q, dout        k, v              dq += ds k
 *     dk and dv, by keys   k, v           q, dout           dk += ds^T q, dv += p^T dout
 *
 * A block owns 128 rows of two tiles, which stay in shared memory, and streams the other two past them. With x and y
 * the own and z and w the streamed tiles, a step computes scores x z^T and dp = y w^T; p and ds follow element by
 * element, in registers, in whose layout they are already left operands of the products that they go into. Seen from
 * the keys, scores come out transposed, just as these products want them. Nothing is written to shared memory but
 * what is loaded.
 *
 * By keys, a block takes the query heads that share its keys one after another: the sum over the group has one order.
 *
 * Per thread at head size 128: by keys 128 registers of dk and dv and 64 of scores and dp, 16 keys to a warp; by queries
 * 128 of dq and 64 of scores and dp, 32 queries to a warp, or with warp groups 64 and 64 and 16.
 */
#include "train/cuda/attention_backward.cuh"

/* -- Statistics --------------------------------------------------------- */

#define STATISTICS_THREADS 256

typedef struct StatisticsArguments {
    const uint16_t *dout, *out;
    const float *lse;         /* [rows, heads] */
    float *to_lse, *to_delta; /* [heads, rows], so that a tile's lie side by side */
    size_t rows;
    uint32_t heads;
} StatisticsArguments;

/* Each row and query head has as many threads as its numbers have chunks of 16 bytes. */
template <int HEAD>
__global__ void __launch_bounds__(STATISTICS_THREADS) attention_statistics_kernel(StatisticsArguments a)
{
    const uint32_t chunks = HEAD / TILE_CHUNK;
    const size_t item = ((size_t)warp_block() * STATISTICS_THREADS + warp_thread()) / chunks;
    const size_t row = item / a.heads, head = item % a.heads;
    const bool inside = row < a.rows;
    float delta = 0;
    if (inside) {
        uint32_t dout[4], out[4];
        const size_t at = item * HEAD + warp_thread() % chunks * TILE_CHUNK;
        warp_global_load(dout, a.dout + at);
        warp_global_load(out, a.out + at);
        WARP_UNROLL
        for (int i = 0; i < 4; i++)
            delta += warp_low(dout[i]) * warp_low(out[i]) + warp_high(dout[i]) * warp_high(out[i]);
    }
    WARP_UNROLL
    for (uint32_t distance = chunks / 2; distance > 0; distance /= 2)
        delta += warp_exchange(delta, (int)distance);
    if (inside && warp_thread() % chunks == 0) {
        a.to_lse[head * a.rows + row] = a.lse[item] * LOG2_E;
        a.to_delta[head * a.rows + row] = delta;
    }
}

/* -- The two passes ----------------------------------------------------- */

/* Of two own tiles and two products' sums, 64 registers of each at head size 128, warps alone have room for one
 * matrix by keys; more rows to a step make up for it. */
template <int HEAD_SIZE, bool BY_KEYS, bool GROUP>
struct PassShape {
    static const bool narrow = GROUP || (BY_KEYS && HEAD_SIZE == 128);
    typedef TileShape<HEAD_SIZE, narrow ? 1 : 2, narrow ? 64 : 32, 0, GROUP> Shape;
};

template <int HEAD_SIZE, bool BY_KEYS, bool GROUP>
struct Pass : PassShape<HEAD_SIZE, BY_KEYS, GROUP>::Shape {
    typedef typename PassShape<HEAD_SIZE, BY_KEYS, GROUP>::Shape Shape;
    static const bool by_keys = BY_KEYS;
    static const int blocks = Shape::matrices == 1 ? 1 : BY_KEYS || HEAD_SIZE == 128 ? 2 : 3; /* to a multiprocessor */
    /* Shared memory: two own tiles, and two buffers of two streamed tiles, lse and delta, padded to a whole panel's
     * eight rows (tile_descriptor). */
    static const uint32_t buffer = 2 * Shape::streamed + (BY_KEYS ? 8 * TILE_ROW : 0);
    static const uint32_t bytes = 2 * Shape::own + 2 * buffer;
};

/* One step of a warp. `own` is its unit's first row of the first own tile; row and column count from the segment's
 * first row. */
template <typename P>
WARP_FUNCTION void backward_step(typename P::Sum dx, typename P::Sum dy, const OwnStatistics<P> *statistics,
                                 uint32_t own, uint32_t buffer, uint32_t row, uint32_t column, float scale)
{
    const uint32_t z = buffer, w = buffer + P::streamed, lse = w + P::streamed, delta = lse + P::step * 4;
    typename P::Scores p, dp;
    typename P::Packed packed;
    tile_scores<P>(p, NULL, own, z);
    if (P::by_keys ? tile_any_hidden(column, row, P::warp_rows) : tile_any_hidden(row, column, P::step))
        hide_pairs<P>(p, row, column, UINT32_MAX);
    find_probabilities<P>(p, statistics, lse, scale * LOG2_E);
    tile_pack<P>(packed, p);
    if (P::by_keys)
        tile_accumulate<P>(dy, packed, w);
    tile_scores<P>(dp, NULL, own + P::own, w);
    find_derivatives<P>(dp, packed, statistics, delta);
    tile_pack<P>(packed, dp);
    tile_accumulate<P>(dx, packed, z);
}

/* Begins to copy ROWS rows of queries and dout, or of keys and values, from row `first` of the batch on. */
template <typename P, int ROWS>
WARP_FUNCTION void load_queries(const BackwardArguments *a, uint32_t to, uint32_t distance, uint32_t head, size_t first,
                                uint32_t valid)
{
    const size_t stride = (size_t)(a->heads + 2 * a->kv_heads) * P::head_size, narrow = (size_t)a->heads * P::head_size;
    const uint16_t *q = a->qkv + first * stride + query_column<P>(head);
    const uint16_t *dout = a->dout + first * narrow + query_column<P>(head);
    tile_load<P, ROWS>(to, tile_source<P>(q, stride), stride, valid);
    tile_load<P, ROWS>(to + distance, tile_source<P>(dout, narrow), narrow, valid);
}

template <typename P, int ROWS>
WARP_FUNCTION void load_keys(const BackwardArguments *a, uint32_t to, uint32_t distance, uint32_t group, size_t first,
                             uint32_t valid)
{
    const size_t stride = (size_t)(a->heads + 2 * a->kv_heads) * P::head_size;
    const uint16_t *k = a->qkv + first * stride + key_column<P>(a, group);
    const uint16_t *v = a->qkv + first * stride + value_column<P>(a, group);
    tile_load<P, ROWS>(to, tile_source<P>(k, stride), stride, valid);
    tile_load<P, ROWS>(to + distance, tile_source<P>(v, stride), stride, valid);
}

/* Begins to copy what one step streams. */
template <typename P>
WARP_FUNCTION void load_streamed(const BackwardArguments *a, uint32_t buffer, uint32_t head, size_t first,
                                 uint32_t valid)
{
    if (!P::by_keys) {
        load_keys<P, P::step>(a, buffer, P::streamed, head / (a->heads / a->kv_heads), first, valid);
        return;
    }
    load_queries<P, P::step>(a, buffer, P::streamed, head, first, valid);
    const uint32_t thread = warp_thread(), query = thread % P::step;
    const float *statistics = (thread < P::step ? a->lse : a->delta) + head * a->rows + first + query;
    if (thread < 2 * P::step)
        warp_copy_4(buffer + 2 * P::streamed + thread * 4, statistics, query < valid);
}

template <typename P>
__global__ void __launch_bounds__(P::threads, P::blocks) attention_backward_kernel(BackwardArguments a)
{
    const uint32_t items = P::by_keys ? a.kv_heads : a.heads, item = warp_block() % items;
    const uint32_t shared_by = a.heads / a.kv_heads, warp_row = warp_thread() / 32 * P::warp_rows;
    const uint32_t unit_row = warp_thread() / P::unit_threads * P::unit_rows;
    const uint32_t unit = warp_shared() + tile_byte(unit_row, 0, ATTENTION_BLOCK);
    AttentionBlock block = warp_read_block(a.blocks + warp_block() / items);
    const uint32_t begin = block.begin, first = block.first - begin, length = block.end - begin;
    /* What is streamed: the rows [from, to) of the segment, for each of the heads [head, heads). */
    const uint32_t from = P::by_keys ? first : 0;
    const uint32_t to = P::by_keys ? length : tile_keys_seen(first, ATTENTION_BLOCK, length);
    uint32_t head = P::by_keys ? item * shared_by : item, column = from;
    const uint32_t heads = P::by_keys ? head + shared_by : head + 1;
    uint32_t buffer = warp_shared() + 2 * P::own;
    const uint32_t both = 2 * buffer + P::buffer; /* the sum of the two buffers' addresses */

    OwnStatistics<P> statistics;
    if (P::by_keys)
        load_keys<P, ATTENTION_BLOCK>(&a, warp_shared(), P::own, item, block.first, length - first);
    else {
        load_queries<P, ATTENTION_BLOCK>(&a, warp_shared(), P::own, item, block.first, length - first);
        const size_t at = item * a.rows + block.first + warp_row;
        read_own<P>(&statistics, a.lse + at, a.delta + at, tile_rows(first + warp_row, P::warp_rows, length));
    }
    load_streamed<P>(&a, buffer, head, begin + column, to - column);

    typename P::Sum dx = {}, dy = {};
    while (head < heads) {
        uint32_t next_head = head, next = column + P::step;
        if (next >= to) {
            next = from;
            next_head++;
        }
        tile_arrive<P>();
        if (next_head < heads)
            load_streamed<P>(&a, both - buffer, next_head, begin + next, to - next);
        const uint32_t row = first + unit_row;
        const bool visible =
            P::by_keys ? tile_any_visible(column, P::step, row) : tile_any_visible(row, P::unit_rows, column);
        if (row < to && visible)
            backward_step<P>(dx, dy, &statistics, unit, buffer, first + warp_row, column, a.scale);
        buffer = both - buffer;
        head = next_head;
        column = next;
    }

    tile_finish<P>();
    block = warp_read_block(a.blocks + warp_block() / items);
    store_own<P>(&a, dx, dy, warp_shared() + tile_byte(warp_row, 0, ATTENTION_BLOCK), item,
                 (size_t)block.first + warp_row,
                 tile_rows(block.first + warp_row, P::warp_rows, block.end));
}

size_t attention_shared_bytes(size_t head_size)
{
    static_assert(Pass<128, true, true>::bytes >= Pass<128, true, false>::bytes, "the most of all kernels");
    return head_size == 64 ? Pass<64, true, true>::bytes : Pass<128, true, true>::bytes;
}

/* -- Launch -------------------------------------------------------------- */

template <int HEAD>
static int launch_statistics(const StatisticsArguments *a, void *stream)
{
    const size_t per_block = STATISTICS_THREADS / (HEAD / TILE_CHUNK);
    return warp_launch(attention_statistics_kernel<HEAD>, (a->rows * a->heads + per_block - 1) / per_block,
                       STATISTICS_THREADS, 0, stream, *a);
}

int attention_statistics_launch(const AttentionPlan *plan, const BackwardArguments *a, const uint16_t *out, const float *lse,
                                void *stream)
{
    StatisticsArguments s = {a->dout, out, lse, (float *)a->lse, (float *)a->delta, a->rows, a->heads};
    return plan->head_size == 64 ? launch_statistics<64>(&s, stream) : launch_statistics<128>(&s, stream);
}

template <typename P>
static int launch_pass(const AttentionPlan *plan, const BackwardArguments *a, void *stream)
{
    BackwardArguments own = *a;
    own.blocks = P::by_keys ? plan->by_keys : plan->by_queries;
    return warp_launch(attention_backward_kernel<P>, plan->blocks * (P::by_keys ? a->kv_heads : a->heads), P::threads,
                       P::bytes, stream, own);
}

template <int HEAD, bool GROUP>
static int launch_backward(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout, const uint16_t *out,
                           const float *lse, const uint16_t *qkv, void *scratch, void *stream)
{
    BackwardArguments a = attention_backward_arguments(plan, dqkv, dout, qkv, scratch);
    int error = attention_statistics_launch(plan, &a, out, lse, stream);
    if (!error)
        error = launch_pass<Pass<HEAD, true, GROUP>>(plan, &a, stream);
    return error ? error : launch_pass<Pass<HEAD, false, GROUP>>(plan, &a, stream);
}

int attention_backward_launch(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout, const uint16_t *out,
                              const float *lse, const uint16_t *qkv, void *scratch, void *stream)
{
    return plan->head_size == 64
               ? launch_backward<64, false>(plan, dqkv, dout, out, lse, qkv, scratch, stream)
               : launch_backward<128, false>(plan, dqkv, dout, out, lse, qkv, scratch, stream);
}

int attention_group_backward_launch(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout,
                                    const uint16_t *out, const float *lse, const uint16_t *qkv, void *scratch,
                                    void *stream)
{
    return plan->head_size == 64
               ? launch_backward<64, true>(plan, dqkv, dout, out, lse, qkv, scratch, stream)
               : launch_backward<128, true>(plan, dqkv, dout, out, lse, qkv, scratch, stream);
}

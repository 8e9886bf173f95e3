/* SPDX-License-Identifier: Apache-2.0
 * The forward of flash attention for Hopper (compute capability 9.0); see train/cuda/attention.h.
 *
 * By producers and consumers (attention_hopper.cuh). A tile is a query head of a block of the table. Each of the two groups
 * of consumers owns 64 of the 128 queries, and goes over the keys, 128 in a step, which the producer has copied ahead, as
 * far as there are buffers.
 *
 * Tensor cores work beside the warps that ask them to. Within a group, the products of this step's scores and of the last
 * step's values are begun together; while those of the values go on, the group turns scores into probabilities. Between
 * the groups, turns are taken: one begins its products when the other has begun its own and goes over to its softmax. So
 * tensor cores have work while exponentials are computed, which cost about as much time.
 *
 * Rows of a box behind the end of a segment are the next segment's, or zero behind the last. No row that is stored sees
 * them: keys behind its own are hidden.
 *
 * Per thread of a consumer at head size 128: 64 registers of output, 64 of scores and 32 of probabilities.
 *
 * Source: Shah et al. 2024 (FlashAttention-3).
 */
#include "train/cuda/attention_hopper.cuh"
#include "train/cuda/attention_softmax.cuh"

/* Keys and values have STAGES buffers each, which serve in turn. A barrier tells that a tile has come (FULL), another that
 * nobody needs it any more (FREE). */
template <int HEAD_SIZE, int STAGES>
struct HopperForward : TileShape<HEAD_SIZE, 1, 128, 0, true> {
    typedef TileShape<HEAD_SIZE, 1, 128, 0, true> Shape;
    static const uint32_t stages = STAGES, box = 128;
    static const uint32_t keys = Shape::own, values = keys + STAGES * Shape::streamed;
    static const uint32_t arrivals = values + STAGES * Shape::streamed, pairs = 1 + 2 * STAGES;
    static const uint32_t bytes = arrivals + pairs * 16;
};

typedef enum HopperTile { TILE_KEYS, TILE_VALUES } HopperTile;

/* Pairs of barriers: the queries' is the first. */
template <typename P>
WARP_FUNCTION uint32_t pair_of(HopperTile tile, uint32_t stage)
{
    return 1 + tile * P::stages + stage;
}

typedef struct HopperForwardArguments {
    TensorMap qkv;
    const AttentionBlock *blocks;
    uint16_t *out;
    float *lse;
    uint32_t tiles, grid; /* how many there are, and how many blocks share them */
    uint32_t heads, kv_heads;
    float scale; /* of the scores, in units of log 2 */
} HopperForwardArguments;

template <typename P>
WARP_FUNCTION uint32_t buffer_of(HopperTile tile, uint32_t stage)
{
    return warp_shared() + (tile == TILE_KEYS ? P::keys : P::values) + stage * P::streamed;
}

/* -- The producer -------------------------------------------------------- */

/* Waits until nobody needs what lies there, and begins to copy 128 rows of a head. */
template <typename P>
WARP_FUNCTION void produce_tile(const HopperForwardArguments *a, uint32_t to, uint32_t head, uint32_t row, uint32_t pair,
                                uint32_t parity)
{
    warp_await(free_of<P>(pair), parity ^ 1);
    if (warp_thread() % 32 == 0) {
        warp_arrive_expecting(full_of<P>(pair), P::own);
        load_boxes<P>(&a->qkv, to, ATTENTION_BLOCK, head * P::head_size, row, full_of<P>(pair));
    }
    warp_barrier();
}

/* The first keys come before the queries: these have one place only, which the tile before may still need. */
template <typename P>
WARP_FUNCTION void produce(const HopperForwardArguments *a)
{
    Ring ring = {0, 0};
    uint32_t parity = 0;
    for (uint32_t round = 0; tile_of_round(a->grid, round) < a->tiles; round++, parity ^= 1) {
        const uint32_t tile = tile_of_round(a->grid, round), head = tile % a->heads;
        const uint32_t group = a->heads + head / (a->heads / a->kv_heads);
        const AttentionBlock block = warp_read_block(a->blocks + tile / a->heads);
        const uint32_t keys = tile_keys_seen(block.first - block.begin, ATTENTION_BLOCK, block.end - block.begin);
        for (uint32_t key = 0; key < keys; key += P::step) {
            produce_tile<P>(a, buffer_of<P>(TILE_KEYS, ring.stage), group, block.begin + key,
                            pair_of<P>(TILE_KEYS, ring.stage), ring.parity);
            if (key == 0)
                produce_tile<P>(a, warp_shared(), head, block.first, 0, parity);
            produce_tile<P>(a, buffer_of<P>(TILE_VALUES, ring.stage), group + a->kv_heads, block.begin + key,
                            pair_of<P>(TILE_VALUES, ring.stage), ring.parity);
            ring_advance<P>(&ring);
        }
    }
}

/* -- The consumers ------------------------------------------------------- */

/* What a consumer has of the tile that it computes. */
template <typename P>
struct Consumer {
    const HopperForwardArguments *arguments;
    uint32_t group;
    Ring keys, values; /* values come a step later */
    uint32_t own_parity;
    uint32_t row; /* of the warp's first, in the segment */
};

template <typename P>
WARP_FUNCTION uint32_t consumer_own(const Consumer<P> *c)
{
    return warp_shared() + tile_byte(c->group * P::unit_rows, 0, ATTENTION_BLOCK);
}

/* Scores of a step that begins at `key` become probabilities; does the output have to follow? */
template <typename P>
WARP_FUNCTION bool consume_scores(const Consumer<P> *c, Softmax<P> *softmax, Correction<P> *correction,
                                  typename P::Scores scores, uint32_t key)
{
    const float scale = c->arguments->scale;
    if (tile_any_hidden(c->row, key, P::step))
        hide_later<P>(scores, c->row, key);
    const bool raised = softmax_raise<P>(softmax, correction, scores, scale);
    if (raised)
        softmax_correct_sums<P>(softmax, correction);
    softmax_add<P>(softmax, scores, scale);
    return raised;
}

/* The first step has no values to go with. */
template <typename P>
WARP_FUNCTION void consume_first(Consumer<P> *c, Softmax<P> *softmax, typename P::Packed packed)
{
    typename P::Scores scores;
    Correction<P> correction;
    warp_await(full_of<P>(pair_of<P>(TILE_KEYS, c->keys.stage)), c->keys.parity);
    tile_group_scores<P>(scores, consumer_own<P>(c), buffer_of<P>(TILE_KEYS, c->keys.stage));
    release(free_of<P>(pair_of<P>(TILE_KEYS, c->keys.stage)));
    ring_advance<P>(&c->keys);
    consume_scores<P>(c, softmax, &correction, scores, 0);
    tile_pack<P>(packed, scores);
}

/* This step's scores and, beside their softmax, the last step's values. */
template <typename P>
WARP_FUNCTION void consume_step(Consumer<P> *c, Softmax<P> *softmax, typename P::Sum out, typename P::Packed packed,
                                uint32_t key)
{
    typename P::Scores scores;
    Correction<P> correction;
    warp_await(full_of<P>(pair_of<P>(TILE_KEYS, c->keys.stage)), c->keys.parity);
    warp_await(full_of<P>(pair_of<P>(TILE_VALUES, c->values.stage)), c->values.parity);
    warp_named_barrier(BARRIER_TURN + c->group, CONSUMERS * GROUP_THREADS);
    warp_group_begin();
    tile_group_begin_scores<P>(scores, consumer_own<P>(c), buffer_of<P>(TILE_KEYS, c->keys.stage));
    warp_group_commit();
    tile_group_begin_accumulating<P>(out, packed, buffer_of<P>(TILE_VALUES, c->values.stage));
    warp_group_commit();
    warp_named_arrive(BARRIER_TURN + 1 - c->group, CONSUMERS * GROUP_THREADS);
    warp_group_wait<1>();
    warp_group_settle<P::step / 8>(scores[0]);
    release(free_of<P>(pair_of<P>(TILE_KEYS, c->keys.stage)));
    ring_advance<P>(&c->keys);
    const bool raised = consume_scores<P>(c, softmax, &correction, scores, key);
    warp_group_wait<0>();
    warp_group_settle<P::head_size / 8>(out[0]);
    release(free_of<P>(pair_of<P>(TILE_VALUES, c->values.stage)));
    ring_advance<P>(&c->values);
    if (raised)
        softmax_correct<P>(out, &correction);
    tile_pack<P>(packed, scores);
}

template <typename P>
WARP_FUNCTION void consume_last(Consumer<P> *c, typename P::Sum out, typename P::Packed packed)
{
    warp_await(full_of<P>(pair_of<P>(TILE_VALUES, c->values.stage)), c->values.parity);
    tile_group_accumulate<P>(out, packed, buffer_of<P>(TILE_VALUES, c->values.stage));
    release(free_of<P>(pair_of<P>(TILE_VALUES, c->values.stage)));
    ring_advance<P>(&c->values);
}

/* Stores by way of the warp's own queries, when all four warps' products have read theirs; then lets the next ones come. */
template <typename P>
WARP_FUNCTION void consume_finish(Consumer<P> *c, Softmax<P> *softmax, typename P::Sum out, uint32_t tile)
{
    const HopperForwardArguments *a = c->arguments;
    const AttentionBlock block = warp_read_block(a->blocks + tile / a->heads);
    const uint32_t warp_row = warp_thread() / 32 * P::warp_rows;
    const uint32_t valid = tile_rows(block.first + warp_row, P::warp_rows, block.end);
    const size_t at = (size_t)(block.first + warp_row) * a->heads + tile % a->heads;
    softmax_finish<P>(softmax, out, a->lse + at, a->heads, a->scale, valid);
    warp_named_barrier(BARRIER_GROUP + c->group, GROUP_THREADS);
    tile_store<P>(a->out + at * P::head_size, (size_t)a->heads * P::head_size, out, 1,
                  warp_shared() + tile_byte(warp_row, 0, ATTENTION_BLOCK), valid);
    warp_group_publish();
    warp_barrier();
    release(free_of<P>(0));
}

template <typename P>
WARP_FUNCTION void consume(const HopperForwardArguments *a)
{
    Consumer<P> c = {a, warp_thread() / GROUP_THREADS, {0, 0}, {0, 0}, 0, 0};
    if (c.group == 1)
        warp_named_arrive(BARRIER_TURN, CONSUMERS * GROUP_THREADS);
    for (uint32_t round = 0; tile_of_round(a->grid, round) < a->tiles; round++, c.own_parity ^= 1) {
        const AttentionBlock block = warp_read_block(a->blocks + tile_of_round(a->grid, round) / a->heads);
        const uint32_t first = block.first - block.begin;
        const uint32_t keys = tile_keys_seen(first, ATTENTION_BLOCK, block.end - block.begin);
        typename P::Sum out = {};
        typename P::Packed packed;
        Softmax<P> softmax;
        softmax_begin<P>(&softmax);
        c.row = first + warp_thread() / 32 * P::warp_rows;
        warp_await(full_of<P>(0), c.own_parity);
        consume_first<P>(&c, &softmax, packed);
        for (uint32_t key = P::step; key < keys; key += P::step)
            consume_step<P>(&c, &softmax, out, packed, key);
        consume_last<P>(&c, out, packed);
        consume_finish<P>(&c, &softmax, out, tile_of_round(a->grid, round));
    }
    if (c.group == 0) /* the other's last turn to begin */
        warp_named_barrier(BARRIER_TURN, CONSUMERS * GROUP_THREADS);
}

/* -- The kernel ---------------------------------------------------------- */

template <typename P>
__global__ void __launch_bounds__(HOPPER_THREADS, 1)
    attention_hopper_forward_kernel(const __grid_constant__ HopperForwardArguments a)
{
    open_arrivals<P>();
    if (warp_thread() >= CONSUMERS * GROUP_THREADS) {
        warp_registers_lower<PRODUCER_REGISTERS>();
        if (warp_thread() / 32 == CONSUMERS * GROUP_WARPS)
            produce<P>(&a);
    } else {
        warp_registers_raise<CONSUMER_REGISTERS>();
        consume<P>(&a);
    }
}

template <typename P>
static int launch_hopper_forward(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv, void *stream)
{
    const size_t tiles = plan->blocks * plan->heads, grid = warp_multiprocessors();
    if (!tiles)
        return 0;
    if (tiles > INT32_MAX || plan->rows > INT32_MAX)
        return 1; /* cudaErrorInvalidValue */
    HopperForwardArguments a = {{},
                                plan->by_queries,
                                out,
                                lse,
                                (uint32_t)tiles,
                                (uint32_t)(tiles < grid ? tiles : grid),
                                plan->heads,
                                plan->kv_heads,
                                LOG2_E / sqrtf((float)plan->head_size)};
    const uint64_t columns = (uint64_t)(plan->heads + 2 * plan->kv_heads) * P::head_size;
    int error = warp_tensor_describe(&a.qkv, qkv, columns, plan->rows, ATTENTION_BLOCK);
    return error ? error
                 : warp_launch(attention_hopper_forward_kernel<P>, a.grid, HOPPER_THREADS, P::bytes, stream, a);
}

int attention_hopper_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv,
                                    void *stream)
{
    return plan->head_size == 64 ? launch_hopper_forward<HopperForward<64, 4>>(plan, out, lse, qkv, stream)
                                 : launch_hopper_forward<HopperForward<128, 2>>(plan, out, lse, qkv, stream);
}

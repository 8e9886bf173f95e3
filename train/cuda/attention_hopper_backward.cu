/* SPDX-License-Identifier: Apache-2.0
 * The backward of flash attention for Hopper (compute capability 9.0); see train/cuda/attention.h.
 *
 * The two passes of attention_backward.cu, by producers and consumers (attention_hopper.cuh). Each group of consumers owns
 * 64 rows of a block's two own tiles, and the other two are streamed past, 64 rows in a step. Where queries are streamed
 * the producer's warp brings their statistics itself, beside the boxes.
 *
 * Tensor cores work beside the warps: a step begins the products of scores and of dp together and makes probabilities of
 * the scores while dp is computed; dv is summed while dp becomes ds; and dk, or dq, while the next step begins, where
 * registers suffice. The two groups fill each other's gaps.
 *
 * Rows of a box behind the end of a segment are the next segment's, or zero behind the last. Keys there are hidden by
 * those before them, own rows are not stored, and streamed queries are hidden by their place.
 *
 * Per thread of a consumer at head size 128: by keys 128 registers of dk and dv, 64 of scores and dp, and 32 of p and ds,
 * packed; by queries 64 of dq instead of 128.
 */
#include "train/cuda/attention_backward.cuh"
#include "train/cuda/attention_hopper.cuh"

/* Two own tiles, then STAGES buffers of two streamed tiles with lse and delta of queries, padded to a panel's eight
 * rows. */
template <int HEAD_SIZE, bool BY_KEYS, int STAGES>
struct HopperPass : TileShape<HEAD_SIZE, 1, 64, 0, true> {
    typedef TileShape<HEAD_SIZE, 1, 64, 0, true> Shape;
    static const bool by_keys = BY_KEYS;
    /* Does a step's last product go on beside the next step's first? By keys at head size 128 registers do not suffice for
     * the scores of one and ds of the other. */
    static const bool goes_on = !(BY_KEYS && HEAD_SIZE == 128);
    static const uint32_t stages = STAGES, box = 64;
    static const uint32_t buffer = 2 * Shape::streamed + (BY_KEYS ? 8 * TILE_ROW : 0);
    static const uint32_t arrivals = 2 * Shape::own + STAGES * buffer, pairs = 1 + STAGES;
    static const uint32_t bytes = arrivals + pairs * 16;
};

typedef struct HopperBackwardArguments {
    TensorMap qkv, dout;
    BackwardArguments pass;
    uint32_t tiles, grid;
} HopperBackwardArguments;

/* What a tile owns, and streams: the rows [from, to) of the segment, for each of the heads [head, heads). */
typedef struct HopperTask {
    AttentionBlock block;
    uint32_t item; /* the head, of queries or keys, whose derivatives it finds */
    uint32_t head, heads, from, to;
} HopperTask;

template <typename P>
WARP_FUNCTION HopperTask task_of(const BackwardArguments *a, uint32_t tile)
{
    const uint32_t items = P::by_keys ? a->kv_heads : a->heads, shared_by = a->heads / a->kv_heads;
    HopperTask task;
    task.block = warp_read_block(a->blocks + tile / items);
    task.item = tile % items;
    const uint32_t first = task.block.first - task.block.begin, length = task.block.end - task.block.begin;
    task.head = P::by_keys ? task.item * shared_by : task.item;
    task.heads = task.head + (P::by_keys ? shared_by : 1);
    task.from = P::by_keys ? first : 0;
    task.to = P::by_keys ? length : tile_keys_seen(first, ATTENTION_BLOCK, length);
    return task;
}

template <typename P>
WARP_FUNCTION uint32_t backward_buffer(uint32_t stage)
{
    return warp_shared() + 2 * P::own + stage * P::buffer;
}

/* -- The producer -------------------------------------------------------- */

/* One thread begins to copy `rows` rows of queries and dout, or of keys and values, from row `row` of the batch on. */
template <typename P>
WARP_FUNCTION void load_pair(const HopperBackwardArguments *a, bool queries, uint32_t to, uint32_t rows, uint32_t head,
                             uint32_t row, uint32_t full)
{
    const BackwardArguments *pass = &a->pass;
    const uint32_t distance = rows * P::head_size * 2;
    warp_arrive_expecting(full, 2 * distance);
    if (queries) {
        load_boxes<P>(&a->qkv, to, rows, (uint32_t)query_column<P>(head), row, full);
        load_boxes<P>(&a->dout, to + distance, rows, (uint32_t)query_column<P>(head), row, full);
    } else {
        const uint32_t group = head / (pass->heads / pass->kv_heads);
        load_boxes<P>(&a->qkv, to, rows, (uint32_t)key_column<P>(pass, group), row, full);
        load_boxes<P>(&a->qkv, to + distance, rows, (uint32_t)value_column<P>(pass, group), row, full);
    }
}

/* The warp brings lse and delta of a step's queries; zero where there is none. */
template <typename P>
WARP_FUNCTION void bring_statistics(const BackwardArguments *a, uint32_t to, uint32_t head, uint32_t row, uint32_t valid)
{
    const size_t at = (size_t)head * a->rows + row;
    for (uint32_t query = warp_thread() % 32; query < P::step; query += 32) {
        const float lse = query < valid ? a->lse[at + query] : 0, delta = query < valid ? a->delta[at + query] : 0;
        warp_shared_store(to + query * 4, warp_bits(lse));
        warp_shared_store(to + (P::step + query) * 4, warp_bits(delta));
    }
}

template <typename P>
WARP_FUNCTION void produce_streamed(const HopperBackwardArguments *a, const Ring *ring, uint32_t head, uint32_t row,
                                    uint32_t valid)
{
    const uint32_t to = backward_buffer<P>(ring->stage), full = full_of<P>(1 + ring->stage);
    warp_await(free_of<P>(1 + ring->stage), ring->parity ^ 1);
    if (P::by_keys)
        bring_statistics<P>(&a->pass, to + 2 * P::streamed, head, row, valid);
    warp_barrier();
    if (warp_thread() % 32 == 0)
        load_pair<P>(a, P::by_keys, to, P::step, head, row, full);
    warp_barrier();
}

template <typename P>
WARP_FUNCTION void produce_own(const HopperBackwardArguments *a, const HopperTask *task, uint32_t parity)
{
    warp_await(free_of<P>(0), parity ^ 1);
    if (warp_thread() % 32 == 0)
        load_pair<P>(a, !P::by_keys, warp_shared(), ATTENTION_BLOCK, task->head, task->block.first, full_of<P>(0));
    warp_barrier();
}

template <typename P>
WARP_FUNCTION void produce_backward(const HopperBackwardArguments *a)
{
    Ring ring = {0, 0};
    uint32_t parity = 0;
    for (uint32_t round = 0; tile_of_round(a->grid, round) < a->tiles; round++, parity ^= 1) {
        const HopperTask task = task_of<P>(&a->pass, tile_of_round(a->grid, round));
        bool own = false;
        for (uint32_t head = task.head; head < task.heads; head++)
            for (uint32_t column = task.from; column < task.to; column += P::step) {
                produce_streamed<P>(a, &ring, head, task.block.begin + column, task.to - column);
                ring_advance<P>(&ring);
                if (!own)
                    produce_own<P>(a, &task, parity);
                own = true;
            }
    }
}

/* -- The consumers ------------------------------------------------------- */

/* What a warp has of the tile that it computes. Products may be under way until the next step's first are done: of `p` and
 * `ds` by the buffer of `used`. */
template <typename P>
struct BackwardConsumer {
    const HopperBackwardArguments *arguments;
    uint32_t unit;     /* its group's first row of the first own tile */
    uint32_t row, end; /* the warp's first row, in the segment, and the segment's rows */
    Ring ring;
    bool under_way;
    uint32_t used;
    OwnStatistics<P> statistics;
    typename P::Packed p, ds;
};

template <typename P>
WARP_FUNCTION void consume_pair(BackwardConsumer<P> *c, typename P::Sum dx, typename P::Sum dy, uint32_t column)
{
    const uint32_t z = backward_buffer<P>(c->ring.stage), w = z + P::streamed, lse = w + P::streamed;
    const float scale = c->arguments->pass.scale;
    typename P::Scores p, dp;
    warp_group_begin();
    tile_group_begin_scores<P>(p, c->unit, z);
    warp_group_commit();
    tile_group_begin_scores<P>(dp, c->unit + P::own, w);
    warp_group_commit();
    warp_group_wait<1>();
    warp_group_settle<P::step / 8>(p[0]);
    if (c->under_way)
        release(free_of<P>(1 + c->used));
    const bool cut = P::by_keys && column + P::step > c->end;
    if (cut || (P::by_keys ? tile_any_hidden(column, c->row, P::warp_rows) : tile_any_hidden(c->row, column, P::step)))
        hide_pairs<P>(p, c->row, column, c->end);
    find_probabilities<P>(p, &c->statistics, lse, scale * LOG2_E);
    tile_pack<P>(c->p, p);
    if (P::by_keys) {
        warp_group_begin();
        tile_group_begin_accumulating<P>(dy, c->p, w);
        warp_group_commit();
        warp_group_wait<1>();
    } else
        warp_group_wait<0>();
    warp_group_settle<P::step / 8>(dp[0]);
    find_derivatives<P>(dp, c->p, &c->statistics, lse + P::step * 4);
    tile_pack<P>(c->ds, dp);
    warp_group_begin();
    tile_group_begin_accumulating<P>(dx, c->ds, z);
    warp_group_commit();
    if (P::goes_on) {
        c->under_way = true;
        c->used = c->ring.stage;
    } else {
        warp_group_wait<0>();
        release(free_of<P>(1 + c->ring.stage));
    }
}

/* Waits for a step's buffers, and computes if any of the group's rows sees any of them. */
template <typename P>
WARP_FUNCTION void consume_step_of_pass(BackwardConsumer<P> *c, typename P::Sum dx, typename P::Sum dy, const HopperTask *task,
                                        uint32_t column)
{
    const uint32_t unit_row = c->row - warp_thread() % GROUP_THREADS / 32 * P::warp_rows;
    const bool visible = P::by_keys ? tile_any_visible(column, P::step, unit_row)
                                    : tile_any_visible(unit_row, P::unit_rows, column);
    warp_await(full_of<P>(1 + c->ring.stage), c->ring.parity);
    if (unit_row < task->to && visible)
        consume_pair<P>(c, dx, dy, column);
    else
        release(free_of<P>(1 + c->ring.stage));
    ring_advance<P>(&c->ring);
}

template <typename P>
WARP_FUNCTION void consume_end(BackwardConsumer<P> *c, typename P::Sum dx, typename P::Sum dy, const HopperTask *task)
{
    const uint32_t group = warp_thread() / GROUP_THREADS, warp_row = warp_thread() / 32 * P::warp_rows;
    warp_group_wait<0>();
    warp_group_settle<P::head_size / 8>(dx[0]);
    if (P::by_keys)
        warp_group_settle<P::head_size / 8>(dy[0]);
    if (c->under_way)
        release(free_of<P>(1 + c->used));
    c->under_way = false;
    warp_named_barrier(BARRIER_GROUP + group, GROUP_THREADS);
    store_own<P>(&c->arguments->pass, dx, dy, warp_shared() + tile_byte(warp_row, 0, ATTENTION_BLOCK), task->item,
                 (size_t)task->block.first + warp_row, tile_rows(task->block.first + warp_row, P::warp_rows, task->block.end));
    warp_group_publish();
    warp_barrier();
    release(free_of<P>(0));
}

template <typename P>
WARP_FUNCTION void consume_backward(const HopperBackwardArguments *a)
{
    const uint32_t warp_row = warp_thread() / 32 * P::warp_rows;
    BackwardConsumer<P> c;
    c.arguments = a;
    c.unit = warp_shared() + tile_byte(warp_thread() / GROUP_THREADS * P::unit_rows, 0, ATTENTION_BLOCK);
    c.ring.stage = c.ring.parity = 0;
    c.under_way = false;
    uint32_t parity = 0;
    for (uint32_t round = 0; tile_of_round(a->grid, round) < a->tiles; round++, parity ^= 1) {
        const HopperTask task = task_of<P>(&a->pass, tile_of_round(a->grid, round));
        typename P::Sum dx = {}, dy = {};
        c.row = task.block.first - task.block.begin + warp_row;
        c.end = task.block.end - task.block.begin;
        if (!P::by_keys) {
            const size_t at = (size_t)task.item * a->pass.rows + task.block.first + warp_row;
            read_own(&c.statistics, a->pass.lse + at, a->pass.delta + at, tile_rows(c.row, P::warp_rows, c.end));
        }
        warp_await(full_of<P>(0), parity);
        for (uint32_t head = task.head; head < task.heads; head++)
            for (uint32_t column = task.from; column < task.to; column += P::step)
                consume_step_of_pass<P>(&c, dx, dy, &task, column);
        consume_end<P>(&c, dx, dy, &task);
    }
}

/* -- The kernel ---------------------------------------------------------- */

template <typename P>
__global__ void __launch_bounds__(HOPPER_THREADS, 1)
    attention_hopper_backward_kernel(const __grid_constant__ HopperBackwardArguments a)
{
    open_arrivals<P>();
    if (warp_thread() >= CONSUMERS * GROUP_THREADS) {
        warp_registers_lower<PRODUCER_REGISTERS>();
        if (warp_thread() / 32 == CONSUMERS * GROUP_WARPS)
            produce_backward<P>(&a);
    } else {
        warp_registers_raise<CONSUMER_REGISTERS>();
        consume_backward<P>(&a);
    }
}

template <typename P>
static int launch_hopper_pass(const AttentionPlan *plan, HopperBackwardArguments a, void *stream)
{
    const size_t tiles = plan->blocks * (P::by_keys ? plan->kv_heads : plan->heads), grid = warp_multiprocessors();
    if (tiles > INT32_MAX || plan->rows > INT32_MAX)
        return 1; /* cudaErrorInvalidValue */
    a.pass.blocks = P::by_keys ? plan->by_keys : plan->by_queries;
    a.tiles = (uint32_t)tiles;
    a.grid = (uint32_t)(tiles < grid ? tiles : grid);
    const uint64_t narrow = (uint64_t)plan->heads * P::head_size, wide = narrow + 2 * (uint64_t)plan->kv_heads * P::head_size;
    int error = warp_tensor_describe(&a.qkv, a.pass.qkv, wide, plan->rows, P::box);
    if (!error)
        error = warp_tensor_describe(&a.dout, a.pass.dout, narrow, plan->rows, P::box);
    return error ? error
                 : warp_launch(attention_hopper_backward_kernel<P>, a.grid, HOPPER_THREADS, P::bytes, stream, a);
}

int attention_hopper_backward_launch(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout, const uint16_t *out,
                                     const float *lse, const uint16_t *qkv, void *scratch, void *stream)
{
    HopperBackwardArguments a = {};
    a.pass = attention_backward_arguments(plan, dqkv, dout, qkv, scratch);
    int error = plan->blocks ? attention_statistics_launch(plan, &a.pass, out, lse, stream) : 0;
    if (error || !plan->blocks)
        return error;
    if (plan->head_size == 64)
        error = launch_hopper_pass<HopperPass<64, true, 4>>(plan, a, stream);
    else
        error = launch_hopper_pass<HopperPass<128, true, 3>>(plan, a, stream);
    if (error)
        return error;
    return plan->head_size == 64 ? launch_hopper_pass<HopperPass<64, false, 4>>(plan, a, stream)
                                 : launch_hopper_pass<HopperPass<128, false, 3>>(plan, a, stream);
}

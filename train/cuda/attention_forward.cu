/* SPDX-License-Identifier: Apache-2.0
 * The forward of flash attention; see train/cuda/attention.h.
 *
 * A block of four warps owns 128 queries of one head, 32 to a warp, and goes over the keys from the segment's first
 * to its own last, 32 in a step. The next step's keys and values are on their way while it computes with this one's,
 * in the other of two buffers: one barrier a step says both that this step's have arrived and that the other buffer
 * is free.
 *
 * Per thread at head size 128: 128 registers of output, 32 of scores, and 32 of queries, which is half of them; the other
 * half is read from shared memory again in every step. At head size 64 all queries stay in registers. Blocks of one head's
 * group lie side by side in the grid, so that they find each other's keys and values in the second-level cache.
 */
#include "train/cuda/attention_product.cuh"

#define FORWARD_WARPS 4
#define FORWARD_THREADS (FORWARD_WARPS * 32)
#define FORWARD_MATRICES 2
#define FORWARD_ROWS (FORWARD_MATRICES * 16)
#define FORWARD_STEP 32 /* keys */

static_assert(FORWARD_WARPS * FORWARD_ROWS == ATTENTION_BLOCK, "the warps share the block's queries");

typedef struct ForwardArguments {
    const AttentionBlock *blocks;
    const uint16_t *qkv;
    uint16_t *out;
    float *lse;
    uint32_t heads, kv_heads;
    float scale; /* of the scores, in units of log 2 */
} ForwardArguments;

typedef float ForwardScores[FORWARD_MATRICES][FORWARD_STEP / 8][4];

/* The running softmax of a thread's rows: row h of matrix m is element [m][h]. */
typedef struct Softmax {
    float largest[FORWARD_MATRICES][2]; /* of the scores so far, unscaled */
    float sum[FORWARD_MATRICES][2];     /* of the thread's own columns */
} Softmax;

/* Hides the keys after each query; rows and columns counted from the segment's first. */
WARP_FUNCTION void hide_later(ForwardScores scores, uint32_t row, uint32_t column)
{
    const uint32_t lane = warp_thread() & 31;
    WARP_UNROLL
    for (int m = 0; m < FORWARD_MATRICES; m++)
        WARP_UNROLL
        for (int n = 0; n < FORWARD_STEP / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++)
                if (!tile_visible(row + m * 16 + tile_accumulator_row(lane, i),
                                  column + n * 8 + tile_accumulator_column(lane, i)))
                    scores[m][n][i] = -INFINITY;
}

/* Raises the largest scores by this step's, and brings sums and output to that measure, which after the first steps
 * is seldom any work. Every row sees the segment's first key in the first step, so the largest is a number from then
 * on, and 2^-inf = 0 does the rest. */
template <int HEAD>
WARP_FUNCTION void softmax_raise(Softmax *softmax, float out[FORWARD_MATRICES][HEAD / 8][4], const ForwardScores scores,
                                 float scale)
{
    float correction[FORWARD_MATRICES][2];
    bool raised = false;
    WARP_UNROLL
    for (int m = 0; m < FORWARD_MATRICES; m++)
        WARP_UNROLL
        for (int h = 0; h < 2; h++) {
            float largest = softmax->largest[m][h];
            WARP_UNROLL
            for (int n = 0; n < FORWARD_STEP / 8; n++)
                largest = fmaxf(largest, fmaxf(scores[m][n][2 * h], scores[m][n][2 * h + 1]));
            largest = fmaxf(largest, warp_exchange(largest, 1));
            largest = fmaxf(largest, warp_exchange(largest, 2));
            correction[m][h] = warp_exp2((softmax->largest[m][h] - largest) * scale);
            raised |= correction[m][h] != 1;
            softmax->largest[m][h] = largest;
        }
    if (!warp_any(raised))
        return;
    WARP_UNROLL
    for (int m = 0; m < FORWARD_MATRICES; m++)
        WARP_UNROLL
        for (int i = 0; i < 4; i++) {
            softmax->sum[m][i / 2] *= i % 2 ? 1 : correction[m][i / 2];
            WARP_UNROLL
            for (int n = 0; n < HEAD / 8; n++)
                out[m][n][i] *= correction[m][i / 2];
        }
}

/* Turns scores into probabilities relative to the largest score so far, and adds them to the sums. */
WARP_FUNCTION void softmax_add(Softmax *softmax, ForwardScores scores, float scale)
{
    WARP_UNROLL
    for (int m = 0; m < FORWARD_MATRICES; m++)
        WARP_UNROLL
        for (int n = 0; n < FORWARD_STEP / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++) {
                scores[m][n][i] = warp_exp2(scores[m][n][i] * scale - softmax->largest[m][i / 2] * scale);
                softmax->sum[m][i / 2] += scores[m][n][i];
            }
}

/* Divides by the sums and writes the logs of the denominators of the rows that exist. */
template <int HEAD>
WARP_FUNCTION void softmax_finish(const Softmax *softmax, float out[FORWARD_MATRICES][HEAD / 8][4], float *lse,
                                  uint32_t heads, float scale, uint32_t valid)
{
    const uint32_t lane = warp_thread() & 31;
    WARP_UNROLL
    for (int m = 0; m < FORWARD_MATRICES; m++)
        WARP_UNROLL
        for (int h = 0; h < 2; h++) {
            float sum = softmax->sum[m][h];
            sum += warp_exchange(sum, 1);
            sum += warp_exchange(sum, 2);
            uint32_t row = m * 16 + tile_accumulator_row(lane, 2 * h);
            if ((lane & 3) == 0 && row < valid)
                lse[(size_t)row * heads] = (softmax->largest[m][h] * scale + warp_log2(sum)) * LN_2;
            const float inverse = warp_inverse(sum);
            WARP_UNROLL
            for (int n = 0; n < HEAD / 8; n++) {
                out[m][n][2 * h] *= inverse;
                out[m][n][2 * h + 1] *= inverse;
            }
        }
}

/* Shared memory: the queries, then two buffers of keys and values. */
template <int HEAD>
struct ForwardTiles {
    static const uint32_t row = HEAD * 2, queries = ATTENTION_BLOCK * row, keys = FORWARD_STEP * row;
    static const uint32_t bytes = queries + 2 * 2 * keys;
};

/* Fragments of the queries that stay in registers: all at head size 64, half at 128. */
#define FORWARD_KEPT 4
template <int HEAD>
struct ForwardKept {
    uint32_t queries[FORWARD_MATRICES][FORWARD_KEPT][4];
};

/* One step of a warp: scores, softmax, values. */
template <int HEAD>
WARP_FUNCTION void forward_step(Softmax *softmax, float out[FORWARD_MATRICES][HEAD / 8][4], const ForwardKept<HEAD> *kept,
                                uint32_t queries, uint32_t buffer, uint32_t row, uint32_t key, float scale)
{
    ForwardScores scores;
    uint32_t packed[FORWARD_MATRICES][FORWARD_STEP / 16][4];
    tile_scores<HEAD, FORWARD_MATRICES, FORWARD_STEP, FORWARD_KEPT>(scores, kept->queries, queries, buffer);
    if (tile_any_hidden(row, key, FORWARD_STEP))
        hide_later(scores, row, key);
    softmax_raise<HEAD>(softmax, out, scores, scale);
    softmax_add(softmax, scores, scale);
    tile_pack<FORWARD_MATRICES, FORWARD_STEP>(packed, scores);
    tile_accumulate<HEAD, FORWARD_MATRICES, FORWARD_STEP>(out, packed, buffer + ForwardTiles<HEAD>::keys);
}

/* Begins to copy a step's keys and values; `kv` is the thread's own pointer to them (tile_source). */
template <int HEAD>
WARP_FUNCTION void load_step(const ForwardArguments *a, uint32_t buffer, const uint16_t *kv, size_t stride,
                             uint32_t valid)
{
    tile_load<HEAD, FORWARD_STEP, FORWARD_THREADS>(buffer, kv, stride, valid);
    tile_load<HEAD, FORWARD_STEP, FORWARD_THREADS>(buffer + ForwardTiles<HEAD>::keys, kv + a->kv_heads * HEAD, stride,
                                                   valid);
}

/* At head size 128 two blocks to a multiprocessor, which have 255 registers a thread; at 64 three. */
template <int HEAD>
__global__ void __launch_bounds__(FORWARD_THREADS, HEAD == 64 ? 3 : 2) attention_forward_kernel(ForwardArguments a)
{
    typedef ForwardTiles<HEAD> Tiles;
    const size_t stride = (size_t)(a.heads + 2 * a.kv_heads) * HEAD;
    const uint32_t head = warp_block() % a.heads, group = head / (a.heads / a.kv_heads);
    const uint32_t warp_row = warp_thread() / 32 * FORWARD_ROWS, own = warp_shared() + tile_byte(warp_row, 0, ATTENTION_BLOCK);
    AttentionBlock block = warp_read_block(a.blocks + warp_block() / a.heads);
    const uint32_t first = block.first - block.begin, length = block.end - block.begin;
    const uint32_t keys = tile_keys_seen(first, ATTENTION_BLOCK, length), row = first + warp_row;
    const uint16_t *q = a.qkv + block.first * stride + head * HEAD;
    const uint16_t *kv = tile_source<HEAD>(a.qkv + block.begin * stride + (a.heads + group) * HEAD, stride);
    uint32_t buffer = warp_shared() + Tiles::queries;
    const uint32_t both = 2 * buffer + 2 * Tiles::keys; /* the sum of the two buffers' addresses */

    tile_load<HEAD, ATTENTION_BLOCK, FORWARD_THREADS>(warp_shared(), tile_source<HEAD>(q, stride), stride,
                                                      length - first);
    load_step<HEAD>(&a, buffer, kv, stride, keys);

    float out[FORWARD_MATRICES][HEAD / 8][4] = {};
    ForwardKept<HEAD> kept;
    Softmax softmax = {{{-INFINITY, -INFINITY}, {-INFINITY, -INFINITY}}, {}};
    warp_copy_wait();
    warp_block_barrier();
    tile_keep<HEAD, FORWARD_MATRICES, FORWARD_KEPT>(kept.queries, own);
    for (uint32_t key = 0; key < keys; key += FORWARD_STEP) {
        warp_copy_wait();
        warp_block_barrier();
        kv += FORWARD_STEP * stride;
        if (key + FORWARD_STEP < keys)
            load_step<HEAD>(&a, both - buffer, kv, stride, keys - key - FORWARD_STEP);
        if (row < keys && tile_any_visible(row, FORWARD_ROWS, key))
            forward_step<HEAD>(&softmax, out, &kept, own, buffer, row, key, a.scale);
        buffer = both - buffer;
    }

    block = warp_read_block(a.blocks + warp_block() / a.heads);
    const uint32_t valid = tile_rows(block.first + warp_row, FORWARD_ROWS, block.end);
    const size_t at = (size_t)(block.first + warp_row) * a.heads + warp_block() % a.heads;
    softmax_finish<HEAD>(&softmax, out, a.lse + at, a.heads, a.scale, valid);
    tile_store<HEAD, FORWARD_MATRICES>(a.out + at * HEAD, (size_t)a.heads * HEAD, out, 1, own, valid);
}

int attention_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv, void *stream)
{
    ForwardArguments a = {plan->by_queries, qkv, out, lse, plan->heads, plan->kv_heads,
                          LOG2_E / sqrtf((float)plan->head_size)};
    const size_t blocks = plan->blocks * plan->heads;
    if (plan->head_size == 64)
        return warp_launch(attention_forward_kernel<64>, blocks, FORWARD_THREADS, ForwardTiles<64>::bytes, stream, a);
    return warp_launch(attention_forward_kernel<128>, blocks, FORWARD_THREADS, ForwardTiles<128>::bytes, stream, a);
}

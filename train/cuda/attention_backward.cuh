/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention_backward.cuh - what the kernels of flash attention's backward share: from scores to derivatives,
 * element by element, and where things lie. attention_backward.cu has the reasoning. P is a TileShape
 * (attention_product.cuh) with by_keys: whether own rows are keys, and columns queries, or the other way round. */
#ifndef TRAIN_CUDA_ATTENTION_BACKWARD_CUH
#define TRAIN_CUDA_ATTENTION_BACKWARD_CUH

#include "train/cuda/attention_product.cuh"

typedef struct BackwardArguments {
    const AttentionBlock *blocks;
    const uint16_t *qkv, *dout;
    const float *lse, *delta; /* [heads, rows]; lse in units of log 2 */
    uint16_t *dqkv;
    size_t rows;
    uint32_t heads, kv_heads;
    float scale; /* of the scores */
} BackwardArguments;

/* lse and delta of the rows of a thread that owns queries: row h of matrix m. */
template <typename P>
struct OwnStatistics {
    float lse[P::matrices][2], delta[P::matrices][2];
};

template <typename P>
WARP_FUNCTION void read_own(OwnStatistics<P> *own, const float *lse, const float *delta, uint32_t valid)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int h = 0; h < 2; h++) {
            const uint32_t row = m * 16 + tile_accumulator_row(warp_thread() & 31, 2 * h);
            own->lse[m][h] = row < valid ? lse[row] : 0;
            own->delta[m][h] = row < valid ? delta[row] : 0;
        }
}

/* A statistic of the queries of column tile n: of the thread's two columns where queries are streamed. */
template <typename P>
WARP_FUNCTION void read_columns(float columns[2], uint32_t statistics, int n)
{
    if (P::by_keys)
        warp_shared_load_pair(columns, statistics + (n * 8 + tile_accumulator_column(warp_thread() & 31, 0)) * 4);
}

/* Hides keys behind queries; and, where queries are columns, those from `end` on. */
template <typename P>
WARP_FUNCTION void hide_pairs(typename P::Scores scores, uint32_t row, uint32_t column, uint32_t end)
{
    const uint32_t lane = warp_thread() & 31;
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::step / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++) {
                const uint32_t r = row + m * 16 + tile_accumulator_row(lane, i);
                const uint32_t c = column + n * 8 + tile_accumulator_column(lane, i);
                if (P::by_keys ? !tile_visible(c, r) || c >= end : !tile_visible(r, c))
                    scores[m][n][i] = -INFINITY;
            }
}

/* Scores become probabilities, by the softmax's denominators that the forward kept. */
template <typename P>
WARP_FUNCTION void find_probabilities(typename P::Scores scores, const OwnStatistics<P> *own, uint32_t lse, float scale)
{
    WARP_UNROLL
    for (int n = 0; n < P::step / 8; n++) {
        float columns[2];
        read_columns<P>(columns, lse, n);
        WARP_UNROLL
        for (int m = 0; m < P::matrices; m++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++) {
                const float of_query = P::by_keys ? columns[i & 1] : own->lse[m][i / 2];
                scores[m][n][i] = warp_exp2(scores[m][n][i] * scale - of_query);
            }
    }
}

/* dp becomes ds: the derivative by the scores, before their scale. p is read as it was packed for its own product:
 * kept as scores, it would cost as many registers again, and rounding it is no more than what rounding ds costs. */
template <typename P>
WARP_FUNCTION void find_derivatives(typename P::Scores dp, typename P::Packed p, const OwnStatistics<P> *own,
                                    uint32_t delta)
{
    WARP_UNROLL
    for (int n = 0; n < P::step / 8; n++) {
        float columns[2];
        read_columns<P>(columns, delta, n);
        WARP_UNROLL
        for (int m = 0; m < P::matrices; m++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++) {
                const uint32_t pair = p[m][n / 2][n % 2 * 2 + i / 2];
                dp[m][n][i] -= P::by_keys ? columns[i & 1] : own->delta[m][i / 2];
                dp[m][n][i] *= i & 1 ? warp_high(pair) : warp_low(pair);
            }
    }
}

/* Columns of qkv and dqkv. */
template <typename P>
WARP_FUNCTION size_t query_column(uint32_t head)
{
    return (size_t)head * P::head_size;
}

template <typename P>
WARP_FUNCTION size_t key_column(const BackwardArguments *a, uint32_t group)
{
    return (size_t)(a->heads + group) * P::head_size;
}

template <typename P>
WARP_FUNCTION size_t value_column(const BackwardArguments *a, uint32_t group)
{
    return (size_t)(a->heads + a->kv_heads + group) * P::head_size;
}

/* Writes what the warp has summed of the rows that exist. */
template <typename P>
WARP_FUNCTION void store_own(const BackwardArguments *a, typename P::Sum dx, typename P::Sum dy, uint32_t own,
                             uint32_t item, size_t first, uint32_t valid)
{
    const size_t stride = (size_t)(a->heads + 2 * a->kv_heads) * P::head_size;
    uint16_t *to = a->dqkv + first * stride;
    const size_t column = P::by_keys ? key_column<P>(a, item) : query_column<P>(item);
    tile_store<P>(to + column, stride, dx, a->scale, own, valid);
    if (P::by_keys)
        tile_store<P>(to + value_column<P>(a, item), stride, dy, 1, own + P::own, valid);
}

/* What both passes have; `blocks` is each pass's own. */
static inline BackwardArguments attention_backward_arguments(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout,
                                                             const uint16_t *qkv, void *scratch)
{
    float *lse = (float *)scratch;
    BackwardArguments a = {NULL,       qkv,         dout,           lse, lse + plan->rows * plan->heads, dqkv,
                           plan->rows, plan->heads, plan->kv_heads, 1 / sqrtf((float)plan->head_size)};
    return a;
}

/* Fills the two arrays of [heads, rows] in scratch that `a` names from what the forward kept. */
int attention_statistics_launch(const AttentionPlan *plan, const BackwardArguments *a, const uint16_t *out, const float *lse,
                                void *stream);

#endif

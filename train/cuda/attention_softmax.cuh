/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention_softmax.cuh - the softmax of flash attention's forward, which goes on from step to step, in
 * registers (Milakov and Gimelshein 2018). P is a TileShape (attention_product.cuh); what a warp has of scores and output
 * is laid out as its accumulators are. */
#ifndef TRAIN_CUDA_ATTENTION_SOFTMAX_CUH
#define TRAIN_CUDA_ATTENTION_SOFTMAX_CUH

#include "train/cuda/attention_product.cuh"

/* The running softmax of a thread's rows: row h of matrix m is element [m][h]. */
template <typename P>
struct Softmax {
    float largest[P::matrices][2]; /* of the scores so far, unscaled */
    float sum[P::matrices][2];     /* of the thread's own columns */
};

/* Hides the keys after each query; rows and columns counted from the segment's first. */
template <typename P>
WARP_FUNCTION void hide_later(typename P::Scores scores, uint32_t row, uint32_t column)
{
    const uint32_t lane = warp_thread() & 31;
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::step / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++)
                if (!tile_visible(row + m * 16 + tile_accumulator_row(lane, i),
                                  column + n * 8 + tile_accumulator_column(lane, i)))
                    scores[m][n][i] = -INFINITY;
}

/* What sums and output so far are to be multiplied by. */
template <typename P>
struct Correction {
    float of[P::matrices][2];
};

template <typename P>
WARP_FUNCTION void softmax_begin(Softmax<P> *softmax)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int h = 0; h < 2; h++) {
            softmax->largest[m][h] = -INFINITY;
            softmax->sum[m][h] = 0;
        }
}

/* Raises the largest scores by this step's; do sums and output of any of the warp's rows have to follow? After the first
 * steps they seldom do. Every row sees the segment's first key in the first step, so
 * the largest is a number from then on, and 2^-inf = 0 does the rest. */
template <typename P>
WARP_FUNCTION bool softmax_raise(Softmax<P> *softmax, Correction<P> *correction, typename P::Scores scores, float scale)
{
    bool raised = false;
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int h = 0; h < 2; h++) {
            float largest = softmax->largest[m][h];
            WARP_UNROLL
            for (int n = 0; n < P::step / 8; n++)
                largest = fmaxf(largest, fmaxf(scores[m][n][2 * h], scores[m][n][2 * h + 1]));
            largest = fmaxf(largest, warp_exchange(largest, 1));
            largest = fmaxf(largest, warp_exchange(largest, 2));
            correction->of[m][h] = warp_exp2((softmax->largest[m][h] - largest) * scale);
            raised |= correction->of[m][h] != 1;
            softmax->largest[m][h] = largest;
        }
    return warp_any(raised);
}

template <typename P>
WARP_FUNCTION void softmax_correct_sums(Softmax<P> *softmax, const Correction<P> *correction)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int h = 0; h < 2; h++)
            softmax->sum[m][h] *= correction->of[m][h];
}

template <typename P>
WARP_FUNCTION void softmax_correct(typename P::Sum out, const Correction<P> *correction)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::head_size / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++)
                out[m][n][i] *= correction->of[m][i / 2];
}

/* Turns scores into probabilities relative to the largest score so far, and adds them to the sums. */
template <typename P>
WARP_FUNCTION void softmax_add(Softmax<P> *softmax, typename P::Scores scores, float scale)
{
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
        WARP_UNROLL
        for (int n = 0; n < P::step / 8; n++)
            WARP_UNROLL
            for (int i = 0; i < 4; i++) {
                scores[m][n][i] = warp_exp2(scores[m][n][i] * scale - softmax->largest[m][i / 2] * scale);
                softmax->sum[m][i / 2] += scores[m][n][i];
            }
}

/* Divides by the sums and writes the logs of the denominators of the rows that exist. */
template <typename P>
WARP_FUNCTION void softmax_finish(const Softmax<P> *softmax, typename P::Sum out, float *lse, uint32_t heads,
                                  float scale, uint32_t valid)
{
    const uint32_t lane = warp_thread() & 31;
    WARP_UNROLL
    for (int m = 0; m < P::matrices; m++)
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
            for (int n = 0; n < P::head_size / 8; n++) {
                out[m][n][2 * h] *= inverse;
                out[m][n][2 * h + 1] *= inverse;
            }
        }
}

#endif

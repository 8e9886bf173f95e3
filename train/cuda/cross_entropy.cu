/* SPDX-License-Identifier: Apache-2.0
 * Cross-entropy on the GPU; see train/ops.h.
 *
 * The vocabulary makes logits the largest array of a step, so probabilities are never stored: forward reads
 * each row once, keeping a running maximum and the sum of exponentials below it (Milakov and Gimelshein
 * 2018), and backward turns the logits in place into their derivatives with the saved logarithm of that sum.
 * A block takes a row. The partial results of threads are joined in a fixed tree. */
#include <math_constants.h>

#include "train/cuda/device.cuh"

#define THREADS 512
#define ROW_THREADS 256 /* where a thread takes a row */

/* The sum of e^(x - largest) over some logits. */
typedef struct Softmax {
    float largest, sum;
} Softmax;

static __device__ inline Softmax join(Softmax a, Softmax b)
{
    float largest = fmaxf(a.largest, b.largest);
    if (largest == -CUDART_INF_F)
        return a.sum != a.sum ? a : b; /* of no logits, or of NaN */
    return {largest, a.sum * expf(a.largest - largest) + b.sum * expf(b.largest - largest)};
}

template <int N> static __device__ inline Softmax take(Softmax softmax, const float (&x)[N])
{
    float largest = softmax.largest;
#pragma unroll
    for (int i = 0; i < N; i++)
        largest = fmaxf(largest, x[i]);
    /* Nothing but -inf so far, or NaN: then e^x itself adds nothing, or stays NaN. */
    float base = largest == -CUDART_INF_F ? 0 : largest;
    float sum = softmax.sum * expf(softmax.largest - base);
#pragma unroll
    for (int i = 0; i < N; i++)
        sum += expf(x[i] - base);
    return {largest, sum};
}

static __device__ inline Softmax block_join(Softmax softmax)
{
    __shared__ Softmax warps[THREADS / 32];
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
        Softmax other = {__shfl_xor_sync(0xffffffff, softmax.largest, distance),
                         __shfl_xor_sync(0xffffffff, softmax.sum, distance)};
        softmax = join(softmax, other);
    }
    if (threadIdx.x % 32 == 0)
        warps[threadIdx.x / 32] = softmax;
    __syncthreads();
    softmax = warps[0];
    for (int w = 1; w < THREADS / 32; w++)
        softmax = join(softmax, warps[w]);
    return softmax;
}

/* Packs cover whole multiples of N below range.count; what is left of a range that ends between goes one by
 * one. */
template <int N>
static __global__ void __launch_bounds__(THREADS)
    forward(wide *__restrict__ largest, wide *__restrict__ sum, wide *__restrict__ target,
            const bf16 *__restrict__ logits, const guint32 *__restrict__ targets, ClassRange range)
{
    const bf16 *row = logits + blockIdx.x * range.stride;
    Softmax softmax = {-CUDART_INF_F, 0};
    size_t whole = range.count / N * N;
    float x[N], rest[1];
    for (size_t c = (size_t)threadIdx.x * N; c < whole; c += (size_t)THREADS * N) {
        load<N>(x, row + c);
        softmax = take<N>(softmax, x);
    }
    for (size_t c = whole + threadIdx.x; c < range.count; c += THREADS) {
        load<1>(rest, row + c);
        softmax = take<1>(softmax, rest);
    }
    softmax = block_join(softmax);
    if (threadIdx.x)
        return;
    size_t index = targets[blockIdx.x] - range.first;
    largest[blockIdx.x] = softmax.largest;
    sum[blockIdx.x] = softmax.sum;
    target[blockIdx.x] = index < range.count ? __bfloat162float(row[index]) : 0;
}

void cuda_cross_entropy_forward(Backend *backend, wide *largest, wide *sum, wide *target, const real *logits,
                                const guint32 *targets, const ClassRange *range, gsize rows)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    auto kernel = cuda_packs(range->stride, logits) ? forward<8> : forward<1>;
    cuda_launch(state, "cross-entropy forward", kernel, rows, THREADS, largest, sum, target,
                device_reals(logits), targets, *range);
}

static __global__ void __launch_bounds__(ROW_THREADS)
    rescale(wide *__restrict__ sum, const wide *__restrict__ own, const wide *__restrict__ largest,
            size_t rows)
{
    size_t r = (size_t)blockIdx.x * ROW_THREADS + threadIdx.x;
    if (r < rows && own[r] != largest[r])
        sum[r] *= expf(own[r] - largest[r]);
}

void cuda_cross_entropy_rescale(Backend *backend, wide *sum, const wide *own, const wide *largest, gsize rows)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    cuda_launch(state, "cross-entropy rescale", rescale, ceil_div(rows, ROW_THREADS), ROW_THREADS, sum, own,
                largest, rows);
}

static __global__ void __launch_bounds__(ROW_THREADS)
    finish(wide *__restrict__ losses, wide *__restrict__ lse, const wide *__restrict__ largest,
           const wide *__restrict__ sum, const wide *__restrict__ target, size_t rows)
{
    size_t r = (size_t)blockIdx.x * ROW_THREADS + threadIdx.x;
    if (r >= rows)
        return;
    float total = largest[r] + logf(sum[r]);
    lse[r] = total;
    losses[r] = total - target[r];
}

void cuda_cross_entropy_losses(Backend *backend, wide *losses, wide *lse, const wide *largest,
                               const wide *sum, const wide *target, gsize rows)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    cuda_launch(state, "cross-entropy losses", finish, ceil_div(rows, ROW_THREADS), ROW_THREADS, losses, lse,
                largest, sum, target, rows);
}

template <int N>
static __global__ void __launch_bounds__(THREADS)
    backward(bf16 *__restrict__ logits, const wide *__restrict__ lse, const guint32 *__restrict__ targets,
             const wide *__restrict__ weights, ClassRange range)
{
    bf16 *row = logits + blockIdx.x * range.stride;
    float total = lse[blockIdx.x], weight = weights[blockIdx.x], x[N];
    size_t target = targets[blockIdx.x] - range.first;
    for (size_t c = (size_t)threadIdx.x * N; c < range.stride; c += (size_t)THREADS * N) {
        load<N>(x, row + c);
#pragma unroll
        for (int i = 0; i < N; i++)
            x[i] = c + i < range.count ? weight * (expf(x[i] - total) - (c + i == target ? 1.0f : 0.0f)) : 0;
        store<N>(row + c, x);
    }
}

void cuda_cross_entropy_backward(Backend *backend, real *logits, const wide *lse, const guint32 *targets,
                                 const wide *weights, const ClassRange *range, gsize rows)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    auto kernel = cuda_packs(range->stride, logits) ? backward<8> : backward<1>;
    cuda_launch(state, "cross-entropy backward", kernel, rows, THREADS, device_reals(logits), lse, targets,
                weights, *range);
}

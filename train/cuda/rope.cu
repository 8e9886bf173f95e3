/* SPDX-License-Identifier: Apache-2.0
 * Rotary position embedding on the GPU; see train/ops.h.
 *
 * In place: each pair is read and written by one thread. A block takes a row; its cosines and sines are read
 * once for each head, from the cache. The table is float: at position 100,000 a bfloat16 of the angle's
 * cosine would move the pair by more than its neighbours' distance. */
#include "train/cuda/device.cuh"

#define THREADS 256

template <int N>
static __global__ void __launch_bounds__(THREADS)
    rotate(bf16 *__restrict__ x, const wide *__restrict__ table, const guint32 *__restrict__ positions,
           size_t stride, unsigned heads, unsigned head_size, float sign)
{
    unsigned half = head_size / 2, packs = half / N;
    const wide *angles = table + (size_t)positions[blockIdx.x] * head_size;
    bf16 *row = x + blockIdx.x * stride;
    for (unsigned i = threadIdx.x; i < heads * packs; i += THREADS) {
        unsigned at = i % packs * N;
        bf16 *pair = row + (size_t)(i / packs) * head_size + at;
        float a[N], b[N], cosine[N], sine[N], first[N], second[N];
        load<N>(a, pair);
        load<N>(b, pair + half);
        load<N>(cosine, angles + at);
        load<N>(sine, angles + half + at);
#pragma unroll
        for (int j = 0; j < N; j++) {
            first[j] = a[j] * cosine[j] - b[j] * sign * sine[j];
            second[j] = b[j] * cosine[j] + a[j] * sign * sine[j];
        }
        store<N>(pair, first);
        store<N>(pair + half, second);
    }
}

void cuda_rope(Backend *backend, real *x, const wide *table, const guint32 *positions, gsize rows,
               gsize stride, gsize heads, gsize head_size, gboolean inverse)
{
    CudaState *state = cuda_state(backend);
    if (!rows || !heads)
        return;
    bool packs = cuda_packs(stride, x, table) && head_size % 16 == 0;
    auto kernel = packs ? rotate<8> : rotate<1>;
    cuda_launch(state, "rope", kernel, rows, THREADS, device_reals(x), table, positions, stride,
                (unsigned)heads, (unsigned)head_size, inverse ? -1.0f : 1.0f);
}

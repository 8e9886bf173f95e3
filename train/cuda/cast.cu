/* SPDX-License-Identifier: Apache-2.0
 * From float to bfloat16, to nearest even; see `narrow` in train/ops.h. */
#include "train/cuda/device.cuh"

#define THREADS 256

template <int N>
static __global__ void __launch_bounds__(THREADS)
    round_to_bf16(bf16 *__restrict__ to, const wide *__restrict__ from, size_t count)
{
    size_t at = ((size_t)blockIdx.x * THREADS + threadIdx.x) * N;
    if (at >= count)
        return;
    float x[N];
    load<N>(x, from + at);
    store<N>(to + at, x);
}

void cuda_narrow(Backend *backend, real *to, const wide *from, gsize count)
{
    CudaState *state = cuda_state(backend);
    if (!count)
        return;
    bool packs = cuda_packs(count, to, from);
    auto kernel = packs ? round_to_bf16<8> : round_to_bf16<1>;
    cuda_launch(state, "narrow", kernel, ceil_div(count, THREADS * (packs ? 8 : 1)), THREADS,
                device_reals(to), from, count);
}

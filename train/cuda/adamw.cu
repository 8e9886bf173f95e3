/* SPDX-License-Identifier: Apache-2.0
 * AdamW on the GPU; see train/ops.h.
 *
 * One pass over 22 bytes of each parameter: gradient, moments and master are read, the last three written,
 * and the weight that computes is the rounded master. Steps far below a bfloat16's distance to its neighbour
 * (a 256th of the weight) add up in the master, where rounding each of them into the weight would lose them.
 */
#include "train/cuda/device.cuh"

#define THREADS 256

/* AdamW with what can be divided once: `root` is 1 / sqrt(correction2), `rate` has 1 / correction1 in it. */
typedef struct Coefficients {
    float beta1, rest1, beta2, rest2, kept, rate, root, epsilon, scale;
} Coefficients;

template <int N>
static __global__ void __launch_bounds__(THREADS)
    update(bf16 *__restrict__ parameters, wide *__restrict__ master, wide *__restrict__ m,
           wide *__restrict__ v, const wide *__restrict__ gradients, size_t count, Coefficients k)
{
    size_t at = ((size_t)blockIdx.x * THREADS + threadIdx.x) * N;
    if (at >= count)
        return;
    float p[N], first[N], second[N], g[N];
    load<N>(p, master + at);
    load<N>(first, m + at);
    load<N>(second, v + at);
    load<N>(g, gradients + at);
#pragma unroll
    for (int i = 0; i < N; i++) {
        float gradient = k.scale * g[i];
        first[i] = k.beta1 * first[i] + k.rest1 * gradient;
        second[i] = k.beta2 * second[i] + k.rest2 * gradient * gradient;
        p[i] = k.kept * p[i] - k.rate * first[i] / (sqrtf(second[i]) * k.root + k.epsilon);
    }
    store<N>(master + at, p);
    store<N>(m + at, first);
    store<N>(v + at, second);
    store<N>(parameters + at, p);
}

void cuda_adamw(Backend *backend, real *parameters, wide *master, wide *m, wide *v, const wide *gradients,
                gsize count, const AdamW *step)
{
    CudaState *state = cuda_state(backend);
    if (!count)
        return;
    Coefficients k = {
        .beta1 = (float)step->beta1,
        .rest1 = (float)(1 - step->beta1),
        .beta2 = (float)step->beta2,
        .rest2 = (float)(1 - step->beta2),
        .kept = (float)(1 - step->rate * step->decay),
        .rate = (float)(step->rate / step->correction1),
        .root = (float)(1 / sqrt(step->correction2)),
        .epsilon = (float)step->epsilon,
        .scale = (float)step->scale,
    };
    bool packs = cuda_packs(count, parameters, master, m, v, gradients);
    auto kernel = packs ? update<8> : update<1>;
    cuda_launch(state, "adamw", kernel, ceil_div(count, THREADS * (packs ? 8 : 1)), THREADS,
                device_reals(parameters), master, m, v, gradients, count, k);
}

/* SPDX-License-Identifier: Apache-2.0
 * SwiGLU on the GPU; see train/ops.h.
 *
 * Nothing but traffic: forward moves 6 bytes for each output, backward 10. Backward computes the sigmoid
 * again instead of reading it. For a gate far below zero e^-gate is infinite and the sigmoid 0, which is
 * right; NaN stays NaN. */
#include "train/cuda/device.cuh"

#define THREADS 256

template <int N>
static __global__ void __launch_bounds__(THREADS)
    forward(bf16 *__restrict__ out, const bf16 *__restrict__ gate_up, size_t width)
{
    size_t row = blockIdx.x, c = ((size_t)blockIdx.y * THREADS + threadIdx.x) * N;
    if (c >= width)
        return;
    float gate[N], up[N];
    load<N>(gate, gate_up + row * 2 * width + c);
    load<N>(up, gate_up + row * 2 * width + width + c);
#pragma unroll
    for (int i = 0; i < N; i++)
        gate[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
    store<N>(out + row * width + c, gate);
}

template <int N>
static __global__ void __launch_bounds__(THREADS)
    backward(bf16 *__restrict__ dgate_up, const bf16 *__restrict__ dout, const bf16 *__restrict__ gate_up,
             size_t width)
{
    size_t row = blockIdx.x, c = ((size_t)blockIdx.y * THREADS + threadIdx.x) * N;
    if (c >= width)
        return;
    float gate[N], up[N], d[N];
    load<N>(gate, gate_up + row * 2 * width + c);
    load<N>(up, gate_up + row * 2 * width + width + c);
    load<N>(d, dout + row * width + c);
#pragma unroll
    for (int i = 0; i < N; i++) {
        float sigmoid = 1 / (1 + expf(-gate[i])), silu = gate[i] * sigmoid;
        gate[i] = d[i] * up[i] * sigmoid * (1 + gate[i] * (1 - sigmoid));
        up[i] = d[i] * silu;
    }
    store<N>(dgate_up + row * 2 * width + c, gate);
    store<N>(dgate_up + row * 2 * width + width + c, up);
}

static dim3 grid_of(gsize rows, gsize width, bool packs)
{
    return dim3(rows, ceil_div(width, THREADS * (packs ? 8 : 1)));
}

void cuda_swiglu_forward(Backend *backend, real *out, const real *gate_up, gsize rows, gsize width)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    bool packs = cuda_packs(width, out, gate_up);
    auto kernel = packs ? forward<8> : forward<1>;
    cuda_launch(state, "swiglu forward", kernel, grid_of(rows, width, packs), THREADS, device_reals(out),
                device_reals(gate_up), width);
}

void cuda_swiglu_backward(Backend *backend, real *dgate_up, const real *dout, const real *gate_up, gsize rows,
                          gsize width)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    bool packs = cuda_packs(width, dgate_up, dout, gate_up);
    auto kernel = packs ? backward<8> : backward<1>;
    cuda_launch(state, "swiglu backward", kernel, grid_of(rows, width, packs), THREADS,
                device_reals(dgate_up), device_reals(dout), device_reals(gate_up), width);
}

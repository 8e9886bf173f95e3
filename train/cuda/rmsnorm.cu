/* SPDX-License-Identifier: Apache-2.0
 * RMSNorm on the GPU; see train/ops.h.
 *
 * A block takes a row, reads it for the sum of squares and again, now from the cache, to scale it. The fused
 * form adds two rows first, stores their sum, and norms what was stored, rounded: so the backward pass, which
 * reads it again, sees the same numbers. It saves writing and reading the sum once each (a quarter of the
 * traffic of both operations).
 *
 * Backward goes over the rows twice. `backward_rows` makes dx, a block to a row. dweight sums over rows:
 * `partial_columns` gives a block ROWS_AT_ONCE x 32 threads, which walk down a stretch of rows; the partial
 * sums of stretches lie in scratch, and `sum_columns` adds them in their order. The number of stretches
 * follows from the number of rows alone. */
#include "train/cuda/device.cuh"

#define THREADS 256
#define ROWS_AT_ONCE 8
#define MAX_STRETCHES 64

template <int N, bool FUSED>
static __global__ void __launch_bounds__(THREADS)
    forward_rows(bf16 *__restrict__ out, bf16 *__restrict__ sum_out, wide *__restrict__ inverse,
                 const bf16 *x, const bf16 *y, const bf16 *__restrict__ weight, float epsilon, size_t width)
{
    size_t at = blockIdx.x * width;
    float squares = 0, a[N], b[N];
    for (size_t c = (size_t)threadIdx.x * N; c < width; c += (size_t)THREADS * N) {
        load<N>(a, x + at + c);
        if (FUSED) {
            load<N>(b, y + at + c);
#pragma unroll
            for (int i = 0; i < N; i++)
                a[i] = __bfloat162float(__float2bfloat16_rn(a[i] + b[i]));
            store<N>(sum_out + at + c, a);
        }
#pragma unroll
        for (int i = 0; i < N; i++)
            squares += a[i] * a[i];
    }
    float scale = 1 / sqrtf(block_sum<THREADS>(squares) / (float)width + epsilon);
    if (threadIdx.x == 0)
        inverse[blockIdx.x] = scale;
    const bf16 *source = FUSED ? sum_out : x; /* each thread reads what it wrote itself */
    for (size_t c = (size_t)threadIdx.x * N; c < width; c += (size_t)THREADS * N) {
        load<N>(a, source + at + c);
        load<N>(b, weight + c);
#pragma unroll
        for (int i = 0; i < N; i++)
            a[i] *= scale * b[i];
        store<N>(out + at + c, a);
    }
}

void cuda_rmsnorm_forward(Backend *backend, real *out, wide *inverse, const real *x, const real *weight,
                          double epsilon, gsize rows, gsize width)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    auto kernel = cuda_packs(width, out, x, weight) ? forward_rows<8, false> : forward_rows<1, false>;
    cuda_launch(state, "rmsnorm forward", kernel, rows, THREADS, device_reals(out), nullptr, inverse,
                device_reals(x), nullptr, device_reals(weight), (float)epsilon, width);
}

void cuda_add_rmsnorm_forward(Backend *backend, real *sum, real *out, wide *inverse, const real *x,
                              const real *y, const real *weight, double epsilon, gsize rows, gsize width)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    auto kernel = cuda_packs(width, out, sum, x, y, weight) ? forward_rows<8, true> : forward_rows<1, true>;
    cuda_launch(state, "rmsnorm forward with addition", kernel, rows, THREADS, device_reals(out),
                device_reals(sum), inverse, device_reals(x), device_reals(y), device_reals(weight),
                (float)epsilon, width);
}

template <int N>
static __global__ void __launch_bounds__(THREADS)
    backward_rows(bf16 *__restrict__ dx, const bf16 *__restrict__ dout, const bf16 *__restrict__ x,
                  const bf16 *__restrict__ weight, const wide *__restrict__ inverse, size_t width)
{
    size_t at = blockIdx.x * width;
    float sum = 0, d[N], v[N], w[N];
    for (size_t c = (size_t)threadIdx.x * N; c < width; c += (size_t)THREADS * N) {
        load<N>(d, dout + at + c);
        load<N>(v, x + at + c);
        load<N>(w, weight + c);
#pragma unroll
        for (int i = 0; i < N; i++)
            sum += d[i] * w[i] * v[i];
    }
    float scale = inverse[blockIdx.x];
    float shared = block_sum<THREADS>(sum) * scale * scale / (float)width;
    for (size_t c = (size_t)threadIdx.x * N; c < width; c += (size_t)THREADS * N) {
        float old[N];
        load<N>(d, dout + at + c);
        load<N>(v, x + at + c);
        load<N>(w, weight + c);
        load<N>(old, dx + at + c);
#pragma unroll
        for (int i = 0; i < N; i++)
            old[i] += scale * (d[i] * w[i] - v[i] * shared);
        store<N>(dx + at + c, old);
    }
}

/* partial[stretch, width]: the sum of dout * x * inverse over the rows of a stretch. */
template <int N>
static __global__ void __launch_bounds__(32 * ROWS_AT_ONCE)
    partial_columns(float *__restrict__ partial, const bf16 *__restrict__ dout, const bf16 *__restrict__ x,
                    const wide *__restrict__ inverse, size_t rows, size_t stretch, size_t width)
{
    __shared__ float sums[ROWS_AT_ONCE][32][N];
    size_t c = ((size_t)blockIdx.x * 32 + threadIdx.x) * N;
    size_t first = blockIdx.y * stretch, end = min(first + stretch, rows);
    float sum[N] = {}, d[N], v[N];
    if (c < width)
        for (size_t r = first + threadIdx.y; r < end; r += ROWS_AT_ONCE) {
            load<N>(d, dout + r * width + c);
            load<N>(v, x + r * width + c);
            float scale = inverse[r];
#pragma unroll
            for (int i = 0; i < N; i++)
                sum[i] += d[i] * v[i] * scale;
        }
#pragma unroll
    for (int i = 0; i < N; i++)
        sums[threadIdx.y][threadIdx.x][i] = sum[i];
    __syncthreads();
    if (threadIdx.y || c >= width)
        return;
    for (int y = 1; y < ROWS_AT_ONCE; y++)
#pragma unroll
        for (int i = 0; i < N; i++)
            sum[i] += sums[y][threadIdx.x][i];
    store<N>(partial + blockIdx.y * width + c, sum);
}

static __global__ void __launch_bounds__(THREADS)
    sum_columns(wide *__restrict__ dweight, const float *__restrict__ partial, size_t stretches, size_t width)
{
    size_t c = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (c >= width)
        return;
    float sum = 0;
    for (size_t s = 0; s < stretches; s++)
        sum += partial[s * width + c];
    dweight[c] += sum;
}

void cuda_rmsnorm_backward(Backend *backend, real *dx, wide *dweight, const real *dout, const real *x,
                           const real *weight, const wide *inverse, gsize rows, gsize width)
{
    CudaState *state = cuda_state(backend);
    size_t stretch = MAX(ceil_div(rows, MAX_STRETCHES), (size_t)2 * ROWS_AT_ONCE);
    size_t stretches = ceil_div(rows, stretch);
    float *partial = static_cast<float *>(cuda_scratch(state, stretches * width * sizeof(float)));
    if (!rows || !partial)
        return;
    bool packs = cuda_packs(width, dx, dout, x, weight);
    auto row_kernel = packs ? backward_rows<8> : backward_rows<1>;
    cuda_launch(state, "rmsnorm backward", row_kernel, rows, THREADS, device_reals(dx), device_reals(dout),
                device_reals(x), device_reals(weight), inverse, width);
    auto column_kernel = packs ? partial_columns<8> : partial_columns<1>;
    dim3 grid(ceil_div(width, 32 * (packs ? 8 : 1)), stretches), block(32, ROWS_AT_ONCE);
    cuda_launch(state, "rmsnorm partial columns", column_kernel, grid, block, partial, device_reals(dout),
                device_reals(x), inverse, rows, stretch, width);
    cuda_launch(state, "rmsnorm sum of columns", sum_columns, ceil_div(width, THREADS), THREADS, dweight,
                partial, stretches, width);
}

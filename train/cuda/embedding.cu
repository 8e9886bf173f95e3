/* SPDX-License-Identifier: Apache-2.0
 * Embedding on the GPU; see train/ops.h.
 *
 * Forward copies rows. Backward adds every row of dout to the row of its id, and ids recur: the usual atomic
 * additions come in any order and round differently each time. Here rows are first put in the order of their
 * ids, equal ids in the order of rows. Each place of a row is the number of rows before it, which is counted
 * by comparing it with all others: 67 million comparisons for 8192 rows are a few microseconds' work, and
 * need neither a sorting library nor the host. Then an id's sum belongs to one thread per column, which takes
 * its rows in that order. An id that fills a whole batch is added up by few blocks; real text has none such.
 */
#include "train/cuda/device.cuh"

#define THREADS 128

template <int N>
static __global__ void __launch_bounds__(THREADS)
    gather(bf16 *__restrict__ out, const bf16 *__restrict__ weight, const guint32 *__restrict__ ids,
           ClassRange range, size_t width)
{
    size_t row = blockIdx.x, index = ids[row] - range.first;
    Pack<bf16, N> none = {};
    for (size_t c = (size_t)threadIdx.x * N; c < width; c += (size_t)THREADS * N)
        *reinterpret_cast<Pack<bf16, N> *>(out + row * width + c) =
            index < range.count ? *reinterpret_cast<const Pack<bf16, N> *>(weight + index * width + c) : none;
}

void cuda_embedding_forward(Backend *backend, real *out, const real *weight, const guint32 *ids,
                            const ClassRange *range, gsize rows, gsize width)
{
    CudaState *state = cuda_state(backend);
    if (!rows)
        return;
    auto kernel = cuda_packs(width, out, weight) ? gather<8> : gather<1>;
    cuda_launch(state, "embedding gather", kernel, rows, THREADS, device_reals(out), device_reals(weight),
                ids, *range, width);
}

/* order[p] = r, where p rows have a lower id than row r, or the same one and a lower number. */
static __global__ void __launch_bounds__(THREADS)
    rank_rows(guint32 *__restrict__ order, const guint32 *__restrict__ ids, unsigned rows)
{
    __shared__ guint32 tile[THREADS];
    unsigned row = blockIdx.x * THREADS + threadIdx.x, before = 0;
    guint32 id = row < rows ? ids[row] : 0;
    for (unsigned first = 0; first < rows; first += THREADS) {
        unsigned count = min(THREADS, rows - first);
        __syncthreads();
        if (threadIdx.x < count)
            tile[threadIdx.x] = ids[first + threadIdx.x];
        __syncthreads();
        for (unsigned i = 0; i < count; i++)
            before += tile[i] < id || (tile[i] == id && first + i < row);
    }
    if (row < rows)
        order[before] = row;
}

template <int N>
static __global__ void __launch_bounds__(THREADS)
    add_runs(wide *__restrict__ dweight, const bf16 *__restrict__ dout, const guint32 *__restrict__ ids,
             const guint32 *__restrict__ order, ClassRange range, unsigned rows, size_t width)
{
    unsigned place = blockIdx.x;
    guint32 id = ids[order[place]];
    size_t c = ((size_t)blockIdx.y * THREADS + threadIdx.x) * N, index = id - range.first;
    if (c >= width || index >= range.count || (place && ids[order[place - 1]] == id))
        return;
    wide *to = dweight + index * width + c;
    float sum[N] = {}, x[N];
    for (; place < rows && ids[order[place]] == id; place++) {
        load<N>(x, dout + (size_t)order[place] * width + c);
#pragma unroll
        for (int i = 0; i < N; i++)
            sum[i] += x[i];
    }
    load<N>(x, to);
#pragma unroll
    for (int i = 0; i < N; i++)
        sum[i] += x[i];
    store<N>(to, sum);
}

void cuda_embedding_backward(Backend *backend, wide *dweight, const real *dout, const guint32 *ids,
                             const ClassRange *range, gsize rows, gsize width)
{
    CudaState *state = cuda_state(backend);
    guint32 *order = static_cast<guint32 *>(cuda_scratch(state, rows * sizeof *order));
    if (!rows || !order)
        return;
    cuda_launch(state, "embedding order of rows", rank_rows, ceil_div(rows, THREADS), THREADS, order, ids,
                (unsigned)rows);
    bool packs = cuda_packs(width, dweight, dout);
    auto kernel = packs ? add_runs<8> : add_runs<1>;
    dim3 grid(rows, ceil_div(width, THREADS * (packs ? 8 : 1)));
    cuda_launch(state, "embedding addition", kernel, grid, THREADS, dweight, device_reals(dout), ids, order,
                *range, (unsigned)rows, width);
}

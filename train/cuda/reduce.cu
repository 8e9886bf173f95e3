/* SPDX-License-Identifier: Apache-2.0
 * Sums on the GPU: of two arrays, and of squares; see train/ops.h.
 *
 * The norm of the gradient decides how far all weights move, so it must repeat to the last bit: each piece is
 * cut into chunks of CHUNK elements, a block sums a chunk in double precision, and one more block per piece
 * sums its chunks in their order. All pieces share two launches; which piece a chunk belongs to is found by
 * bisection. */
#include "train/cuda/device.cuh"

#define THREADS 256
#define CHUNK ((size_t)1 << 16)

template <int N, typename T>
static __global__ void __launch_bounds__(THREADS)
    add_arrays(T *out, const T *x, const T *y, size_t count) /* out may be x or y */
{
    size_t at = ((size_t)blockIdx.x * THREADS + threadIdx.x) * N;
    if (at >= count)
        return;
    float a[N], b[N];
    load<N>(a, x + at);
    load<N>(b, y + at);
#pragma unroll
    for (int i = 0; i < N; i++)
        a[i] += b[i];
    store<N>(out + at, a);
}

void cuda_add(Backend *backend, real *out, const real *x, const real *y, gsize count)
{
    CudaState *state = cuda_state(backend);
    if (!count)
        return;
    bool packs = cuda_packs(count, out, x, y);
    auto kernel = packs ? add_arrays<8, bf16> : add_arrays<1, bf16>;
    cuda_launch(state, "add", kernel, ceil_div(count, THREADS * (packs ? 8 : 1)), THREADS, device_reals(out),
                device_reals(x), device_reals(y), count);
}

void cuda_accumulate(Backend *backend, wide *to, const wide *from, gsize count)
{
    CudaState *state = cuda_state(backend);
    if (!count)
        return;
    bool packs = cuda_packs(count, to, from);
    auto kernel = packs ? add_arrays<8, float> : add_arrays<1, float>;
    cuda_launch(state, "accumulate", kernel, ceil_div(count, THREADS * (packs ? 8 : 1)), THREADS, to, to,
                from, count);
}

/* A Piece, and the number of chunks of the pieces before it. */
typedef struct ChunkedPiece {
    size_t offset, count, first_chunk;
} ChunkedPiece;

static __device__ inline ChunkedPiece find_piece(const ChunkedPiece *pieces, size_t count, size_t chunk)
{
    size_t low = 0, high = count; /* pieces[low] begins at or before the chunk, pieces[high] behind it */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (pieces[middle].first_chunk <= chunk)
            low = middle;
        else
            high = middle;
    }
    return pieces[low];
}

static __global__ void __launch_bounds__(THREADS)
    sum_chunks(double *__restrict__ partial, const wide *__restrict__ x,
               const ChunkedPiece *__restrict__ pieces, size_t count)
{
    ChunkedPiece piece = find_piece(pieces, count, blockIdx.x);
    size_t begin = (blockIdx.x - piece.first_chunk) * CHUNK, end = min(begin + CHUNK, piece.count);
    const wide *from = x + piece.offset;
    double sum = 0;
    for (size_t i = begin + threadIdx.x; i < end; i += THREADS)
        sum += (double)from[i] * from[i];
    sum = block_sum<THREADS>(sum);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = sum;
}

static __global__ void __launch_bounds__(THREADS)
    sum_pieces(double *__restrict__ sums, const double *__restrict__ partial,
               const ChunkedPiece *__restrict__ pieces)
{
    ChunkedPiece piece = pieces[blockIdx.x];
    size_t chunks = (piece.count + CHUNK - 1) / CHUNK;
    double sum = 0;
    for (size_t i = threadIdx.x; i < chunks; i += THREADS)
        sum += partial[piece.first_chunk + i];
    sum = block_sum<THREADS>(sum);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = sum;
}

void cuda_square_sums(Backend *backend, double *sums, const wide *x, const Piece *pieces, gsize count)
{
    CudaState *state = cuda_state(backend);
    g_autofree ChunkedPiece *chunked = g_new(ChunkedPiece, MAX(count, 1));
    size_t chunks = 0;
    for (gsize i = 0; i < count; i++) {
        sums[i] = NAN; /* what a failure leaves */
        chunked[i] = {pieces[i].offset, pieces[i].count, chunks};
        chunks += ceil_div(pieces[i].count, CHUNK);
    }
    auto staged = static_cast<const ChunkedPiece *>(cuda_stage(state, chunked, count * sizeof *chunked));
    double *device_sums = static_cast<double *>(cuda_scratch(state, (count + chunks) * sizeof *sums));
    if (!count || !staged || !device_sums)
        return;
    double *partial = device_sums + count;
    if (chunks)
        cuda_launch(state, "sum of chunks", sum_chunks, chunks, THREADS, partial, x, staged, count);
    cuda_launch(state, "sum of pieces", sum_pieces, count, THREADS, device_sums, partial, staged);
    backend->download(backend, sums, device_sums, count * sizeof *sums);
}

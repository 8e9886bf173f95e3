/* SPDX-License-Identifier: Apache-2.0
 * Casts to eight bits; see train/cuda/fp8.cuh. */
#include <cuda_fp8.h>

#include "train/cuda/fp8.cuh"

#define THREADS 256
#define PACK 16                          /* elements of a thread: 16 bytes of the result */
#define CHUNK ((size_t)THREADS * PACK * 16) /* elements of a block that looks for the largest */
#define TILE 64                          /* rows and columns that a block transposes */
#define PITCH (TILE + 4)                 /* of its shared memory: columns lie in other banks than rows */
#define SCALES 64                        /* floats before a cast's partial results: scale and inverse */
#define ALIGNMENT ((size_t)256)

/* ---- Scales -------------------------------------------------------------------------------------------------- */

/* Magnitudes are compared as integers: in their order infinity is beyond all numbers and NaN beyond infinity. */
static __device__ inline unsigned magnitude(float x)
{
    return __float_as_uint(x) & 0x7fffffffu;
}

static __device__ unsigned block_largest(unsigned x)
{
    __shared__ unsigned warps[THREADS / 32];
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
        unsigned other = __shfl_xor_sync(0xffffffff, x, distance);
        x = other > x ? other : x;
    }
    if (threadIdx.x % 32 == 0)
        warps[threadIdx.x / 32] = x;
    __syncthreads();
    for (int w = 0; w < THREADS / 32; w++)
        x = warps[w] > x ? warps[w] : x;
    return x;
}

static __global__ void __launch_bounds__(THREADS)
    find_largest(unsigned *__restrict__ partial, const bf16 *__restrict__ from, size_t count)
{
    size_t end = (blockIdx.x + (size_t)1) * CHUNK < count ? (blockIdx.x + (size_t)1) * CHUNK : count;
    unsigned largest = 0;
    for (size_t at = blockIdx.x * CHUNK + threadIdx.x * (size_t)8; at < end; at += THREADS * 8) {
        float x[8];
        load<8>(x, from + at);
        for (int i = 0; i < 8; i++)
            largest = magnitude(x[i]) > largest ? magnitude(x[i]) : largest;
    }
    largest = block_largest(largest);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = largest;
}

/* The largest power of two by which `largest`, as bits of a float, stays within 1.75 * 2^top, the format's largest number. What is
 * so small that its scale would be no float is scaled less. NaN for what is no number. */
static __device__ float scale_for(unsigned largest, int top)
{
    int exponent = (int)(largest >> 23) - 127, beyond = (largest & 0x7fffffu) > 0x600000u;
    if (largest >= 0x7f800000u)
        return __uint_as_float(0x7fffffffu);
    if (largest == 0)
        return 1;
    int power = top - exponent - beyond;
    return __uint_as_float((unsigned)(127 + (power > 126 ? 126 : power)) << 23);
}

static __global__ void __launch_bounds__(THREADS)
    choose_scale(float *__restrict__ scales, const unsigned *__restrict__ partial, size_t count, int top)
{
    unsigned largest = 0;
    for (size_t i = threadIdx.x; i < count; i += THREADS)
        largest = partial[i] > largest ? partial[i] : largest;
    largest = block_largest(largest);
    if (threadIdx.x == 0) {
        float scale = scale_for(largest, top);
        scales[0] = scale;
        scales[1] = 1 / scale;
    }
}

/* ---- Casts --------------------------------------------------------------------------------------------------- */

template <bool E5M2> static __device__ inline uint16_t narrow_two(float low, float high)
{
    return __nv_cvt_float2_to_fp8x2(float2{low, high}, __NV_SATFINITE, E5M2 ? __NV_E5M2 : __NV_E4M3);
}

struct alignas(16) Bytes {
    uint8_t at[PACK];
};

/* PACK numbers, scaled and cast. */
template <bool E5M2> static __device__ inline Bytes cast_pack(const bf16 *from, float scale)
{
    Bytes bytes;
#pragma unroll
    for (int half = 0; half < PACK; half += 8) {
        float x[8];
        load<8>(x, from + half);
#pragma unroll
        for (int i = 0; i < 8; i += 2) {
            uint16_t two = narrow_two<E5M2>(x[i] * scale, x[i + 1] * scale);
            bytes.at[half + i] = (uint8_t)two;
            bytes.at[half + i + 1] = (uint8_t)(two >> 8);
        }
    }
    return bytes;
}

template <bool E5M2>
static __global__ void __launch_bounds__(THREADS)
    cast_rows(uint8_t *__restrict__ to, const bf16 *__restrict__ from, const float *__restrict__ scales, size_t count)
{
    size_t at = ((size_t)blockIdx.x * THREADS + threadIdx.x) * PACK;
    if (at < count)
        *reinterpret_cast<Bytes *>(to + at) = cast_pack<E5M2>(from + at, scales[0]);
}

/* Blocks count along columns first; a thread takes PACK neighbours of a row, and gives PACK neighbours of a column. */
template <bool E5M2>
static __global__ void __launch_bounds__(THREADS)
    cast_transposed(uint8_t *__restrict__ to, const bf16 *__restrict__ from, const float *__restrict__ scales, size_t rows,
                    size_t columns)
{
    __shared__ uint8_t tile[TILE][PITCH];
    size_t across = (columns + TILE - 1) / TILE;
    size_t row = blockIdx.x / across * TILE, column = blockIdx.x % across * TILE;
    unsigned line = threadIdx.x / (TILE / PACK), part = threadIdx.x % (TILE / PACK) * PACK;
    if (row + line < rows && column + part < columns) {
        Bytes bytes = cast_pack<E5M2>(from + (row + line) * columns + column + part, scales[0]);
#pragma unroll
        for (int i = 0; i < PACK; i++)
            tile[line][part + i] = bytes.at[i];
    }
    __syncthreads();
    if (column + line < columns && row + part < rows) {
        Bytes bytes;
#pragma unroll
        for (int i = 0; i < PACK; i++)
            bytes.at[i] = tile[part + i][line];
        *reinterpret_cast<Bytes *>(to + (column + line) * rows + row + part) = bytes;
    }
}

/* ---- Launches ------------------------------------------------------------------------------------------------ */

static size_t count_of(const Fp8Cast *cast)
{
    return cast->rows * cast->columns;
}

static size_t aligned(size_t bytes)
{
    return ceil_div(bytes, ALIGNMENT) * ALIGNMENT;
}

/* Scales, partial results and the numbers, in this order. */
static size_t room_of(const Fp8Cast *cast)
{
    return aligned((SCALES + ceil_div(count_of(cast), CHUNK)) * sizeof(float)) + aligned(count_of(cast));
}

template <bool E5M2> static void launch(CudaState *state, const Fp8Cast *cast, const float *scales)
{
    size_t tiles = ceil_div(cast->rows, TILE) * ceil_div(cast->columns, TILE);
    if (cast->transpose)
        cuda_launch(state, "cast and transpose to eight bits", cast_transposed<E5M2>, tiles, THREADS, cast->to, cast->from,
                    scales, cast->rows, cast->columns);
    else
        cuda_launch(state, "cast to eight bits", cast_rows<E5M2>, ceil_div(count_of(cast), THREADS * PACK), THREADS, cast->to,
                    cast->from, scales, count_of(cast));
}

static void cast_one(CudaState *state, Fp8Cast *cast, char *room)
{
    size_t blocks = ceil_div(count_of(cast), CHUNK);
    float *scales = reinterpret_cast<float *>(room);
    unsigned *partial = reinterpret_cast<unsigned *>(scales + SCALES);
    cast->inverse = scales + 1;
    cast->to = reinterpret_cast<uint8_t *>(room + aligned((SCALES + blocks) * sizeof(float)));
    cuda_launch(state, "largest magnitude", find_largest, blocks, THREADS, partial, cast->from, count_of(cast));
    cuda_launch(state, "scale of eight bits", choose_scale, 1, THREADS, scales, partial, blocks, cast->format == FP8_E4M3 ? 8 : 15);
    if (cast->format == FP8_E5M2)
        launch<true>(state, cast, scales);
    else
        launch<false>(state, cast, scales);
}

gboolean cuda_fp8_cast(CudaState *state, Fp8Cast *casts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += room_of(&casts[i]);
    char *room = static_cast<char *>(cuda_scratch(state, bytes));
    for (size_t i = 0; room && i < count; i++) {
        cast_one(state, &casts[i], room);
        room += room_of(&casts[i]);
    }
    return !state->failure;
}

/* ---- The switch ---------------------------------------------------------------------------------------------- */

gboolean cuda_use_fp8(Backend *backend, gboolean use, GError **error)
{
    CudaState *state = cuda_state(backend);
    cudaDeviceProp properties;
    if (!cuda_good(state, cudaGetDeviceProperties(&properties, state->device), "cudaGetDeviceProperties"))
        return backend_cuda_check(backend, error);
    gboolean has = properties.major * 10 + properties.minor >= 89;
    state->fp8 = use && has;
    if (has || !use)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "GPU %d, %s, has compute capability %d.%d; products in eight bits need 8.9 or later (Ada, Hopper): set "
                "cuda.matrix to bfloat16",
                state->device, properties.name, properties.major, properties.minor);
    return FALSE;
}

void cuda_narrow_products(Backend *backend, gboolean may)
{
    cuda_state(backend)->narrow = may;
}

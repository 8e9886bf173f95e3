/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/device.cuh - what the files of the CUDA backend share: its state, launches, packs of numbers,
 * sums of a block.
 *
 * Each operation is one file: a kernel or two, and the function of the table that launches them. What they
 * have in common:
 *
 * Numbers. Activations and weights lie in memory as bfloat16 (train/real.h) and are computed with as float. A
 * thread moves N neighbouring numbers at once, a Pack: 8 of bfloat16 are the 16 bytes of the widest load.
 * Where a width or an address does not allow that, the same kernel runs with N = 1; cuda_packs tells which.
 * Sizes. Elements are counted in size_t. Only what is bounded by one row, or by a block, is an int.
 * Determinism. No atomics. The shape of every sum follows from the shapes of its inputs alone, neither from
 * the number of multiprocessors nor from the order in which blocks run, so that results repeat to the last
 * bit. Failures. An operation cannot say that it failed (train/ops.h). The first failure is kept in the
 * state, all later launches do nothing of use, and backend_cuda_check reports it. Streams. All of a backend's
 * work is queued on its one stream, in the order of the calls, but for the bus's part of uploads; only download and
 * square_sums wait for it.
 */
#ifndef TRAIN_CUDA_DEVICE_CUH
#define TRAIN_CUDA_DEVICE_CUH

#include <glib.h> /* before extern "C": it holds C++ of its own */

#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_runtime.h>

G_BEGIN_DECLS
#include "base/error.h"
#include "train/cuda/backend.h"
#include "train/cuda/cudnn_attention.h"
#include "train/cuda/operations.h"
G_END_DECLS

typedef __nv_bfloat16 bf16;

#define CUDA_STAGES 8

/* An array of the caller that was copied to the device; see cuda_stage. */
typedef struct CudaStage {
    void *host; /* pinned */
    void *device;
    gsize bytes, room;
    cudaEvent_t copied;
    guint64 used; /* when, in calls of cuda_stage */
    gboolean recorded; /* a graph refers to it */
} CudaStage;

#define CUDA_HALF ((gsize)8 << 20)

/* A piece of an upload on its way: see memory.cu. */
typedef struct CudaSlot {
    void *host; /* pinned */
    void *device;
    cudaEvent_t arrived; /* in `device` */
    cudaEvent_t taken;   /* from `device` to where it belongs */
} CudaSlot;

#define CUDA_SLOT ((gsize)1 << 20)
#define CUDA_SLOTS 16

typedef struct CudaState {
    int device;
    cudaStream_t stream;
    cublasLtHandle_t blas;
    void *workspace;   /* of matrix products, CUDA_WORKSPACE bytes */
    GHashTable *plans; /* of matrix products; see linear.cu */
    int candidate;     /* which of those that the heuristic names is taken; 0 but in benchmarks */
    gboolean any_product; /* also those whose sums have no fixed order; FALSE but in benchmarks */
    void *scratch;
    gsize scratch_bytes;
    CudaStage stages[CUDA_STAGES];
    guint64 stage_calls;
    cudaStream_t uploads; /* over the bus, beside what `stream` computes */
    CudaSlot ring[CUDA_SLOTS];
    void *ring_host, *ring_device;
    unsigned next_slot;
    void *pinned; /* two halves of CUDA_HALF bytes that downloads go through in turn */
    cudaEvent_t half_copied[2];
    CudaAttention attention; /* our kernels */
    CudnnAttention *cudnn;   /* attention by it, where it can; NULL: by our kernels */
    gboolean fp8;            /* products of layers in eight bits; see fp8.cuh */
    gboolean narrow;         /* a layer is being computed */
    gboolean graphs;        /* sections become graphs; see graph.cu */
    GHashTable *recordings; /* of sections, by key */
    unsigned recorded;      /* how many of them are graphs */
    gboolean recording;     /* the stream records and computes nothing */
    gboolean unfit;         /* the section that is recorded wants what a recording cannot give */
    char *failure;        /* the first; NULL: none */
} CudaState;

/* Hopper's products want 32 MiB. */
#define CUDA_WORKSPACE ((gsize)32 << 20)

static inline CudaState *cuda_state(Backend *backend)
{
    return static_cast<CudaState *>(backend->state);
}

/* Keeps the first failure. `what` is the call or kernel, as a reader of the code would look for it. */
void cuda_failed(CudaState *state, const char *what, const char *why);
gboolean cuda_good(CudaState *state, cudaError_t result, const char *what);

static inline size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* Queues a kernel; `what` names it in a message. */
template <typename... Parameter, typename... Argument>
static inline void cuda_launch(CudaState *state, const char *what, void (*kernel)(Parameter...), dim3 grid,
                               dim3 block, Argument... arguments)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.stream = state->stream;
    cuda_good(state, cudaLaunchKernelEx(&config, kernel, arguments...), what);
}

/* The device's copy of an array in ordinary memory, good for what is queued before the next CUDA_STAGES
 * calls. An array with the bytes of a recent one is not copied again: the segments of a batch serve all
 * layers. NULL after a failure, and where a recording would need a copy. */
const void *cuda_stage(CudaState *state, const void *array, gsize bytes);

/* Memory of at least so many bytes for partial sums, good until the next call. NULL after a failure, and where a
 * recording would need more than there is. */
void *cuda_scratch(CudaState *state, gsize bytes);

GHashTable *cuda_plans_new(void);
GHashTable *cuda_recordings_new(void);
/* Before anything that a graph may refer to is freed or exchanged. */
void cuda_forget_recordings(CudaState *state);

static inline const bf16 *device_reals(const real *x)
{
    return reinterpret_cast<const bf16 *>(x);
}

static inline bf16 *device_reals(real *x)
{
    return reinterpret_cast<bf16 *>(x);
}

/* Whether rows of `width` numbers that begin at these addresses can be moved in packs of 16 bytes of
 * bfloat16. Floats beside them are then at 16-byte addresses too. */
template <typename... Pointer> static inline bool cuda_packs(size_t width, Pointer... pointers)
{
    return ((width % 8) | ... | (reinterpret_cast<size_t>(pointers) % 16)) == 0;
}

template <typename T, int N> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack {
    T at[N];
};

static __device__ inline float widen(float x)
{
    return x;
}

static __device__ inline float widen(bf16 x)
{
    return __bfloat162float(x);
}

static __device__ inline void narrow(float x, float *out)
{
    *out = x;
}

static __device__ inline void narrow(float x, bf16 *out)
{
    *out = __float2bfloat16_rn(x);
}

template <int N, typename T> static __device__ inline void load(float (&out)[N], const T *from)
{
    Pack<T, N> pack = *reinterpret_cast<const Pack<T, N> *>(from);
#pragma unroll
    for (int i = 0; i < N; i++)
        out[i] = widen(pack.at[i]);
}

template <int N, typename T> static __device__ inline void store(T *to, const float (&x)[N])
{
    Pack<T, N> pack;
#pragma unroll
    for (int i = 0; i < N; i++)
        narrow(x[i], &pack.at[i]);
    *reinterpret_cast<Pack<T, N> *>(to) = pack;
}

template <typename T> static __device__ inline T warp_sum(T x)
{
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2)
        x += __shfl_xor_sync(0xffffffff, x, distance);
    return x;
}

/* The sum over all threads of a block of THREADS, in every thread; all of them must call it. */
template <int THREADS, typename T> static __device__ inline T block_sum(T x)
{
    __shared__ T warps[THREADS / 32];
    x = warp_sum(x);
    __syncthreads(); /* an earlier call may still be read */
    if (threadIdx.x % 32 == 0)
        warps[threadIdx.x / 32] = x;
    __syncthreads();
    T sum = 0;
#pragma unroll
    for (int w = 0; w < THREADS / 32; w++)
        sum += warps[w];
    return sum;
}

#endif

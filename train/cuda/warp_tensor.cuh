/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/warp_tensor.cuh - boxes of tensors copied by the hardware (TMA), the barriers that they arrive at, and what
 * else warps with different tasks need: compute capability 9.0 alone.
 *
 * Sequence, with a producer and consumers: one thread makes the barriers (warp_arrival_open), says so
 * (warp_arrivals_publish), and a barrier of the block follows. For each box one thread of the producer calls
 * warp_arrive_expecting with its bytes and warp_tensor_load; consumers warp_await the box, use it, and warp_arrive at
 * another barrier, which the producer awaits before it loads the next box into the same place.
 *
 * A barrier has phases, numbered from 0. A phase is complete when as many threads have arrived as it was made for, and
 * all bytes that were announced have come; the next begins at once. warp_await(at, parity) returns when the last phase of
 * that parity is complete: with 0, first, the phase 0; with 1, first, at once, as if there had been one before.
 *
 * Proxies: boxes are written, and products of warp groups are read, by another path than threads' own reads and writes
 * (warp_group_publish). From box to product and from product to box there is none to cross.
 *
 * As with train/cuda/warp.cuh, tests/unit/gpu_emulator.h defines the same for the host.
 */
#ifdef __CUDACC__
#ifndef TRAIN_CUDA_WARP_TENSOR_CUH
#define TRAIN_CUDA_WARP_TENSOR_CUH

#include <cuda.h>
#include <cudaTypedefs.h>

#include "train/cuda/warp_group.cuh"

/* A matrix of bfloat16 in global memory, of which boxes of 64 columns are loaded. */
typedef CUtensorMap TensorMap;

#define TENSOR_BOX_COLUMNS 64

/* The driver's function, found at run time: programs do not link libcuda, which machines without a GPU lack. NULL: the
 * driver is too old. */
static PFN_cuTensorMapEncodeTiled_v12000 warp_tensor_encoder(void)
{
    void *function = NULL;
    cudaDriverEntryPointQueryResult found;
#if CUDART_VERSION >= 12050
    cudaError_t error =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found);
#else
    cudaError_t error = cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &function, cudaEnableDefault, &found);
#endif
    return error == cudaSuccess && found == cudaDriverEntryPointSuccess ? (PFN_cuTensorMapEncodeTiled_v12000)function
                                                                        : NULL;
}

/* Describes base[rows, columns], aligned to 16 bytes, whose boxes of box_rows rows go to shared memory in the swizzle of
 * 128 bytes; what of a box lies beyond the matrix is zero. 0, or the cudaError_t. */
static int warp_tensor_describe(TensorMap *map, const uint16_t *base, uint64_t columns, uint64_t rows, uint32_t box_rows)
{
    const cuuint64_t sizes[2] = {columns, rows}, stride = columns * sizeof *base;
    const cuuint32_t box[2] = {TENSOR_BOX_COLUMNS, box_rows}, steps[2] = {1, 1};
    PFN_cuTensorMapEncodeTiled_v12000 encode = warp_tensor_encoder();
    if (!encode)
        return cudaErrorCallRequiresNewerDriver;
    CUresult result = encode(map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, (void *)base, sizes, &stride, box, steps,
                             CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

/* Of the current GPU; 1 where it does not say. */
static uint32_t warp_multiprocessors(void)
{
    int device = 0, count = 0;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) != cudaSuccess)
        return 1;
    return (uint32_t)count;
}

/* Begins to copy a box whose first element is in this row and column to shared memory aligned to 1024 bytes; its bytes
 * arrive at the barrier. One thread calls it. `map` is a parameter of the kernel (__grid_constant__). */
WARP_FUNCTION void warp_tensor_load(uint32_t to, const TensorMap *map, uint32_t column, uint32_t row, uint32_t arrival)
{
    WARP_GROUP_ASM("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, "
                     "%3}], [%4];" ::"r"(to),
                   "l"((uint64_t)map), "r"(column), "r"(row), "r"(arrival)
                   : "memory");
}

/* A barrier of 8 bytes for so many arrivals a phase. */
WARP_FUNCTION void warp_arrival_open(uint32_t at, uint32_t arrivals)
{
    WARP_GROUP_ASM("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(arrivals) : "memory");
}

/* The thread that made barriers calls it before the block's barrier. */
WARP_FUNCTION void warp_arrivals_publish(void)
{
    WARP_GROUP_ASM("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/* One arrival. It speaks for this thread, and for what its warp did before it last came together. */
WARP_FUNCTION void warp_arrive(uint32_t at)
{
    WARP_GROUP_ASM("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at) : "memory");
}

WARP_FUNCTION void warp_arrive_expecting(uint32_t at, uint32_t bytes)
{
    WARP_GROUP_ASM("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
}

/* All lanes of a warp call it. */
WARP_FUNCTION void warp_await(uint32_t at, uint32_t parity)
{
    uint32_t complete = 0;
    while (!complete)
        WARP_GROUP_ASM("{.reg .pred complete; "
                         "mbarrier.try_wait.parity.shared::cta.b64 complete, [%1], %2; "
                         "selp.u32 %0, 1, 0, complete;}"
                       : "=r"(complete)
                       : "r"(at), "r"(parity)
                       : "memory");
}

/* Named barriers, 1 to 15, for some of a block's warps: waits until `threads` have come here or to warp_named_arrive, which
 * does not wait. */
WARP_FUNCTION void warp_named_barrier(uint32_t barrier, uint32_t threads)
{
    asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

WARP_FUNCTION void warp_named_arrive(uint32_t barrier, uint32_t threads)
{
    asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

/* All warps of a group take, or give back, registers: COUNT for each thread from now on, a multiple of 8. */
template <int COUNT>
WARP_FUNCTION void warp_registers_raise(void)
{
    WARP_GROUP_ASM("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(COUNT) : "memory");
}

template <int COUNT>
WARP_FUNCTION void warp_registers_lower(void)
{
    WARP_GROUP_ASM("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(COUNT) : "memory");
}

#endif
#endif

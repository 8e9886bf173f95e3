/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/warp.cuh - the instructions that the flash attention kernels are made of, one function each.
 *
 * The kernels reach the machine through these alone: tensor cores, shared memory, asynchronous copies, barriers,
 * launch. That is why they can run without a GPU: tests/unit/gpu_emulator.h defines the same names for the host's
 * compiler, with the semantics that the PTX ISA gives them, and watches every access to shared memory.
 *
 * Addresses of shared memory are 32-bit numbers from warp_shared() on, as the instructions want them. All inline
 * assembly that touches memory says so ("memory"), because the compiler does not know which bytes an instruction
 * touches and must not carry one across a barrier. Everything here exists from compute capability 8.0 (A100) on.
 */
#ifdef __CUDACC__
#ifndef TRAIN_CUDA_WARP_CUH
#define TRAIN_CUDA_WARP_CUH

#include <cuda_runtime.h>
#include <stdint.h>

#include "train/cuda/attention.h"

#define WARP_FUNCTION static __device__ __forceinline__
#define WARP_UNROLL _Pragma("unroll")

WARP_FUNCTION uint32_t warp_thread(void)
{
    return threadIdx.x;
}

/* Read anew by every call: what follows from it can be found again at a kernel's end, and costs no registers between.
 * */
WARP_FUNCTION uint32_t warp_block(void)
{
    uint32_t block;
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(block));
    return block;
}

/* The first byte of the shared memory that the launch asked for. */
WARP_FUNCTION uint32_t warp_shared(void)
{
    extern __shared__ __align__(1024) unsigned char shared[];
    return (uint32_t)__cvta_generic_to_shared(shared);
}

/* c[16, 8] += a[16, 16] b[16, 8] in float32, a and b bfloat16. */
WARP_FUNCTION void warp_mma(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/* Four matrices of 8 x 8 numbers of 16 bits; lane l gives the address of row l % 8 of matrix l / 8. */
WARP_FUNCTION void warp_load_matrices(uint32_t to[4], uint32_t from)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(from)
                 : "memory");
}

WARP_FUNCTION void warp_load_transposed(uint32_t to[4], uint32_t from)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(from)
                 : "memory");
}

/* 16 bytes from global to shared memory past the registers and the first-level cache; zeros unless `valid`, and then
 * `from` is not read. */
WARP_FUNCTION void warp_copy_16(uint32_t to, const void *from, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0) : "memory");
}

WARP_FUNCTION void warp_copy_4(uint32_t to, const void *from, bool valid)
{
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(valid ? 4 : 0) : "memory");
}

/* Waits for all copies of this thread. Other threads see them after a barrier. */
WARP_FUNCTION void warp_copy_wait(void)
{
    asm volatile("cp.async.wait_all;" ::: "memory");
}

WARP_FUNCTION void warp_barrier(void)
{
    __syncwarp();
}

WARP_FUNCTION void warp_block_barrier(void)
{
    __syncthreads();
}

WARP_FUNCTION float4 warp_shared_load(uint32_t from)
{
    float4 value;
    asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
                 : "r"(from)
                 : "memory");
    return value;
}

WARP_FUNCTION void warp_shared_load_pair(float to[2], uint32_t from)
{
    asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(to[0]), "=f"(to[1]) : "r"(from) : "memory");
}

WARP_FUNCTION void warp_shared_store(uint32_t to, uint32_t value)
{
    asm volatile("st.shared.b32 [%0], %1;" ::"r"(to), "r"(value) : "memory");
}

WARP_FUNCTION void warp_global_load(uint32_t to[4], const void *from)
{
    asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "l"(from));
}

WARP_FUNCTION void warp_global_store(void *to, float4 value)
{
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(value.x), "f"(value.y), "f"(value.z),
                 "f"(value.w)
                 : "memory");
}

/* An entry of the table of blocks, read anew by every call: kept, it would cost registers all through a kernel. */
WARP_FUNCTION AttentionBlock warp_read_block(const AttentionBlock *from)
{
    AttentionBlock block;
    asm volatile("ld.global.nc.u32 %0, [%3]; ld.global.nc.u32 %1, [%3 + 4]; ld.global.nc.u32 %2, [%3 + 8];"
                 : "=r"(block.first), "=r"(block.begin), "=r"(block.end)
                 : "l"(from));
    return block;
}

/* The value of the lane whose number differs in the bits of `mask`. */
WARP_FUNCTION float warp_exchange(float value, int mask)
{
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

/* Does the condition hold in any lane? */
WARP_FUNCTION bool warp_any(bool condition)
{
    return __any_sync(0xffffffffu, condition);
}

/* Two numbers rounded to bfloat16 (to nearest, ties to even), `low` in the lower half. */
WARP_FUNCTION uint32_t warp_pack(float low, float high)
{
    uint32_t packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

/* The bits of a number. */
WARP_FUNCTION uint32_t warp_bits(float value)
{
    return __float_as_uint(value);
}

/* The numbers of a packed pair. */
WARP_FUNCTION float warp_low(uint32_t packed)
{
    return __uint_as_float(packed << 16);
}

WARP_FUNCTION float warp_high(uint32_t packed)
{
    return __uint_as_float(packed & 0xffff0000u);
}

/* 2^x, log2(x) and 1 / x by the special function unit: relative error about 2^-22, far below bfloat16's 2^-9. */
WARP_FUNCTION float warp_exp2(float x)
{
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

WARP_FUNCTION float warp_log2(float x)
{
    float result;
    asm("lg2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

WARP_FUNCTION float warp_inverse(float x)
{
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

/* Runs kernel(arguments...) in `blocks` blocks of `threads` threads with `shared` bytes of shared memory each; 0, or
 * the cudaError_t. More than 48 KiB must be asked for. */
template <typename... Arguments>
static int warp_launch(void (*kernel)(Arguments...), size_t blocks, unsigned threads, size_t shared, void *stream,
                       Arguments... arguments)
{
    if (blocks == 0)
        return cudaSuccess;
    if (blocks > INT32_MAX)
        return cudaErrorInvalidValue;
    cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared);
    if (error != cudaSuccess)
        return error;
    kernel<<<(unsigned)blocks, threads, shared, (cudaStream_t)stream>>>(arguments...);
    return cudaGetLastError();
}

#endif
#endif

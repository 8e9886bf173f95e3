/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/warp_group.cuh - products of four warps together (wgmma): compute capability 9.0 alone.
 *
 * Sequence: warp_group_publish() after copies into shared memory and before the barrier; warp_group_begin();
 * products; warp_group_end(), after which the accumulators may be touched and the operands overwritten. All 128
 * threads of a group come to each call. As with train/cuda/warp.cuh, tests/unit/gpu_emulator.h defines the same for
 * the host.
 *
 * The instructions exist in code for sm_90a and nowhere else: what nvcc makes for others stops the kernel.
 */
#ifdef __CUDACC__
#ifndef TRAIN_CUDA_WARP_GROUP_CUH
#define TRAIN_CUDA_WARP_GROUP_CUH

#include "train/cuda/warp.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define WARP_GROUP_ASM(...) asm volatile(__VA_ARGS__)
#else
#define WARP_GROUP_ASM(...) asm volatile("trap;")
#endif

/* Tensor cores read shared memory by another path than threads write it. */
WARP_FUNCTION void warp_group_publish(void)
{
    WARP_GROUP_ASM("fence.proxy.async.shared::cta;" ::: "memory");
}

/* What is in registers so far is what the products find there. */
WARP_FUNCTION void warp_group_begin(void)
{
    WARP_GROUP_ASM("wgmma.fence.sync.aligned;" ::: "memory");
}

WARP_FUNCTION void warp_group_end(void)
{
    WARP_GROUP_ASM("wgmma.commit_group.sync.aligned;\n\twgmma.wait_group.sync.aligned 0;" ::: "memory");
}

/* c[64, 64] += a[64, 16] b[64, 16]^T, both in shared memory (tile_descriptor); c is the eight column tiles of
 * mma.sync. */
WARP_FUNCTION void warp_group_mma(float c[8][4], uint64_t a, uint64_t b)
{
    WARP_GROUP_ASM("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                     "%32, %33, 1, 1, 1, 0, 0;"
                   : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]),
                     "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]), "+f"(c[1][3]),
                     "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]),
                     "+f"(c[3][0]), "+f"(c[3][1]), "+f"(c[3][2]), "+f"(c[3][3]),
                     "+f"(c[4][0]), "+f"(c[4][1]), "+f"(c[4][2]), "+f"(c[4][3]),
                     "+f"(c[5][0]), "+f"(c[5][1]), "+f"(c[5][2]), "+f"(c[5][3]),
                     "+f"(c[6][0]), "+f"(c[6][1]), "+f"(c[6][2]), "+f"(c[6][3]),
                     "+f"(c[7][0]), "+f"(c[7][1]), "+f"(c[7][2]), "+f"(c[7][3])
                   : "l"(a), "l"(b)
                   : "memory");
}

/* c[64, 64] += a[64, 16] b[16, 64]: a in registers as for mma.sync, b in shared memory with its rows along the sum.
 * */
WARP_FUNCTION void warp_group_mma_registers(float c[8][4], const uint32_t a[4], uint64_t b)
{
    WARP_GROUP_ASM("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                     "{%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
                   : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]),
                     "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]), "+f"(c[1][3]),
                     "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]),
                     "+f"(c[3][0]), "+f"(c[3][1]), "+f"(c[3][2]), "+f"(c[3][3]),
                     "+f"(c[4][0]), "+f"(c[4][1]), "+f"(c[4][2]), "+f"(c[4][3]),
                     "+f"(c[5][0]), "+f"(c[5][1]), "+f"(c[5][2]), "+f"(c[5][3]),
                     "+f"(c[6][0]), "+f"(c[6][1]), "+f"(c[6][2]), "+f"(c[6][3]),
                     "+f"(c[7][0]), "+f"(c[7][1]), "+f"(c[7][2]), "+f"(c[7][3])
                   : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b)
                   : "memory");
}

#endif
#endif

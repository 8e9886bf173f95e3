/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/warp_group.cuh - products of four warps together (wgmma): compute capability 9.0 alone.
 *
 * Sequence: warp_group_publish() after copies into shared memory that threads made, and before the barrier;
 * warp_group_begin(); products; warp_group_commit(). Tensor cores then work beside whatever the warps do next, until
 * warp_group_wait<KEPT>() says that all but the last KEPT commits are done: accumulators may be touched and operands be
 * overwritten. warp_group_settle(c) comes behind that, for each accumulator: the compiler takes the registers for
 * finished when a product begins, and must not read them until then. All 128 threads of a group come to each call. As
 * with train/cuda/warp.cuh, tests/unit/gpu_emulator.h defines the same for the host.
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

WARP_FUNCTION void warp_group_commit(void)
{
    WARP_GROUP_ASM("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int KEPT>
WARP_FUNCTION void warp_group_wait(void)
{
    WARP_GROUP_ASM("wgmma.wait_group.sync.aligned %0;" ::"n"(KEPT) : "memory");
}

template <int TILES>
WARP_FUNCTION void warp_group_settle(float (*c)[4])
{
    WARP_UNROLL
    for (int n = 0; n < TILES; n++)
        asm volatile("" : "+f"(c[n][0]), "+f"(c[n][1]), "+f"(c[n][2]), "+f"(c[n][3])::"memory");
}

/* c[64, 64] = a[64, 16] b[64, 16]^T, added to c if it `adds`; both in shared memory (tile_descriptor); c is the eight
 * column tiles of mma.sync. */
WARP_FUNCTION void warp_group_mma(float c[8][4], uint64_t a, uint64_t b, bool adds)
{
    WARP_GROUP_ASM("{.reg .pred adds; setp.ne.u32 adds, %34, 0; "
                     "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                     "%32, %33, adds, 1, 1, 0, 0;}"
                   : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]),
                     "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]), "+f"(c[1][3]),
                     "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]),
                     "+f"(c[3][0]), "+f"(c[3][1]), "+f"(c[3][2]), "+f"(c[3][3]),
                     "+f"(c[4][0]), "+f"(c[4][1]), "+f"(c[4][2]), "+f"(c[4][3]),
                     "+f"(c[5][0]), "+f"(c[5][1]), "+f"(c[5][2]), "+f"(c[5][3]),
                     "+f"(c[6][0]), "+f"(c[6][1]), "+f"(c[6][2]), "+f"(c[6][3]),
                     "+f"(c[7][0]), "+f"(c[7][1]), "+f"(c[7][2]), "+f"(c[7][3])
                   : "l"(a), "l"(b), "r"((uint32_t)adds)
                   : "memory");
}

/* c[64, 128] = a[64, 16] b[128, 16]^T: sixteen column tiles. Half as many bytes of the left operand for each product. */
WARP_FUNCTION void warp_group_mma_wide(float c[16][4], uint64_t a, uint64_t b, bool adds)
{
    WARP_GROUP_ASM("{.reg .pred adds; setp.ne.u32 adds, %66, 0; "
                     "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
                     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                     "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
                     "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
                     "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
                     "%64, %65, adds, 1, 1, 0, 0;}"
                   : "+f"(c[0][0]), "+f"(c[0][1]), "+f"(c[0][2]), "+f"(c[0][3]),
                     "+f"(c[1][0]), "+f"(c[1][1]), "+f"(c[1][2]), "+f"(c[1][3]),
                     "+f"(c[2][0]), "+f"(c[2][1]), "+f"(c[2][2]), "+f"(c[2][3]),
                     "+f"(c[3][0]), "+f"(c[3][1]), "+f"(c[3][2]), "+f"(c[3][3]),
                     "+f"(c[4][0]), "+f"(c[4][1]), "+f"(c[4][2]), "+f"(c[4][3]),
                     "+f"(c[5][0]), "+f"(c[5][1]), "+f"(c[5][2]), "+f"(c[5][3]),
                     "+f"(c[6][0]), "+f"(c[6][1]), "+f"(c[6][2]), "+f"(c[6][3]),
                     "+f"(c[7][0]), "+f"(c[7][1]), "+f"(c[7][2]), "+f"(c[7][3]),
                     "+f"(c[8][0]), "+f"(c[8][1]), "+f"(c[8][2]), "+f"(c[8][3]),
                     "+f"(c[9][0]), "+f"(c[9][1]), "+f"(c[9][2]), "+f"(c[9][3]),
                     "+f"(c[10][0]), "+f"(c[10][1]), "+f"(c[10][2]), "+f"(c[10][3]),
                     "+f"(c[11][0]), "+f"(c[11][1]), "+f"(c[11][2]), "+f"(c[11][3]),
                     "+f"(c[12][0]), "+f"(c[12][1]), "+f"(c[12][2]), "+f"(c[12][3]),
                     "+f"(c[13][0]), "+f"(c[13][1]), "+f"(c[13][2]), "+f"(c[13][3]),
                     "+f"(c[14][0]), "+f"(c[14][1]), "+f"(c[14][2]), "+f"(c[14][3]),
                     "+f"(c[15][0]), "+f"(c[15][1]), "+f"(c[15][2]), "+f"(c[15][3])
                   : "l"(a), "l"(b), "r"((uint32_t)adds)
                   : "memory");
}

/* c[64, 64] += a[64, 16] b[16, 64]: a in registers as for mma.sync, b in shared memory with its rows along the sum. */
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

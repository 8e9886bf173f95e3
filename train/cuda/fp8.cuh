/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/fp8.cuh - matrices in eight bits for the products of layers, with a scale for each.
 *
 * Formats (Micikevicius et al. 2022): E4M3 for activations and weights, E5M2, with its wider range, for gradients. cublasLt multiplies
 * eight bits only where the inner dimension is contiguous in both factors. Forward that is how they lie; the products of
 * backward take the transpose of one or both, which is written as it is cast. Products whose sizes are no multiples of 16, or
 * whose arrays do not begin at 16 bytes, stay in bfloat16.
 *
 * Scales are current ones: the largest magnitude of a tensor is found before it is cast, in a pass of its own, and not guessed
 * from that of earlier steps (delayed scaling). That pass reads two bytes an element, some percent of a product's time; for it
 * there is no history to keep in checkpoints, to resume from and to agree on between ranks, no step in which a tensor outgrows
 * its history and saturates, and a batch's result depends on nothing but its inputs. A scale is a power of two: multiplying by
 * it is exact, and because both formats have the same relative precision everywhere above their smallest normal number,
 * a finer scale would gain none. It lies in the GPU's memory, where cublasLt reads it: the host never waits for it.
 *
 * A tensor with a NaN or an infinity becomes NaN as a whole, so that a diverged step is seen and not hidden by saturation.
 *
 * Sequence: cuda_fp8_fits; then cuda_fp8_cast of both factors of a product, which shares one scratch memory, good until the
 * next product.
 */
#ifndef TRAIN_CUDA_FP8_CUH
#define TRAIN_CUDA_FP8_CUH

#include "train/cuda/device.cuh"

typedef enum { FP8_E4M3, FP8_E5M2 } Fp8Format;

/* A matrix of bfloat16, row-major, and what is wanted of it. */
typedef struct Fp8Cast {
    const bf16 *from;
    size_t rows, columns; /* multiples of 16 */
    Fp8Format format;
    bool transpose; /* the result is [columns, rows] */
    /* Out: */
    uint8_t *to;
    float *inverse; /* what a product with these numbers is to be multiplied by */
} Fp8Cast;

static inline bool cuda_fp8_fits(const CudaState *state, size_t rows, size_t inputs, size_t outputs, const void *a,
                                 const void *b, const void *c)
{
    size_t addresses = reinterpret_cast<size_t>(a) | reinterpret_cast<size_t>(b) | reinterpret_cast<size_t>(c);
    return state->fp8 && state->narrow && ((rows | inputs | outputs | addresses) % 16) == 0;
}

/* FALSE after a failure. */
gboolean cuda_fp8_cast(CudaState *state, Fp8Cast *casts, size_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention.cuh - what attention_operations.cu chooses from: attention for heads of any size.
 */
#ifndef TRAIN_CUDA_ATTENTION_CUH
#define TRAIN_CUDA_ATTENTION_CUH

#include "train/cuda/device.cuh"

#define CUDA_PLAIN_HEAD_MAX 256

void cuda_plain_attention_forward(CudaState *state, const AttentionShape *shape, bf16 *out, wide *lse,
                                  const bf16 *qkv);
void cuda_plain_attention_backward(CudaState *state, const AttentionShape *shape, bf16 *dqkv,
                                   const bf16 *dout, const bf16 *out, const wide *lse, const bf16 *qkv);

#endif

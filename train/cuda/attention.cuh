/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention.cuh - what attention_operations.cu chooses from, but for the tiles: attention for heads of any
 * size, and cuDNN's.
 */
#ifndef TRAIN_CUDA_ATTENTION_CUH
#define TRAIN_CUDA_ATTENTION_CUH

#include "train/cuda/device.cuh"

#define CUDA_PLAIN_HEAD_MAX 256

void cuda_plain_attention_forward(CudaState *state, const AttentionShape *shape, bf16 *out, wide *lse,
                                  const bf16 *qkv);
void cuda_plain_attention_backward(CudaState *state, const AttentionShape *shape, bf16 *dqkv,
                                   const bf16 *dout, const bf16 *out, const wide *lse, const bf16 *qkv);

/* FALSE where backend_cuda_use_cudnn was not called, or sequences differ in length, or heads have another size than 64 or 128.
 * Arrays must lie at multiples of 16 bytes. */
gboolean cuda_cudnn_takes(const CudaState *state, const AttentionShape *shape);
void cuda_cudnn_attention_forward(CudaState *state, const AttentionShape *shape, bf16 *out, wide *lse,
                                  const bf16 *qkv);
void cuda_cudnn_attention_backward(CudaState *state, const AttentionShape *shape, bf16 *dqkv,
                                   const bf16 *dout, const bf16 *out, const wide *lse, const bf16 *qkv);

#endif

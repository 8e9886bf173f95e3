/* SPDX-License-Identifier: Apache-2.0
 * In the place of attention_operations.cu: the tiles are made of a GPU's own instructions, and tests/unit/test_cuda_attention
 * has an emulator of those. Here attention_plain.cu takes heads of all sizes, and
 * cudnn.cc stands for cuDNN. */
#include "train/cuda/attention.cuh"

void cuda_attention_forward(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv)
{
    if (cuda_cudnn_takes(cuda_state(backend), shape))
        cuda_cudnn_attention_forward(cuda_state(backend), shape, device_reals(out), lse, device_reals(qkv));
    else
        cuda_plain_attention_forward(cuda_state(backend), shape, device_reals(out), lse, device_reals(qkv));
}

void cuda_attention_backward(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout,
                             const real *out, const wide *lse, const real *qkv)
{
    auto compute = cuda_cudnn_takes(cuda_state(backend), shape) ? cuda_cudnn_attention_backward : cuda_plain_attention_backward;
    compute(cuda_state(backend), shape, device_reals(dqkv), device_reals(dout), device_reals(out), lse, device_reals(qkv));
}

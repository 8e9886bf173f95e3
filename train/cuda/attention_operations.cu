/* SPDX-License-Identifier: Apache-2.0
 * Attention in the table of the CUDA backend: tiles for heads of 64 and 128 (attention.h), else attention_plain.cu;
 * that too where a GPU has too little shared memory for the tiles, as those of desktops have for heads of 128.
 *
 * Where the backend was told to, cuDNN computes sequences of one length, which is all but kept-apart documents (cudnn.cu).
 *
 * The tables of blocks follow from the segments alone, so all layers of a micro-batch have the same ones; cuda_stage copies
 * them to the GPU once. */
#include "train/cuda/attention.cuh"
#include "train/cuda/attention.h"

/* In the order of CudaAttention. */
static const struct {
    decltype(&attention_forward_launch) forward;
    decltype(&attention_backward_launch) backward;
} kernels[CUDA_ATTENTION_COUNT] = {
    {attention_forward_launch, attention_backward_launch},
    {attention_group_forward_launch, attention_group_backward_launch},
    {attention_hopper_forward_launch, attention_hopper_backward_launch},
};

template <typename... Pointer>
static bool fits(const CudaState *state, const AttentionShape *shape, Pointer... pointers)
{
    int shared = 0;
    return attention_head_size_fits(shape->head_size) && cuda_packs(shape->head_size, pointers...) &&
           cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, state->device) == cudaSuccess &&
           (size_t)shared >= attention_shared_bytes(shape->head_size);
}

/* FALSE: there is nothing to do, or there was a failure. */
static bool plan_blocks(CudaState *state, const AttentionShape *shape, AttentionPlan *plan)
{
    size_t blocks = attention_blocks_count(shape->starts, shape->segments);
    g_autofree AttentionBlock *tables = g_new(AttentionBlock, 2 * MAX(blocks, (size_t)1));
    attention_blocks_fill(tables, tables + blocks, shape->starts, shape->segments);
    const void *staged = blocks ? cuda_stage(state, tables, 2 * blocks * sizeof *tables) : NULL;
    plan->by_queries = static_cast<const AttentionBlock *>(staged);
    plan->by_keys = plan->by_queries + blocks;
    plan->blocks = blocks;
    plan->rows = shape->starts[shape->segments];
    plan->heads = (uint32_t)shape->heads;
    plan->kv_heads = (uint32_t)shape->kv_heads;
    plan->head_size = (uint32_t)shape->head_size;
    return staged != NULL;
}

static const uint16_t *bits(const real *x)
{
    return reinterpret_cast<const uint16_t *>(x);
}

static uint16_t *bits(real *x)
{
    return reinterpret_cast<uint16_t *>(x);
}

void cuda_attention_forward(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv)
{
    CudaState *state = cuda_state(backend);
    AttentionPlan plan;
    if (cuda_cudnn_takes(state, shape) && cuda_packs(shape->head_size, out, qkv))
        cuda_cudnn_attention_forward(state, shape, device_reals(out), lse, device_reals(qkv));
    else if (!fits(state, shape, out, qkv))
        cuda_plain_attention_forward(state, shape, device_reals(out), lse, device_reals(qkv));
    else if (plan_blocks(state, shape, &plan)) {
        auto launch = kernels[state->attention].forward;
        cuda_good(state, (cudaError_t)launch(&plan, bits(out), lse, bits(qkv), state->stream), "attention forward");
    }
}

void cuda_attention_backward(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout,
                             const real *out, const wide *lse, const real *qkv)
{
    CudaState *state = cuda_state(backend);
    AttentionPlan plan;
    if (cuda_cudnn_takes(state, shape) && cuda_packs(shape->head_size, dqkv, dout, out, qkv)) {
        cuda_cudnn_attention_backward(state, shape, device_reals(dqkv), device_reals(dout), device_reals(out), lse,
                                      device_reals(qkv));
        return;
    }
    if (!fits(state, shape, dqkv, dout, out, qkv)) {
        cuda_plain_attention_backward(state, shape, device_reals(dqkv), device_reals(dout), device_reals(out), lse,
                                      device_reals(qkv));
        return;
    }
    void *scratch = plan_blocks(state, shape, &plan) ? cuda_scratch(state, attention_scratch_bytes(&plan)) : NULL;
    if (!scratch)
        return;
    auto launch = kernels[state->attention].backward;
    cuda_good(state,
              (cudaError_t)launch(&plan, bits(dqkv), bits(dout), bits(out), lse, bits(qkv), scratch, state->stream),
              "attention backward");
}

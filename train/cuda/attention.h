/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/attention.h - flash attention on NVIDIA GPUs: causal, grouped queries, documents kept apart, in
 * bfloat16.
 *
 * The mathematics and the layout of qkv are those of train/ops.h. Sequence, once for a micro-batch, whose layers
 * share it:
 *
 *     attention_blocks_fill(by_queries, by_keys, starts, segments);        on the host; copy both to the GPU
 *     AttentionPlan plan = {by_queries, by_keys, blocks, rows, ...};
 *     attention_forward_launch(&plan, out, lse, qkv, stream);
 *     attention_backward_launch(&plan, dqkv, dout, out, lse, qkv, scratch, stream);
 *
 * Memory: the pointers of AttentionPlan, and those that a launch is given, are the GPU's. qkv, out, dqkv and dout are
 * bfloat16, aligned to 16 bytes; lse is float32. Rows outside every segment are not written.
 * Errors: a launch returns 0, or the cudaError_t (as int) of what went wrong; it waits for nothing, so what a kernel
 * runs into shows at the next synchronisation. Head sizes are 64 and 128: attention_head_size_fits says no to others.
 * Determinism: no atomic operations. Every element of every output is summed by one thread in an order that follows
 * from the position within its segment alone: two runs agree to the last bit, and a document has the same bits
 * wherever in the batch it lies.
 *
 * Source: Dao et al. 2022, Dao 2023 (FlashAttention-2). Unlike theirs, the backward computes the scores twice, once
 * for dk and dv and once for dq: seven matrix products instead of five, and in return no sums across thread blocks.
 */
#ifndef TRAIN_CUDA_ATTENTION_H
#define TRAIN_CUDA_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rows that one thread block owns: of queries in the forward and for dq, of keys for dk and dv. */
#define ATTENTION_BLOCK 128

/* The rows [first, first + ATTENTION_BLOCK) as far as they lie in the segment, which is the rows [begin, end). */
typedef struct AttentionBlock {
    uint32_t first, begin, end;
} AttentionBlock;

typedef struct AttentionPlan {
    const AttentionBlock *by_queries, *by_keys; /* `blocks` of each */
    size_t blocks;
    size_t rows; /* of qkv: starts[segments] */
    uint32_t heads, kv_heads, head_size;
} AttentionPlan;

static inline int attention_head_size_fits(size_t head_size)
{
    return head_size == 64 || head_size == 128;
}

/* How many blocks the segments need; segment s is the rows [starts[s], starts[s + 1]). Empty ones need none. */
size_t attention_blocks_count(const uint32_t *starts, size_t segments);

/* Both tables hold the same blocks, in the orders in which a GPU had best start them: those with the most keys to
 * look back on first, and those with the most queries to come first, so that the last to finish are short. */
void attention_blocks_fill(AttentionBlock *by_queries, AttentionBlock *by_keys, const uint32_t *starts,
                           size_t segments);

/* Bytes that attention_backward_launch needs as scratch: two numbers for each row and query head. */
static inline size_t attention_scratch_bytes(const AttentionPlan *plan)
{
    return plan->rows * plan->heads * 2 * sizeof(float);
}

/* Bytes of shared memory that a block needs (cudaDevAttrMaxSharedMemoryPerBlockOptin): all GPUs have enough for heads of
 * 64, those of data centres alone for heads of 128. */
size_t attention_shared_bytes(size_t head_size);

/* `stream` is a cudaStream_t. */
int attention_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv, void *stream);
int attention_backward_launch(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout, const uint16_t *out,
                              const float *lse, const uint16_t *qkv, void *scratch, void *stream);

/* The same by products of warp groups: GPUs of compute capability 9.0 alone. On others the kernels fail. */
int attention_group_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv,
                                   void *stream);
int attention_group_backward_launch(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout,
                                    const uint16_t *out, const float *lse, const uint16_t *qkv, void *scratch,
                                    void *stream);

/* The same by producers and consumers (attention_hopper.cuh): compute capability 9.0 alone, too. */
int attention_hopper_forward_launch(const AttentionPlan *plan, uint16_t *out, float *lse, const uint16_t *qkv,
                                    void *stream);
int attention_hopper_backward_launch(const AttentionPlan *plan, uint16_t *dqkv, const uint16_t *dout, const uint16_t *out,
                                     const float *lse, const uint16_t *qkv, void *scratch, void *stream);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0
 * Attention by cuDNN in the backend; see train/cuda/cudnn_attention.h for which, and train/ops.h for what.
 *
 * cuDNN keeps the statistics of a softmax head by head, [sequences, heads, length]; the table promises them row by row, so that
 * forward and backward may come from different kernels. Both are turned into each other here, which moves two numbers for
 * each row and head. Scratch memory holds cuDNN's statistics, and behind them its workspace. */
#include "train/cuda/attention.cuh"

#define THREADS 256
#define WORKSPACE_ALIGNMENT 256

gboolean cuda_cudnn_takes(const CudaState *state, const AttentionShape *shape)
{
    const guint32 *starts = shape->starts;
    guint32 length = shape->segments ? starts[1] - starts[0] : 0;
    if (!state->cudnn || !length || starts[0] || (shape->head_size != 64 && shape->head_size != 128))
        return FALSE;
    for (gsize s = 1; s < shape->segments; s++)
        if (starts[s + 1] - starts[s] != length)
            return FALSE;
    return TRUE;
}

static CudnnShape shape_of(const AttentionShape *shape)
{
    return {(gint64)shape->segments, shape->starts[1], (gint64)shape->heads, (gint64)shape->kv_heads, (gint64)shape->head_size};
}

/* One thread for each number; `by_heads` has [sequences, heads, length], `by_rows` [sequences, length, heads]. */
template <bool TO_ROWS>
static __global__ void turn_statistics(float *by_rows, float *by_heads, size_t count, size_t heads, size_t length)
{
    size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (i >= count)
        return;
    size_t head = i % heads, row = i / heads, sequence = row / length;
    size_t at = (sequence * heads + head) * length + row % length;
    if (TO_ROWS)
        by_rows[i] = by_heads[at];
    else
        by_heads[at] = by_rows[i];
}

static size_t statistics_bytes(const CudnnShape *s)
{
    size_t bytes = (size_t)(s->sequences * s->heads * s->length) * sizeof(float);
    return ceil_div(bytes, WORKSPACE_ALIGNMENT) * WORKSPACE_ALIGNMENT;
}

static void turn(CudaState *state, bool to_rows, wide *by_rows, void *by_heads, const CudnnShape *s)
{
    size_t count = (size_t)(s->sequences * s->heads * s->length);
    cuda_launch(state, "attention: statistics", to_rows ? turn_statistics<true> : turn_statistics<false>,
                dim3((unsigned)ceil_div(count, THREADS)), dim3(THREADS), by_rows, static_cast<float *>(by_heads), count,
                (size_t)s->heads, (size_t)s->length);
}

static void keep(CudaState *state, gboolean good, GError *error)
{
    if (!good)
        cuda_failed(state, "attention by cuDNN", error->message);
    g_clear_error(&error);
}

/* Memory for the statistics, then the workspace; NULL after a failure. */
static char *prepare(CudaState *state, const CudnnShape *shape, CudnnDirection direction, const CudnnPlan **plan)
{
    GError *error = NULL;
    *plan = cudnn_attention_plan(state->cudnn, shape, direction, &error);
    keep(state, *plan != NULL, error);
    return *plan ? static_cast<char *>(cuda_scratch(state, statistics_bytes(shape) + cudnn_plan_workspace(*plan))) : NULL;
}

void cuda_cudnn_attention_forward(CudaState *state, const AttentionShape *shape, bf16 *out, wide *lse, const bf16 *qkv)
{
    CudnnShape s = shape_of(shape);
    const CudnnPlan *plan = NULL;
    GError *error = NULL;
    char *scratch = prepare(state, &s, CUDNN_FORWARD, &plan);
    if (!scratch)
        return;
    gboolean good = cudnn_plan_forward(plan, out, reinterpret_cast<float *>(scratch), qkv, scratch + statistics_bytes(&s),
                                       state->stream, &error);
    keep(state, good, error);
    turn(state, true, lse, scratch, &s);
}

void cuda_cudnn_attention_backward(CudaState *state, const AttentionShape *shape, bf16 *dqkv, const bf16 *dout,
                                   const bf16 *out, const wide *lse, const bf16 *qkv)
{
    CudnnShape s = shape_of(shape);
    const CudnnPlan *plan = NULL;
    GError *error = NULL;
    char *scratch = prepare(state, &s, CUDNN_BACKWARD, &plan);
    if (!scratch)
        return;
    turn(state, false, const_cast<wide *>(lse), scratch, &s);
    gboolean good = cudnn_plan_backward(plan, dqkv, dout, out, reinterpret_cast<float *>(scratch), qkv,
                                        scratch + statistics_bytes(&s), state->stream, &error);
    keep(state, good, error);
}

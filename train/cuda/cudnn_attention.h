/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/cudnn_attention.h - attention by cuDNN: causal, grouped queries, bfloat16, sequences of one length.
 *
 * The mathematics and the layout of qkv are those of train/ops.h. Sequence:
 *     a = cudnn_attention_new(NULL, TRUE, e);                            once, with the GPU's device current
 *     p = cudnn_attention_plan(a, &shape, CUDNN_FORWARD, e);             makes it, or finds it again
 *     cudnn_plan_forward(p, out, statistics, qkv, workspace, stream, e); queues it
 *     cudnn_attention_free(a)                                            and its plans
 *
 * Masks: causal from the first row of each sequence, nothing else. Documents that are kept apart have all lengths; they take
 * cuDNN's ragged tensors, whose plans pad every document to the longest, and are computed by our kernels instead
 * (train/cuda/attention.h), which need no padding. The same kernels are for heads of other sizes than 64 and 128.
 * Choice of a plan: the first of cuDNN's heuristics that can be built for this GPU; it is not timed, so that a shape has the
 * same kernel in every run with one cuDNN on one GPU model.
 * Determinism: forward always repeats its bits. Backward does where `deterministic` was TRUE: dq is then summed in one pass over
 * the derivatives of all scores, which takes a workspace of sequences * heads * length^2 * 2 bytes (1 GiB at 32 heads and
 * 4,096 tokens). Otherwise blocks add to dq as they come, and cuDNN does not even note it (CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
 * kernels with that note are never taken where bits must repeat.
 * Memory: arrays lie on the GPU at multiples of 16 bytes; `statistics` [sequences, heads, length] is the log of each softmax's
 * denominator, which cuDNN wants in this order; `workspace` has cudnn_plan_workspace bytes at a multiple of 256.
 * Errors: GALEN_ERROR_SYSTEM with cuDNN's own words. Needs cuDNN 9.16: backward of earlier ones pads other lengths than
 * multiples of 128 by a mask that nobody needs any more.
 * Without a GPU: `device`, the JSON of a GPU's properties (CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION), makes plans for that GPU,
 * which cannot be queued. Tests use it.
 * Source: cuDNN Backend API reference, version 9, "Fused Flash Attention fprop" and "bprop"; Dao 2023 (FlashAttention-2).
 */
#ifndef TRAIN_CUDA_CUDNN_ATTENTION_H
#define TRAIN_CUDA_CUDNN_ATTENTION_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct CudnnAttention CudnnAttention;
typedef struct CudnnPlan CudnnPlan;

typedef enum { CUDNN_FORWARD, CUDNN_BACKWARD } CudnnDirection;

typedef struct CudnnShape {
    gint64 sequences, length, heads, kv_heads, head_size;
} CudnnShape;

/* Whether this program was built with cuDNN. Where not, cudnn_attention_new fails and says how to get it. */
gboolean cudnn_is_built(void);

CudnnAttention *cudnn_attention_new(const char *device, gboolean deterministic, GError **error);
void cudnn_attention_free(CudnnAttention *attention);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CudnnAttention, cudnn_attention_free)

/* Owned by `attention`; NULL with an error. The first call for a shape compiles kernels and takes seconds. */
const CudnnPlan *cudnn_attention_plan(CudnnAttention *attention, const CudnnShape *shape, CudnnDirection direction, GError **error);

gsize cudnn_plan_workspace(const CudnnPlan *plan);
/* "engine 6, 3 knobs"; g_free. */
char *cudnn_plan_describe(const CudnnPlan *plan);

/* `stream` is a cudaStream_t. */
gboolean cudnn_plan_forward(const CudnnPlan *plan, void *out, float *statistics, const void *qkv, void *workspace, void *stream,
                            GError **error);
gboolean cudnn_plan_backward(const CudnnPlan *plan, void *dqkv, const void *dout, const void *out, const float *statistics,
                             const void *qkv, void *workspace, void *stream, GError **error);

G_END_DECLS

#endif

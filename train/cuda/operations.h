/* SPDX-License-Identifier: Apache-2.0
 * train/cuda/operations.h - the functions of the CUDA backend's table, one file each group; see train/ops.h for what they do.
 */
#ifndef TRAIN_CUDA_OPERATIONS_H
#define TRAIN_CUDA_OPERATIONS_H

#include "train/ops.h"

/* memory.cu */
void *cuda_allocate(Backend *backend, gsize bytes);
void cuda_release(Backend *backend, void *memory);
void cuda_upload(Backend *backend, void *to, const void *from, gsize bytes);
void cuda_download(Backend *backend, void *to, const void *from, gsize bytes);
void cuda_copy(Backend *backend, void *to, const void *from, gsize bytes);
void cuda_clear(Backend *backend, void *memory, gsize bytes);
/* cast.cu */
void cuda_narrow(Backend *backend, real *to, const wide *from, gsize count);
/* graph.cu */
void cuda_section(Backend *backend, gconstpointer key, gsize bytes, void (*work)(gpointer user), gpointer user);
/* embedding.cu */
void cuda_embedding_forward(Backend *backend, real *out, const real *weight, const guint32 *ids, const ClassRange *range, gsize rows, gsize width);
void cuda_embedding_backward(Backend *backend, wide *dweight, const real *dout, const guint32 *ids, const ClassRange *range, gsize rows,
                             gsize width);
/* rmsnorm.cu */
void cuda_rmsnorm_forward(Backend *backend, real *out, wide *inverse, const real *x, const real *weight, double epsilon, gsize rows, gsize width);
void cuda_rmsnorm_backward(Backend *backend, real *dx, wide *dweight, const real *dout, const real *x, const real *weight, const wide *inverse,
                           gsize rows, gsize width);
void cuda_add_rmsnorm_forward(Backend *backend, real *sum, real *out, wide *inverse, const real *x, const real *y, const real *weight,
                              double epsilon, gsize rows, gsize width);
/* rope.cu */
void cuda_rope(Backend *backend, real *x, const wide *table, const guint32 *positions, gsize rows, gsize stride, gsize heads, gsize head_size,
               gboolean inverse);
/* attention.cu */
void cuda_attention_forward(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv);
void cuda_attention_backward(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout, const real *out, const wide *lse,
                             const real *qkv);
/* swiglu.cu */
void cuda_swiglu_forward(Backend *backend, real *out, const real *gate_up, gsize rows, gsize width);
void cuda_swiglu_backward(Backend *backend, real *dgate_up, const real *dout, const real *gate_up, gsize rows, gsize width);
/* linear.cu */
void cuda_linear_forward(Backend *backend, real *out, const real *x, const real *weight, gsize rows, gsize inputs, gsize outputs);
void cuda_linear_backward_input(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows, gsize inputs, gsize outputs);
void cuda_linear_backward_weight(Backend *backend, wide *dweight, const real *dout, const real *x, gsize rows, gsize inputs, gsize outputs);
/* fp8.cu */
gboolean cuda_use_fp8(Backend *backend, gboolean use, GError **error);
void cuda_narrow_products(Backend *backend, gboolean may);
/* cross_entropy.cu */
void cuda_cross_entropy_forward(Backend *backend, wide *largest, wide *sum, wide *target, const real *logits, const guint32 *targets,
                                const ClassRange *range, gsize rows);
void cuda_cross_entropy_rescale(Backend *backend, wide *sum, const wide *own, const wide *largest, gsize rows);
void cuda_cross_entropy_losses(Backend *backend, wide *losses, wide *lse, const wide *largest, const wide *sum, const wide *target, gsize rows);
void cuda_cross_entropy_backward(Backend *backend, real *logits, const wide *lse, const guint32 *targets, const wide *weights,
                                 const ClassRange *range, gsize rows);
/* reduce.cu */
void cuda_add(Backend *backend, real *out, const real *x, const real *y, gsize count);
void cuda_accumulate(Backend *backend, wide *to, const wide *from, gsize count);
void cuda_square_sums(Backend *backend, double *sums, const wide *x, const Piece *pieces, gsize count);
/* adamw.cu */
void cuda_adamw(Backend *backend, real *parameters, wide *master, wide *m, wide *v, const wide *gradients, gsize count, const AdamW *step);
/* communicator.cu, or communicator_none.cu */
Communicator *cuda_communicator_new(Backend *backend, Comm *comm, gboolean deferred, GError **error);

#endif

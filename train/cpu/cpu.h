/* SPDX-License-Identifier: Apache-2.0
 * train/cpu/cpu.h - what the files of the CPU backend share: the matrix product, sizes of pieces, the operations.
 *
 * Each operation is a loop over pieces (train/cpu/pool.h): a struct of its arguments, a function of one piece, and the
 * call that runs it. OpenMP serves for its simd pragmas alone; no OpenMP runtime is needed.
 */
#ifndef TRAIN_CPU_CPU_H
#define TRAIN_CPU_CPU_H

#include <cblas.h>

#include "train/cpu/pool.h"
#include "train/ops.h"

#ifdef _OPENMP
#define CPU_PRAGMA(text) _Pragma(#text)
#define SIMD_SUM(sum) CPU_PRAGMA(omp simd reduction(+ : sum))
#define SIMD CPU_PRAGMA(omp simd)
#else
#define SIMD_SUM(sum)
#define SIMD
#endif
/* Clang warns that it cannot: a maximum in another order could lose a NaN, which the softmax finds anyway. */
#if defined _OPENMP && !defined __clang__
#define SIMD_MAX(largest) CPU_PRAGMA(omp simd reduction(max : largest))
#else
#define SIMD_MAX(largest)
#endif

/* Elements, and rows, that one piece of a loop takes. */
#define CPU_CHUNK 16384
#define CPU_ROWS 32

static inline gsize cpu_pieces(gsize count, gsize size)
{
    return (count + size - 1) / size;
}

static inline void cpu_run(Backend *backend, gsize work, gsize pieces, CpuTask task, gconstpointer user)
{
    cpu_pool_run(backend->state, work, pieces, task, user);
}

/* c[m, n] = alpha * a b + beta * c; a [m, k] and b [k, n], or their transposes; ld is the distance between rows. */
static inline void cpu_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, gsize m, gsize n, gsize k, real alpha,
                            const real *a, gsize lda, const real *b, gsize ldb, real beta, real *c, gsize ldc)
{
#ifdef TRAIN_FLOAT64
    cblas_dgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb,
                beta, c, (blasint)ldc);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb,
                beta, c, (blasint)ldc);
#endif
}

void cpu_embedding_forward(Backend *backend, real *out, const real *weight, const guint32 *ids, const ClassRange *range, gsize rows, gsize width);
void cpu_embedding_backward(Backend *backend, wide *dweight, const real *dout, const guint32 *ids, const ClassRange *range, gsize rows, gsize width);
void cpu_rmsnorm_forward(Backend *backend, real *out, wide *inverse, const real *x, const real *weight, double epsilon, gsize rows, gsize width);
void cpu_rmsnorm_backward(Backend *backend, real *dx, wide *dweight, const real *dout, const real *x, const real *weight, const wide *inverse, gsize rows, gsize width);
void cpu_add_rmsnorm_forward(Backend *backend, real *sum, real *out, wide *inverse, const real *x, const real *y, const real *weight, double epsilon, gsize rows, gsize width);
void cpu_rope(Backend *backend, real *x, const wide *table, const guint32 *positions, gsize rows, gsize stride, gsize heads, gsize head_size, gboolean inverse);
void cpu_attention_forward(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv);
void cpu_attention_backward(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout, const real *out, const wide *lse, const real *qkv);
void cpu_swiglu_forward(Backend *backend, real *out, const real *gate_up, gsize rows, gsize width);
void cpu_swiglu_backward(Backend *backend, real *dgate_up, const real *dout, const real *gate_up, gsize rows, gsize width);
void cpu_linear_forward(Backend *backend, real *out, const real *x, const real *weight, gsize rows, gsize inputs, gsize outputs);
void cpu_linear_backward_input(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows, gsize inputs, gsize outputs);
void cpu_linear_backward_weight(Backend *backend, wide *dweight, const real *dout, const real *x, gsize rows, gsize inputs, gsize outputs);
void cpu_cross_entropy_forward(Backend *backend, wide *largest, wide *sum, wide *target, const real *logits, const guint32 *targets, const ClassRange *range, gsize rows);
void cpu_cross_entropy_rescale(Backend *backend, wide *sum, const wide *own, const wide *largest, gsize rows);
void cpu_cross_entropy_losses(Backend *backend, wide *losses, wide *lse, const wide *largest, const wide *sum, const wide *target, gsize rows);
void cpu_cross_entropy_backward(Backend *backend, real *logits, const wide *lse, const guint32 *targets, const wide *weights, const ClassRange *range, gsize rows);
void cpu_add(Backend *backend, real *out, const real *x, const real *y, gsize count);
void cpu_accumulate(Backend *backend, wide *to, const wide *from, gsize count);
void cpu_square_sums(Backend *backend, double *sums, const wide *x, const Piece *pieces, gsize count);
void cpu_adamw(Backend *backend, real *parameters, wide *master, wide *m, wide *v, const wide *gradients, gsize count, const AdamW *step);
Communicator *cpu_communicator_new(Backend *backend, Comm *comm, gboolean deferred, GError **error);

#endif

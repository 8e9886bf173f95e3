/* SPDX-License-Identifier: Apache-2.0
 * train/ops.h - the operations that a backend implements: all that the model and the optimizer ask of a machine.
 *
 * A Backend is a table of functions. model.c and optimizer.c touch numbers through it alone, so that a second backend
 * (CUDA) is a second table. Sequence: b = backend_cpu_new(threads); b->linear_forward(b, ...); b->destroy(b).
 *
 * Memory: every array lies in the backend's own memory, from `allocate`, but for AttentionShape.starts and what download
 * fills, which lie in ordinary memory. Sizes of memory are in bytes, all other sizes in elements and 64 bits wide.
 * `real` and `wide` are explained in train/real.h.
 * Shapes are row-major and written [rows, columns]; a "row" is one token of the micro-batch.
 * Gradients: `d` before a name is the derivative of the loss by it. Gradients of weights and of the residual stream are
 * added to what is there (marked +=), all others overwrite.
 * Errors: operations say nothing; only `allocate` can fail, and returns NULL. A machine that breaks under them is found by
 * `check`, once a step.
 * Determinism: an operation is a pure function of its inputs, to the last bit. On the CPU the result does not depend on
 * the number of threads either: work is cut into pieces whose size follows from the shapes alone, or where another cut changes
 * no sum, and every sum is taken by one thread in a fixed order. We pick loops and kernels by the level of the processor
 * (train/cpu/level.h), at the lowest level OpenBLAS does so itself, so another processor model may round differently.
 */
#ifndef TRAIN_OPS_H
#define TRAIN_OPS_H

#include <glib.h>

#include "train/communicator.h"
#include "train/real.h"

/* Causal attention over segments: segment s is the rows [starts[s], starts[s + 1]); no row sees another segment.
 * A segment is a whole sequence, or one document of it where documents are to be kept apart. */
typedef struct AttentionShape {
    const guint32 *starts; /* segments + 1 numbers, ascending */
    gsize segments;
    gsize heads;    /* of queries */
    gsize kv_heads; /* of keys and values; divides heads (GQA: Ainslie et al. 2023) */
    gsize head_size;
} AttentionShape;

/* Classes [first, first + count) of the vocabulary, in rows or columns of which there are `stride`, at least `count`. */
typedef struct ClassRange {
    gsize first, count, stride;
} ClassRange;

/* Elements [offset, offset + count) of an array. */
typedef struct Piece {
    gsize offset, count;
} Piece;

typedef struct AdamW {
    double rate; /* of learning, at this step */
    double beta1, beta2, epsilon;
    double decay;       /* decoupled weight decay */
    double correction1; /* 1 - beta1^t, t from 1 */
    double correction2; /* 1 - beta2^t */
    double scale;       /* of the gradient: what clipping leaves of it */
} AdamW;

typedef struct Backend Backend;
struct Backend {
    const char *name;
    gpointer state; /* the backend's own */
    void (*destroy)(Backend *backend);
    /* Waits for what was begun. FALSE: something failed since the backend was made, and results are of no use. */
    gboolean (*check)(Backend *backend, GError **error);

    void *(*allocate)(Backend *backend, gsize bytes); /* zeroed; NULL when there is not enough memory */
    void (*release)(Backend *backend, void *memory);
    void (*upload)(Backend *backend, void *to, const void *from, gsize bytes);
    void (*download)(Backend *backend, void *to, const void *from, gsize bytes);
    void (*copy)(Backend *backend, void *to, const void *from, gsize bytes);
    void (*clear)(Backend *backend, void *memory, gsize bytes);
    /* to[count] = from[count], rounded to nearest even. */
    void (*narrow)(Backend *backend, real *to, const wide *from, gsize count);
    /* Does work(user), which queues operations on this backend. A backend may keep what was queued under `key`, of `bytes` bytes,
     * and queue it again the next time without calling `work`. So under one key a section must queue the same operations on the
     * same arrays with the same numbers (what the arrays hold may change), have no other effect, move nothing to or from ordinary
     * memory and send nothing to other ranks. AttentionShape.starts count as numbers. Without a key, NULL, nothing is kept. */
    void (*section)(Backend *backend, gconstpointer key, gsize bytes, void (*work)(gpointer user), gpointer user);
    /* See train/communicator.h. NULL `comm` is one rank. */
    Communicator *(*communicator_new)(Backend *backend, Comm *comm, gboolean deferred, GError **error);

    /* out[rows, width] = weight[ids[r] - range.first, :] where the range holds ids[r], else zero.
     * backward: dweight[ids[r] - range.first, :] += dout[r, :] where the range holds ids[r]. */
    void (*embedding_forward)(Backend *backend, real *out, const real *weight, const guint32 *ids, const ClassRange *range,
                              gsize rows, gsize width);
    void (*embedding_backward)(Backend *backend, wide *dweight, const real *dout, const guint32 *ids, const ClassRange *range,
                               gsize rows, gsize width);

    /* out = x * inverse * weight, inverse[r] = 1 / sqrt(mean(x[r, :]^2) + epsilon); x, out [rows, width], weight [width]
     * (Zhang and Sennrich 2019).
     * backward: with g = dout * weight and n = x * inverse: dx += inverse * (g - n * mean(g * n)), dweight += sum dout * n. */
    void (*rmsnorm_forward)(Backend *backend, real *out, wide *inverse, const real *x, const real *weight,
                            double epsilon, gsize rows, gsize width);
    void (*rmsnorm_backward)(Backend *backend, real *dx, wide *dweight, const real *dout, const real *x,
                             const real *weight, const wide *inverse, gsize rows, gsize width);
    /* sum = x + y, and out and inverse as rmsnorm_forward gives them for `sum`, to the last bit. */
    void (*add_rmsnorm_forward)(Backend *backend, real *sum, real *out, wide *inverse, const real *x, const real *y,
                                const real *weight, double epsilon, gsize rows, gsize width);

    /* Rotates the first `heads` heads of each row of x[rows, stride] in place by the row's position: the pair
     * (i, i + head_size / 2) by the angle positions[r] * theta^(-2 i / head_size), which is the layout of Hugging Face
     * (RoPE: Su et al. 2021). `table` [positions, head_size] holds the cosines, then the sines, of each position.
     * Backward is the rotation by the opposite angle: `inverse` TRUE. */
    void (*rope)(Backend *backend, real *x, const wide *table, const guint32 *positions, gsize rows, gsize stride,
                 gsize heads, gsize head_size, gboolean inverse);

    /* qkv[rows, (heads + 2 kv_heads) * head_size] holds queries, then keys, then values. For query head h of key head
     * g = h / (heads / kv_heads): out[i, h] = sum_{j <= i} p_ij v[j, g], p_i = softmax(q[i, h] . k[j, g] / sqrt(head_size)).
     * out [rows, heads * head_size]; lse [rows, heads] is the log of each softmax's denominator, from which backward
     * computes p again instead of keeping it (Dao et al. 2022).
     * backward: dv_j = sum_i p_ij dout_i, ds_ij = p_ij (dout_i . v_j - dout_i . out_i), dq and dk from ds. */
    void (*attention_forward)(Backend *backend, const AttentionShape *shape, real *out, wide *lse, const real *qkv);
    void (*attention_backward)(Backend *backend, const AttentionShape *shape, real *dqkv, const real *dout,
                               const real *out, const wide *lse, const real *qkv);

    /* out[rows, width] = silu(gate) * up, silu(x) = x / (1 + e^-x); gate_up [rows, 2 width] holds gate, then up
     * (Shazeer 2020). backward: dgate_up from dout. */
    void (*swiglu_forward)(Backend *backend, real *out, const real *gate_up, gsize rows, gsize width);
    void (*swiglu_backward)(Backend *backend, real *dgate_up, const real *dout, const real *gate_up, gsize rows,
                            gsize width);

    /* out[rows, outputs] = x[rows, inputs] weight[outputs, inputs]^T.
     * backward: dx = dout weight; dweight += dout^T x. */
    void (*linear_forward)(Backend *backend, real *out, const real *x, const real *weight, gsize rows, gsize inputs,
                           gsize outputs);
    void (*linear_backward_input)(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows,
                                  gsize inputs, gsize outputs);
    void (*linear_backward_weight)(Backend *backend, wide *dweight, const real *dout, const real *x, gsize rows,
                                   gsize inputs, gsize outputs);
    /* With `use`, from now on products may be computed from factors in eight bits, as far as narrow_products allows. FALSE where the machine
     * cannot. NULL: this backend never can. Such a product is a pure function of its inputs, too. */
    gboolean (*use_fp8)(Backend *backend, gboolean use, GError **error);
    /* Between TRUE and FALSE lie the products of a layer, which bear narrow factors; those of the head do not. NULL: all the same. */
    void (*narrow_products)(Backend *backend, gboolean may);

    /* Cross-entropy over classes that may be divided among ranks; logits [rows, range.stride], of which the first range.count
     * columns are the classes from range.first on. With those alone, in one pass and without storing probabilities:
     *   largest[r] = max_c logits[r, c], sum[r] = sum_c exp(logits[r, c] - largest[r]),
     *   target[r] = logits[r, targets[r] - range.first], 0 where the range does not hold it.
     * Ranks then agree: largest becomes the maximum over all; rescale does sum[r] *= exp(own[r] - largest[r]) for each
     * rank's `own` earlier largest; sum and target are added up. At last
     *   lse[r] = largest[r] + log(sum[r]), losses[r] = lse[r] - target[r], in nats.
     * backward, in place: logits[r, c] becomes weights[r] * (exp(logits[r, c] - lse[r]) - [c is the target]), and 0 in columns
     * beyond range.count. weights[r] is the derivative of the total loss by losses[r]; 0 leaves a row out. */
    void (*cross_entropy_forward)(Backend *backend, wide *largest, wide *sum, wide *target, const real *logits,
                                  const guint32 *targets, const ClassRange *range, gsize rows);
    void (*cross_entropy_rescale)(Backend *backend, wide *sum, const wide *own, const wide *largest, gsize rows);
    void (*cross_entropy_losses)(Backend *backend, wide *losses, wide *lse, const wide *largest, const wide *sum,
                                 const wide *target, gsize rows);
    void (*cross_entropy_backward)(Backend *backend, real *logits, const wide *lse, const guint32 *targets,
                                   const wide *weights, const ClassRange *range, gsize rows);

    /* out = x + y; out may be one of them. */
    void (*add)(Backend *backend, real *out, const real *x, const real *y, gsize count);
    /* to += from. */
    void (*accumulate)(Backend *backend, wide *to, const wide *from, gsize count);
    /* sums[i], in ordinary memory: of x^2 over the i-th piece, in double precision. */
    void (*square_sums)(Backend *backend, double *sums, const wide *x, const Piece *pieces, gsize count);
    /* One step of AdamW (Loshchilov and Hutter 2019) with g = scale * gradient: first decay, p -= rate * decay * p; then
     * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
     * p -= rate * (m / correction1) / (sqrt(v / correction2) + epsilon). p is the master; parameters = p, rounded. They may
     * be one array where `real` is `wide`. */
    void (*adamw)(Backend *backend, real *parameters, wide *master, wide *m, wide *v, const wide *gradients, gsize count,
                  const AdamW *step);
};

/* The CPU at the best level that it has (train/cpu/level.h): threads of its own over OpenBLAS, which is set to one thread for the whole process, and stays so.
 * `threads` 0: as many as there are processors. */
Backend *backend_cpu_new(unsigned threads);

/* Which kernels compute attention on a GPU: ours, ours by Hopper's products of warp groups, or cuDNN's. */
typedef enum { ATTENTION_OWN, ATTENTION_WGMMA, ATTENTION_CUDNN } AttentionKernels;

/* What does not change the mathematics. */
typedef struct BackendSettings {
    unsigned threads;           /* of the CPU's backend; 0: as many as there are processors */
    AttentionKernels attention; /* of a GPU's, as the next */
    gboolean deterministic;     /* bits repeat in all kernels; ours always do */
    gboolean graphs;            /* sections are kept, as CUDA graphs */
} BackendSettings;

/* The backend of this program: the CPU's in galen, a GPU's in galen-train (train/cuda/backend.h). `world`, NULL for one rank,
 * decides which of a machine's GPUs is this rank's. GALEN_ERROR_SYSTEM where this GPU or this build has not what is asked for. */
Backend *backend_open(const BackendSettings *settings, Comm *world, GError **error);

#endif

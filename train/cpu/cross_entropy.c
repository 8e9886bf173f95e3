/* SPDX-License-Identifier: Apache-2.0
 * Cross-entropy on the CPU; see train/ops.h. */
#include "train/cpu/cpu.h"
#include "train/cpu/exp.h"

static real log_sum_exp(const real *x, gsize count)
{
    real largest = x[0];
    SIMD_MAX(largest)
    for (gsize i = 1; i < count; i++)
        largest = MAX(largest, x[i]);
    /* A long sum of small numbers: float would lose the tail of a large vocabulary. */
    double sum = 0;
    SIMD_SUM(sum)
    for (gsize i = 0; i < count; i++)
        sum += (double)cpu_exp(x[i] - largest);
    return largest + (real)log(sum);
}

typedef struct CrossEntropy {
    real *losses, *lse; /* forward */
    real *dlogits;      /* backward, in place of the logits */
    const real *logits, *saved_lse;
    const guint32 *targets;
    real scale;
    gsize classes;
} CrossEntropy;

static void forward_row(gsize row, gconstpointer user)
{
    const CrossEntropy *c = user;
    const real *logits = c->logits + row * c->classes;
    c->lse[row] = log_sum_exp(logits, c->classes);
    c->losses[row] = c->lse[row] - logits[c->targets[row]];
}

void cpu_cross_entropy_forward(Backend *backend, real *losses, real *lse, const real *logits, const guint32 *targets, gsize rows,
                               gsize classes)
{
    CrossEntropy c = {.losses = losses, .lse = lse, .logits = logits, .targets = targets, .classes = classes};
    cpu_run(backend, rows * classes * 8, rows, forward_row, &c);
}

static void backward_row(gsize row, gconstpointer user)
{
    const CrossEntropy *c = user;
    real *logits = c->dlogits + row * c->classes, lse = c->saved_lse[row], scale = c->scale;
    SIMD
    for (gsize i = 0; i < c->classes; i++)
        logits[i] = scale * cpu_exp(logits[i] - lse);
    logits[c->targets[row]] -= scale;
}

void cpu_cross_entropy_backward(Backend *backend, real *logits, const real *lse, const guint32 *targets, double scale, gsize rows,
                                gsize classes)
{
    CrossEntropy c = {.dlogits = logits, .saved_lse = lse, .targets = targets, .scale = (real)scale, .classes = classes};
    cpu_run(backend, rows * classes * 8, rows, backward_row, &c);
}

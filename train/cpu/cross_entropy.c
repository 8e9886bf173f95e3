/* SPDX-License-Identifier: Apache-2.0
 * Cross-entropy on the CPU; see train/ops.h. */
#include <math.h>
#include <string.h>

#include "train/cpu/cpu.h"
#include "train/cpu/exp.h"

typedef struct CrossEntropy {
    wide *largest, *sum, *target; /* forward */
    real *dlogits;                /* backward, in place of the logits */
    const real *logits;
    const wide *saved_lse, *weights;
    const guint32 *targets;
    const ClassRange *range;
} CrossEntropy;

static real largest_of(const real *x, gsize count)
{
    real largest = count ? x[0] : -INFINITY;
    SIMD_MAX(largest)
    for (gsize i = 1; i < count; i++)
        largest = MAX(largest, x[i]);
    return largest;
}

/* A long sum of small numbers: float would lose the tail of a large vocabulary. */
static double sum_of_exp(const real *x, real largest, gsize count)
{
    double sum = 0;
    SIMD_SUM(sum)
    for (gsize i = 0; i < count; i++)
        sum += (double)cpu_exp(x[i] - largest);
    return sum;
}

static void forward_row(gsize row, gconstpointer user)
{
    const CrossEntropy *c = user;
    const real *logits = c->logits + row * c->range->stride;
    gsize index = (gsize)c->targets[row] - c->range->first;
    c->largest[row] = largest_of(logits, c->range->count);
    c->sum[row] = (wide)sum_of_exp(logits, c->largest[row], c->range->count);
    c->target[row] = index < c->range->count ? logits[index] : 0;
}

static void cpu_cross_entropy_forward(Backend *backend, wide *largest, wide *sum, wide *target, const real *logits, const guint32 *targets,
                                      const ClassRange *range, gsize rows)
{
    CrossEntropy c = {.largest = largest, .sum = sum, .target = target, .logits = logits, .targets = targets, .range = range};
    cpu_run(backend, rows * range->count * 8, rows, forward_row, &c);
}

static void cpu_cross_entropy_rescale(Backend *backend, wide *sum, const wide *own, const wide *largest, gsize rows)
{
    for (gsize r = 0; r < rows; r++)
        sum[r] = own[r] == largest[r] ? sum[r] : sum[r] * (wide)exp(own[r] - largest[r]);
}

static void cpu_cross_entropy_losses(Backend *backend, wide *losses, wide *lse, const wide *largest, const wide *sum, const wide *target,
                                     gsize rows)
{
    for (gsize r = 0; r < rows; r++) {
        lse[r] = largest[r] + (wide)log(sum[r]);
        losses[r] = lse[r] - target[r];
    }
}

static void backward_row(gsize row, gconstpointer user)
{
    const CrossEntropy *c = user;
    const ClassRange *range = c->range;
    real *logits = c->dlogits + row * range->stride, lse = c->saved_lse[row], weight = c->weights[row];
    gsize index = (gsize)c->targets[row] - range->first;
    SIMD
    for (gsize i = 0; i < range->count; i++)
        logits[i] = weight * cpu_exp(logits[i] - lse);
    if (index < range->count)
        logits[index] -= weight;
    memset(logits + range->count, 0, (range->stride - range->count) * sizeof(real));
}

static void cpu_cross_entropy_backward(Backend *backend, real *logits, const wide *lse, const guint32 *targets, const wide *weights,
                                       const ClassRange *range, gsize rows)
{
    CrossEntropy c = {.dlogits = logits, .saved_lse = lse, .targets = targets, .weights = weights, .range = range};
    cpu_run(backend, rows * range->count * 8, rows, backward_row, &c);
}

void CPU_AT_LEVEL(cpu_cross_entropy)(Backend *backend)
{
    backend->cross_entropy_forward = cpu_cross_entropy_forward;
    backend->cross_entropy_rescale = cpu_cross_entropy_rescale;
    backend->cross_entropy_losses = cpu_cross_entropy_losses;
    backend->cross_entropy_backward = cpu_cross_entropy_backward;
}

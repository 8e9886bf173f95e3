/* SPDX-License-Identifier: Apache-2.0
 * Cross-entropy on the CPU; see train/ops.h. */
#include <tgmath.h>

#include "train/cpu/cpu.h"

static real log_sum_exp(const real *x, gsize count)
{
    real largest = x[0];
    for (gsize i = 1; i < count; i++)
        largest = MAX(largest, x[i]);
    /* A long sum of small numbers: float would lose the tail of a large vocabulary. */
    double sum = 0;
    for (gsize i = 0; i < count; i++)
        sum += exp(x[i] - largest);
    return largest + (real)log(sum);
}

void cpu_cross_entropy_forward(Backend *backend, real *losses, real *lse, const real *logits, const guint32 *targets, gsize rows,
                               gsize classes)
{
    PARALLEL_FOR(backend->threads)
    for (gsize r = 0; r < rows; r++) {
        lse[r] = log_sum_exp(logits + r * classes, classes);
        losses[r] = lse[r] - logits[r * classes + targets[r]];
    }
}

void cpu_cross_entropy_backward(Backend *backend, real *logits, const real *lse, const guint32 *targets, double scale, gsize rows,
                                gsize classes)
{
    PARALLEL_FOR(backend->threads)
    for (gsize r = 0; r < rows; r++) {
        real *row = logits + r * classes;
        for (gsize c = 0; c < classes; c++)
            row[c] = (real)scale * exp(row[c] - lse[r]);
        row[targets[r]] -= (real)scale;
    }
}

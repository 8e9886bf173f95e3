/* SPDX-License-Identifier: Apache-2.0
 * The speed of a product of matrices; see train/peak.h. */
#include "train/peak.h"

#define SIZE 1024
#define TRIES 10
#define LONGEST 0.5 /* seconds: after them no further product is begun */

static double time_product(Backend *backend, real *out, const real *x, const real *weight)
{
    gint64 begun = g_get_monotonic_time();
    backend->linear_forward(backend, out, x, weight, SIZE, SIZE, SIZE);
    backend->check(backend, NULL);
    return (double)MAX(g_get_monotonic_time() - begun, 1) / G_USEC_PER_SEC;
}

double peak_measure(Backend *backend)
{
    gsize count = (gsize)SIZE * SIZE;
    real *matrices = backend->allocate(backend, 3 * count * sizeof *matrices);
    double least = G_MAXDOUBLE, spent = 0;
    for (int i = 0; matrices && i < TRIES && spent < LONGEST; i++) {
        double seconds = time_product(backend, matrices, matrices + count, matrices + 2 * count);
        least = MIN(least, seconds);
        spent += seconds;
    }
    backend->release(backend, matrices);
    return least == G_MAXDOUBLE ? 0 : 2.0 * SIZE * SIZE * SIZE / least / 1e12;
}

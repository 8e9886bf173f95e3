/* SPDX-License-Identifier: Apache-2.0
 * AdamW on the CPU; see train/ops.h. */
#include <tgmath.h>

#include "train/cpu/cpu.h"

static void update(real *parameters, real *m, real *v, const real *gradients, gsize count, const AdamW *step)
{
    real beta1 = (real)step->beta1, beta2 = (real)step->beta2, epsilon = (real)step->epsilon, scale = (real)step->scale;
    real rest1 = (real)(1 - step->beta1), rest2 = (real)(1 - step->beta2);
    real kept = (real)(1 - step->rate * step->decay), rate = (real)(step->rate / step->correction1);
    real root = (real)(1 / sqrt(step->correction2));
    SIMD
    for (gsize i = 0; i < count; i++) {
        real gradient = scale * gradients[i];
        m[i] = beta1 * m[i] + rest1 * gradient;
        v[i] = beta2 * v[i] + rest2 * gradient * gradient;
        parameters[i] = kept * parameters[i] - rate * m[i] / (sqrt(v[i]) * root + epsilon);
    }
}

typedef struct Update {
    real *parameters, *m, *v;
    const real *gradients;
    gsize count;
    const AdamW *step;
} Update;

static void update_piece(gsize piece, gconstpointer user)
{
    const Update *u = user;
    gsize at = piece * CPU_CHUNK;
    update(u->parameters + at, u->m + at, u->v + at, u->gradients + at, MIN(CPU_CHUNK, u->count - at), u->step);
}

void cpu_adamw(Backend *backend, real *parameters, real *m, real *v, const real *gradients, gsize count, const AdamW *step)
{
    Update u = {parameters, m, v, gradients, count, step};
    cpu_run(backend, count * 4, cpu_pieces(count, CPU_CHUNK), update_piece, &u);
}

/* SPDX-License-Identifier: Apache-2.0
 * AdamW on the CPU; see train/ops.h. */
#include <string.h>
#include <tgmath.h>

#include "train/cpu/cpu.h"

static void update(wide *master, wide *m, wide *v, const wide *gradients, gsize count, const AdamW *step)
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
        master[i] = kept * master[i] - rate * m[i] / (sqrt(v[i]) * root + epsilon);
    }
}

typedef struct Update {
    real *parameters;
    wide *master, *m, *v;
    const wide *gradients;
    gsize count;
    const AdamW *step;
} Update;

static void update_piece(gsize piece, gconstpointer user)
{
    const Update *u = user;
    gsize at = piece * CPU_CHUNK, count = MIN(CPU_CHUNK, u->count - at);
    update(u->master + at, u->m + at, u->v + at, u->gradients + at, count, u->step);
    if (u->parameters != u->master)
        memcpy(u->parameters + at, u->master + at, count * sizeof(real));
}

static void cpu_adamw(Backend *backend, real *parameters, wide *master, wide *m, wide *v, const wide *gradients, gsize count, const AdamW *step)
{
    Update u = {parameters, master, m, v, gradients, count, step};
    cpu_run(backend, count * 4, cpu_pieces(count, CPU_CHUNK), update_piece, &u);
}

void CPU_AT_LEVEL(cpu_adamw)(Backend *backend)
{
    backend->adamw = cpu_adamw;
}

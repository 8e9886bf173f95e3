/* SPDX-License-Identifier: Apache-2.0
 * SwiGLU on the CPU; see train/ops.h. */
#include "train/cpu/cpu.h"
#include "train/cpu/exp.h"

typedef struct Swiglu {
    real *out; /* of forward; dgate_up of backward */
    const real *dout, *gate_up;
    gsize width;
} Swiglu;

static void forward_row(gsize row, gconstpointer user)
{
    const Swiglu *s = user;
    gsize width = s->width;
    const real *gate = s->gate_up + row * 2 * width, *up = gate + width;
    real *out = s->out + row * width;
    SIMD
    for (gsize c = 0; c < width; c++)
        out[c] = gate[c] / (1 + cpu_exp(-gate[c])) * up[c];
}

static void cpu_swiglu_forward(Backend *backend, real *out, const real *gate_up, gsize rows, gsize width)
{
    Swiglu s = {out, NULL, gate_up, width};
    cpu_run(backend, rows * width * 16, rows, forward_row, &s);
}

static void backward_row(gsize row, gconstpointer user)
{
    const Swiglu *s = user;
    gsize width = s->width;
    const real *gate = s->gate_up + row * 2 * width, *up = gate + width;
    real *dgate = s->out + row * 2 * width, *dup = dgate + width;
    const real *dout = s->dout + row * width;
    SIMD
    for (gsize c = 0; c < width; c++) {
        real sigmoid = 1 / (1 + cpu_exp(-gate[c])), d = dout[c];
        dup[c] = d * gate[c] * sigmoid;
        dgate[c] = d * up[c] * sigmoid * (1 + gate[c] * (1 - sigmoid));
    }
}

static void cpu_swiglu_backward(Backend *backend, real *dgate_up, const real *dout, const real *gate_up, gsize rows,
                                gsize width)
{
    Swiglu s = {dgate_up, dout, gate_up, width};
    cpu_run(backend, rows * width * 16, rows, backward_row, &s);
}

void CPU_AT_LEVEL(cpu_swiglu)(Backend *backend)
{
    backend->swiglu_forward = cpu_swiglu_forward;
    backend->swiglu_backward = cpu_swiglu_backward;
}

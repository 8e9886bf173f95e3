/* SPDX-License-Identifier: Apache-2.0
 * SwiGLU on the CPU; see train/ops.h. */
#include <tgmath.h>

#include "train/cpu/cpu.h"

void cpu_swiglu_forward(Backend *backend, real *out, const real *gate_up, gsize rows, gsize width)
{
    PARALLEL_FOR(backend->threads)
    for (gsize r = 0; r < rows; r++) {
        const real *gate = gate_up + r * 2 * width, *up = gate + width;
        for (gsize c = 0; c < width; c++)
            out[r * width + c] = gate[c] / (1 + exp(-gate[c])) * up[c];
    }
}

void cpu_swiglu_backward(Backend *backend, real *dgate_up, const real *dout, const real *gate_up, gsize rows, gsize width)
{
    PARALLEL_FOR(backend->threads)
    for (gsize r = 0; r < rows; r++) {
        const real *gate = gate_up + r * 2 * width, *up = gate + width;
        real *dgate = dgate_up + r * 2 * width, *dup = dgate + width;
        for (gsize c = 0; c < width; c++) {
            real sigmoid = 1 / (1 + exp(-gate[c])), d = dout[r * width + c];
            dup[c] = d * gate[c] * sigmoid;
            dgate[c] = d * up[c] * sigmoid * (1 + gate[c] * (1 - sigmoid));
        }
    }
}

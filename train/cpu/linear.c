/* SPDX-License-Identifier: Apache-2.0
 * Linear layers on the CPU; see train/ops.h. */
#include "train/cpu/matrix.h"

static void cpu_linear_forward(Backend *backend, real *out, const real *x, const real *weight, gsize rows, gsize inputs, gsize outputs)
{
    cpu_matrix_product(backend, out, outputs, (Matrix){x, inputs, FALSE}, (Matrix){weight, inputs, TRUE}, rows, outputs, inputs, FALSE);
}

static void cpu_linear_backward_input(Backend *backend, real *dx, const real *dout, const real *weight, gsize rows, gsize inputs,
                                      gsize outputs)
{
    cpu_matrix_product(backend, dx, inputs, (Matrix){dout, outputs, FALSE}, (Matrix){weight, inputs, FALSE}, rows, inputs, outputs, FALSE);
}

static void cpu_linear_backward_weight(Backend *backend, wide *dweight, const real *dout, const real *x, gsize rows, gsize inputs,
                                       gsize outputs)
{
    cpu_matrix_product(backend, dweight, inputs, (Matrix){dout, outputs, TRUE}, (Matrix){x, inputs, FALSE}, outputs, inputs, rows, TRUE);
}

void CPU_AT_LEVEL(cpu_linear)(Backend *backend)
{
    backend->linear_forward = cpu_linear_forward;
    backend->linear_backward_input = cpu_linear_backward_input;
    backend->linear_backward_weight = cpu_linear_backward_weight;
}

/* SPDX-License-Identifier: Apache-2.0
 * Rotary position embedding on the CPU; see train/ops.h. */
#include "train/cpu/cpu.h"

static void rotate(real *x, const real *cosines, const real *sines, gsize half, real sign)
{
    SIMD
    for (gsize i = 0; i < half; i++) {
        real a = x[i], b = x[i + half], sine = sign * sines[i];
        x[i] = a * cosines[i] - b * sine;
        x[i + half] = b * cosines[i] + a * sine;
    }
}

void cpu_rope(Backend *backend, real *x, const real *table, const guint32 *positions, gsize rows, gsize stride, gsize heads,
              gsize head_size, gboolean inverse)
{
    gsize half = head_size / 2;
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(rows, CPU_ROWS); piece++)
        for (gsize r = piece * CPU_ROWS; r < MIN(rows, (piece + 1) * CPU_ROWS); r++) {
            const real *angles = table + positions[r] * head_size;
            for (gsize h = 0; h < heads; h++)
                rotate(x + r * stride + h * head_size, angles, angles + half, half, inverse ? -1 : 1);
        }
}

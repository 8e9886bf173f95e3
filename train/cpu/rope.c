/* SPDX-License-Identifier: Apache-2.0
 * Rotary position embedding on the CPU; see train/ops.h. */
#include "train/cpu/cpu.h"

static void rotate(real *x, const wide *cosines, const wide *sines, gsize half, real sign)
{
    SIMD
    for (gsize i = 0; i < half; i++) {
        real a = x[i], b = x[i + half], sine = sign * sines[i];
        x[i] = a * cosines[i] - b * sine;
        x[i + half] = b * cosines[i] + a * sine;
    }
}

typedef struct Rope {
    real *x;
    const wide *table;
    const guint32 *positions;
    gsize rows, stride, heads, head_size;
    real sign;
} Rope;

static void rotate_rows(gsize piece, gconstpointer user)
{
    const Rope *p = user;
    gsize half = p->head_size / 2;
    for (gsize r = piece * CPU_ROWS; r < MIN(p->rows, (piece + 1) * CPU_ROWS); r++) {
        const wide *angles = p->table + p->positions[r] * p->head_size;
        for (gsize h = 0; h < p->heads; h++)
            rotate(p->x + r * p->stride + h * p->head_size, angles, angles + half, half, p->sign);
    }
}

static void cpu_rope(Backend *backend, real *x, const wide *table, const guint32 *positions, gsize rows, gsize stride,
                     gsize heads, gsize head_size, gboolean inverse)
{
    Rope p = {x, table, positions, rows, stride, heads, head_size, inverse ? -1 : 1};
    cpu_run(backend, rows * heads * head_size * 2, cpu_pieces(rows, CPU_ROWS), rotate_rows, &p);
}

void CPU_AT_LEVEL(cpu_rope)(Backend *backend)
{
    backend->rope = cpu_rope;
}

/* SPDX-License-Identifier: Apache-2.0
 * Token embedding on the CPU; see train/ops.h. */
#include <string.h>

#include "train/cpu/cpu.h"

#define COLUMNS 32

void cpu_embedding_forward(Backend *backend, real *out, const real *weight, const guint32 *ids, gsize rows, gsize width)
{
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(rows, CPU_ROWS); piece++)
        for (gsize r = piece * CPU_ROWS; r < MIN(rows, (piece + 1) * CPU_ROWS); r++)
            memcpy(out + r * width, weight + ids[r] * width, width * sizeof(real));
}

/* Many rows may share an id: threads divide the columns, not the rows, so that each sum has one owner and one order. */
void cpu_embedding_backward(Backend *backend, real *dweight, const real *dout, const guint32 *ids, gsize rows, gsize width)
{
    PARALLEL_FOR(backend->threads)
    for (gsize piece = 0; piece < cpu_pieces(width, COLUMNS); piece++)
        for (gsize r = 0; r < rows; r++)
            for (gsize c = piece * COLUMNS; c < MIN(width, (piece + 1) * COLUMNS); c++)
                dweight[ids[r] * width + c] += dout[r * width + c];
}

/* SPDX-License-Identifier: Apache-2.0
 * Token embedding on the CPU; see train/ops.h. */
#include <string.h>

#include "train/cpu/cpu.h"

#define COLUMNS 32

typedef struct Embedding {
    real *to;
    const real *from;
    const guint32 *ids;
    gsize rows, width;
} Embedding;

static void forward_rows(gsize piece, gconstpointer user)
{
    const Embedding *e = user;
    for (gsize r = piece * CPU_ROWS; r < MIN(e->rows, (piece + 1) * CPU_ROWS); r++)
        memcpy(e->to + r * e->width, e->from + e->ids[r] * e->width, e->width * sizeof(real));
}

void cpu_embedding_forward(Backend *backend, real *out, const real *weight, const guint32 *ids, gsize rows, gsize width)
{
    Embedding e = {out, weight, ids, rows, width};
    cpu_run(backend, rows * width, cpu_pieces(rows, CPU_ROWS), forward_rows, &e);
}

/* Many rows may share an id: threads divide the columns, not the rows, so that each sum has one owner and one order. */
static void backward_columns(gsize piece, gconstpointer user)
{
    const Embedding *e = user;
    for (gsize r = 0; r < e->rows; r++)
        for (gsize c = piece * COLUMNS; c < MIN(e->width, (piece + 1) * COLUMNS); c++)
            e->to[e->ids[r] * e->width + c] += e->from[r * e->width + c];
}

void cpu_embedding_backward(Backend *backend, real *dweight, const real *dout, const guint32 *ids, gsize rows, gsize width)
{
    Embedding e = {dweight, dout, ids, rows, width};
    cpu_run(backend, rows * width, cpu_pieces(width, COLUMNS), backward_columns, &e);
}

/* SPDX-License-Identifier: Apache-2.0
 * Token embedding on the CPU; see train/ops.h. */
#include <string.h>

#include "train/cpu/cpu.h"

#define COLUMNS 256 /* a kilobyte of each row: less, and the prefetcher sees no stream */

typedef struct Embedding {
    real *out; /* forward */
    const real *weight;
    wide *dweight; /* backward */
    const real *dout;
    const guint32 *ids;
    const ClassRange *range;
    gsize rows, width;
} Embedding;

/* Below the first class the difference wraps around, and is as large as any beyond the last. */
static gboolean find_class(const Embedding *e, gsize row, gsize *index)
{
    *index = (gsize)e->ids[row] - e->range->first;
    return *index < e->range->count;
}

static void forward_rows(gsize piece, gconstpointer user)
{
    const Embedding *e = user;
    gsize index;
    for (gsize r = piece * CPU_ROWS; r < MIN(e->rows, (piece + 1) * CPU_ROWS); r++) {
        if (find_class(e, r, &index))
            memcpy(e->out + r * e->width, e->weight + index * e->width, e->width * sizeof(real));
        else
            memset(e->out + r * e->width, 0, e->width * sizeof(real));
    }
}

static void cpu_embedding_forward(Backend *backend, real *out, const real *weight, const guint32 *ids, const ClassRange *range, gsize rows,
                                  gsize width)
{
    Embedding e = {.out = out, .weight = weight, .ids = ids, .range = range, .rows = rows, .width = width};
    cpu_run(backend, rows * width, cpu_pieces(rows, CPU_ROWS), forward_rows, &e);
}

/* Many rows may share an id: threads divide the columns, not the rows, so that each sum has one owner and one order. */
static void backward_columns(gsize piece, gconstpointer user)
{
    const Embedding *e = user;
    gsize first = piece * COLUMNS, count = MIN(COLUMNS, e->width - first), index;
    for (gsize r = 0; r < e->rows; r++) {
        if (!find_class(e, r, &index))
            continue;
        wide *to = e->dweight + index * e->width + first;
        const real *from = e->dout + r * e->width + first;
        SIMD
        for (gsize c = 0; c < count; c++)
            to[c] += from[c];
    }
}

static void cpu_embedding_backward(Backend *backend, wide *dweight, const real *dout, const guint32 *ids, const ClassRange *range, gsize rows,
                                   gsize width)
{
    Embedding e = {.dweight = dweight, .dout = dout, .ids = ids, .range = range, .rows = rows, .width = width};
    cpu_run(backend, rows * width, cpu_pieces(width, COLUMNS), backward_columns, &e);
}

void CPU_AT_LEVEL(cpu_embedding)(Backend *backend)
{
    backend->embedding_forward = cpu_embedding_forward;
    backend->embedding_backward = cpu_embedding_backward;
}

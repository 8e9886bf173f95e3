/* SPDX-License-Identifier: Apache-2.0
 * train/communicator.h - the seam between the trainer and the other ranks of a run.
 *
 * Data parallelism asks for one thing: the sum of an array over all ranks, left on every rank. The trainer reduces the
 * gradients, and the losses of the whole batch (each rank fills its own part of an array of zeros). This version has one
 * rank. An implementation over MPI or NCCL must add in a fixed order of ranks, or runs stop being repeatable.
 */
#ifndef TRAIN_COMMUNICATOR_H
#define TRAIN_COMMUNICATOR_H

#include "train/ops.h"

typedef struct Communicator Communicator;
struct Communicator {
    unsigned rank;
    unsigned size;
    /* `values` lie in the backend's memory. */
    gboolean (*all_reduce_sum)(Communicator *communicator, Backend *backend, real *values, gsize count, GError **error);
    void (*destroy)(Communicator *communicator);
};

/* A run of one rank, whose sums are what it already has. */
Communicator *communicator_self_new(void);

#endif

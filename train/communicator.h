/* SPDX-License-Identifier: Apache-2.0
 * train/communicator.h - what ranks tell each other about numbers that lie in a backend's memory.
 *
 * A Communicator is a table of functions like a Backend, and comes from one: backend->communicator_new(backend, comm) wraps
 * a group of processes (base/comm.h) for that backend's memory: MPI for the CPU, NCCL for GPUs. A group of one rank has
 * communicators too; their functions copy at most.
 *
 * Order: a function sees what operations before it wrote, and operations after it see what it wrote. On a communicator that
 * was made `deferred` only those after `wait` do, or after `wait_until` with a later mark; it may work beside the backend's
 * operations until then, and what was given to it must be left alone.
 *
 * Sums are taken in the order of ranks: `sum`, and `scatter_sum` followed by `gather`, give the same bits. They depend on the
 * number of ranks, as every sum of rounded numbers does.
 *
 * Errors: functions do not fail. The first failure is kept, later calls do nothing, and communicator_check tells: once a
 * step is often enough, because nothing of a step counts before its end.
 */
#ifndef TRAIN_COMMUNICATOR_H
#define TRAIN_COMMUNICATOR_H

#include "base/comm.h"
#include "train/real.h"

typedef enum { NUMBER_REAL, NUMBER_WIDE } NumberType;

typedef struct Communicator Communicator;
struct Communicator {
    unsigned rank, size;
    GError *failure; /* the first; owned */
    gpointer state;  /* the backend's own */
    void (*destroy)(Communicator *communicator);

    /* In place: the sum over all ranks, on every rank. */
    void (*sum)(Communicator *communicator, void *values, gsize count, NumberType type);
    /* In place: the largest of all ranks. */
    void (*maximum)(Communicator *communicator, wide *values, gsize count);
    /* all[size * count]: the `count` values of each rank, in order. `mine` may be its own place in `all`. */
    void (*gather)(Communicator *communicator, void *all, const void *mine, gsize count, NumberType type);
    /* mine[count]: this rank's part of the sum of all[size * count], whose other parts are then of no use. `mine` may be its
     * own place in `all`. */
    void (*scatter_sum)(Communicator *communicator, void *mine, void *all, gsize count, NumberType type);
    /* Returns when `values` may be written again; the message may be under way. Messages between two ranks with one tag
     * (0 or 1) arrive in order. */
    void (*send)(Communicator *communicator, const void *values, gsize count, NumberType type, unsigned to, unsigned tag);
    void (*receive)(Communicator *communicator, void *values, gsize count, NumberType type, unsigned from, unsigned tag);
    /* Until all that was begun here is done. Marks have no meaning afterwards. */
    void (*wait)(Communicator *communicator);
    /* mark: a number for what was begun here until now. wait_until: until that is done; what was begun later goes on. */
    gsize (*mark)(Communicator *communicator);
    void (*wait_until)(Communicator *communicator, gsize mark);
};

/* FALSE with the first failure. */
gboolean communicator_check(const Communicator *communicator, GError **error);

#endif

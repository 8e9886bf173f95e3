/* SPDX-License-Identifier: Apache-2.0
 * base/comm.h - the processes of one job, called ranks, and what they tell each other.
 *
 * comm_open joins the job in which mpirun, or srun --mpi=pmix, started this process. A process that nobody started so is a
 * job of one rank: comm_open gives NULL then, without an error, and NULL is a communicator of one rank everywhere here. It
 * needs no MPI; its functions copy memory at most. Whether there is MPI was decided by configure: base/comm_mpi.c is it, and
 * with base/comm_none.c in its place comm_open refuses to be one of several.
 *
 * Sequence: comm = comm_open(e); the same collective functions in the same order on all ranks; comm_close(comm). Once in a
 * process. Only the thread that opened it may use it.
 *
 * Collective functions, which all ranks of the communicator call: comm_barrier to comm_reduce_scatter, comm_agree, comm_split,
 * and comm_close. Sizes are bytes unless they count numbers, and have no limit. Input and output must not overlap, but for
 * functions that work in place. A message has no type and no alignment; ranks are taken to be machines of one kind.
 *
 * comm_send returns when the other side has begun to receive: what is under way is bounded, and two ranks that both send
 * first wait for ever. Messages between two ranks with one tag arrive in order.
 *
 * Waiting costs nothing: a rank that has waited for a millisecond sleeps between looks. So one rank may work for hours while
 * the others wait, and ranks may outnumber processors.
 *
 * Results of comm_all_reduce and comm_reduce_scatter are the same on all ranks, and from run to run on the same ranks; sums
 * of floating-point numbers may depend on how many ranks there are.
 *
 * Errors: FALSE with a GALEN_ERROR_SYSTEM. After one the communicator is of no more use: say what happened and where
 * (comm_rank, comm_host), then comm_abort. A rank that dies is noticed by the launcher, which says so and ends the others
 * (srun needs --kill-on-bad-exit for it).
 */
#ifndef BASE_COMM_H
#define BASE_COMM_H

#include <glib.h>

typedef struct Comm Comm;

typedef enum { COMM_U32, COMM_U64, COMM_FLOAT, COMM_DOUBLE } CommType;
typedef enum { COMM_SUM, COMM_MIN, COMM_MAX } CommOp;

/* NULL without an error: this process is alone. */
Comm *comm_open(GError **error);
/* Waits for all ranks. */
void comm_close(Comm *comm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comm, comm_close)
/* Ends all ranks of the job with this exit status, where there are others; then it does not return. */
void comm_abort(Comm *comm, int status);

unsigned comm_rank(const Comm *comm); /* from 0 */
unsigned comm_size(const Comm *comm);
unsigned comm_local_size(const Comm *comm); /* ranks on this machine, this one included */
const char *comm_host(const Comm *comm);    /* this machine's name, for messages */

gboolean comm_barrier(Comm *comm, GError **error);
gboolean comm_broadcast(Comm *comm, void *data, gsize bytes, unsigned root, GError **error);
/* In place. */
gboolean comm_all_reduce(Comm *comm, void *numbers, gsize count, CommType type, CommOp op, GError **error);
/* `all` has room for `bytes` of each rank, in order of ranks. */
gboolean comm_all_gather(Comm *comm, const void *mine, gsize bytes, void *all, GError **error);
/* bytes[r] is what rank r gives; `all` is their sum, in order of ranks. All ranks know all sizes (comm_all_gather them). */
gboolean comm_all_gatherv(Comm *comm, const void *mine, const gsize *bytes, void *all, GError **error);
/* `out` and `in` hold `bytes` for, and from, each rank, in order. */
gboolean comm_all_to_all(Comm *comm, const void *out, gsize bytes, void *in, GError **error);
/* out_bytes[r] go to rank r, in_bytes[r] come from it; both sides must agree (comm_all_to_all the sizes). */
gboolean comm_all_to_allv(Comm *comm, const void *out, const gsize *out_bytes, void *in, const gsize *in_bytes, GError **error);
/* `numbers` holds `count` for each rank; rank r gets the r-th part of what all of them come to, in `mine`. */
gboolean comm_reduce_scatter(Comm *comm, const void *numbers, gsize count, void *mine, CommType type, CommOp op, GError **error);

#define COMM_TAG_MAX 32766
gboolean comm_send(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error);
/* Like comm_send, but returns at once with a copy of the data under way: what is posted costs memory until it is received, and
 * ranks that all post first do not wait for each other. comm_flush waits until all that was posted has been received. */
gboolean comm_post(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error);
gboolean comm_flush(Comm *comm, GError **error);
/* A message of exactly `bytes`. */
gboolean comm_receive(Comm *comm, void *data, gsize bytes, unsigned from, unsigned tag, GError **error);

/* Whether all ranks may go on. A rank that failed comes with FALSE and its error; then every rank gets FALSE, and those that did
 * not fail get the error of the first that did. The communicator stays in use. Collective; in a job of one rank it is `good`. */
gboolean comm_agree(Comm *comm, gboolean good, GError **error);

/* A communicator of the ranks that gave the same colour, ordered by `key`, then by rank. Set *split to NULL where this rank
 * is alone. To be closed before `comm`. */
gboolean comm_split(Comm *comm, unsigned colour, unsigned key, Comm **split, GError **error);

#endif

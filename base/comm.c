/* SPDX-License-Identifier: Apache-2.0
 * One rank by itself, and the way to several; see base/comm.h. */
#include "base/comm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/comm_backend.h"
#include "base/error.h"

/* ---- Joining a job ------------------------------------------------------------------------------------------- */

static unsigned number_of(const char *variable)
{
    const char *value = g_getenv(variable);
    return value ? (unsigned)g_ascii_strtoull(value, NULL, 10) : 0;
}

/* srun always says how many tasks a step has, but only with a plugin of MPI can they find each other. */
Comm *comm_open(GError **error)
{
    unsigned steps = number_of("SLURM_STEP_NUM_TASKS");
    unsigned ranks = number_of("OMPI_COMM_WORLD_SIZE");
    if (ranks == 0)
        ranks = number_of("PMI_SIZE");
    if (ranks == 0 && (g_getenv("PMIX_RANK") || g_getenv("PMI_RANK")))
        ranks = MAX(steps, 2);
    if (ranks > 1)
        return comm_backend_open(error);
    if (ranks == 0 && steps > 1)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE,
                    "srun started %u processes that do not know of each other; start them with srun --mpi=pmix, or one with srun -n 1", steps);
    return NULL;
}

void comm_close(Comm *comm)
{
    if (!comm)
        return;
    comm->backend->close(comm);
    g_free(comm);
}

void comm_abort(Comm *comm, int status)
{
    if (comm)
        comm->backend->abort(comm, status);
}

unsigned comm_rank(const Comm *comm)
{
    return comm ? comm->rank : 0;
}

unsigned comm_size(const Comm *comm)
{
    return comm ? comm->size : 1;
}

unsigned comm_local_size(const Comm *comm)
{
    return comm ? comm->local_size : 1;
}

const char *comm_host(const Comm *comm)
{
    return comm ? comm->host : g_get_host_name();
}

/* ---- Collective functions ------------------------------------------------------------------------------------ */

static gsize size_of(CommType type)
{
    static const gsize sizes[] = {[COMM_U32] = 4, [COMM_U64] = 8, [COMM_FLOAT] = 4, [COMM_DOUBLE] = 8};
    return sizes[type];
}

static gboolean copy(void *to, const void *from, gsize bytes)
{
    if (bytes > 0)
        memcpy(to, from, bytes);
    return TRUE;
}

gboolean comm_barrier(Comm *comm, GError **error)
{
    return comm_size(comm) == 1 || comm->backend->barrier(comm, error);
}

gboolean comm_broadcast(Comm *comm, void *data, gsize bytes, unsigned root, GError **error)
{
    return comm_size(comm) == 1 || bytes == 0 || comm->backend->broadcast(comm, data, bytes, root, error);
}

gboolean comm_all_reduce(Comm *comm, void *numbers, gsize count, CommType type, CommOp op, GError **error)
{
    return comm_size(comm) == 1 || count == 0 || comm->backend->all_reduce(comm, numbers, count, type, op, error);
}

gboolean comm_all_gather(Comm *comm, const void *mine, gsize bytes, void *all, GError **error)
{
    if (comm_size(comm) == 1)
        return copy(all, mine, bytes);
    return bytes == 0 || comm->backend->all_gather(comm, mine, bytes, all, error);
}

/* One rank after the other: a gather of unequal parts counts displacements with int in MPI. */
gboolean comm_all_gatherv(Comm *comm, const void *mine, const gsize *bytes, void *all, GError **error)
{
    char *place = all;
    for (unsigned rank = 0; rank < comm_size(comm); rank++) {
        if (rank == comm_rank(comm))
            copy(place, mine, bytes[rank]);
        if (!comm_broadcast(comm, place, bytes[rank], rank, error))
            return FALSE;
        place += bytes[rank];
    }
    return TRUE;
}

gboolean comm_all_to_all(Comm *comm, const void *out, gsize bytes, void *in, GError **error)
{
    if (comm_size(comm) == 1)
        return copy(in, out, bytes);
    g_autofree gsize *sizes = g_new(gsize, comm->size);
    for (unsigned rank = 0; rank < comm->size; rank++)
        sizes[rank] = bytes;
    return comm->backend->all_to_allv(comm, out, sizes, in, sizes, error);
}

gboolean comm_all_to_allv(Comm *comm, const void *out, const gsize *out_bytes, void *in, const gsize *in_bytes, GError **error)
{
    if (comm_size(comm) == 1)
        return copy(in, out, in_bytes[0]);
    return comm->backend->all_to_allv(comm, out, out_bytes, in, in_bytes, error);
}

gboolean comm_reduce_scatter(Comm *comm, const void *numbers, gsize count, void *mine, CommType type, CommOp op, GError **error)
{
    if (comm_size(comm) == 1)
        return copy(mine, numbers, count * size_of(type));
    return count == 0 || comm->backend->reduce_scatter(comm, numbers, count, mine, type, op, error);
}

/* What the rank that failed tells all others. */
typedef struct Failure {
    gint32 status;
    char message[2048];
} Failure;

gboolean comm_agree(Comm *comm, gboolean good, GError **error)
{
    guint32 failed = good ? comm_size(comm) : comm_rank(comm);
    GError **cause = good ? error : NULL; /* what went wrong here stays, whatever else does */
    if (comm_size(comm) == 1)
        return good;
    if (!comm_all_reduce(comm, &failed, 1, COMM_U32, COMM_MIN, cause))
        return FALSE;
    if (failed == comm_size(comm))
        return TRUE;
    Failure failure = {GALEN_ERROR_SYSTEM, "it does not say why"};
    if (failed == comm_rank(comm) && error && *error) {
        failure.status = galen_error_status(*error);
        g_strlcpy(failure.message, (*error)->message, sizeof failure.message);
    }
    if (comm_broadcast(comm, &failure, sizeof failure, failed, cause) && good)
        g_set_error(error, GALEN_ERROR, failure.status, "rank %u of %u: %s", failed, comm_size(comm), failure.message);
    return FALSE;
}

/* ---- From one to another ------------------------------------------------------------------------------------- */

static gboolean check_other(const Comm *comm, unsigned other, unsigned tag, GError **error)
{
    if (other < comm_size(comm) && other != comm_rank(comm) && tag <= COMM_TAG_MAX)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "rank %u of %u has nothing to do with rank %u (tag %u)", comm_rank(comm),
                comm_size(comm), other, tag);
    return FALSE;
}

gboolean comm_send(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error)
{
    return check_other(comm, to, tag, error) && (bytes == 0 || comm->backend->send(comm, data, bytes, to, tag, error));
}

gboolean comm_post(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error)
{
    return check_other(comm, to, tag, error) && (bytes == 0 || comm->backend->post(comm, data, bytes, to, tag, error));
}

gboolean comm_flush(Comm *comm, GError **error)
{
    return comm_size(comm) == 1 || comm->backend->flush(comm, error);
}

gboolean comm_receive(Comm *comm, void *data, gsize bytes, unsigned from, unsigned tag, GError **error)
{
    return check_other(comm, from, tag, error) && (bytes == 0 || comm->backend->receive(comm, data, bytes, from, tag, error));
}

gboolean comm_split(Comm *comm, unsigned colour, unsigned key, Comm **split, GError **error)
{
    *split = NULL;
    if (comm_size(comm) == 1)
        return TRUE;
    *split = comm->backend->split(comm, colour, key, error);
    if (!*split)
        return FALSE;
    if ((*split)->size == 1)
        g_clear_pointer(split, comm_close);
    return TRUE;
}

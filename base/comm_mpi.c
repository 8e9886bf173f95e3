/* SPDX-License-Identifier: Apache-2.0
 * Several ranks by MPI; see base/comm_backend.h.
 *
 * MPI's own waiting keeps a processor busy. A collective function therefore begins with a barrier that is asked from time to
 * time; once all ranks are there, MPI's call takes as long as the data does. MPI counts with int: what is larger goes in pieces. */
#include <mpi.h>
#include <string.h>

#include "base/comm_backend.h"
#include "base/error.h"

#define PIECE ((gsize)1 << 30)
#define TAG_ALL_TO_ALL (COMM_TAG_MAX + 1)
/* How long a rank looks without a pause, and its pauses then, in microseconds. */
#define PATIENCE 1000
#define SHORTEST_PAUSE 50
#define LONGEST_PAUSE 5000

typedef struct Handle {
    MPI_Comm comm;
    gboolean world;
    GQueue posted; /* of Posted, the oldest first */
} Handle;

/* A message that was posted, and what MPI still reads of it. */
typedef struct Posted {
    GArray *requests;
    void *data;
} Posted;

static MPI_Comm mpi_of(const Comm *comm)
{
    return ((const Handle *)comm->handle)->comm;
}

static gboolean check(int code, const char *doing, GError **error)
{
    if (code == MPI_SUCCESS)
        return TRUE;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot %s: %.*s", doing, length, text);
    return FALSE;
}

/* ---- Waiting ------------------------------------------------------------------------------------------------- */

static gsize sum_received(const MPI_Status *statuses, guint count)
{
    gsize sum = 0;
    for (guint i = 0; i < count; i++) {
        int bytes;
        MPI_Get_count(&statuses[i], MPI_BYTE, &bytes);
        sum += (gsize)bytes;
    }
    return sum;
}

/* `received` may be NULL. */
static gboolean wait_for(Comm *comm, GArray *requests, gsize *received, const char *doing, GError **error)
{
    g_autofree MPI_Status *statuses = g_new0(MPI_Status, MAX(requests->len, 1));
    gint64 begun = g_get_monotonic_time();
    gulong pause = SHORTEST_PAUSE;
    int done = 0;
    for (;;) {
        int code = MPI_Testall((int)requests->len, (MPI_Request *)(void *)requests->data, &done, statuses);
        if (done && code == MPI_SUCCESS && received)
            *received = sum_received(statuses, requests->len);
        if (code != MPI_SUCCESS || done)
            return check(code, doing, error);
        if (g_get_monotonic_time() - begun < PATIENCE) {
            g_thread_yield();
            continue;
        }
        g_usleep(pause);
        pause = MIN(pause + pause / 4, LONGEST_PAUSE);
    }
}

static gboolean wait_for_one(Comm *comm, MPI_Request request, const char *doing, GError **error)
{
    g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof request);
    g_array_append_val(requests, request);
    return wait_for(comm, requests, NULL, doing, error);
}

static gboolean meet(Comm *comm, GError **error)
{
    MPI_Request request;
    int code = MPI_Ibarrier(mpi_of(comm), &request);
    return check(code, "wait for the others", error) && wait_for_one(comm, request, "wait for the others", error);
}

/* ---- Collective functions ------------------------------------------------------------------------------------ */

static gboolean broadcast(Comm *comm, void *data, gsize bytes, unsigned root, GError **error)
{
    if (!meet(comm, error))
        return FALSE;
    for (gsize at = 0; at < bytes; at += PIECE) {
        int count = (int)MIN(PIECE, bytes - at);
        if (!check(MPI_Bcast((char *)data + at, count, MPI_BYTE, (int)root, mpi_of(comm)), "broadcast", error))
            return FALSE;
    }
    return TRUE;
}

static MPI_Datatype mpi_type(CommType type)
{
    const MPI_Datatype types[] = {[COMM_U32] = MPI_UINT32_T, [COMM_U64] = MPI_UINT64_T, [COMM_FLOAT] = MPI_FLOAT, [COMM_DOUBLE] = MPI_DOUBLE};
    return types[type];
}

static MPI_Op mpi_op(CommOp op)
{
    const MPI_Op ops[] = {[COMM_SUM] = MPI_SUM, [COMM_MIN] = MPI_MIN, [COMM_MAX] = MPI_MAX};
    return ops[op];
}

static gsize mpi_size(CommType type)
{
    return type == COMM_U32 || type == COMM_FLOAT ? 4 : 8;
}

static gboolean all_reduce(Comm *comm, void *numbers, gsize count, CommType type, CommOp op, GError **error)
{
    if (!meet(comm, error))
        return FALSE;
    gsize size = mpi_size(type), piece = PIECE / size;
    for (gsize at = 0; at < count; at += piece) {
        void *part = (char *)numbers + at * size;
        int code = MPI_Allreduce(MPI_IN_PLACE, part, (int)MIN(piece, count - at), mpi_type(type), mpi_op(op), mpi_of(comm));
        if (!check(code, "add up with the others", error))
            return FALSE;
    }
    return TRUE;
}

static gboolean all_gather(Comm *comm, const void *mine, gsize bytes, void *all, GError **error)
{
    if (bytes <= PIECE)
        return meet(comm, error) &&
               check(MPI_Allgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, mpi_of(comm)), "gather", error);
    memcpy((char *)all + comm->rank * bytes, mine, bytes);
    for (unsigned rank = 0; rank < comm->size; rank++) {
        if (!broadcast(comm, (char *)all + rank * bytes, bytes, rank, error))
            return FALSE;
    }
    return TRUE;
}

/* A part of one rank after the other, where all of them together are too many for int. */
static gboolean reduce_each(Comm *comm, const char *numbers, gsize count, void *mine, CommType type, CommOp op, GError **error)
{
    gsize size = mpi_size(type), piece = PIECE / size;
    for (unsigned rank = 0; rank < comm->size; rank++) {
        for (gsize at = 0; at < count; at += piece) {
            const char *part = numbers + (rank * count + at) * size;
            char *to = rank == comm->rank ? (char *)mine + at * size : NULL;
            int code = MPI_Reduce(part, to, (int)MIN(piece, count - at), mpi_type(type), mpi_op(op), (int)rank, mpi_of(comm));
            if (!check(code, "add up with the others", error))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean reduce_scatter(Comm *comm, const void *numbers, gsize count, void *mine, CommType type, CommOp op, GError **error)
{
    if (!meet(comm, error))
        return FALSE;
    if (count > PIECE / comm->size)
        return reduce_each(comm, numbers, count, mine, type, op, error);
    int code = MPI_Reduce_scatter_block(numbers, mine, (int)count, mpi_type(type), mpi_op(op), mpi_of(comm));
    return check(code, "add up with the others", error);
}

/* ---- From one to another ------------------------------------------------------------------------------------- */

static gboolean post(Comm *comm, GArray *requests, gboolean sends, const char *data, gsize bytes, unsigned other, unsigned tag, GError **error)
{
    for (gsize at = 0; at < bytes; at += PIECE) {
        char *part = (char *)data + at;
        int count = (int)MIN(PIECE, bytes - at), code;
        MPI_Request request;
        if (sends)
            code = MPI_Issend(part, count, MPI_BYTE, (int)other, (int)tag, mpi_of(comm), &request);
        else
            code = MPI_Irecv(part, count, MPI_BYTE, (int)other, (int)tag, mpi_of(comm), &request);
        if (!check(code, sends ? "send" : "receive", error))
            return FALSE;
        g_array_append_val(requests, request);
    }
    return TRUE;
}

static gboolean all_to_allv(Comm *comm, const void *out, const gsize *out_bytes, void *in, const gsize *in_bytes, GError **error)
{
    g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof(MPI_Request));
    const char *from = out;
    char *to = in;
    for (unsigned rank = 0; rank < comm->size; to += in_bytes[rank], rank++) {
        if (rank != comm->rank && !post(comm, requests, FALSE, to, in_bytes[rank], rank, TAG_ALL_TO_ALL, error))
            return FALSE;
    }
    to = in;
    for (unsigned rank = 0; rank < comm->size; from += out_bytes[rank], to += in_bytes[rank], rank++) {
        if (rank != comm->rank && !post(comm, requests, TRUE, from, out_bytes[rank], rank, TAG_ALL_TO_ALL, error))
            return FALSE;
        if (rank == comm->rank && in_bytes[rank] > 0)
            memcpy(to, from, in_bytes[rank]);
    }
    return wait_for(comm, requests, NULL, "exchange with the others", error);
}

static gboolean send(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error)
{
    g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof(MPI_Request));
    return post(comm, requests, TRUE, data, bytes, to, tag, error) && wait_for(comm, requests, NULL, "send", error);
}

static void posted_free(Posted *posted)
{
    g_array_free(posted->requests, TRUE);
    g_free(posted->data);
    g_free(posted);
}

/* Forgets messages that have left; stops at the first that has not, unless it may wait. */
static gboolean settle(Comm *comm, gboolean may_wait, GError **error)
{
    Handle *handle = comm->handle;
    for (Posted *oldest; (oldest = g_queue_peek_head(&handle->posted));) {
        int done = 1;
        if (may_wait) {
            if (!wait_for(comm, oldest->requests, NULL, "send", error))
                return FALSE;
        } else {
            int code = MPI_Testall((int)oldest->requests->len, (MPI_Request *)(void *)oldest->requests->data, &done, MPI_STATUSES_IGNORE);
            if (!check(code, "send", error))
                return FALSE;
        }
        if (!done)
            return TRUE;
        posted_free(g_queue_pop_head(&handle->posted));
    }
    return TRUE;
}

static gboolean post_copy(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error)
{
    Handle *handle = comm->handle;
    if (!settle(comm, FALSE, error))
        return FALSE;
    Posted *posted = g_new0(Posted, 1);
    posted->requests = g_array_new(FALSE, FALSE, sizeof(MPI_Request));
    posted->data = g_memdup2(data, bytes);
    g_queue_push_tail(&handle->posted, posted);
    return post(comm, posted->requests, TRUE, posted->data, bytes, to, tag, error);
}

static gboolean flush(Comm *comm, GError **error)
{
    return settle(comm, TRUE, error);
}

static gboolean receive(Comm *comm, void *data, gsize bytes, unsigned from, unsigned tag, GError **error)
{
    g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof(MPI_Request));
    gsize got;
    if (!post(comm, requests, FALSE, data, bytes, from, tag, error) || !wait_for(comm, requests, &got, "receive", error))
        return FALSE;
    if (got == bytes)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "rank %u sent %" G_GSIZE_FORMAT " bytes instead of %" G_GSIZE_FORMAT, from, got, bytes);
    return FALSE;
}

/* ---- Joining and leaving ------------------------------------------------------------------------------------- */

static Comm *comm_new(MPI_Comm mpi, gboolean world);

static Comm *split(Comm *comm, unsigned colour, unsigned key, GError **error)
{
    MPI_Comm part;
    if (!meet(comm, error) || !check(MPI_Comm_split(mpi_of(comm), (int)colour, (int)key, &part), "split", error))
        return NULL;
    return comm_new(part, FALSE);
}

static void leave(Comm *comm)
{
    Handle *handle = comm->handle;
    settle(comm, TRUE, NULL);
    meet(comm, NULL);
    if (handle->world)
        MPI_Finalize();
    else
        MPI_Comm_free(&handle->comm);
    g_free(handle);
}

static void end_all(Comm *comm, int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

static Comm *comm_new(MPI_Comm mpi, gboolean world)
{
    static const CommBackend backend = {
        .barrier = meet,
        .broadcast = broadcast,
        .all_reduce = all_reduce,
        .all_gather = all_gather,
        .all_to_allv = all_to_allv,
        .reduce_scatter = reduce_scatter,
        .send = send,
        .post = post_copy,
        .flush = flush,
        .receive = receive,
        .split = split,
        .close = leave,
        .abort = end_all,
    };
    Comm *comm = g_new0(Comm, 1);
    Handle *handle = g_new0(Handle, 1);
    MPI_Comm local;
    int rank, size, local_size;
    MPI_Comm_set_errhandler(mpi, MPI_ERRORS_RETURN);
    MPI_Comm_rank(mpi, &rank);
    MPI_Comm_size(mpi, &size);
    MPI_Comm_split_type(mpi, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
    MPI_Comm_size(local, &local_size);
    MPI_Comm_free(&local);
    *handle = (Handle){.comm = mpi, .world = world, .posted = G_QUEUE_INIT};
    comm->backend = &backend;
    comm->handle = handle;
    comm->rank = (unsigned)rank;
    comm->size = (unsigned)size;
    comm->local_size = (unsigned)local_size;
    g_strlcpy(comm->host, g_get_host_name(), sizeof comm->host);
    return comm;
}

Comm *comm_backend_open(GError **error)
{
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) == MPI_SUCCESS)
        return comm_new(MPI_COMM_WORLD, TRUE);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot join the job: MPI does not start; try 'mpirun -np 2 hostname'");
    return NULL;
}

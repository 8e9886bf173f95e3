/* SPDX-License-Identifier: Apache-2.0
 * Several ranks of the CUDA backend, over NCCL; see train/communicator.h.
 *
 * Sums. NCCL adds along rings or trees, in an order that follows from the machine, its version and the size
 * of the message. Here NCCL only carries: each rank gets everyone's numbers for its part, as many bytes as a
 * ring's first half moves, and a kernel adds them in the order of ranks, in float, rounding once. The bits
 * are those of the CPU's ranks (train/cpu/communicator.c), on any machine. Parts go in slices of SLICE bytes,
 * which bounds the memory for what others sent.
 *
 * Streams. A communicator works on the backend's stream, so that everything is in the order of the calls; a
 * deferred one on a stream of its own, which begins after what the backend had queued, and which `wait` makes
 * the backend wait for. A mark is an event on that stream; marks since the last `wait` have one each.
 *
 * Messages. ncclSend ends when the other side receives. Two ranks that both send first, as neighbours in a
 * pipeline do, would wait for ever on one stream. Each direction (to higher ranks, to lower ranks) and each
 * tag is therefore a lane: an NCCL communicator and a stream of its own. Within a lane messages only ever go
 * one way along the ranks, so that the last one can always be received. What is sent is copied first, and may
 * be written again. A lane is made when its first message goes through, by all ranks together: each must send
 * or receive in each lane that any of them uses. */
#include <nccl.h>

#include "train/cuda/communicator.cuh"

#define THREADS 256
#define SLICE ((gsize)8 << 20)
#define TAGS 2

/* One way for messages. */
typedef struct Lane {
    ncclComm_t nccl; /* NULL: none went through yet */
    cudaStream_t stream;
    cudaEvent_t event;
    void *copy; /* of what is being sent */
    gsize copy_bytes;
} Lane;

typedef struct Ranks {
    CudaState *device;
    Comm *comm; /* borrowed */
    ncclComm_t nccl;
    cudaStream_t stream; /* the backend's, or an own one */
    gboolean deferred;
    cudaEvent_t event;
    GPtrArray *marks; /* of cudaEvent_t: made once, used again after each `wait` */
    gsize marks_used;
    char *in; /* a slice from each rank */
    Lane lanes[2 * TAGS];
} Ranks;

static Ranks *ranks_of(Communicator *communicator)
{
    return static_cast<Ranks *>(communicator->state);
}

static void fail(Communicator *communicator, const char *what, const char *why)
{
    if (!communicator->failure)
        g_set_error(&communicator->failure, GALEN_ERROR, GALEN_ERROR_SYSTEM, "rank %u on %s: %s: %s",
                    communicator->rank, comm_host(ranks_of(communicator)->comm), what, why);
}

static gboolean nccl_good(Communicator *communicator, ncclResult_t result, const char *what)
{
    if (result == ncclSuccess)
        return TRUE;
    fail(communicator, what, ncclGetErrorString(result));
    return FALSE;
}

static gboolean good(Communicator *communicator, cudaError_t result, const char *what)
{
    if (result == cudaSuccess)
        return TRUE;
    fail(communicator, what, cudaGetErrorString(result));
    return FALSE;
}

/* `later` does nothing that is queued from now on before `earlier` has done what was queued until now. */
static void follow(Communicator *communicator, cudaStream_t later, cudaStream_t earlier, cudaEvent_t event)
{
    if (later == earlier)
        return;
    good(communicator, cudaEventRecord(event, earlier), "cudaEventRecord");
    good(communicator, cudaStreamWaitEvent(later, event, 0), "cudaStreamWaitEvent");
}

static gboolean begin(Communicator *communicator, gsize count)
{
    Ranks *ranks = ranks_of(communicator);
    if (communicator->failure || !count)
        return FALSE;
    follow(communicator, ranks->stream, ranks->device->stream, ranks->event);
    return TRUE;
}

static ncclDataType_t nccl_type(NumberType type)
{
    return type == NUMBER_REAL ? ncclBfloat16 : ncclFloat32;
}

/* mine[i] = the sum over ranks, in order; from[rank * count + i] came from the others. */
template <typename T>
static __global__ void __launch_bounds__(THREADS)
    add_in_order(T *mine, const T *own, const T *__restrict__ from, unsigned rank, unsigned size,
                 size_t count)
{
    size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;
    if (i >= count)
        return;
    float sum = widen(rank == 0 ? own[i] : from[i]);
    for (unsigned r = 1; r < size; r++)
        sum += widen(r == rank ? own[i] : from[r * count + i]);
    narrow(sum, mine + i);
}

template <typename T>
static void launch_add(Communicator *communicator, void *mine, const void *own, gsize count)
{
    Ranks *ranks = ranks_of(communicator);
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(ceil_div(count, THREADS));
    config.blockDim = dim3(THREADS);
    config.stream = ranks->stream;
    good(communicator,
         cudaLaunchKernelEx(&config, add_in_order<T>, static_cast<T *>(mine), static_cast<const T *>(own),
                            reinterpret_cast<const T *>(ranks->in), communicator->rank, communicator->size,
                            count),
         "addition in the order of ranks");
}

/* Where rank r's part of a slice lies among the values of every rank, and how long it is. */
typedef struct Part {
    gsize offset, count;
} Part;

/* Sends everyone their parts, and adds up what comes for this rank's part into `mine`. */
static void exchange_and_add(Communicator *communicator, void *mine, const char *values, const Part *parts,
                             NumberType type)
{
    Ranks *ranks = ranks_of(communicator);
    gsize bytes = cuda_number_bytes(type), own = parts[communicator->rank].count;
    nccl_good(communicator, ncclGroupStart(), "ncclGroupStart");
    for (unsigned r = 0; r < communicator->size; r++) {
        if (r == communicator->rank)
            continue;
        if (parts[r].count)
            nccl_good(communicator,
                      ncclSend(values + parts[r].offset * bytes, parts[r].count, nccl_type(type), (int)r,
                               ranks->nccl, ranks->stream),
                      "ncclSend");
        if (own)
            nccl_good(communicator,
                      ncclRecv(ranks->in + r * own * bytes, own, nccl_type(type), (int)r, ranks->nccl,
                               ranks->stream),
                      "ncclRecv");
    }
    nccl_good(communicator, ncclGroupEnd(), "ncclGroupEnd");
    const char *from = values + parts[communicator->rank].offset * bytes;
    if (own && type == NUMBER_REAL)
        launch_add<bf16>(communicator, mine, from, own);
    else if (own)
        launch_add<float>(communicator, mine, from, own);
}

static void scatter_sum(Communicator *communicator, void *mine, void *all, gsize count, NumberType type)
{
    if (!begin(communicator, count))
        return;
    gsize bytes = cuda_number_bytes(type), slice = SLICE / bytes;
    g_autofree Part *parts = g_new(Part, communicator->size);
    for (gsize at = 0; at < count && !communicator->failure; at += slice) {
        for (unsigned r = 0; r < communicator->size; r++)
            parts[r] = {r * count + at, MIN(slice, count - at)};
        exchange_and_add(communicator, static_cast<char *>(mine) + at * bytes, static_cast<const char *>(all),
                         parts, type);
    }
}

/* Every rank's part of a slice to every other, in place. */
static void spread(Communicator *communicator, char *values, const Part *parts, NumberType type)
{
    Ranks *ranks = ranks_of(communicator);
    gsize bytes = cuda_number_bytes(type);
    const Part *own = &parts[communicator->rank];
    nccl_good(communicator, ncclGroupStart(), "ncclGroupStart");
    for (unsigned r = 0; r < communicator->size; r++) {
        if (r == communicator->rank)
            continue;
        if (own->count)
            nccl_good(communicator,
                      ncclSend(values + own->offset * bytes, own->count, nccl_type(type), (int)r, ranks->nccl,
                               ranks->stream),
                      "ncclSend");
        if (parts[r].count)
            nccl_good(communicator,
                      ncclRecv(values + parts[r].offset * bytes, parts[r].count, nccl_type(type), (int)r,
                               ranks->nccl, ranks->stream),
                      "ncclRecv");
    }
    nccl_good(communicator, ncclGroupEnd(), "ncclGroupEnd");
}

static void sum(Communicator *communicator, void *values, gsize count, NumberType type)
{
    if (!begin(communicator, count))
        return;
    gsize bytes = cuda_number_bytes(type), slice = SLICE / bytes * communicator->size;
    char *base = static_cast<char *>(values);
    g_autofree Part *parts = g_new(Part, communicator->size);
    for (gsize at = 0; at < count && !communicator->failure; at += slice) {
        gsize length = MIN(slice, count - at), share = ceil_div(length, communicator->size);
        for (unsigned r = 0; r < communicator->size; r++) {
            gsize first = MIN(r * share, length);
            parts[r] = {at + first, MIN(share, length - first)};
        }
        exchange_and_add(communicator, base + parts[communicator->rank].offset * bytes, base, parts, type);
        spread(communicator, base, parts, type);
    }
}

static void maximum(Communicator *communicator, wide *values, gsize count)
{
    Ranks *ranks = ranks_of(communicator);
    if (begin(communicator, count))
        nccl_good(communicator,
                  ncclAllReduce(values, values, count, ncclFloat32, ncclMax, ranks->nccl, ranks->stream),
                  "ncclAllReduce");
}

static void gather(Communicator *communicator, void *all, const void *mine, gsize count, NumberType type)
{
    Ranks *ranks = ranks_of(communicator);
    if (begin(communicator, count))
        nccl_good(communicator, ncclAllGather(mine, all, count, nccl_type(type), ranks->nccl, ranks->stream),
                  "ncclAllGather");
}

/* An NCCL communicator of all ranks. NULL after a failure. */
static ncclComm_t open_nccl(Communicator *communicator)
{
    Comm *comm = ranks_of(communicator)->comm;
    ncclUniqueId id = {};
    ncclComm_t nccl = NULL;
    if (communicator->rank == 0)
        nccl_good(communicator, ncclGetUniqueId(&id), "ncclGetUniqueId");
    if (communicator->failure || !comm_broadcast(comm, &id, sizeof id, 0, &communicator->failure) ||
        !nccl_good(communicator,
                   ncclCommInitRank(&nccl, (int)communicator->size, id, (int)communicator->rank),
                   "ncclCommInitRank"))
        return NULL;
    return nccl;
}

/* NULL after a failure. */
static Lane *open_lane(Communicator *communicator, unsigned from, unsigned to, unsigned tag)
{
    Ranks *ranks = ranks_of(communicator);
    Lane *lane = &ranks->lanes[tag % TAGS * 2 + (from < to)];
    if (!communicator->failure && !lane->nccl) {
        good(communicator, cudaStreamCreateWithFlags(&lane->stream, cudaStreamNonBlocking),
             "cudaStreamCreate");
        good(communicator, cudaEventCreateWithFlags(&lane->event, cudaEventDisableTiming), "cudaEventCreate");
        lane->nccl = open_nccl(communicator);
    }
    return communicator->failure ? NULL : lane;
}

static void enlarge_copy(Communicator *communicator, Lane *lane, gsize bytes)
{
    if (lane->copy_bytes >= bytes)
        return;
    good(communicator, cudaStreamSynchronize(lane->stream), "wait for a message");
    cudaFree(lane->copy);
    lane->copy = NULL;
    lane->copy_bytes = 0;
    if (good(communicator, cudaMalloc(&lane->copy, bytes), "cudaMalloc of a message"))
        lane->copy_bytes = bytes;
}

/* The copy is made on the lane, behind the message before it; the backend goes on when it is made. */
static void send(Communicator *communicator, const void *values, gsize count, NumberType type, unsigned to,
                 unsigned tag)
{
    Ranks *ranks = ranks_of(communicator);
    gsize bytes = count * cuda_number_bytes(type);
    Lane *lane = count ? open_lane(communicator, communicator->rank, to, tag) : NULL;
    if (!lane)
        return;
    enlarge_copy(communicator, lane, bytes);
    if (communicator->failure)
        return;
    follow(communicator, lane->stream, ranks->device->stream, lane->event);
    good(communicator, cudaMemcpyAsync(lane->copy, values, bytes, cudaMemcpyDeviceToDevice, lane->stream),
         "copy of a message");
    follow(communicator, ranks->device->stream, lane->stream, lane->event);
    nccl_good(communicator, ncclSend(lane->copy, count, nccl_type(type), (int)to, lane->nccl, lane->stream),
              "ncclSend of a message");
}

static void receive(Communicator *communicator, void *values, gsize count, NumberType type, unsigned from,
                    unsigned tag)
{
    Ranks *ranks = ranks_of(communicator);
    Lane *lane = count ? open_lane(communicator, from, communicator->rank, tag) : NULL;
    if (!lane)
        return;
    follow(communicator, lane->stream, ranks->device->stream, lane->event);
    nccl_good(communicator, ncclRecv(values, count, nccl_type(type), (int)from, lane->nccl, lane->stream),
              "ncclRecv of a message");
    follow(communicator, ranks->device->stream, lane->stream, lane->event);
}

static void check_nccl(Communicator *communicator, ncclComm_t nccl)
{
    ncclResult_t failure = ncclSuccess;
    if (nccl && nccl_good(communicator, ncclCommGetAsyncError(nccl, &failure), "ncclCommGetAsyncError"))
        nccl_good(communicator, failure, "NCCL");
}

/* The backend's stream waits, the host does not. */
static void wait_for_all(Communicator *communicator)
{
    Ranks *ranks = ranks_of(communicator);
    follow(communicator, ranks->device->stream, ranks->stream, ranks->event);
    ranks->marks_used = 0;
    for (Lane &lane : ranks->lanes)
        if (lane.nccl)
            follow(communicator, ranks->device->stream, lane.stream, lane.event);
    check_nccl(communicator, ranks->nccl);
    for (Lane &lane : ranks->lanes)
        check_nccl(communicator, lane.nccl);
}

static gsize mark(Communicator *communicator)
{
    Ranks *ranks = ranks_of(communicator);
    if (!ranks->deferred || communicator->failure)
        return 0;
    if (ranks->marks_used == ranks->marks->len) {
        cudaEvent_t event = NULL;
        if (!good(communicator, cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate"))
            return 0;
        g_ptr_array_add(ranks->marks, event);
    }
    cudaEvent_t event = static_cast<cudaEvent_t>(g_ptr_array_index(ranks->marks, ranks->marks_used));
    good(communicator, cudaEventRecord(event, ranks->stream), "cudaEventRecord of a mark");
    return ranks->marks_used++;
}

static void wait_until(Communicator *communicator, gsize mark)
{
    Ranks *ranks = ranks_of(communicator);
    if (ranks->deferred && !communicator->failure && mark < ranks->marks_used)
        good(communicator,
             cudaStreamWaitEvent(ranks->device->stream,
                                 static_cast<cudaEvent_t>(g_ptr_array_index(ranks->marks, mark)), 0),
             "wait for a mark");
}

/* After a failure another rank may never answer: abort instead of waiting for it. */
static void close_nccl(const Communicator *communicator, ncclComm_t nccl)
{
    if (nccl && communicator->failure)
        ncclCommAbort(nccl);
    else if (nccl)
        ncclCommDestroy(nccl);
}

static void close_lane(const Communicator *communicator, Lane *lane)
{
    if (lane->stream && !communicator->failure)
        cudaStreamSynchronize(lane->stream);
    close_nccl(communicator, lane->nccl);
    cudaFree(lane->copy);
    if (lane->event)
        cudaEventDestroy(lane->event);
    if (lane->stream)
        cudaStreamDestroy(lane->stream);
}

static void destroy(Communicator *communicator)
{
    Ranks *ranks = ranks_of(communicator);
    if (ranks->stream && !communicator->failure)
        cudaStreamSynchronize(ranks->stream);
    for (Lane &lane : ranks->lanes)
        close_lane(communicator, &lane);
    close_nccl(communicator, ranks->nccl);
    cudaFree(ranks->in);
    if (ranks->event)
        cudaEventDestroy(ranks->event);
    for (guint i = 0; i < ranks->marks->len; i++)
        cudaEventDestroy(static_cast<cudaEvent_t>(g_ptr_array_index(ranks->marks, i)));
    g_ptr_array_free(ranks->marks, TRUE);
    if (ranks->deferred && ranks->stream)
        cudaStreamDestroy(ranks->stream);
    g_clear_error(&communicator->failure);
    g_free(ranks);
    g_free(communicator);
}

static void open_ranks(Communicator *communicator)
{
    Ranks *ranks = ranks_of(communicator);
    ranks->stream = ranks->device->stream;
    if (ranks->deferred)
        good(communicator, cudaStreamCreateWithFlags(&ranks->stream, cudaStreamNonBlocking),
             "cudaStreamCreate");
    good(communicator, cudaEventCreateWithFlags(&ranks->event, cudaEventDisableTiming), "cudaEventCreate");
    good(communicator, cudaMalloc(&ranks->in, communicator->size * SLICE), "cudaMalloc of what ranks send");
    ranks->nccl = open_nccl(communicator);
}

Communicator *cuda_communicator_of_ranks(Backend *backend, Comm *comm, gboolean deferred, GError **error)
{
    Communicator *communicator = g_new0(Communicator, 1);
    Ranks *ranks = g_new0(Ranks, 1);
    ranks->device = cuda_state(backend);
    ranks->comm = comm;
    ranks->deferred = deferred;
    ranks->marks = g_ptr_array_new();
    communicator->rank = comm_rank(comm);
    communicator->size = comm_size(comm);
    communicator->state = ranks;
    communicator->destroy = destroy;
    communicator->sum = sum;
    communicator->maximum = maximum;
    communicator->gather = gather;
    communicator->scatter_sum = scatter_sum;
    communicator->send = send;
    communicator->receive = receive;
    communicator->wait = wait_for_all;
    communicator->mark = mark;
    communicator->wait_until = wait_until;
    open_ranks(communicator);
    if (!communicator->failure)
        return communicator;
    g_propagate_error(error, g_steal_pointer(&communicator->failure));
    destroy(communicator);
    return NULL;
}

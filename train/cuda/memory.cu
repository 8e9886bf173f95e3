/* SPDX-License-Identifier: Apache-2.0
 * Memory of the GPU: allocation, copies, what the host hands over for each call; see train/ops.h and
 * device.cuh.
 *
 * The host reads pageable memory too slowly for the bus, and a copy from it is not asynchronous. Uploads
 * therefore go through a ring of pinned slots, which the host fills from wherever the data lie: a batch's
 * tokens that it has just cut out of the store's map, weights from a checkpoint's. Each slot has its like on
 * the device. The bus carries from one to the other on a stream of its own, beside whatever computes; only
 * the step from there to where the data belong, which is short, takes its turn among the operations. So the
 * rows of a micro-batch cross the bus while the one before it is computed, and the host, which waits for a
 * slot only when all of them are under way, is several uploads ahead. Downloads go through two pinned
 * halves in turn, and the host waits for them. */
#include <string.h>

#include "train/cuda/device.cuh"

void *cuda_allocate(Backend *backend, gsize bytes)
{
    CudaState *state = cuda_state(backend);
    void *memory = NULL;
    cudaError_t result = cudaMalloc(&memory, MAX(bytes, 16));
    if (result == cudaErrorMemoryAllocation) {
        cudaGetLastError(); /* not a failure: the caller is told */
        return NULL;
    }
    if (!cuda_good(state, result, "cudaMalloc"))
        return NULL;
    cuda_clear(backend, memory, bytes);
    return memory;
}

void cuda_release(Backend *backend, void *memory)
{
    CudaState *state = cuda_state(backend);
    cuda_forget_recordings(state);
    if (memory && cuda_good(state, cudaStreamSynchronize(state->stream), "release"))
        cuda_good(state, cudaFree(memory), "cudaFree");
}

void cuda_clear(Backend *backend, void *memory, gsize bytes)
{
    CudaState *state = cuda_state(backend);
    cuda_good(state, cudaMemsetAsync(memory, 0, bytes, state->stream), "clear");
}

void cuda_copy(Backend *backend, void *to, const void *from, gsize bytes)
{
    CudaState *state = cuda_state(backend);
    cuda_good(state, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, state->stream), "copy");
}

/* Half `i` of the pinned buffer, when its last copy is done; NULL after a failure. */
static void *free_half(CudaState *state, unsigned i)
{
    if (!cuda_good(state, cudaEventSynchronize(state->half_copied[i]), "wait for a copy"))
        return NULL;
    return static_cast<char *>(state->pinned) + i * CUDA_HALF;
}

/* The slot's memory on the device is filled when what it held is taken, and its host's when that has left. */
static gboolean upload_slot(CudaState *state, CudaSlot *slot, void *to, const void *from, gsize bytes)
{
    if (!cuda_good(state, cudaEventSynchronize(slot->arrived), "wait for an upload"))
        return FALSE;
    memcpy(slot->host, from, bytes);
    return cuda_good(state, cudaStreamWaitEvent(state->uploads, slot->taken, 0), "upload") &&
           cuda_good(state,
                     cudaMemcpyAsync(slot->device, slot->host, bytes, cudaMemcpyHostToDevice, state->uploads),
                     "upload") &&
           cuda_good(state, cudaEventRecord(slot->arrived, state->uploads), "upload") &&
           cuda_good(state, cudaStreamWaitEvent(state->stream, slot->arrived, 0), "upload") &&
           cuda_good(state, cudaMemcpyAsync(to, slot->device, bytes, cudaMemcpyDeviceToDevice, state->stream),
                     "upload") &&
           cuda_good(state, cudaEventRecord(slot->taken, state->stream), "upload");
}

void cuda_upload(Backend *backend, void *to, const void *from, gsize bytes)
{
    CudaState *state = cuda_state(backend);
    for (gsize at = 0; at < bytes; at += CUDA_SLOT) {
        CudaSlot *slot = &state->ring[state->next_slot++ % CUDA_SLOTS];
        if (!upload_slot(state, slot, static_cast<char *>(to) + at, static_cast<const char *>(from) + at,
                         MIN(CUDA_SLOT, bytes - at)))
            return;
    }
}

static void begin_download(CudaState *state, const void *from, gsize at, gsize bytes, unsigned i)
{
    void *half = free_half(state, i);
    if (!half)
        return;
    cuda_good(state,
              cudaMemcpyAsync(half, static_cast<const char *>(from) + at, MIN(CUDA_HALF, bytes - at),
                              cudaMemcpyDeviceToHost, state->stream),
              "download");
    cuda_good(state, cudaEventRecord(state->half_copied[i], state->stream), "download");
}

/* After a failure, all bits are set: no number, in whatever type, so that nobody takes it for a result. */
void cuda_download(Backend *backend, void *to, const void *from, gsize bytes)
{
    CudaState *state = cuda_state(backend);
    if (bytes)
        begin_download(state, from, 0, bytes, 0);
    for (gsize at = 0; at < bytes; at += CUDA_HALF) {
        unsigned i = at / CUDA_HALF % 2;
        if (at + CUDA_HALF < bytes)
            begin_download(state, from, at + CUDA_HALF, bytes, !i);
        void *half = free_half(state, i);
        if (half && !state->failure)
            memcpy(static_cast<char *>(to) + at, half, MIN(CUDA_HALF, bytes - at));
    }
    if (state->failure)
        memset(to, 0xff, bytes);
}

/* The stage that holds these bytes, or else the one that was used least recently; NULL where graphs refer to all. */
static CudaStage *find_stage(CudaState *state, const void *array, gsize bytes, gboolean *found)
{
    CudaStage *oldest = NULL;
    for (CudaStage *stage = state->stages; stage < state->stages + CUDA_STAGES; stage++) {
        *found = stage->device && stage->bytes == bytes && memcmp(stage->host, array, bytes) == 0;
        if (*found)
            return stage;
        if (!stage->recorded && (!oldest || stage->used < oldest->used))
            oldest = stage;
    }
    return oldest;
}

static gboolean enlarge_stage(CudaState *state, CudaStage *stage, gsize bytes)
{
    if (stage->room >= bytes)
        return TRUE;
    gsize room = MAX(bytes, (gsize)4096);
    cuda_good(state, cudaStreamSynchronize(state->stream), "enlarge a stage");
    cudaFreeHost(stage->host);
    cudaFree(stage->device);
    stage->room = 0;
    stage->host = stage->device = NULL;
    if (!cuda_good(state, cudaMallocHost(&stage->host, room), "cudaMallocHost of a stage") ||
        !cuda_good(state, cudaMalloc(&stage->device, room), "cudaMalloc of a stage"))
        return FALSE;
    stage->room = room;
    return TRUE;
}

const void *cuda_stage(CudaState *state, const void *array, gsize bytes)
{
    gboolean found = FALSE;
    CudaStage *stage = find_stage(state, array, bytes, &found);
    if (state->recording && !found) {
        state->unfit = TRUE;
        return NULL;
    }
    if (!stage) {
        cuda_forget_recordings(state);
        stage = find_stage(state, array, bytes, &found);
    }
    stage->recorded |= state->recording;
    stage->used = ++state->stage_calls;
    if (found && !state->failure)
        return stage->device;
    if (!enlarge_stage(state, stage, bytes) ||
        !cuda_good(state, cudaEventSynchronize(stage->copied), "wait for a stage"))
        return NULL;
    memcpy(stage->host, array, bytes);
    stage->bytes = bytes;
    cuda_good(state,
              cudaMemcpyAsync(stage->device, stage->host, bytes, cudaMemcpyHostToDevice, state->stream),
              "stage");
    cuda_good(state, cudaEventRecord(stage->copied, state->stream), "stage");
    return state->failure ? NULL : stage->device;
}

void *cuda_scratch(CudaState *state, gsize bytes)
{
    if (state->scratch_bytes < bytes && state->recording) {
        state->unfit = TRUE;
        return NULL;
    }
    if (state->scratch_bytes < bytes) {
        cuda_forget_recordings(state);
        cuda_good(state, cudaStreamSynchronize(state->stream), "enlarge scratch memory");
        cudaFree(state->scratch);
        state->scratch = NULL;
        state->scratch_bytes = 0;
        if (!cuda_good(state, cudaMalloc(&state->scratch, bytes), "cudaMalloc of scratch memory"))
            return NULL;
        state->scratch_bytes = bytes;
    }
    return state->failure ? NULL : state->scratch;
}

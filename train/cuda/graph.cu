/* SPDX-License-Identifier: Apache-2.0
 * Sections of a step as CUDA graphs: recorded once, then queued by one call; see `section` in train/ops.h.
 *
 * A layer of a small model keeps the GPU busy for less time than the host needs to queue its kernels. A graph holds them with
 * their arguments, and the GPU goes from one to the next by itself. The engine's sections are the forward and the backward pass
 * of a micro-batch; a whole step is not one, because tokens and losses cross between the host and the GPU in it, the norm of the
 * gradient is the host's to judge, and AdamW's numbers are arguments that change with each step: its kernels, one for each
 * tensor, are queued as ever.
 *
 * Safety. A graph repeats addresses and arguments, so whatever might move or change must not while one refers to it:
 *   - the first run of a section is a plain one. It chooses algorithms, loads kernels, enlarges scratch memory and brings the
 *     tables of blocks to the GPU (cuda_stage); the second is recorded. Where it asks for more than the first had left, the
 *     recording is thrown away, the section runs plainly, and the next run tries again, CUDA_RECORDING_TRIES times in all;
 *   - a stage that a recording found is not given to another array;
 *   - what frees or exchanges something that a graph may refer to (scratch memory, an allocation, the choice of kernels for
 *     attention) forgets all graphs first;
 *   - nothing but kernels, copies on the GPU and clearing is recorded: no upload, no download, no message between ranks.
 * A failure while recording is none of the run's: it is forgotten with the recording. Recorded or not, the same kernels run in
 * the same order, and bits do not differ. */
#include <string.h>

#include "train/cuda/device.cuh"

/* A run has some tens: directions, chunks, slots, and the last micro-batch. */
#define CUDA_RECORDINGS 256
#define CUDA_RECORDING_TRIES 3

typedef struct Recording {
    GBytes *key;
    gboolean warm; /* has run once */
    unsigned tries;
    cudaGraphExec_t graph; /* NULL: none yet */
} Recording;

static void drop_graph(Recording *recording)
{
    if (recording->graph)
        cudaGraphExecDestroy(recording->graph);
    recording->graph = NULL;
}

static void recording_free(gpointer data)
{
    Recording *recording = static_cast<Recording *>(data);
    drop_graph(recording);
    g_bytes_unref(recording->key);
    g_free(recording);
}

GHashTable *cuda_recordings_new(void)
{
    return g_hash_table_new_full(g_bytes_hash, g_bytes_equal, NULL, recording_free);
}

void cuda_forget_recordings(CudaState *state)
{
    GHashTableIter iter;
    gpointer value;
    if (!state->recordings || !state->recorded)
        return;
    cuda_good(state, cudaStreamSynchronize(state->stream), "wait for recorded work");
    g_hash_table_iter_init(&iter, state->recordings);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Recording *recording = static_cast<Recording *>(value);
        drop_graph(recording);
        recording->warm = FALSE;
        recording->tries = 0;
    }
    for (CudaStage *stage = state->stages; stage < state->stages + CUDA_STAGES; stage++)
        stage->recorded = FALSE;
    state->recorded = 0;
}

/* NULL where there are too many. */
static Recording *find(CudaState *state, gconstpointer key, gsize bytes)
{
    g_autoptr(GBytes) wanted = g_bytes_new(key, bytes);
    Recording *recording = static_cast<Recording *>(g_hash_table_lookup(state->recordings, wanted));
    if (recording || g_hash_table_size(state->recordings) >= CUDA_RECORDINGS)
        return recording;
    recording = g_new0(Recording, 1);
    recording->key = g_bytes_ref(wanted);
    g_hash_table_insert(state->recordings, recording->key, recording);
    return recording;
}

/* What the section queued, nothing of which has run; NULL where it cannot be had. */
static cudaGraph_t capture(CudaState *state, void (*work)(gpointer user), gpointer user)
{
    cudaGraph_t graph = NULL;
    if (cudaStreamBeginCapture(state->stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess)
        return NULL;
    state->recording = TRUE;
    state->unfit = FALSE;
    work(user);
    state->recording = FALSE;
    gboolean good = cudaStreamEndCapture(state->stream, &graph) == cudaSuccess && !state->unfit && !state->failure;
    if (good || !graph)
        return graph;
    cudaGraphDestroy(graph);
    return NULL;
}

static void record(CudaState *state, Recording *recording, void (*work)(gpointer user), gpointer user)
{
    cudaGraph_t graph = capture(state, work, user);
    recording->tries++;
    if (graph && cudaGraphInstantiate(&recording->graph, graph, 0) != cudaSuccess)
        recording->graph = NULL;
    if (graph)
        cudaGraphDestroy(graph);
    if (recording->graph) {
        state->recorded++;
        return;
    }
    cudaGetLastError();
    g_clear_pointer(&state->failure, g_free);
}

void cuda_section(Backend *backend, gconstpointer key, gsize bytes, void (*work)(gpointer user), gpointer user)
{
    CudaState *state = cuda_state(backend);
    Recording *recording = state->graphs && key && !state->failure ? find(state, key, bytes) : NULL;
    if (recording && recording->warm && !recording->graph && recording->tries < CUDA_RECORDING_TRIES)
        record(state, recording, work, user);
    if (recording && recording->graph) {
        cuda_good(state, cudaGraphLaunch(recording->graph, state->stream), "cudaGraphLaunch");
        return;
    }
    work(user);
    if (recording)
        recording->warm = TRUE;
}

/* SPDX-License-Identifier: Apache-2.0
 * See queues.h beside this. Kernels run thread after thread: those with barriers have no place here. */
#include "queues.h"

#include <stdio.h>
#include <stdlib.h>

#include <deque>
#include <vector>

struct Work {
    std::function<bool()> ready;
    std::function<void()> run;
};

struct EmulatorStream {
    std::deque<Work> queue;
    uint64_t queued, done;
    bool held;
};

/* Done when so much of the stream is. */
struct EmulatorEvent {
    EmulatorStream *stream;
    uint64_t at;
};

dim3 threadIdx, blockIdx;

/* Not destroyed at the exit: what it names is kept to the end. */
static std::vector<EmulatorStream *> &streams = *new std::vector<EmulatorStream *>;
static bool at_once;
static uint32_t draw;
static size_t host_waits;

static void fail(const char *what)
{
    fprintf(stderr, "emulator: %s\n", what);
    abort();
}

/* Does the head of one queue. FALSE: none can. */
static bool run_one(void)
{
    std::vector<EmulatorStream *> ready;
    for (EmulatorStream *stream : streams)
        if (!stream->held && !stream->queue.empty() && stream->queue.front().ready())
            ready.push_back(stream);
    if (ready.empty())
        return false;
    draw = draw * 1664525 + 1013904223;
    EmulatorStream *stream = ready[(draw >> 16) % ready.size()];
    Work work = stream->queue.front();
    stream->queue.pop_front();
    work.run();
    stream->done++;
    return true;
}

static void wait_for(const EmulatorStream *stream, uint64_t at)
{
    if (stream->done >= at)
        return;
    host_waits++;
    while (stream->done < at)
        if (!run_one())
            fail("the host waits for what cannot be done");
}

void emulator_queues_begin(bool eager, uint32_t seed)
{
    at_once = eager;
    draw = seed;
    host_waits = 0;
}

void emulator_queue(cudaStream_t stream, const std::function<bool()> &ready, const std::function<void()> &run)
{
    stream->queue.push_back({ready, run});
    stream->queued++;
    if (at_once)
        emulator_queues_run();
}

void emulator_queue_hold(cudaStream_t stream, bool hold)
{
    stream->held = hold;
}

size_t emulator_queue_length(cudaStream_t stream)
{
    return stream->queue.size();
}

void emulator_queues_run(void)
{
    while (run_one())
        ;
}

size_t emulator_host_waits(void)
{
    return host_waits;
}

static cudaError_t queue_work(cudaStream_t stream, const std::function<void()> &run)
{
    emulator_queue(stream, [] { return true; }, run);
    return cudaSuccess;
}

/* -- The runtime's calls -------------------------------------------------- */

void emulator_wait_for_block(void)
{
    fail("a kernel with barriers");
}

void emulator_exchange(void *, size_t, unsigned)
{
    fail("a kernel with barriers");
}

void emulator_launch(dim3 grid, dim3 block, cudaStream_t stream, const std::function<void()> &kernel)
{
    queue_work(stream, [=] {
        for (unsigned b = 0; b < grid.x * grid.y; b++)
            for (unsigned t = 0; t < block.x * block.y; t++) {
                blockIdx = dim3(b % grid.x, b / grid.x);
                threadIdx = dim3(t % block.x, t / block.x);
                kernel();
            }
    });
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int)
{
    *properties = {"emulated GPU", {"the only one"}, (size_t)1 << 30, 8, 0, 1};
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int)
{
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t)
{
    return "error";
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

cudaError_t emulator_malloc(void **memory, size_t bytes)
{
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    memset(*memory, 0xff, bytes);
    return cudaSuccess;
}

cudaError_t cudaFree(void *memory)
{
    free(memory);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory)
{
    return cudaFree(memory);
}

cudaError_t cudaMemsetAsync(void *memory, int byte, size_t bytes, cudaStream_t stream)
{
    return queue_work(stream, [=] { memset(memory, byte, bytes); });
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t stream)
{
    return queue_work(stream, [=] { memmove(to, from, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned)
{
    *stream = new EmulatorStream{};
    streams.push_back(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    wait_for(stream, stream->queued);
    return cudaSuccess;
}

/* Events may still name it: its memory stays. */
cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    return cudaStreamSynchronize(stream);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    *event = new EmulatorEvent{};
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    *event = {stream, stream->queued};
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    if (event->stream)
        wait_for(event->stream, event->at);
    return cudaSuccess;
}

/* What was recorded last counts, when this is called. */
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
    const EmulatorEvent seen = *event;
    if (seen.stream)
        emulator_queue(stream, [=] { return seen.stream->done >= seen.at; }, [] {});
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    delete event;
    return cudaSuccess;
}

/* ---- Nothing is recorded here, and products are computed when they are asked for ------------------------------- */

void emulator_perform(const std::function<void()> &work)
{
    work();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode)
{
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *graph)
{
    *graph = NULL;
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *, cudaGraph_t, unsigned long long)
{
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t)
{
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t)
{
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t)
{
    return cudaSuccess;
}

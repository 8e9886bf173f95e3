/* SPDX-License-Identifier: Apache-2.0
 * Launches and the runtime's calls on the processor; see cuda_runtime.h beside this. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>

#include <memory>
#include <vector>

#include "cuda_runtime.h"

#define STACK_BYTES (128 * 1024)
#define WARP 32

enum FiberState { READY, WAITS_FOR_BLOCK, WAITS_FOR_WARP, DONE };

/* Made once: when its kernel has ended a fiber waits for the next. */
struct Fiber {
    bool begun;
    ucontext_t context; /* for the first entry; after that jumps, which make no system calls */
    jmp_buf here;
    FiberState state;
    dim3 index;
    char exchanged[16];
    char stack[STACK_BYTES];
};

dim3 threadIdx, blockIdx;

static std::vector<std::unique_ptr<Fiber>> fibers;
static jmp_buf scheduler;
static size_t running, block_threads;
static bool reverse; /* fibers run from the last to the first */
static const std::function<void()> *current_kernel;

/* Goes on with the next fiber of this round that is ready, or else with the scheduler. A jump costs a system call or two where
 * sanitizers see it, so fibers follow one another without one in between. */
[[noreturn]] static void run_next(size_t turn)
{
    for (; turn < block_threads; turn++) {
        running = reverse ? block_threads - 1 - turn : turn;
        Fiber *fiber = fibers[running].get();
        if (fiber->state != READY)
            continue;
        threadIdx = fiber->index;
        if (fiber->begun)
            _longjmp(fiber->here, 1);
        fiber->begun = true;
        setcontext(&fiber->context);
    }
    _longjmp(scheduler, 1);
}

/* At each jump AddressSanitizer would clear what it knows of the stack on which it reports an overflow of a stack, which took
 * half of the time; without that stack an overflow still ends the program. */
extern "C" const char *__asan_default_options(void);
extern "C" const char *__asan_default_options(void)
{
    return "use_sigaltstack=0";
}

static void give_way(FiberState state)
{
    Fiber *fiber = fibers[running].get();
    fiber->state = state;
    if (!_setjmp(fiber->here))
        run_next((reverse ? block_threads - 1 - running : running) + 1);
}

static void fiber_main(void)
{
    for (;;) {
        (*current_kernel)();
        give_way(DONE);
    }
}

void emulator_wait_for_block(void)
{
    give_way(WAITS_FOR_BLOCK);
}

void emulator_exchange(void *value, size_t bytes, unsigned distance)
{
    size_t me = running, other = me ^ distance;
    memcpy(fibers[me]->exchanged, value, bytes);
    give_way(WAITS_FOR_WARP);
    memcpy(value, fibers[other]->exchanged, bytes);
    give_way(WAITS_FOR_WARP);
}

static void begin_block(dim3 block)
{
    while (fibers.size() < block_threads) {
        fibers.emplace_back(new Fiber{});
        Fiber *fiber = fibers.back().get();
        getcontext(&fiber->context);
        fiber->context.uc_stack.ss_sp = fiber->stack;
        fiber->context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&fiber->context, fiber_main, 0);
    }
    for (size_t t = 0; t < block_threads; t++) {
        fibers[t]->state = READY;
        fibers[t]->index = dim3((unsigned)(t % block.x), (unsigned)(t / block.x));
    }
}

/* One round: each fiber that is ready runs until it gives way. */
static void run_ready(void)
{
    if (!_setjmp(scheduler))
        run_next(0);
}

/* Lets the fibers [first, first + count) go on if all that are not done wait for this. */
static bool release(size_t first, size_t count, FiberState wait)
{
    bool any = false;
    for (size_t t = first; t < first + count; t++) {
        if (fibers[t]->state != wait && fibers[t]->state != DONE)
            return false;
        any |= fibers[t]->state == wait;
    }
    for (size_t t = first; t < first + count; t++)
        if (fibers[t]->state == wait)
            fibers[t]->state = READY;
    return any;
}

static void run_block(dim3 block)
{
    begin_block(block);
    for (;;) {
        run_ready();
        bool went_on = release(0, block_threads, WAITS_FOR_BLOCK), done = true;
        for (size_t first = 0; first < block_threads; first += WARP)
            went_on |= release(first, min(WARP, block_threads - first), WAITS_FOR_WARP);
        for (size_t t = 0; t < block_threads; t++)
            done &= fibers[t]->state == DONE;
        if (done)
            return;
        if (!went_on) {
            fprintf(stderr, "emulator: the threads of a block wait at different barriers\n");
            abort();
        }
    }
}

static void run_kernel(dim3 grid, dim3 block, const std::function<void()> &kernel)
{
    block_threads = (size_t)block.x * block.y;
    current_kernel = &kernel;
    static uint32_t launches;
    reverse = (++launches * 2654435761u) >> 31;
    for (unsigned y = 0; y < grid.y; y++)
        for (unsigned x = 0; x < grid.x; x++) {
            blockIdx = dim3(x, y);
            run_block(block);
        }
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int)
{
    *properties = {"emulated GPU", {"the only one"}, (size_t)1 << 30, 8, 9, 1};
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int)
{
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorInvalidValue ? "invalid argument" : "error";
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

/* ---- Recording: what is queued meanwhile is kept, and what waits or moves memory is refused, as a GPU's stream does ---- */

struct EmulatorGraph {
    std::vector<std::function<void()>> work;
};

static std::unique_ptr<EmulatorGraph> recording;

void emulator_perform(const std::function<void()> &work)
{
    if (recording)
        recording->work.push_back(work);
    else
        work();
}

void emulator_launch(dim3 grid, dim3 block, cudaStream_t, const std::function<void()> &kernel)
{
    emulator_perform([=]() { run_kernel(grid, block, kernel); });
}

static cudaError_t unless_recording(void)
{
    return recording ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode)
{
    recording = std::make_unique<EmulatorGraph>();
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *graph)
{
    *graph = recording.release();
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *copy, cudaGraph_t graph, unsigned long long)
{
    *copy = new EmulatorGraph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t)
{
    for (const std::function<void()> &work : graph->work)
        work();
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph)
{
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    return cudaSuccess;
}

/* Begins as NaN, whatever the type. */
cudaError_t emulator_malloc(void **memory, size_t bytes)
{
    if (recording)
        return unless_recording();
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!*memory)
        return cudaErrorMemoryAllocation;
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

cudaError_t cudaMemsetAsync(void *memory, int byte, size_t bytes, cudaStream_t)
{
    emulator_perform([=]() { memset(memory, byte, bytes); });
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t)
{
    if (recording && kind != cudaMemcpyDeviceToDevice)
        return cudaErrorStreamCaptureUnsupported;
    emulator_perform([=]() { memmove(to, from, bytes); });
    return cudaSuccess;
}

/* All is done when its call returns: streams and events have nothing to remember. */
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned)
{
    *stream = NULL;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t)
{
    return unless_recording();
}

cudaError_t cudaStreamDestroy(cudaStream_t)
{
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned)
{
    return cudaSuccess;
}

/* When it was recorded, by the processor's clock. */
struct EmulatorEvent {
    struct timespec at;
};

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    *event = new EmulatorEvent{};
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t)
{
    clock_gettime(CLOCK_MONOTONIC, &event->at);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end)
{
    *milliseconds = (float)((double)(end->at.tv_sec - begin->at.tv_sec) * 1e3 +
                            (double)(end->at.tv_nsec - begin->at.tv_nsec) / 1e6);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t)
{
    return unless_recording();
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    delete event;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    *free_bytes = *total_bytes = (size_t)1 << 30;
    return cudaSuccess;
}

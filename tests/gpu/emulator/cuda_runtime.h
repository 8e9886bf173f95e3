/* SPDX-License-Identifier: Apache-2.0
 * tests/gpu/emulator/cuda_runtime.h - as much of CUDA as train/cuda/ uses, on the processor, for tests without a GPU.
 *
 * The host's compiler takes the .cu files as C++ with this folder before the toolkit's. A launch runs its blocks one after
 * the other; the threads of a block are fibers, which give way only at barriers and shuffles. What that shows: wrong
 * indices (memory is the heap's, which sanitizers watch), memory that was never written (it begins as NaN), a missing
 * barrier (some launches run the threads from the last to the first, and results must not change), a barrier that not all
 * threads reach (it says so and aborts). What it cannot show: speed, and races within what fibers do in one go.
 */
#ifndef EMULATOR_CUDA_RUNTIME_H
#define EMULATOR_CUDA_RUNTIME_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <functional>

#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned columns = 1, unsigned rows = 1, unsigned planes = 1) : x(columns), y(rows), z(planes)
    {
    }
};

extern dim3 threadIdx, blockIdx; /* of the fiber that runs */

/* Does the work now, or keeps it where the stream records. */
void emulator_perform(const std::function<void()> &work);
void emulator_launch(dim3 grid, dim3 block, struct EmulatorStream *stream, const std::function<void()> &kernel);
void emulator_wait_for_block(void);
void emulator_exchange(void *value, size_t bytes, unsigned distance);

static inline void __syncthreads(void)
{
    emulator_wait_for_block();
}

template <typename T> static inline T __shfl_xor_sync(unsigned, T value, unsigned distance)
{
    emulator_exchange(&value, sizeof value, distance);
    return value;
}

static inline uint32_t __float_as_uint(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float __uint_as_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

template <typename A, typename B> static inline size_t min(A a, B b)
{
    return (size_t)a < (size_t)b ? (size_t)a : (size_t)b;
}

typedef enum {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInsufficientDriver = 35,
    cudaErrorStreamCaptureUnsupported = 900
} cudaError_t;
typedef struct EmulatorStream *cudaStream_t;
typedef struct EmulatorEvent *cudaEvent_t;
typedef struct EmulatorGraph *cudaGraph_t, *cudaGraphExec_t;
typedef enum { cudaStreamCaptureModeThreadLocal = 1 } cudaStreamCaptureMode;
typedef enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice } cudaMemcpyKind;
#define cudaStreamNonBlocking 1
#define cudaEventDefault 0
#define cudaEventDisableTiming 2

struct cudaUUID_t {
    char bytes[16];
};

struct cudaDeviceProp {
    char name[256];
    cudaUUID_t uuid;
    size_t totalGlobalMem;
    int major, minor, multiProcessorCount;
};

struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
};

/* The largest grid that a GPU takes. */
#define EMULATOR_GRID_X 2147483647u
#define EMULATOR_GRID_Y 65535u

template <typename... Parameter, typename... Argument>
static inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(Parameter...),
                                             Argument... arguments)
{
    dim3 grid = config->gridDim, block = config->blockDim;
    if (!grid.x || !grid.y || grid.x > EMULATOR_GRID_X || grid.y > EMULATOR_GRID_Y || block.x * block.y > 1024)
        return cudaErrorInvalidValue;
    emulator_launch(grid, block, config->stream, [=]() { kernel(arguments...); });
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaSetDevice(int device);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError(void);
cudaError_t emulator_malloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaFreeHost(void *memory);
cudaError_t cudaMemsetAsync(void *memory, int byte, size_t bytes, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *copy, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end);
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes);
cudaError_t cudaEventDestroy(cudaEvent_t event);

template <typename T> static inline cudaError_t cudaMalloc(T **memory, size_t bytes)
{
    return emulator_malloc((void **)memory, bytes);
}

template <typename T> static inline cudaError_t cudaMallocHost(T **memory, size_t bytes)
{
    return emulator_malloc((void **)memory, bytes);
}

#endif

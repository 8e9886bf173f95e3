/* SPDX-License-Identifier: Apache-2.0
 * The GPU's table of operations, and what it keeps; see train/cuda/backend.h. */
#include "train/cuda/device.cuh"

void cuda_failed(CudaState *state, const char *what, const char *why)
{
    if (!state->failure)
        state->failure = g_strdup_printf("%s: %s", what, why);
}

gboolean cuda_good(CudaState *state, cudaError_t result, const char *what)
{
    if (result == cudaSuccess)
        return TRUE;
    cuda_failed(state, what, cudaGetErrorString(result));
    return FALSE;
}

static void open_ring(CudaState *state)
{
    cuda_good(state, cudaStreamCreateWithFlags(&state->uploads, cudaStreamNonBlocking), "cudaStreamCreate");
    cuda_good(state, cudaMallocHost(&state->ring_host, CUDA_SLOTS * CUDA_SLOT), "cudaMallocHost");
    cuda_good(state, cudaMalloc(&state->ring_device, CUDA_SLOTS * CUDA_SLOT), "cudaMalloc of the ring");
    for (gsize i = 0; i < CUDA_SLOTS && !state->failure; i++) {
        CudaSlot *slot = &state->ring[i];
        slot->host = static_cast<char *>(state->ring_host) + i * CUDA_SLOT;
        slot->device = static_cast<char *>(state->ring_device) + i * CUDA_SLOT;
        cuda_good(state, cudaEventCreateWithFlags(&slot->arrived, cudaEventDisableTiming), "cudaEventCreate");
        cuda_good(state, cudaEventCreateWithFlags(&slot->taken, cudaEventDisableTiming), "cudaEventCreate");
    }
}

static void close_ring(CudaState *state)
{
    if (state->uploads)
        cudaStreamSynchronize(state->uploads);
    for (CudaSlot *slot = state->ring; slot < state->ring + CUDA_SLOTS; slot++) {
        if (slot->arrived)
            cudaEventDestroy(slot->arrived);
        if (slot->taken)
            cudaEventDestroy(slot->taken);
    }
    cudaFreeHost(state->ring_host);
    cudaFree(state->ring_device);
    if (state->uploads)
        cudaStreamDestroy(state->uploads);
}

static void free_state(CudaState *state)
{
    if (state->stream)
        cudaStreamSynchronize(state->stream);
    if (state->recordings)
        g_hash_table_destroy(state->recordings);
    if (state->plans)
        g_hash_table_destroy(state->plans);
    cudnn_attention_free(state->cudnn);
    for (CudaStage *stage = state->stages; stage < state->stages + CUDA_STAGES; stage++) {
        cudaFreeHost(stage->host);
        cudaFree(stage->device);
        if (stage->copied)
            cudaEventDestroy(stage->copied);
    }
    for (cudaEvent_t event : state->half_copied)
        if (event)
            cudaEventDestroy(event);
    close_ring(state);
    cudaFreeHost(state->pinned);
    cudaFree(state->scratch);
    cudaFree(state->workspace);
    if (state->blas)
        cublasLtDestroy(state->blas);
    if (state->stream)
        cudaStreamDestroy(state->stream);
    g_free(state->failure);
    g_free(state);
}

static void cuda_destroy(Backend *backend)
{
    free_state(cuda_state(backend));
    g_free(backend);
}

/* In the order of the table. */
static const Backend cuda_backend = {
    .name = "cuda",
    .destroy = cuda_destroy,
    .check = backend_cuda_check,
    .allocate = cuda_allocate,
    .release = cuda_release,
    .upload = cuda_upload,
    .download = cuda_download,
    .copy = cuda_copy,
    .clear = cuda_clear,
    .narrow = cuda_narrow,
    .section = cuda_section,
    .communicator_new = cuda_communicator_new,
    .embedding_forward = cuda_embedding_forward,
    .embedding_backward = cuda_embedding_backward,
    .rmsnorm_forward = cuda_rmsnorm_forward,
    .rmsnorm_backward = cuda_rmsnorm_backward,
    .add_rmsnorm_forward = cuda_add_rmsnorm_forward,
    .rope = cuda_rope,
    .attention_forward = cuda_attention_forward,
    .attention_backward = cuda_attention_backward,
    .swiglu_forward = cuda_swiglu_forward,
    .swiglu_backward = cuda_swiglu_backward,
    .linear_forward = cuda_linear_forward,
    .linear_backward_input = cuda_linear_backward_input,
    .linear_backward_weight = cuda_linear_backward_weight,
    .use_fp8 = cuda_use_fp8,
    .narrow_products = cuda_narrow_products,
    .cross_entropy_forward = cuda_cross_entropy_forward,
    .cross_entropy_rescale = cuda_cross_entropy_rescale,
    .cross_entropy_losses = cuda_cross_entropy_losses,
    .cross_entropy_backward = cuda_cross_entropy_backward,
    .add = cuda_add,
    .accumulate = cuda_accumulate,
    .square_sums = cuda_square_sums,
    .adamw = cuda_adamw,
};

unsigned backend_cuda_devices(const char **reason)
{
    int count = 0;
    cudaError_t result = cudaGetDeviceCount(&count);
    if (result == cudaSuccess && count > 0)
        return (unsigned)count;
    if (reason)
        *reason =
            result == cudaErrorInsufficientDriver
                ? "there is no NVIDIA driver, or it is older than the CUDA that galen-train was built with"
            : result == cudaSuccess ? "CUDA_VISIBLE_DEVICES leaves none"
                                    : cudaGetErrorString(result);
    return 0;
}

static gboolean check_device(int device, GError **error)
{
    const char *reason = NULL;
    unsigned devices = backend_cuda_devices(&reason);
    if (!devices) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                    "there is no GPU to train on: %s; galen train --backend cpu needs none", reason);
        return FALSE;
    }
    if (device >= (int)devices) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                    "there is no GPU %d: this process sees %u, counted from 0", device, devices);
        return FALSE;
    }
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, device) == cudaSuccess && properties.major < 8) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                    "GPU %d, %s, has compute capability %d.%d; 8.0 or later is needed (bfloat16)", device,
                    properties.name, properties.major, properties.minor);
        return FALSE;
    }
    return TRUE;
}

static void open_state(CudaState *state)
{
    cuda_good(state, cudaSetDevice(state->device), "cudaSetDevice");
    cuda_good(state, cudaStreamCreateWithFlags(&state->stream, cudaStreamNonBlocking), "cudaStreamCreate");
    cuda_good(state, cudaMalloc(&state->workspace, CUDA_WORKSPACE), "cudaMalloc of the workspace");
    cuda_good(state, cudaMallocHost(&state->pinned, 2 * CUDA_HALF), "cudaMallocHost");
    open_ring(state);
    for (cudaEvent_t &event : state->half_copied)
        cuda_good(state, cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreate");
    for (CudaStage *stage = state->stages; stage < state->stages + CUDA_STAGES; stage++)
        cuda_good(state, cudaEventCreateWithFlags(&stage->copied, cudaEventDisableTiming), "cudaEventCreate");
    cublasStatus_t status = cublasLtCreate(&state->blas);
    if (status != CUBLAS_STATUS_SUCCESS)
        cuda_failed(state, "cublasLtCreate", cublasLtGetStatusString(status));
    state->plans = cuda_plans_new();
    state->recordings = cuda_recordings_new();
}

Backend *backend_cuda_new(int device, GError **error)
{
    device = MAX(device, 0);
    if (!check_device(device, error))
        return NULL;
    CudaState *state = g_new0(CudaState, 1);
    state->device = device;
    open_state(state);
    if (state->failure) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "cannot use GPU %d: %s", device, state->failure);
        free_state(state);
        return NULL;
    }
    Backend *backend = g_new(Backend, 1);
    *backend = cuda_backend;
    backend->state = state;
    return backend;
}

gboolean backend_cuda_check(Backend *backend, GError **error)
{
    CudaState *state = cuda_state(backend);
    cuda_good(state, cudaStreamSynchronize(state->stream), "wait for the GPU");
    if (!state->failure)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "GPU %d failed: %s", state->device, state->failure);
    return FALSE;
}

char *backend_cuda_describe(Backend *backend)
{
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, cuda_state(backend)->device) != cudaSuccess)
        return g_strdup("a GPU that does not answer");
    return g_strdup_printf("%s, compute capability %d.%d, %d multiprocessors, %.1f GiB", properties.name,
                           properties.major, properties.minor, properties.multiProcessorCount,
                           (double)properties.totalGlobalMem / (1 << 30));
}

/* Code for warp groups is of compute capability 9.0 alone; later ones do not have it either. */
gboolean backend_cuda_use_attention(Backend *backend, CudaAttention attention)
{
    CudaState *state = cuda_state(backend);
    cudaDeviceProp properties;
    if (attention != CUDA_ATTENTION_WARPS && (cudaGetDeviceProperties(&properties, state->device) != cudaSuccess ||
                                              properties.major != 9 || properties.minor != 0))
        return FALSE;
    cuda_forget_recordings(state);
    state->attention = attention;
    return TRUE;
}

gboolean backend_cuda_use_cudnn(Backend *backend, gboolean use, gboolean deterministic, GError **error)
{
    CudaState *state = cuda_state(backend);
    cuda_forget_recordings(state);
    cuda_good(state, cudaStreamSynchronize(state->stream), "wait for the GPU");
    cudnn_attention_free(state->cudnn);
    state->cudnn = use ? cudnn_attention_new(NULL, deterministic, error) : NULL;
    return state->cudnn != NULL || !use;
}

void backend_cuda_use_graphs(Backend *backend, gboolean use)
{
    cuda_forget_recordings(cuda_state(backend));
    cuda_state(backend)->graphs = use;
}

unsigned backend_cuda_graphs(Backend *backend)
{
    return cuda_state(backend)->recorded;
}

/* SPDX-License-Identifier: Apache-2.0
 * The backend of galen-train; see backend_open in train/ops.h.
 *
 * Ranks of one machine take its GPUs in turn. A launcher that shows each of its processes one GPU of its own
 * (CUDA_VISIBLE_DEVICES, srun --gpus-per-task) has chosen already. Two ranks on one GPU would work against
 * each other, and NCCL refuses them with words that do not say so ("invalid usage"): they are an error here,
 * found by what is printed on each GPU, whatever number a process knows it by. */
#include <string.h>

#include "train/cuda/device.cuh"

#define HOST_NAME 256

/* How many ranks before this one are on its machine. */
static gboolean local_rank(Comm *world, unsigned *local, GError **error)
{
    char mine[HOST_NAME] = {};
    g_autofree char *all = g_new0(char, comm_size(world) * HOST_NAME);
    g_strlcpy(mine, comm_host(world), sizeof mine);
    *local = 0;
    if (!comm_all_gather(world, mine, sizeof mine, all, error))
        return FALSE;
    for (unsigned rank = 0; rank < comm_rank(world); rank++)
        *local += strcmp(all + rank * HOST_NAME, mine) == 0;
    return TRUE;
}

/* As the maker numbered it; zeros where it does not answer, which backend_cuda_new will say. */
typedef struct Identity {
    char bytes[16];
} Identity;

static Identity identity_of(int device)
{
    static_assert(sizeof(Identity) == sizeof(cudaUUID_t), "a GPU's UUID has 16 bytes");
    Identity identity = {};
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, device) == cudaSuccess)
        memcpy(&identity, &properties.uuid, sizeof identity);
    return identity;
}

/* All ranks find the same pair, the first one. */
static gboolean check_alone(Comm *world, int device, GError **error)
{
    Identity mine = identity_of(device), none = {};
    g_autofree Identity *all = g_new0(Identity, comm_size(world));
    if (!comm_all_gather(world, &mine, sizeof mine, all, error))
        return FALSE;
    for (unsigned rank = 1; rank < comm_size(world); rank++)
        for (unsigned other = 0; other < rank; other++)
            if (memcmp(&all[rank], &all[other], sizeof mine) == 0 && memcmp(&all[rank], &none, sizeof none) != 0) {
                g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                            "ranks %u and %u were given the same GPU; start one process for each GPU, and where "
                            "CUDA_VISIBLE_DEVICES is set let it name all of a machine's GPUs, or another one to each",
                            other, rank);
                return FALSE;
            }
    return TRUE;
}

static gboolean choose_device(Comm *world, unsigned devices, int *device, GError **error)
{
    unsigned local = 0;
    *device = 0;
    if (devices <= 1)
        return TRUE;
    if (!local_rank(world, &local, error))
        return FALSE;
    *device = (int)local;
    if (local < devices)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "%s has %u GPUs, but %u processes were started there; start one for each GPU",
                comm_host(world), devices, comm_local_size(world));
    return FALSE;
}

static Backend *open_gpu(Comm *world, GError **error)
{
    int device;
    if (!world)
        return backend_cuda_new(CUDA_ANY_DEVICE, error);
    if (!choose_device(world, backend_cuda_devices(NULL), &device, error) || !check_alone(world, device, error))
        return NULL;
    return backend_cuda_new(device, error);
}

/* What was asked for and is not there is an error: a run shall not be slower than its configuration says. */
static gboolean choose_attention(Backend *backend, const BackendSettings *settings, GError **error)
{
    if (settings->attention == ATTENTION_CUDNN)
        return backend_cuda_use_cudnn(backend, TRUE, settings->deterministic, error);
    if (settings->attention != ATTENTION_WGMMA || backend_cuda_use_attention(backend, CUDA_ATTENTION_PRODUCERS))
        return TRUE;
    g_autofree char *device = backend_cuda_describe(backend);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "cuda.attention is wgmma, which GPUs of compute capability 9.0 alone have; this one is %s; set it to own", device);
    return FALSE;
}

Backend *backend_open(const BackendSettings *settings, Comm *world, GError **error)
{
    Backend *backend = open_gpu(world, error);
    if (!backend)
        return NULL;
    if (!choose_attention(backend, settings, error)) {
        backend->destroy(backend);
        return NULL;
    }
    backend_cuda_use_graphs(backend, settings->graphs);
    return backend;
}

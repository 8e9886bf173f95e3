/* SPDX-License-Identifier: Apache-2.0
 * The backend of galen-train; see backend_open in train/ops.h.
 *
 * Ranks of one machine take its GPUs in turn. A launcher that shows each of its processes one GPU of its own
 * (CUDA_VISIBLE_DEVICES, srun --gpus-per-task) has chosen already. Two ranks on one GPU would work against
 * each other, and NCCL refuses them: they are an error here, which can say why. */
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

Backend *backend_open(unsigned threads, Comm *world, GError **error)
{
    unsigned devices = backend_cuda_devices(NULL), local = 0;
    if (!world || devices <= 1)
        return backend_cuda_new(CUDA_ANY_DEVICE, error);
    if (!local_rank(world, &local, error))
        return NULL;
    if (local < devices)
        return backend_cuda_new((int)local, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "%s has %u GPUs, but %u processes were started there; start one for each GPU",
                comm_host(world), devices, comm_local_size(world));
    return NULL;
}
